// A lesson's page: question, picture, controls, traps and code, drawn from what Python computed.
// Params are the only state. A change is one request; while it runs, only the newest change waits.

import { names, push, query, visit } from "./address.js";
import { anatomy } from "./anatomy.js";
import { Asking } from "./ask.js";
import { drawCells, drawPoint } from "./code.js";
import { drawControls } from "./controls.js";
import { h, say } from "./dom.js";
import { Figure } from "./figure.js";
import { Operators } from "./operators.js";
import { answer, changed, opened, reason } from "./transport.js";
import { drawTraps, pin } from "./traps.js";

const VEILED = "What torch returns is hidden until you answer, or press “just show me”.";

export class LessonPage {
  constructor(element, opening) {
    const spec = (this.spec = opening.spec);
    this.waiting = null; // the newest change that has not been sent
    this.running = false;
    this.defaults = Object.fromEntries(spec.controls.map((field) => [field.name, field.default]));
    this.build(element);
    this.asking = new Asking(this.parts, spec, this);
    const carries = names(spec.slug) && Object.keys(query()).some((name) => name in this.defaults);
    const elsewhere = this.asking.resume(names(spec.slug) ? query() : {}, carries);
    this.anew = true; // the next picture is another one: its steps begin at the first
    this.open(opening);
    if (elsewhere) this.prepare(this.asking.question.show, false);
    window.addEventListener("popstate", () => names(spec.slug) && this.restore());
    document.addEventListener("lesson-entered", () => this.entered());
    this.entered();
    element.dataset.state = this.root.dataset.state = "ready";
  }

  build(element) {
    const { spec } = this;
    const use = async (late, button) => (await import(`./late/${late}.js`)).open(this, button);
    const button = (word, late, popup) => h("button", { type: "button", class: "quiet", "aria-haspopup": popup, onclick: ({ target }) => use(late, target) }, word);
    Object.assign(this, anatomy(spec, [button("Share ▾", "share", "dialog"), button("Present", "present")], [button("copy", "copy"), button("notebook", "notebook")]));
    const { parts } = this;
    this.figure = new Figure(this.root, parts);
    if (!spec.button) this.operators = new Operators(this);
    parts.program.addEventListener("toggle", () => parts.program.open && this.drawProgram());
    parts.table.addEventListener("toggle", () => parts.table.open && this.drawTable());
    this.controls = drawControls(parts.controls, spec, () => this.unpin(), (settled) => this.change(this.controls.values(), settled));
    parts.controls.append(h("button", { type: "button", class: "quiet reset", onclick: () => (this.unpin(), this.set({})) }, "reset"));
    if (spec.examples.length) this.offer(spec.examples);
    drawTraps(parts.traps, spec.traps, (trap) => this.fall(trap));
    this.root.addEventListener("choose", ({ detail }) => {
      this.unpin();
      this.controls.show({ ...this.controls.values(), ...detail });
      this.change(this.controls.values(), true);
    });
    if (query().hide) import("./late/hide.js").then(({ hide }) => hide(query().hide.split(",")));
    element.replaceChildren(this.root);
    if (["present", "embed"].includes(query().view) && names(spec.slug)) use(query().view);
    // Whoever goes to the browser's menu leaves the page with the pointer.
    document.documentElement.addEventListener("mouseleave", () => import("./late/print.js").then(({ watch }) => watch(this)), { once: true });
    window.addEventListener("keydown", (event) => event.key === "p" && (event.ctrlKey || event.metaKey) && this.root.checkVisibility() && (event.preventDefault(), use("print")));
  }

  async offer(examples) {
    const { drawExamples } = await import("./examples.js");
    drawExamples(this.parts.examples, this.parts.controls, examples, (params) => this.set(params));
  }

  /** Change some Params: the others go to their defaults. */
  set(params, settled = true) {
    this.anew = true;
    const values = { ...this.defaults, ...params };
    this.controls.show(values);
    if (same(values, this.params)) this.redraw();
    this.run(values, settled);
  }

  /** Set up the case of a question that is asked, or show it once it has been answered. */
  prepare(params, settled = true) {
    this.unpin();
    this.set(params, settled);
  }

  show(params) {
    this.figure.seek = true;
    this.prepare(params);
  }

  shows(params) {
    return same({ ...this.defaults, ...params }, this.params);
  }

  /** Fall into a trap: its sentence stays over the picture, which shows what comes of it. */
  fall(trap) {
    const after = { ...this.defaults, ...trap.params };
    const before = same(after, this.params) ? this.defaults : this.params;
    const changes = Object.keys(after).filter((name) => after[name] !== before[name]).map((name) => [name, before[name], after[name]]);
    this.asking.lift();
    this.set(trap.params);
    pin(this.parts.pinned, trap, changes, () => this.unpin());
    if (this.parts.pinned.getBoundingClientRect().top < 0) this.parts.pinned.scrollIntoView({ block: "start" });
  }

  unpin() {
    this.parts.pinned.hidden = true;
  }

  run(values, settled = true) {
    this.change(values, settled);
  }

  change(values, settled) {
    const problem = this.controls.problem();
    if (problem) return this.complain(problem);
    if (!this.running && same(values, this.params)) {
      this.parts.problem.hidden = true;
      return settled && push(this.address); // the last move of a slider is already on screen
    }
    this.waiting = { values, settled };
    if (!this.running) this.send();
  }

  async send() {
    this.running = true;
    this.root.setAttribute("aria-busy", "true");
    while (this.waiting) {
      const { values, settled } = this.waiting;
      this.waiting = null;
      try {
        const { state, problem } = await answer(changed(this.spec.slug, this.spec.controls, values));
        if (problem) this.complain(problem);
        else {
          this.paint(state);
          if (settled) push(this.address);
        }
      } catch (error) {
        this.complain(reason(error, "The server did not answer. What you set is kept; change a control to try again."));
      }
    }
    this.running = false;
    this.root.removeAttribute("aria-busy");
  }

  async restore() {
    const address = location.href;
    try {
      const opening = await answer(opened(this.spec.slug, query()));
      if (address !== location.href) return; // the visitor has gone on
      this.asking.open(query(), Object.keys(query()).some((name) => name in this.defaults));
      this.anew = true;
      this.open(opening);
    } catch (error) {
      this.complain(`${reason(error, "The server did not answer.")} The picture is not that of the address; reload the page to try again.`);
    }
  }

  /** What a link opens, and what it got wrong. */
  open({ state, ran, notes }) {
    this.paint({ ...state, notes: [...state.notes, ...notes] }, ran);
  }

  complain(sentence) {
    this.parts.problem.hidden = false;
    say(this.parts.problem, sentence);
  }

  /** What the address bar says: the Params, and the question if it is not the first one. */
  get address() {
    return this.asking.link(this.link);
  }

  /** Without `ran` the operators are asked for when the lines are seen. */
  paint(state, ran) {
    this.state = { ...state, ran };
    this.link = state.link;
    this.code = state.code;
    this.params = state.params;
    this.reflect(state.params);
    this.parts.problem.hidden = true;
    this.parts.notes.hidden = !state.notes?.length;
    say(this.parts.notes, (state.notes ?? []).join(" "));
    this.redraw();
    this.root.dataset.painted = Number(this.root.dataset.painted) + 1;
  }

  /** Picture, words and open folds, as far as the question lets them be seen. */
  redraw() {
    const { caption, details, truth, table } = this.parts;
    const { state, asking } = this;
    this.figure.update(state.figure, { veiled: asking.veiled, asked: asking.asked, ring: asking.ring, anew: this.anew });
    this.anew = false;
    caption.toggleAttribute("data-veiled", this.figure.veiled);
    say(caption, this.figure.veiled ? VEILED : state.caption);
    say(details, state.details);
    truth.hidden = !asking.answer;
    this.drawCode();
    if (table.open) this.drawTable();
  }

  /** The lines, with the operators that are known; the others are waited for. */
  drawCode() {
    drawPoint(this.parts.point.lastChild, this.state.cells, this.state.ran);
    if (this.parts.program.open) this.drawProgram();
    this.operators?.wait();
  }

  drawProgram() {
    drawCells(this.parts.code, this.state.cells, this.state.ran);
  }

  async drawTable() {
    const { drawTables } = await import("./late/tables.js");
    drawTables(this.parts.tables, this.figure.rows.hero.flat());
  }

  /** The controls show what was computed, unless the visitor has gone on. */
  reflect(params) {
    if (!this.waiting && !this.controls.typing()) this.controls.show(params);
  }

  /** The visitor came here by a tab: the address follows. */
  entered() {
    if (visit.byTab && this.root.checkVisibility()) {
      visit.byTab = false;
      push(this.address);
    }
  }
}

export function same(values, params) {
  return Object.keys(values).every((name) => values[name] === params[name]);
}
