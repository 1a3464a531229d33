// What Medplum's C-CDA reader makes of each CDA document named on the command line: one line of JSON each, the file and
// the FHIR Bundle. What it does not know is left out by it, and said on the error stream.
import { convertCcdaToFhir, convertXmlToCcda } from "@medplum/ccda";
import { readFileSync } from "node:fs";

for (const file of process.argv.slice(2)) {
  try {
    const document = convertXmlToCcda(readFileSync(file, "utf8"));
    const bundle = convertCcdaToFhir(document, { ignoreUnsupportedSections: true });
    process.stdout.write(JSON.stringify({ file, bundle }) + "\n");
  } catch (fault) {
    process.stdout.write(JSON.stringify({ file, fault: String(fault.message) }) + "\n");
  }
}
