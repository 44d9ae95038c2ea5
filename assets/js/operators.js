// The operators beside the lines of code. To take them down takes torch as long as the lesson itself, so they are asked for only
// when the lines are seen and the visitor's hand rests.

import { answer, changed, operators } from "./transport.js";

const REST = 200; // ms

export class Operators {
  constructor(page) {
    this.page = page;
    this.seen = new Set();
    const watch = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) this.seen[isIntersecting ? "add" : "delete"](target);
      this.wait();
    });
    for (const lines of [page.parts.point, page.parts.code]) watch.observe(lines);
  }

  /** Ask when it is time, if they are not known; `data-due` says that they are not. */
  wait() {
    const { root, state, figure } = this.page;
    root.toggleAttribute("data-due", !state?.ran);
    clearTimeout(this.timer);
    if (state && !state.ran && this.seen.size > 0 && !figure.veiled) this.timer = setTimeout(() => this.ask(), REST);
  }

  /** Where they are not to be had the lines stand without. */
  async ask() {
    const { spec, state } = this.page;
    const { ran } = await answer(operators(changed(spec.slug, spec.controls, state.params))).catch(() => ({}));
    if (!ran || state !== this.page.state) return;
    state.ran = ran;
    this.page.drawCode();
  }
}
