// The page of a lesson that runs for longer: a button starts it, its news are shown as they come, and it can be cancelled.

import { push } from "./address.js";
import { say } from "./dom.js";
import { LessonPage, same } from "./page.js";
import { RunBar } from "./run.js";
import { again, ask, changed, reason } from "./transport.js";

export class ButtonPage extends LessonPage {
  build(element) {
    super.build(element);
    const form = this.parts.controls;
    this.bar = new RunBar(this.spec.button, form, () => this.cancel());
    form.before(this.bar.node); // above, where it is seen however many controls there are
    form.addEventListener("submit", () => this.ask());
  }

  /** On a phone the picture lies below the controls: what was pressed for is brought into view, an answer or a refusal. */
  async ask() {
    await this.run(this.controls.values());
    const { hero, problem } = this.parts;
    const answered = !problem.hidden || !this.stale();
    const { top, bottom } = hero.getBoundingClientRect();
    if (answered && (top > innerHeight / 2 || bottom < innerHeight / 3)) hero.parentElement.scrollIntoView({ behavior: "smooth" });
  }

  /** A question is asked: its case stands in the controls, and runs once it is answered. */
  prepare(params) {
    this.unpin();
    this.anew = true;
    this.controls.show({ ...this.defaults, ...params });
    this.redraw();
    this.bar.rest(this.stale());
  }

  show(params) {
    this.figure.seek = true;
    this.unpin();
    this.set(params);
  }

  set(params) {
    if (this.shows(params)) {
      this.anew = true;
      this.controls.show({ ...this.defaults, ...params });
      this.redraw();
      this.bar.rest(false);
    } else super.set(params);
  }

  /** What a link opens: its picture, or that of the defaults until its own run is over. */
  open({ asked, ...opening }) {
    this.controls.show(asked ?? opening.state.params);
    super.open(opening);
    if (asked) this.run(asked);
    else this.bar.rest(false);
  }

  /** A control was changed: what is instant runs at once, with the other values of the last run; the rest waits for the button. */
  change(values, settled) {
    const instant = Object.fromEntries(this.spec.instant.map((name) => [name, values[name]]));
    if (!this.abort && !same(instant, this.params)) super.change({ ...this.params, ...instant }, settled);
    if (!this.abort) this.bar.rest(this.stale());
  }

  async run(values) {
    const problem = this.controls.problem();
    if (problem) return this.complain(problem);
    this.abort?.abort(); // the newest question is the one to be answered
    const mine = (this.abort = new AbortController());
    this.parts.problem.hidden = true;
    this.root.dataset.running = "";
    this.bar.show();
    const { slug, controls } = this.spec;
    const question = same(values, this.params) ? again(slug, values) : changed(slug, controls, values);
    try {
      for await (const message of ask(question, mine.signal)) this.hear(message);
    } catch (error) {
      const lost = `The connection was lost; what you set is kept. Press ${this.spec.button} to try again.`;
      if (!mine.signal.aborted) this.complain(reason(error, lost));
    }
    if (this.abort === mine) this.end();
  }

  hear(message) {
    if (message.state) {
      this.paint(message.state);
      push(this.address);
    } else if (message.problem) {
      this.complain(message.problem);
    } else {
      this.bar.show(message);
      if (message.figure) this.draw(message);
    }
  }

  cancel() {
    this.abort?.abort();
    this.draw(this.state); // away with the picture of a run that has no end
    this.end();
  }

  end() {
    this.abort = null;
    delete this.root.dataset.running;
    this.bar.rest(this.stale());
  }

  draw({ figure, caption }) {
    if (this.asking.veiled) return; // what a run comes to is hidden as long as the question stands
    this.figure.update(figure);
    say(this.parts.caption, caption);
  }

  paint(state) {
    super.paint(state);
    if (!this.abort) this.bar.rest(this.stale()); // what was instant is no longer a change
  }

  /** What the visitor has typed since stays. */
  reflect() {}

  stale() {
    return !same(this.controls.values(), this.params);
  }
}
