// Traps: well-known mistakes, each set up by one click, with the thread in which people fell into it.

import { h, rich } from "./dom.js";

export function drawTraps(host, traps, show) {
  host.hidden = traps.length === 0;
  host.replaceChildren(
    h("h3", {}, "Traps"),
    h("ul", {}, traps.map((trap) =>
      h("li", {},
        h("button", { type: "button", onclick: () => show(trap.params) }, trap.name),
        h("span", {}, " ", rich(trap.sentence), " ", h("a", { href: trap.source, target: "_blank", rel: "noopener noreferrer" }, "thread")),
      ))),
  );
}
