// What the pages do better with a script; each of them works without.
"use strict";

// A finding leads to its line in the text, which is then selected.
function goToLine(number) {
  const text = document.getElementById("texte");
  const lines = text.value.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const end = start + (lines[number - 1] || "").length;
  text.focus();
  text.setSelectionRange(start, end);
  const height = parseFloat(getComputedStyle(text).lineHeight) || 20;
  text.scrollTop = Math.max(0, (number - 5) * height);
  text.scrollIntoView({ block: "nearest" });
}

for (const link of document.querySelectorAll("a[data-line]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    goToLine(Number(link.dataset.line));
  });
}

// A form is sent once.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (form.target === "_blank") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

// One field of the visit is followed in both documents.
const choice = document.getElementById("origine");
const traced = [...document.querySelectorAll(".code li[data-from]")];

function follow(paths) {
  const counts = new Map();
  for (const list of document.querySelectorAll(".code")) {
    let first = null;
    let found = 0;
    for (const line of list.querySelectorAll("li[data-from]")) {
      const lit = line.dataset.from.split(" ").some((path) => paths.includes(path));
      line.classList.toggle("lit", lit);
      if (lit) {
        found += 1;
        first = first || line;
      }
    }
    counts.set(list.dataset.pane, found);
    if (first) list.scrollTop = first.offsetTop - list.offsetTop - 60;
  }
  const told = [...counts].map(([pane, found]) => `${pane} : ${found} ligne${found > 1 ? "s" : ""}`);
  document.getElementById("origine-dite").textContent = paths.length ? told.join(", ") : "";
}

if (choice) {
  choice.closest("p").hidden = false;
  choice.addEventListener("change", () => follow(choice.value ? [choice.value] : []));
  for (const line of traced) {
    line.addEventListener("click", () => {
      const paths = line.dataset.from.split(" ");
      choice.value = paths[0];
      follow(paths);
    });
  }
}

// What was sent is followed until nothing more happens to it.
const followed = document.getElementById("suivi");

async function ask() {
  try {
    const answer = await fetch(followed.dataset.url, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("etat");
      const shown = document.getElementById("etat");
      if (fresh && fresh.outerHTML !== shown.outerHTML) shown.replaceWith(fresh);
      const choices = document.getElementById("choix");
      if (choices && fresh) choices.hidden = fresh.dataset.state !== choices.dataset.state;
    }
  } catch {
    // the service stopped or restarts: asked again below
  }
  if (document.getElementById("etat").dataset.settled !== "true") setTimeout(ask, 1000);
}

if (followed && document.getElementById("etat").dataset.settled !== "true") setTimeout(ask, 400);
