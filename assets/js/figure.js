// A picture: the hero, and further panels in a fold. Each panel is drawn by the view it names. Cells that share a key light
// up together; the cell that decides a question is ringed.

import { spoken } from "./color.js";
import { h, say } from "./dom.js";
import { Scrub } from "./scrub.js";
import { Ghost, veil } from "./veil.js";
import { ErrorText } from "./views/error.js";
import { Grid } from "./views/grid.js";
import { Facts, Operator, Veil } from "./views/small.js";

// Views that the first lesson does not show are loaded when a figure first names them.
const VIEWS = {
  grid: () => Grid,
  error: () => ErrorText,
  facts: () => Facts,
  operator: () => Operator,
  veil: () => Veil,
  bars: async () => (await import("./views/bars.js")).Bars,
  board: async () => (await import("./views/board.js")).Board,
  curve: async () => (await import("./views/curve.js")).Curve,
  cube: async () => (await import("./views/cube.js")).Cube,
  dots: async () => (await import("./views/dots.js")).Dots,
  lanes: async () => (await import("./views/lanes.js")).Lanes,
  line: async () => (await import("./views/line.js")).Line,
  strip: async () => (await import("./views/strip.js")).Strip,
  table: async () => (await import("./views/table.js")).Table,
  tree: async () => (await import("./views/tree.js")).Tree,
};
const loaded = {}; // view -> its class
const HINT = "Point at a part of the picture, or move through it with the arrow keys, to read more about it.";

export class Figure {
  /** Draws into `hero` and, once it is open, the fold `more`; `line` shows the arithmetic of the cell under the pointer or the focus. */
  constructor(root, { hero, more, panels, arithmetic }) {
    this.root = root;
    this.hero = hero;
    this.more = more;
    this.places = { hero: { host: hero }, more: { host: panels } };
    this.line = arithmetic;
    this.panels = new Map(); // "place row.column view" -> { box, view }
    this.scrub = new Scrub((index) => this.step(index));
    more.addEventListener("toggle", () => more.open && this.drawMore());
    for (const host of [hero, panels]) {
      for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
        host.addEventListener(enter, (event) => this.point(event.target.closest?.("[data-key],[data-note]")));
        host.addEventListener(leave, () => this.point(null));
      }
    }
  }

  /** Light every cell that shares a key with `cell`; one that has the key "x" is lit by "~x" too, but does not light it. */
  point(cell) {
    for (const lit of this.root.querySelectorAll(".lit")) lit.classList.remove("lit", "pointed");
    const keys = cell?.dataset.key?.split(" ").filter((key) => !key.startsWith("@")).map((key) => key.replace(/^~/, "")) ?? [];
    for (const key of keys) {
      for (const other of this.root.querySelectorAll(`[data-key~="${CSS.escape(key)}"]`)) other.classList.add("lit");
    }
    cell?.classList.add("lit", "pointed");
    if (!cell) return; // the last arithmetic stays readable
    const note = cell.dataset.note;
    say(this.line, note || HINT);
    this.line.classList.toggle("hint", !note);
  }

  /**
   * `veiled`: what comes out is not shown; `asked`: the key of the deciding cell, beside which other facts are folded; `ring`: it is
   * ringed; `anew`: the steps begin at the first one, or stand where the answer is.
   */
  update(figure, { veiled = false, asked = "", ring = "", anew = false } = {}) {
    this.ring = ring;
    const focused = figure.rows.map((panels) => panels.map((panel) => (panel.view === "facts" ? { ...panel, asked } : panel)));
    const shown = focused.map((panels) => panels.map((panel) => (veiled && panel.veiled ? veil(panel) : panel)));
    this.rows = { hero: shown.slice(0, figure.hero), more: shown.slice(figure.hero) };
    this.veiled = veiled && figure.rows.flat().some((panel) => panel.veiled);
    this.hero.toggleAttribute("data-veiled", this.veiled);
    this.more.hidden = !this.rows.more.length || this.veiled; // what stands there may hold the answer
    this.framed = []; // panels with frames, and their entries
    this.draw("hero");
    if (this.more.open) this.draw("more");
    const framed = figure.rows.flat().some((panel) => panel.frames);
    this.scrub.offer(framed ? figure.steps ?? [] : [], figure.stepName, { anew, veiled: this.veiled, answered: Boolean(ring) });
    this.line.hidden = !this.rows.hero.flat().some(hasNotes);
    say(this.line, HINT);
    this.line.classList.add("hint");
  }

  drawMore() {
    if (!this.rows) return;
    this.framed = this.framed.filter(({ entry }) => this.hero.contains(entry.box));
    this.draw("more");
    this.step(this.scrub.at);
  }

  draw(name) {
    const [place, rows, used] = [this.places[name], this.rows[name], new Set()];
    const boxes = rows.map((panels, row) => panels.map((panel, column) => this.panel(panel, `${name} ${row}.${column} ${panel.view}`, used)));
    for (const key of [...this.panels.keys()]) if (key.startsWith(`${name} `) && !used.has(key)) this.panels.delete(key);
    const arrangement = rows.map((panels) => panels.map((panel) => panel.view + (framesOf(panel) ? "*" : "")).join(" ")).join("/");
    if (arrangement !== place.arrangement) {
      const lines = boxes.map((inside) => h("div", { class: "panel-row" }, inside));
      const first = rows.findIndex((panels) => panels.some(framesOf));
      if (first >= 0 && (name === "hero" || !this.scrub.node.isConnected || place.host.contains(this.scrub.node))) lines.splice(first, 0, this.scrub.node);
      place.host.replaceChildren(...lines);
    }
    place.arrangement = arrangement;
    this.mark();
  }

  /** Show one of the steps already computed: no request. */
  step(index) {
    for (const { entry, panel } of this.framed) if (panel.frames[index]) this.show(entry, { ...panel, ...panel.frames[index] });
    this.mark();
  }

  panel(panel, key, used) {
    used.add(key);
    if (!this.panels.has(key)) {
      const box = h("section");
      this.panels.set(key, { box, view: null, ghost: new Ghost(box) });
    }
    const entry = this.panels.get(key);
    const drawn = panel.hides ?? panel;
    entry.box.className = `panel view-${drawn.view}${drawn.wide ? " wide" : ""}`;
    const columns = drawn.values?.[0]?.length;
    const named = Math.floor((drawn.labelWidth ?? 0) / 74); // long names of rows take the room of columns
    if (drawn.view === "grid" && columns) entry.box.style.setProperty("--columns", columns + named);
    if (panel.frames) this.framed.push({ entry, panel });
    this.show(entry, panel);
    return entry.box;
  }

  show(entry, panel) {
    entry.newest = panel;
    const needed = [panel, panel.hides].filter(Boolean).map(({ view }) => view);
    if (needed.every((name) => loaded[name])) this.redraw(entry);
    else Promise.all(needed.map(load)).then(() => entry.newest === panel && (this.redraw(entry), this.mark()));
  }

  redraw(entry) {
    const { view, hides } = entry.newest;
    entry.view ??= new loaded[view](entry.box);
    entry.view.update(entry.newest);
    entry.ghost.stand(hides && loaded[hides.view], hides);
  }

  /** Ring the cell that decides the question: among those with its key the one in what comes out. Those with "@" before the key are ringed beside it. */
  mark() {
    for (const old of this.hero.querySelectorAll("[data-ring], [data-also]")) ["ring", "also"].forEach((name) => delete old.dataset[name]);
    if (!this.ring) return;
    const panels = [...this.panels].filter(([key]) => key.startsWith("hero ")).map(([, panel]) => panel); // also those not in the page yet
    const beside = panels.flatMap(({ box }) => [...box.querySelectorAll(`[data-key~="@${CSS.escape(this.ring)}"]`)]);
    for (const cell of beside) cell.dataset.also = "";
    for (const cell of beside) if (cell.matches("td")) cell.dataset.also = joined(cell);
    const cells = panels.flatMap(({ box, newest }) =>
      [...box.querySelectorAll(`[data-key~="${CSS.escape(this.ring)}"]`)].map((cell) => ({ cell, out: Boolean(newest.veiled) })));
    const { cell } = cells.find(({ out }) => out) ?? cells[0] ?? {};
    if (!cell) return;
    cell.dataset.ring = spoken(cell);
    if (this.seek && cell.isConnected) this.reach(cell);
  }

  /** Once after an answer: the deciding cell is on the screen, also above what sticks to the foot of a phone. */
  reach(cell) {
    this.seek = false;
    const { top, bottom } = cell.getBoundingClientRect();
    const phone = matchMedia("(max-width: 820px)").matches;
    const foot = phone ? this.root.querySelector(".choices").getBoundingClientRect().top : innerHeight;
    if (top < 0 || bottom > Math.min(foot, innerHeight)) cell.scrollIntoView({ block: phone ? "center" : "nearest", behavior: "smooth" });
  }
}

/** The sides at which this cell of a table meets another that is ringed too: one line goes round all of them. */
function joined(cell) {
  const [row, at] = [cell.parentElement, cell.cellIndex];
  const near = { left: cell.previousElementSibling, right: cell.nextElementSibling, top: row.previousElementSibling?.cells[at], bottom: row.nextElementSibling?.cells[at] };
  return Object.keys(near).filter((side) => near[side]?.matches("[data-also]")).join(" ");
}

/** Whether one of its cells has arithmetic to show. */
function hasNotes({ notes, nodes, lanes }) {
  return Boolean(notes?.flat(Infinity).some(Boolean) || nodes?.some(({ note, parts }) => note || parts?.some((part) => part.note)) || lanes);
}

/** Of a veiled panel those of what it hides. */
function framesOf(panel) {
  return (panel.hides ?? panel).frames;
}

async function load(name) {
  return (loaded[name] ??= await VIEWS[name]());
}
