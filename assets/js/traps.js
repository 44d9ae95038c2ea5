// Traps: well-known mistakes, each set up by one click; the sentence, what was changed and its source are pinned over the hero.

import { h, rich } from "./dom.js";

export function drawTraps(host, traps, press) {
  host.hidden = traps.length === 0;
  host.replaceChildren(
    h("h3", {}, "Traps"),
    h("div", { class: "trap-names" }, traps.map((trap) => h("button", { type: "button", onclick: () => press(trap) }, trap.name))),
  );
}

/** Of two values their texts; of texts with several lines the first line that differs. */
function difference(before, after) {
  const [old, now] = [before, after].map((value) => String(value).split("\n"));
  const at = now.findIndex((line, index) => line !== old[index]);
  return [old, now].map((lines) => lines[at] ?? "").join(" → ");
}

/** Pin a trap's sentence; `changes` are [name, before, after]. */
export function pin(host, { name, sentence, source }, changes, close) {
  const site = new URL(source).hostname.replace(/^www\./, "");
  const changed = changes.flatMap(([field, before, after], index) => [index ? ", " : "", h("code", {}, `${field} ${difference(before, after)}`)]);
  host.hidden = false;
  host.replaceChildren(
    h("p", {}, h("strong", {}, `${name}. `), ...rich(sentence), " ",
      h("a", { href: source, target: "_blank", rel: "noopener noreferrer" }, `A thread about it: ${name} (${site})`)),
    changed.length ? h("p", { class: "changed" }, "What changed: ", ...changed) : "",
    h("button", { type: "button", class: "quiet close", "aria-label": "unpin the trap", onclick: close }, "✕"),
  );
}
