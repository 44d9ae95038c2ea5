// What starts a run of a lesson with a button, shows how far it is, and stops it.

import { h, say } from "./dom.js";

export class RunBar {
  /** The button submits `form`, as Enter in one of its fields does; `cancel` is called when that one is pressed. */
  constructor(word, form, cancel) {
    this.button = h("button", { type: "submit", class: "run", form: form.id }, word);
    this.stop = h("button", { type: "button", class: "quiet", hidden: true, onclick: cancel }, "cancel");
    this.meter = h("progress", { max: 1, hidden: true, "aria-label": `progress of ${word}` });
    this.line = h("p", { class: "run-line", role: "status" });
    this.word = word;
    this.node = h("div", { class: "run-bar" }, this.button, this.stop, this.meter, this.line);
  }

  /** A run has begun, stands in line, or is so far. */
  show({ ahead, steps } = {}) {
    this.stop.hidden = this.meter.hidden = false;
    if (steps) this.meter.value = steps[0] / steps[1];
    else this.meter.removeAttribute("value");
    if (ahead === undefined) return say(this.line, steps ? `${steps[0]} of ${steps[1]}` : "Running…");
    say(this.line, ahead ? `${ahead} ${ahead === 1 ? "run is" : "runs are"} before yours` : "Your run is next");
  }

  /** No run goes on; `stale` says that the controls are no longer those of the picture. */
  rest(stale) {
    this.stop.hidden = this.meter.hidden = true;
    this.button.classList.toggle("due", stale);
    say(this.line, stale ? `Changed: press ${this.word} to see what it does.` : "");
  }
}
