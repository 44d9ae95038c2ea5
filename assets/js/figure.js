// A picture: rows of panels, each drawn by the view it names. Cells that share a key light up together.

import { h, say } from "./dom.js";
import { Scrub } from "./scrub.js";
import { ErrorText } from "./views/error.js";
import { Grid } from "./views/grid.js";

// Views that the first lesson does not show are loaded when a figure first names them.
const VIEWS = {
  grid: () => Grid,
  error: () => ErrorText,
  bars: async () => (await import("./views/bars.js")).Bars,
  chart: async () => (await import("./views/chart.js")).Chart,
  cube: async () => (await import("./views/cube.js")).Cube,
  strip: async () => (await import("./views/strip.js")).Strip,
  table: async () => (await import("./views/table.js")).Table,
  tree: async () => (await import("./views/tree.js")).Tree,
};
const HINT = "Point at a cell, or move through the cells with the arrow keys, to see its arithmetic.";

export class Figure {
  /**
   * `host` holds the panels; `line` shows the arithmetic of the cell under the pointer or the focus; `caption` stands
   * below the first row of panels, where it is seen with them.
   */
  constructor(host, line, caption) {
    this.host = host;
    this.line = line;
    this.caption = caption;
    this.panels = new Map(); // "row.column view" -> { box, view }
    this.framed = []; // panels with frames, and their entries
    this.scrub = new Scrub((index) => this.step(index));
    for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
      host.addEventListener(enter, (event) => this.point(event.target.closest?.("[data-key],[data-note]")));
      host.addEventListener(leave, () => this.point(null));
    }
  }

  /** Light every cell that shares a key with `cell`; one that has the key "x" is lit by "~x" too, but does not light it. */
  point(cell) {
    for (const lit of this.host.querySelectorAll(".lit")) lit.classList.remove("lit", "pointed");
    const keys = cell?.dataset.key?.split(" ").map((key) => key.replace(/^~/, "")) ?? [];
    for (const key of keys) {
      for (const other of this.host.querySelectorAll(`[data-key~="${CSS.escape(key)}"]`)) other.classList.add("lit");
    }
    cell?.classList.add("lit", "pointed");
    if (!cell) return; // the last arithmetic stays readable
    const note = cell.dataset.note;
    say(this.line, note || HINT);
    this.line.classList.toggle("hint", !note);
  }

  update(figure) {
    const used = new Set();
    this.framed = [];
    const rows = figure.rows.map((panels, row) => panels.map((panel, column) => this.panel(panel, `${row}.${column} ${panel.view}`, used)));
    for (const key of [...this.panels.keys()]) if (!used.has(key)) this.panels.delete(key);
    const arrangement = figure.rows.map((panels) => panels.map((panel) => panel.view + (panel.frames ? "*" : "")).join(" ")).join("/");
    if (arrangement !== this.arrangement) {
      const lines = rows.map((boxes) => h("div", { class: "panel-row" }, boxes));
      const first = figure.rows.findIndex((panels) => panels.some((panel) => panel.frames));
      if (first >= 0) lines.splice(first, 0, this.scrub.node);
      lines.splice(lines.indexOf(this.scrub.node) === 0 ? 2 : 1, 0, this.caption);
      this.host.replaceChildren(...lines);
    }
    this.arrangement = arrangement;
    this.scrub.offer(figure.steps ?? [], figure.stepName);
    this.line.hidden = !figure.rows.flat().some((panel) => panel.notes || panel.nodes);
    say(this.line, HINT);
    this.line.classList.add("hint");
  }

  /** Show one of the steps already computed: no request. */
  step(index) {
    for (const { entry, panel } of this.framed) if (panel.frames[index]) this.show(entry, { ...panel, ...panel.frames[index] });
  }

  panel(panel, key, used) {
    used.add(key);
    if (!this.panels.has(key)) {
      const box = h("section", { class: `panel view-${panel.view}` });
      this.panels.set(key, { box, view: null, made: Promise.resolve(VIEWS[panel.view]()).then((View) => new View(box, this)) });
    }
    const entry = this.panels.get(key);
    entry.box.classList.toggle("wide", Boolean(panel.wide));
    if (panel.frames) this.framed.push({ entry, panel });
    this.show(entry, panel);
    return entry.box;
  }

  show(entry, panel) {
    entry.newest = panel;
    if (entry.view) entry.view.update(panel);
    else entry.made.then((view) => ((entry.view = view), view.update(entry.newest)));
  }
}
