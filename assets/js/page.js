// A lesson's page: prediction, controls, picture, arithmetic, code, traps and link, drawn from what Python computed.
// Params are the only state. A change is one request; while it runs, only the newest change waits.

import { addressOf, names, push, query, visit } from "./address.js";
import { drawCells, drawCode } from "./code.js";
import { drawControls } from "./controls.js";
import { h, rich, say } from "./dom.js";
import { Figure } from "./figure.js";
import { drawPredictions } from "./predict.js";
import { drawTraps } from "./traps.js";

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
    this.build(element);
    this.controls = drawControls(this.parts.form, spec.controls, spec.slug, (settled) => this.change(this.controls.values(), settled));
    drawPredictions(this.parts.predict, spec.predictions, (params) => this.set(params));
    if (spec.examples.length) this.offer(spec.examples);
    drawTraps(this.parts.traps, spec.traps, (params) => this.set(params, true));
    this.open(opened);
    window.addEventListener("popstate", () => this.addressed() && this.restore());
    document.addEventListener("lesson-entered", () => this.entered());
    this.entered();
    element.dataset.state = this.root.dataset.state = "ready";
  }

  build(element) {
    const { slug, truth, examples } = this.spec;
    const part = (tag, name, attributes = {}) => (this.parts[name] = h(tag, { class: name, ...attributes }));
    this.parts = {};
    const copy = (label, text) => h("button", { type: "button", class: "quiet copy", onclick: (event) => copyText(event.target, text()) }, label);
    this.root = h(
      "article", { class: "lesson", "data-lesson": slug, "data-painted": 0 },
      h("h2", { class: "truth" }, rich(truth)),
      part("section", "predict", { id: `predict-${slug}`, "aria-label": "Predict first" }),
      h(
        "div", { class: "workbench" },
        h(
          "div", { class: "side" },
          examples.length ? part("div", "examples", { class: "control-examples" }) : null,
          part("form", "form", { id: `form-${slug}`, "aria-label": "Parameters", novalidate: true }),
          h("div", { class: "side-buttons" },
            h("button", { type: "button", class: "quiet", onclick: () => this.set({}, false) }, "reset"),
            copy("copy link", () => addressOf(this.link))),
        ),
        h(
          "div", { class: "picture" },
          part("p", "problem", { role: "alert", hidden: true }),
          part("p", "notes", { role: "status", hidden: true }),
          part("div", "figure", { role: "group", "aria-label": `picture of ${slug}` }),
          part("p", "arithmetic", { "aria-live": "polite" }),
        ),
      ),
      h(
        "section", { class: "code-box", "aria-label": "Code" },
        h("div", { class: "section-head" }, h("h3", {}, "The code that recomputes this, and what torch ran for each line"), copy("copy code", () => this.code)),
        part("div", "program"),
      ),
      part("section", "traps", { "aria-label": "Traps" }),
    );
    this.parts.caption = h("p", { class: "caption", role: "status" });
    this.figure = new Figure(this.parts.figure, this.parts.arithmetic, this.parts.caption);
    this.root.addEventListener("choose", ({ detail }) => {
      this.controls.show({ ...this.controls.values(), ...detail });
      this.change(this.controls.values(), true);
    });
    element.replaceChildren(this.root);
  }

  async offer(examples) {
    const { drawExamples } = await import("./examples.js");
    drawExamples(this.parts.examples, this.parts.form, examples, (params) => this.set(params));
  }

  /** Change some Params as a trap or a prediction does: the others go to their defaults. */
  set(params, scroll = false) {
    const defaults = Object.fromEntries(this.spec.controls.map((field) => [field.name, field.default]));
    this.controls.show({ ...defaults, ...params });
    if (scroll) this.parts.form.closest(".workbench").scrollIntoView({ behavior: "smooth", block: "start" });
    this.run(this.controls.values());
  }

  run(values) {
    this.change(values, true);
  }

  change(values, settled) {
    const problem = this.controls.problem();
    if (problem) return this.complain(problem);
    if (!this.running && same(values, this.params)) {
      this.parts.problem.hidden = true;
      return settled && push(this.link); // the last move of a slider is already on screen
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
          if (settled) push(this.link);
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
      if (address === location.href) this.open(opened); // else the visitor has gone on
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

  paint(state) {
    this.link = state.link;
    this.code = state.code;
    this.params = state.params;
    this.reflect(state.params);
    this.parts.problem.hidden = true;
    this.parts.notes.hidden = !state.notes?.length;
    say(this.parts.notes, (state.notes ?? []).join(" "));
    this.figure.update(state.figure);
    say(this.parts.caption, state.caption);
    if (state.cells) drawCells(this.parts.program, state.cells);
    else drawCode(this.parts.program, state.code, state.ran);
    this.root.dataset.painted = Number(this.root.dataset.painted) + 1;
  }

  /** The controls show what was computed, unless the visitor has gone on. */
  reflect(params) {
    if (!this.waiting && !this.controls.typing()) this.controls.show(params);
  }

  /** The visitor came here by a tab: the address follows. */
  entered() {
    if (visit.byTab && this.root.checkVisibility()) {
      visit.byTab = false;
      push(this.link);
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

async function copyText(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    window.prompt("Copy:", text); // no clipboard outside https and localhost
  }
  setTimeout(() => (button.textContent = label), 1200);
}
