// A slider through the steps that torch has already computed; nothing is asked of the server.

import { h, say } from "./dom.js";

export class Scrub {
  constructor(show) {
    this.slider = h("input", { type: "range", min: 0, step: 1, "data-scrub": true });
    this.name = h("span", { class: "scrub-name" });
    this.label = h("output", { class: "scrub-label" });
    this.node = h("label", { class: "scrub" }, this.name, this.slider, this.label);
    this.slider.addEventListener("input", () => {
      say(this.label, this.labels[this.slider.value]);
      show(Number(this.slider.value));
    });
  }

  /** Offer the steps with these labels; the last one is on screen. */
  offer(labels, name) {
    this.labels = labels;
    this.node.hidden = labels.length < 2;
    this.slider.max = labels.length - 1;
    this.slider.value = labels.length - 1;
    say(this.name, name ?? "");
    say(this.label, labels.at(-1) ?? "");
  }
}
