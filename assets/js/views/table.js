// A table of facts; a cell may carry a kind (yes, no, warn, muted) that becomes a badge, keys, and Params that it sets
// when pressed: the page hears of it by the event "choose".

import { h } from "../dom.js";

export class Table {
  constructor(host) {
    this.host = host;
  }

  update({ title, columns, rows, note, badge, lit, breaks }) {
    const cell = (value, column) => {
      const [text, kind, more] = Array.isArray(value) ? value : [value, null, null];
      const inside = more?.params ? choice(text, kind, more) : kind || more ? h("span", { class: kind ? `fact fact-${kind}` : null, "data-key": more?.key }, String(text)) : String(text);
      return column === 0 ? h("th", { scope: "row" }, inside) : h("td", {}, inside);
    };
    const table = h(
      "table", { class: breaks ? "facts breaks" : "facts" },
      h("caption", {}, h("span", { class: "panel-name" }, title), " ", badge ? h("span", { class: "badge" }, badge) : ""),
      columns.some(Boolean) ? h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col" }, column)))) : "",
      h("tbody", {}, rows.map((row, index) => h("tr", lit?.includes(index) ? { class: "now", "aria-current": "true" } : {}, row.map(cell)))),
    );
    const pressed = [...this.host.querySelectorAll("button")].indexOf(document.activeElement);
    this.host.replaceChildren(h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": title }, table), note ? h("p", { class: "tensor" }, note) : "");
    if (pressed >= 0) this.host.querySelectorAll("button")[pressed]?.focus();
  }
}

function choice(text, kind, { label, params }) {
  const choose = (event) => event.target.dispatchEvent(new CustomEvent("choose", { bubbles: true, detail: params }));
  return h("button", { type: "button", class: `fact fact-${kind}`, "aria-label": label, title: label, onclick: choose }, String(text));
}
