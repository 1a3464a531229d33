// Sends one SOAP message by MTOM and reads the answer, with the writer and the reader of the package `soap`.
// The message is told on the standard input; what came back is told as JSON on the standard output.
"use strict";
const fs = require("node:fs");
const https = require("node:https");
const { HttpClient } = require("soap");

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const client = new HttpClient({ parseResponseAttachments: true });
const httpsAgent = new https.Agent({
  ca: fs.readFileSync(asked.authority),
  cert: fs.readFileSync(asked.certificate),
  key: fs.readFileSync(asked.key),
});
const attachments = asked.parts.map((part) => ({
  mimetype: part.type,
  contentId: part.id,
  name: part.id,
  body: Buffer.from(part.content, "base64"),
}));
const headers = { "Content-Type": `application/soap+xml; action="${asked.action}"` };

client.request(
  asked.url,
  asked.envelope,
  (error, answer, body) => {
    if (error) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
      return;
    }
    const parts = answer.mtomResponseAttachments ? answer.mtomResponseAttachments.parts : [];
    const told = {
      status: answer.status,
      envelope: body,
      parts: parts.map((part) => ({ headers: part.headers, content: Buffer.from(part.body).toString("base64") })),
    };
    process.stdout.write(JSON.stringify(told));
  },
  headers,
  { attachments, forceMTOM: true, httpsAgent, proxy: false },
);
