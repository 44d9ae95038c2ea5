// The search field: a word, or a pasted error. What is typed or pasted is looked up in this page and sent nowhere.

import { h, rich } from "./dom.js";

let finder = null; // a promise: the index is loaded once, when somebody begins to search
let fields = 0;
const ABOUT = "Search, or paste an error";
const ROOM = 210; // px that these words take

/** Draw the field into `host`; `go(href)` opens what was chosen. */
export function drawSearch(host, go) {
  const id = `search-${(fields += 1)}`;
  const field = h("textarea", {
    id, rows: 1, "aria-label": ABOUT,
    autocomplete: "off", spellcheck: "false", maxlength: 20000, "aria-controls": `${id}-found`,
  });
  const found = h("div", { class: "found", id: `${id}-found`, role: "region", "aria-label": "Found", hidden: true });
  host.setAttribute("role", "search");
  host.replaceChildren(field, found);
  new ResizeObserver(() => (field.placeholder = field.clientWidth < ROOM ? "Search" : ABOUT)).observe(field);
  let turn = 0;

  async function look() {
    const [text, mine] = [field.value.trim(), (turn += 1)];
    field.classList.toggle("long", text.includes("\n"));
    if (text.length < 2) return close();
    try {
      finder ??= load();
      const seen = (await finder).find(text);
      if (mine === turn) show(seen);
    } catch {
      finder = null;
      found.replaceChildren(h("p", { class: "verdict", role: "status" }, "The search could not be loaded; type again to try again."));
      found.hidden = false;
    }
  }

  function show({ error, ours, sure, hits }) {
    const verdict = !hits.length ? "Nothing found. Try one word of it."
      : !error ? null
      : sure ? "Raised live in"
      : ours ? "A lesson speaks of this"
      : "Not one of ours. The three nearest:";
    found.replaceChildren(
      h("p", { class: "verdict", role: "status", "data-verdict": !error ? "words" : sure ? "raised" : ours ? "near" : "other" }, verdict ?? `${hits.length} found`),
      h("ul", {}, hits.map((hit) => h("li", {}, link(hit)))),
    );
    found.hidden = false;
  }

  function link(hit) {
    const place = { trap: ` · trap in ${hit.in}`, question: ` · question in ${hit.in}`, live: " · raised live", mistake: ` · raised by ${hit.code}`, lesson: "" }[hit.kind];
    return h("a", { href: `?${hit.query}`, "data-hit": hit.lesson, onclick: close },
      h("span", { class: "what" }, rich(hit.title), h("span", { class: "kind" }, place)),
      hit.kind === "question" ? null : h("span", { class: "why" }, rich(hit.text)));
  }

  function close() {
    found.hidden = true;
  }

  /** Back in the field, with nothing below it until something else is typed. */
  function leave() {
    field.removeEventListener("focus", begin);
    field.focus();
    field.addEventListener("focus", begin);
    close();
  }

  function begin() {
    finder ??= load().catch(() => (finder = null));
    if (field.value.trim().length > 1) look();
  }

  field.addEventListener("focus", begin);
  field.addEventListener("input", look);
  host.addEventListener("keydown", (event) => {
    const links = [...found.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && event.target === field && !event.shiftKey) {
      event.preventDefault();
      if (links.length) close(), go(links[0].getAttribute("href"));
    } else if (event.key === "ArrowDown" && links.length && (at >= 0 || !field.value.includes("\n"))) {
      event.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (links[at - 1] ?? field).focus();
    }
  });
  document.addEventListener("pointerdown", ({ target }) => host.contains(target) || close());
  host.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !host.contains(relatedTarget) && close());
}

async function load() {
  const [{ Finder }, index] = await Promise.all([import("./find.js"), fetch(new URL("../../search.json", import.meta.url))]);
  return new Finder(await index.json());
}
