// A panel that would answer the question, as it looks before: its title and its frame, and "?" for what is in it.

import { h } from "./dom.js";

const UNSAID = { notes: undefined, marks: undefined, sub: undefined, groups: undefined, groupNames: undefined, bars: undefined, badge: undefined, frames: undefined, note: undefined };
const FOUND = ["answer", "start", "end"]; // what a token turns out to be

/** The panel without what torch returned, which `hides` keeps. `panel.veiled` says how much of its frame may be seen: "cells" or "box"; of facts only the one that is asked for keeps its name. */
export function veil(panel) {
  const hides = { ...panel, ...panel.frames?.at(-1) };
  if (panel.view === "facts") return { ...panel, ...UNSAID, hides, items: panel.items.filter(({ key }) => key === panel.asked).map(({ key, label }) => ({ key, label, text: "?" })) };
  if (panel.view === "grid" && panel.veiled === "cells") return { ...panel, ...UNSAID, hides, ...unanswered(panel) };
  if (panel.view === "line" && panel.veiled === "cells") return { ...panel, hides, rows: panel.rows.map((row) => (row.ticks.length ? { ...row, words: "", ticks: row.ticks.slice(0, 1) } : row)) };
  if (panel.view === "strip" && panel.veiled === "cells") return { ...panel, hides, badge: undefined, tensor: panel.tensor && "\u00a0", legend: [], tokens: panel.tokens.map(unread) };
  if (panel.view === "bars" && panel.veiled === "cells") return { ...panel, hides, frames: undefined };
  if (panel.view === "table" && panel.veiled === "cells") return { ...panel, ...UNSAID, lit: undefined, hides, rows: panel.rows.map(([name, ...cells]) => [name, ...cells.map(() => "?")]) };
  return { view: "veil", title: panel.title, hides };
}

const MOST = 360; // px, that question, picture and caption are on one screen

/** Gives the box of a veiled panel the height of what it hides: that is drawn out of sight, measured, and taken away at once. */
export class Ghost {
  constructor(box) {
    this.box = box;
    this.sheet = h("div", { class: "ghost", "aria-hidden": "true" });
    new ResizeObserver(() => this.measure()).observe(box);
  }

  /** Stand in for `panel`, drawn by `View`; for undefined go away. */
  stand(View, panel) {
    if (View !== this.View) this.view = View && new View(this.sheet);
    Object.assign(this, { View, panel, width: 0 }); // width: of the box when it was measured
    if (panel) this.measure();
    else this.box.style.minHeight = "";
  }

  measure() {
    const { clientWidth } = this.box;
    if (!this.panel || !clientWidth || clientWidth === this.width) return;
    this.width = clientWidth;
    this.box.append(this.sheet);
    this.view.update(this.panel);
    this.box.style.minHeight = `${Math.min(MOST, this.sheet.offsetHeight)}px`;
    this.sheet.remove();
  }
}

/** The cells of a grid before they are computed: those that are marked as given are seen, and those that are empty beside them. A row without any has one "?" below each group of columns. */
function unanswered({ values, marks, bars, colGroups }) {
  const given = (row, column) => marks?.[row]?.[column]?.split(" ").includes("given");
  const some = values.some((cells, row) => cells.some((_, column) => given(row, column)));
  const seen = (value, row, column) => given(row, column) || (some && value === null);
  const ends = (colGroups ?? []).map((_, at) => colGroups.slice(0, at + 1).reduce((sum, [, count]) => sum + count, 0));
  const merged = (cells, row) => some && colGroups && cells.length === ends.at(-1) && !cells.some((_, column) => given(row, column));
  const asked = (cells) => (cells.every((value) => value === null) ? null : "?");
  return {
    values: values.map((cells, row) => (merged(cells, row) ? ends.map((end, at) => asked(cells.slice(ends[at - 1] ?? 0, end))) : cells.map((value, column) => (seen(value, row, column) ? value : "?")))),
    marks: some ? marks.map((cells, row) => cells.map((mark, column) => (given(row, column) ? mark : mark.split(" ").includes("tall") ? "tall" : ""))) : undefined,
    bars: bars?.map((cells, row) => cells.map((bar, column) => (given(row, column) ? bar : null))),
  };
}

/** A token before the model has read it. */
function unread({ text, kinds }) {
  return { text, start: 0, end: 0, startShare: 0, endShare: 0, kinds: kinds.filter((kind) => !FOUND.includes(kind)), key: "", note: text };
}
