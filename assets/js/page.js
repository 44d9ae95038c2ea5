// A lesson's page: question, picture, controls, traps and code, drawn from what Python computed.
// Params are the only state. A change is one request; while it runs, only the newest change waits.

import { names, push, query, visit } from "./address.js";
import { anatomy } from "./anatomy.js";
import { Asking } from "./ask.js";
import { drawCells, drawCode, drawPoint } from "./code.js";
import { drawControls } from "./controls.js";
import { h, say } from "./dom.js";
import { Figure } from "./figure.js";
import { drawTraps, pin } from "./traps.js";

const VEILED = "What torch returns is hidden until you answer, or press “just show me”.";

/**
 * Draw the lesson into `element`. `opening` is the precomputed first state, or null; `server` holds the Python functions;
 * `lessons` (of the first lesson only) lists all slugs, so that a link to none of them is noticed here.
 */
export async function mount(element, slug, opening, server, lessons) {
  const asked = query();
  const linked = names(slug) ? Object.keys(asked).length > 1 : lessons && "lesson" in asked && !lessons.includes(asked.lesson);
  const wait = setTimeout(() => element.replaceChildren(h("p", { class: "waiting", role: "status" }, "Running torch…")), 150);
  try {
    const payload = opening && !linked ? opening : await patiently(() => server.restore(linked ? asked : {}));
    clearTimeout(wait);
    const Page = payload.spec.button ? (await import("./button_page.js")).ButtonPage : LessonPage;
    new Page(element, payload, server, lessons);
  } catch (error) {
    clearTimeout(wait);
    const again = h("button", { type: "button", onclick: () => mount(element, slug, opening, server, lessons) }, "Try again");
    element.replaceChildren(h("p", { class: "problem", role: "alert" }, "The lesson could not be loaded. ", again));
    throw error;
  }
}

export class LessonPage {
  constructor(element, opened, server, lessons) {
    const spec = (this.spec = opened.spec);
    this.lessons = lessons;
    this.server = server;
    this.waiting = null; // the newest change that has not been sent
    this.running = false;
    this.defaults = Object.fromEntries(spec.controls.map((field) => [field.name, field.default]));
    this.build(element);
    this.asking = new Asking(this.parts, spec, this);
    const carries = names(spec.slug) && Object.keys(query()).some((name) => name in this.defaults);
    const elsewhere = this.asking.resume(names(spec.slug) ? query() : {}, carries);
    this.anew = true; // the next picture is another one: its steps begin at the first
    this.open(opened);
    if (elsewhere) this.prepare(this.asking.question.show, false);
    window.addEventListener("popstate", () => this.addressed() && this.restore());
    document.addEventListener("lesson-entered", () => this.entered());
    this.entered();
    element.dataset.state = this.root.dataset.state = "ready";
  }

  build(element) {
    const { spec } = this;
    const button = (word, late, popup) => h("button", { type: "button", class: "quiet", "aria-haspopup": popup, onclick: async ({ target }) => (await import(`./late/${late}.js`)).open(this, target) }, word);
    Object.assign(this, anatomy(spec, [button("Share ▾", "share", "dialog"), button("Present", "present")], [button("copy", "copy"), button("notebook", "notebook")]));
    const { parts } = this;
    this.figure = new Figure(this.root, parts);
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
    if (query().view === "present" && names(spec.slug)) import("./late/present.js").then(({ open }) => open(this));
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
        const answer = await patiently(() => this.server.update(values));
        if (answer.problem) this.complain(answer.problem);
        else {
          this.paint(answer.state);
          if (settled) push(this.address);
        }
      } catch {
        this.complain(`${await refusal()} What you set is kept; change a control to try again.`);
      }
    }
    this.running = false;
    this.root.removeAttribute("aria-busy");
  }

  /** The address names this lesson, or none while this is the first one. */
  addressed() {
    return names(this.spec.slug) || (this.lessons && !this.lessons.includes(query().lesson));
  }

  async restore() {
    const address = location.href;
    try {
      const opened = await patiently(() => this.server.restore(query()));
      if (address !== location.href) return; // the visitor has gone on
      this.asking.open(query(), Object.keys(query()).some((name) => name in this.defaults));
      this.anew = true;
      this.open(opened);
    } catch {
      this.complain(`${await refusal()} The picture is not that of the address; reload the page to try again.`);
    }
  }

  open({ state }) {
    this.paint(state);
  }

  complain(sentence) {
    this.parts.problem.hidden = false;
    say(this.parts.problem, sentence);
  }

  /** What the address bar says: the Params, and the question if it is not the first one. */
  get address() {
    return this.asking.link(this.link);
  }

  paint(state) {
    this.state = state;
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
    const { caption, details, truth, point, program, table } = this.parts;
    const { state, asking } = this;
    this.figure.update(state.figure, { veiled: asking.veiled, ring: asking.ring, anew: this.anew });
    this.anew = false;
    caption.toggleAttribute("data-veiled", this.figure.veiled);
    say(caption, this.figure.veiled ? VEILED : state.caption);
    say(details, state.details);
    truth.hidden = !asking.answer;
    point.hidden = !state.cells;
    if (state.cells) drawPoint(point.lastChild, state.cells);
    if (program.open) this.drawProgram();
    if (table.open) this.drawTable();
  }

  drawProgram() {
    const { cells, code, ran } = this.state;
    if (cells) drawCells(this.parts.code, cells);
    else drawCode(this.parts.code, code, ran);
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

/**
 * The answer to `ask()`, asked again a few times before the visitor is told: a replica was restarted, the network was away.
 * Gradio's client gives undefined where there is no answer.
 */
export async function patiently(ask) {
  for (const pause of [300, 1200, 3000, 0]) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await new Promise((over) => setTimeout(over, pause));
  }
  throw new Error("the server did not answer");
}

/** Why there is no answer: Gradio's client does not pass on what a server says that limits how often it may be asked. */
async function refusal() {
  const response = await fetch(new URL("../../run/", import.meta.url)).catch(() => null);
  return response?.status === 429 ? response.text() : "The server did not answer.";
}

export function same(values, params) {
  return Object.keys(values).every((name) => values[name] === params[name]);
}
