// A 2-D tensor as a real table: coloured on a zero-centred scale, numbers printed, arrow keys move through the cells.

import { fill, format } from "../color.js";
import { h, handFocus } from "../dom.js";

const CHARACTER = 7.3; // px, of 12 px type

export class Grid {
  constructor(host) {
    this.host = host;
    this.shape = "";
    host.addEventListener("keydown", (event) => move(event));
    new ResizeObserver(() => this.fit()).observe(host);
  }

  update(panel) {
    const shape = JSON.stringify([panel.values.map((row) => row.length), panel.rowLabels, panel.colLabels, panel.rows, panel.cols, panel.groupNames, panel.colGroups]);
    if (shape !== this.shape) this.build(panel);
    this.shape = shape;
    this.title.textContent = panel.title;
    this.badge.textContent = panel.badge ?? "";
    this.badge.hidden = !panel.badge;
    this.tensor.textContent = panel.tensor.startsWith(`${panel.title} [`) ? panel.tensor.slice(panel.title.length + 1) : panel.tensor;
    panel.values.forEach((row, r) => {
      row.forEach((value, c) => this.paint(this.cells[r][c], panel, value, r, c));
      this.cells[r][0]?.parentNode.classList.toggle("mark-lit", row.every((_, c) => panel.marks?.[r]?.[c] === "lit")); // one frame round all of it
    });
    this.fit();
  }

  /** What does not fit into its cell at a size that can be read is not printed: the pointer and the table say it. */
  fit() {
    const cells = this.cells?.flat() ?? [];
    if (!cells.length) return;
    const room = cells[0].clientWidth - 2;
    const longest = (line) => Math.max(...cells.map((cell) => cell[line].textContent.length)) * CHARACTER;
    this.table.classList.toggle("bare", room > 0 && longest("firstChild") > room);
    this.table.classList.toggle("narrow", room > 0 && longest("lastChild") > room);
  }

  build(panel) {
    const columns = panel.values[0]?.length ?? 0;
    const groups = (this.groups = (panel.colGroups ?? []).flatMap(([name, count]) => Array.from({ length: count }, (_, at) => ({ name, count, first: at === 0 }))));
    this.title = h("span", { class: "panel-name" });
    this.badge = h("span", { class: "badge" });
    this.tensor = h("p", { class: "tensor" });
    const named = panel.colLabels?.some(Boolean) ?? true; // else the groups alone stand over the columns
    this.spans = (row) => groups.length && row.length < columns && groups.filter(({ first }) => first); // a cell below each group of columns
    this.cells = panel.values.map((row) => row.map((_, c) => h("td", { tabindex: -1, colspan: this.spans(row)?.[c]?.count }, h("span", { class: "value" }), h("span", { class: "sub" }))));
    if (this.cells[0]?.[0]) this.cells[0][0].tabIndex = 0;
    const table = (this.table = h(
      "table", { class: "grid", style: `--columns: ${columns}` },
      h("caption", {}, this.title, " ", this.badge),
      h("thead", {}, groups.length ? h("tr", { class: "col-groups" }, h("td", { class: "corner", "aria-hidden": "true" }), groups.filter(({ first }) => first).map(({ name, count }) => h("th", { scope: "colgroup", colspan: count }, name))) : "", named || !groups.length ? h("tr", {}, h("td", { class: "corner", "aria-hidden": "true" }), labels(panel.colLabels, columns).map((label) => h("th", { scope: "col" }, label))) : ""),
      h("tbody", {}, this.cells.map((row, r) => h("tr", {}, h("th", { scope: "row" }, labels(panel.rowLabels, this.cells.length)[r]), row))),
    ));
    table.classList.toggle("no-labels", panel.labels === false);
    table.classList.toggle("no-head", !named && !groups.length);
    if (panel.labelWidth) table.style.setProperty("--label", `${panel.labelWidth}px`);
    table.classList.toggle("labelled", Boolean(panel.labelWidth));
    if (panel.rowDim !== undefined) table.style.setProperty("--row-axis", `var(--axis-${panel.rowDim})`);
    if (panel.colDim !== undefined) table.style.setProperty("--col-axis", `var(--axis-${panel.colDim})`);
    const axes = [panel.rows && `↓ ${panel.rows}`, panel.cols && `→ ${panel.cols}`].filter(Boolean).join("   ");
    const numbered = !panel.marks?.flat().some((mark) => mark.includes("card")); // a card is all of its colour, and shows no number
    const legend = (panel.groupNames ?? []).map((name, group) => h("span", { class: `group-name group-${group % 10}` }, numbered ? `${group} ${name}` : name));
    this.host.replaceChildren(h("div", { class: "scroll" }, table), axes ? h("p", { class: "axes" }, axes) : "", legend.length ? h("p", { class: "legend" }, legend) : "", this.tensor);
  }

  paint(cell, panel, value, r, c) {
    const mark = panel.marks?.[r]?.[c] ?? "";
    const group = panel.groups?.[r]?.[c];
    const { background, color } = fill(value, panel.limit);
    const signed = value === null ? "" : format(value, panel.digits);
    const text = panel.signed === false ? signed.replace("+", "") : signed;
    const marks = mark.split(" ").filter(Boolean);
    const glyph = marks.includes("dropped") ? "✕" : panel.quiet && value ? "" : text;
    const keys = panel.keys?.[r]?.[c] ?? `${r},${c}`;
    cell.dataset.key = Array.isArray(keys) ? keys.join(" ") : keys;
    cell.dataset.note = panel.notes?.[r]?.[c] ?? "";
    const bar = panel.bars?.[r]?.[c];
    const look = [background, glyph, panel.sub?.[r]?.[c], mark, group, bar].join();
    if (look === cell.look) return; // to write what stands there already costs a frame its time
    cell.look = look;
    if (cell.firstChild.textContent !== glyph) cell.firstChild.textContent = glyph;
    cell.lastChild.textContent = panel.sub?.[r]?.[c] ?? "";
    cell.style.cssText = bar ? `--from:${bar[0]};--to:${bar[1]}` : value === null ? "" : `background-color:${background};color:${color}`;
    const below = this.spans(panel.values[r]);
    cell.className = [...marks.map((one) => `mark-${one}`), group !== undefined && group !== null && `group group-${group % 10}${group % 20 > 9 ? " again" : ""}`, bar && `bar bar-${bar[2]}`, c && (below || this.groups[c]?.first) && "begins"].filter(Boolean).join(" ");
    cell.dataset.group = group ?? "";
    cell.setAttribute("aria-label", aloud(text, marks.join(", "), group, panel, r, c, below ? below[c]?.name : this.groups[c]?.name, below));
  }
}

function aloud(text, mark, group, panel, r, c, columns, below) {
  const column = below ? "" : `column ${panel.colLabels?.[c] ?? c}`;
  const place = [`row ${panel.rowLabels?.[r] ?? r}`, columns, column].filter(Boolean).join(", ");
  const grouped = group !== undefined && group !== null ? `, group ${panel.groupNames?.[group] ?? group}` : "";
  return `${place}: ${text || "empty"}${mark ? `, ${mark}` : ""}${grouped}`;
}

function labels(given, count) {
  return given ?? Array.from({ length: count }, (_, index) => String(index));
}

/** Arrow keys move the focus among the cells of the table (one tab stop a table). */
function move(event) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  const cell = event.target.closest("td[tabindex]");
  if (!step || !cell) return;
  const row = cell.parentElement.parentElement.rows[cell.parentElement.sectionRowIndex + step[0]];
  const next = row?.cells[cell.cellIndex + step[1]];
  if (!next?.matches("td[tabindex]")) return;
  handFocus(event, cell, next);
}
