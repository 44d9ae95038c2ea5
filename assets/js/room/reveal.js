// What torch answers: the picture of the question's lesson at the question's Params, the deciding cell ringed, and the lines that ran.

import { drawPoint } from "../code.js";
import { h, say } from "../dom.js";
import { Figure } from "../figure.js";

export class Reveal {
  constructor() {
    const hero = h("section", { class: "hero", "aria-label": "What torch returns" });
    const panels = h("div");
    const more = h("details", { class: "more", hidden: true }, h("summary", {}, "More panels"), panels);
    const arithmetic = h("p", { class: "arithmetic" });
    this.caption = h("p", { class: "caption", role: "status" });
    this.point = h("div", { class: "point" });
    this.node = h("article", { class: "lesson revealed", hidden: true }, hero, this.caption, arithmetic, this.point, more);
    this.figure = new Figure(this.node, { hero, more, panels, arithmetic });
    this.name = "";
  }

  /** Run the call of this question, once; `""` takes the picture away. */
  async show(name) {
    if (name === this.name) return;
    this.name = name;
    this.node.hidden = !name;
    if (!name) return;
    say(this.caption, "Running torch…");
    const answer = await patiently(name);
    if (name !== this.name) return;
    this.node.dataset.shown = name;
    if (!answer.state) return say(this.caption, answer.problem);
    const { figure } = answer.state;
    this.figure.update({ ...figure, rows: figure.rows.map((panels) => panels.map(still)) }, { ring: answer.ring, anew: true });
    say(this.caption, answer.state.caption);
    this.point.replaceChildren(h("h2", {}, "The lines that ran"), h("div"));
    if (answer.state.cells) drawPoint(this.point.lastChild, answer.state.cells, answer.ran);
  }
}

/** A panel without what changes Params: there are no controls here. */
function still(panel) {
  const shown = { ...panel };
  delete shown.params;
  if (panel.view !== "table") return shown;
  return { ...shown, rows: panel.rows.map((row) => row.map((cell) => (Array.isArray(cell) ? cell.slice(0, 2) : cell))) };
}

async function patiently(name) {
  for (let pause = 500; ; pause = Math.min(2 * pause, 5000)) {
    const response = await fetch(new URL(`explorables/question/${name}`, document.baseURI)).catch(() => null);
    if (response?.ok) return response.json();
    await new Promise((over) => setTimeout(over, pause));
  }
}
