// A player for the steps that torch has already computed; nothing is asked of the server.

import { h, say } from "./dom.js";

const PACE = 300; // ms a step

export class Scrub {
  constructor(show) {
    this.show = show;
    this.labels = [];
    this.slider = h("input", { type: "range", min: 0, step: 1, "data-scrub": true });
    this.name = h("span", { class: "scrub-name" });
    this.label = h("output", { class: "scrub-label" });
    this.play = h("button", { type: "button", class: "scrub-play", onclick: () => (this.timer ? this.stop() : this.start()) });
    const step = (sign, label, by) => h("button", { type: "button", "aria-label": label, onclick: () => (this.stop(), this.go(this.at + by)) }, sign);
    this.node = h("div", { class: "scrub", role: "group" }, this.name, this.play, step("‹", "one step back", -1), this.slider, step("›", "one step on", 1), this.label);
    this.slider.addEventListener("input", () => (this.stop(), this.go(Number(this.slider.value))));
    this.stop();
  }

  get at() {
    return Number(this.slider.value);
  }

  /**
   * Offer the steps with these labels. `anew`: from the first one, or, `answered`, at the end, where the answer stands;
   * otherwise the visitor stays at theirs, or at the end. `veiled`: the first one, until what the steps lead to may be seen; its place is kept.
   */
  offer(labels, name, { anew, veiled, answered }) {
    const ended = this.labels.length === 0 || this.at === this.labels.length - 1;
    this.labels = labels;
    this.node.hidden = labels.length < 2;
    this.node.classList.toggle("not-yet", veiled);
    if (labels.length < 2) return this.stop();
    const last = labels.length - 1;
    const at = veiled ? 0 : anew ? (answered ? last : 0) : ended ? last : Math.min(this.at, last);
    this.slider.max = last;
    say(this.name, name ?? "");
    this.slider.setAttribute("aria-label", name ?? "step");
    this.go(at);
    if (veiled || answered) this.stop();
    else if (anew && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.start();
  }

  go(index) {
    const at = Math.max(0, Math.min(this.labels.length - 1, index));
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `${at + 1} of ${this.labels.length}: ${this.labels[at]}`);
    say(this.label, this.labels[at]);
    this.show(at);
  }

  start() {
    if (this.at === this.labels.length - 1) this.go(0);
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      if (document.hidden || !this.node.checkVisibility()) return; // waits for who looks elsewhere
      this.go(this.at + 1);
      if (this.at === this.labels.length - 1) this.stop();
    }, PACE);
    this.face("■", "pause");
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.face("▶", "play the steps");
  }

  face(sign, label) {
    say(this.play, sign);
    this.play.setAttribute("aria-label", label);
  }
}
