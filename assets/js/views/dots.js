// A dot for each of many things; the marked ones are larger and coloured.

import { h, svg } from "../dom.js";

const MOST_COLUMNS = 54;
const WIDE = 3; // how many times as wide as high few dots are drawn

export class Dots {
  constructor(host) {
    this.host = host;
  }

  update({ title, kinds, off, on, badge, key }) {
    const marked = [...kinds].filter((kind) => kind === "1").length;
    const columns = Math.min(MOST_COLUMNS, Math.ceil(Math.sqrt(WIDE * kinds.length)));
    const at = (kind) => [...kinds].map((one, i) => (one === kind ? `M${(i % columns) + 0.5} ${Math.floor(i / columns) + 0.5}h0` : "")).join("");
    const told = `${title}: ${marked} ${on}, ${kinds.length - marked} ${off}`;
    const picture = { viewBox: `0 0 ${columns} ${Math.ceil(kinds.length / columns)}`, class: "dots", role: "img", "aria-label": told };
    const entry = (kind, count, words, counted) => h("span", { "data-key": counted ?? null }, h("i", { class: `dot dot-${kind}`, "aria-hidden": "true" }), " ", h("b", {}, String(count)), ` ${words}`);
    this.host.replaceChildren(
      h("p", { class: "panel-name" }, title, " ", badge ? h("span", { class: "badge" }, badge) : ""),
      svg("svg", picture, svg("path", { class: "dots-off", d: at("0") }), svg("path", { class: "dots-on", d: at("1") })),
      h("p", { class: "legend dots-legend" }, entry("on", marked, on, key), " ", entry("off", kinds.length - marked, off)),
    );
  }
}
