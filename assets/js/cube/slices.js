// The cells of a cube panel as flat slices: real tables with all the numbers, in which the arrow keys move.

import { fill, format } from "../color.js";
import { h } from "../dom.js";

export class Slices {
  constructor(host) {
    this.axes = h("p", { class: "axes" });
    this.tables = h("div", { class: "cube-tables" });
    this.shape = "";
    host.append(this.tables, this.axes);
    host.addEventListener("keydown", (event) => this.key(event));
  }

  update(blocks, panel) {
    const shape = JSON.stringify([panel.title, panel.parts, ...blocks.map((block) => [block.shape, block.axes, block.missing])]);
    if (shape !== this.shape) this.build(blocks, panel);
    this.shape = shape;
    const cells = blocks.flatMap((block) => block.cells);
    this.grids.flat(2).forEach((td, place) => paint(td, cells[place], panel));
  }

  build(blocks, panel) {
    this.grids = []; // slices of rows of cells
    const nodes = blocks.flatMap((block, part) => {
      if (block.missing) return [h("p", { class: "cube-none mark-error" }, h("span", {}, panel.parts[part]), " None")];
      return slicesOf(block).map((_, slice) => this.table(block, nameOf(block, slice, part, panel), panel.title));
    });
    this.tables.replaceChildren(...nodes, nodes.length ? "" : h("p", { class: "cube-none mark-error" }, "[ ]  no tensor at all"));
    const [deep, down, across] = blocks.find((block) => block.cells.length)?.axes ?? [];
    const alone = panel.solid === false; // no 3-D picture names the axis along which the slices stand
    this.axes.replaceChildren(...[["slice", alone && deep], ["↓", down], ["→", across]].filter(([, axis]) => axis).map(([arrow, axis]) =>
      h("span", { class: "cube-axis-name", style: `--axis: var(--axis-${axis.color})` }, `${arrow} ${axis.name}, dim ${axis.dim}${axis.isNew ? " (new)" : ""}`)));
    const first = this.grids[0]?.[0]?.[0];
    if (first) first.tabIndex = 0;
  }

  table(block, name, title) {
    const [, rows, columns] = block.size;
    const [, down, across] = block.axes;
    const cells = Array.from({ length: rows }, () => Array.from({ length: columns }, () => h("td", { tabindex: -1 }, h("span", { class: "value" }))));
    this.grids.push(cells);
    const head = Array.from({ length: columns }, (_, column) => h("th", { scope: "col" }, across?.labels?.[column] ?? String(column)));
    const style = [`--columns: ${columns}`, down && `--row-axis: var(--axis-${down.color})`, across && `--col-axis: var(--axis-${across.color})`].filter(Boolean).join(";");
    return h("div", { class: "scroll cube-slice", style },
      h("table", { class: "grid" },
        h("caption", { class: name === title ? "cube-same" : null }, name),
        across && h("thead", {}, h("tr", {}, down && h("td", { class: "corner", "aria-hidden": "true" }), head)),
        h("tbody", {}, cells.map((row, r) => h("tr", {}, down && h("th", { scope: "row" }, String(r)), row)))));
  }

  /** Arrow keys move among the cells, at the edge of a slice on to the next; the panel is one tab stop. */
  key(event) {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    const cell = event.target.closest?.("td[tabindex]");
    if (!step || !cell) return;
    const next = this.neighbour(cell, step);
    event.preventDefault();
    if (!next) return;
    this.grids.flat(2).forEach((td) => (td.tabIndex = td === next ? 0 : -1));
    next.focus();
  }

  neighbour(cell, [down, across]) {
    const slice = this.grids.findIndex((rows) => rows.some((row) => row.includes(cell)));
    const row = this.grids[slice].findIndex((cells) => cells.includes(cell));
    const column = this.grids[slice][row].indexOf(cell);
    const inside = this.grids[slice][row + down]?.[column + across];
    if (inside) return inside;
    const beyond = this.grids[slice + down + across];
    const wrap = (index, length) => (index + length) % length;
    return beyond && (down ? beyond[wrap(row + down, beyond.length)]?.[column] : beyond[row]?.[wrap(column + across, beyond[row].length)]);
  }
}

function slicesOf(block) {
  return Array.from({ length: block.size[0] });
}

/** How the slice is read off the tensor: `out[1, :, :]`. */
function nameOf(block, slice, part, panel) {
  const lead = panel.parts ? [] : [...block.prefix];
  if (block.shape.length > 2 && !(panel.parts && block.size[0] === 1)) lead.push(slice); // a part of one slice is known by its name
  const title = panel.parts ? panel.parts[part] : panel.title;
  return lead.length ? `${title}[${lead.join(", ")}]` : title;
}

function paint(td, cell, panel) {
  const { background, color } = fill(cell.value, panel.limit);
  const text = format(cell.value, panel.digits);
  const group = cell.group === null ? "" : `, ${panel.groupNames?.[cell.group] ?? `group ${cell.group}`}`;
  const spoken = `[${cell.index.join(", ")}] ${text}${cell.mark ? `, ${cell.mark}` : ""}${group}`;
  if (td.dataset.key !== cell.key) td.dataset.key = cell.key;
  if (td.dataset.note !== cell.note) td.dataset.note = cell.note;
  const look = [background, spoken, cell.group].join();
  if (look === td.look) return; // to write what stands there already costs a frame its time
  td.look = look;
  td.firstChild.textContent = cell.mark === "dropped" ? "✕" : text;
  td.style.cssText = `background-color:${background};color:${color}`;
  td.className = [...cell.mark.split(" ").filter(Boolean).map((mark) => `mark-${mark}`), cell.group !== null && `group group-${cell.group % 10}`].filter(Boolean).join(" ");
  td.dataset.group = cell.group ?? "";
  td.setAttribute("aria-label", spoken);
}
