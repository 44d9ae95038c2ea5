// The operators beside the lines of code. To take them down takes torch as long as the lesson itself, so they are asked for only
// when the lines are seen and the visitor's hand rests.

import { answer, changed, operators } from "./transport.js";

const REST = 200; // ms

export class Operators {
  /** `page.told(ran)` gets them: for each cell, by index of the line. */
  constructor(page) {
    this.page = page;
    this.seen = new Set();
    const watch = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) this.seen[isIntersecting ? "add" : "delete"](target);
      this.wait();
    });
    for (const lines of [page.parts.point, page.parts.code]) watch.observe(lines);
  }

  /** A state is on screen, with its operators or without. */
  shown(ran) {
    this.page.root.toggleAttribute("data-due", !ran);
    this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    if (this.due) this.timer = setTimeout(() => this.ask(), REST);
  }

  get due() {
    const { root, figure } = this.page;
    return "due" in root.dataset && this.seen.size > 0 && !figure.veiled;
  }

  async ask() {
    const { page } = this, { spec, state } = page;
    const { ran } = await answer(operators(changed(spec.slug, spec.controls, state.params))).catch(() => ({})); // the lines stand without
    if (ran && state === page.state) page.told(ran);
  }
}
