// A board of squares, each with a few lines: a sign, and words; lines that are off are muted, the chosen square is framed.

import { h } from "../dom.js";

export class Board {
  constructor(host) {
    this.host = host;
  }

  update({ title, columns, rows, squares, lit }) {
    const line = ([sign, words, on]) => h("li", { class: on ? "on" : "off" }, h("span", { class: "board-sign", "aria-hidden": "true" }, sign), words);
    const square = (lines, chosen) => h("td", { class: chosen ? "board-chosen" : null, "aria-current": chosen ? "true" : null }, h("ul", {}, lines.map(line)));
    const body = rows.map((row, r) => h("tr", {}, h("th", { scope: "row" }, row), squares[r].map((lines, c) => square(lines, lit?.[0] === r && lit[1] === c))));
    const head = h("tr", {}, h("td"), columns.map((column) => h("th", { scope: "col" }, column)));
    this.host.replaceChildren(h("table", { class: "board" }, h("caption", { class: "panel-name" }, title), h("thead", {}, head), h("tbody", {}, body)));
  }
}
