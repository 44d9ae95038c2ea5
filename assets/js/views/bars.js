// Horizontal bars from zero, each with its number; reference lines say what a law expects.

import { format } from "../color.js";
import { h } from "../dom.js";

export class Bars {
  constructor(host) {
    this.host = host;
    this.labels = "";
  }

  update(panel) {
    const labels = JSON.stringify([panel.title, panel.labels, panel.references]);
    if (labels !== this.labels) this.build(panel);
    this.labels = labels;
    const finite = panel.values.filter((value) => typeof value === "number").map(Math.abs);
    const limit = panel.limit ?? Math.max(...finite, ...panel.references.map(([, value]) => Math.abs(value)), 1e-12);
    const signed = panel.values.some((value) => value < 0);
    panel.values.forEach((value, index) => this.paint(this.rows[index], panel, value, index, limit, signed));
  }

  build(panel) {
    this.rows = panel.labels.map((label) => {
      const bar = h("span", { class: "bar" });
      const number = h("span", { class: "number" });
      const lines = panel.references.map(() => h("span", { class: "reference", "aria-hidden": "true" }));
      return { bar, number, lines, node: h("tr", { tabindex: 0 }, h("th", { scope: "row" }, label), h("td", {}, h("span", { class: "track" }, bar, lines)), h("td", { class: "amount" }, number)) };
    });
    const legend = panel.references.map(([name, value]) => `┆ ${name} = ${format(value, panel.digits).replace("+", "")}`).join("   ");
    const table = h("table", { class: "bars" }, h("caption", {}, h("span", { class: "panel-name" }, panel.title)), h("tbody", {}, this.rows.map((row) => row.node)));
    this.host.replaceChildren(table, legend ? h("p", { class: "legend" }, legend) : "");
  }

  paint(row, panel, value, index, limit, signed) {
    const share = typeof value === "number" ? Math.min(1, Math.abs(value) / limit) : 0;
    const zero = signed ? 50 : 0;
    const width = share * (signed ? 50 : 100);
    row.bar.style.cssText = `left:${value < 0 ? zero - width : zero}%;width:${width}%`;
    row.bar.className = `bar ${value < 0 ? "negative" : "positive"}`;
    const text = format(value, panel.digits);
    row.number.textContent = `${signed ? text : text.replace("+", "")}${panel.unit ? ` ${panel.unit}` : ""}`;
    row.node.className = panel.marks?.[index] ? `mark-${panel.marks[index]}` : "";
    const keys = panel.keys?.[index] ?? panel.labels[index];
    row.node.dataset.key = (Array.isArray(keys) ? keys : [String(keys).replaceAll(" ", "_")]).join(" ");
    row.node.dataset.note = panel.notes?.[index] ?? "";
    panel.references.forEach(([, reference], i) => (row.lines[i].style.left = `${position(reference, limit, signed)}%`));
  }
}

function position(value, limit, signed) {
  const share = Math.max(-1, Math.min(1, value / limit));
  return signed ? 50 + share * 50 : share * 100;
}
