// The check before or after: questions at the learner's own pace, each answer kept as it is given; later, what was right.

import { h, rich, say } from "../dom.js";
import { heading } from "./pieces.js";
import { insist } from "./server.js";

const TITLE = { check_before: "The check before", check_after: "The check after" };

export class Checking {
  constructor(code, own, state) {
    Object.assign(this, { code, own, phase: state.phase });
    this.nodes = state.phase === "check_answers" ? this.answers(state) : this.questions(state);
  }

  /** Who meets one form before meets the other one after. */
  formOf(state, phase) {
    return state.forms[phase === "check_before" ? this.own.form : 1 - this.own.form];
  }

  questions(state) {
    const form = this.formOf(state, this.phase);
    this.count = form.length;
    this.status = h("p", { class: "status", role: "status" });
    this.tell();
    return [heading(TITLE[this.phase]), h("p", {}, "Take your time, alone. Answers are kept as you choose them, and nobody sees yours."), ...form.map((question, index) => this.question(question, index)), this.status];
  }

  get given() {
    return this.own.check[this.phase];
  }

  tell(sentence = "") {
    const done = Object.keys(this.given).length;
    say(this.status, `${sentence ? `${sentence} ` : ""}${done} of ${this.count} answered.${done === this.count && !sentence ? " That is all; you can still change them." : ""}`);
  }

  question({ name, text, choices }, index) {
    const options = choices.map((choice, value) => {
      const input = h("input", { type: "radio", name, value, onchange: () => this.choose(name, value) });
      input.checked = this.given[name] === value;
      return h("label", { class: "option" }, input, h("span", {}, rich(choice)));
    });
    return h("form", { class: "ballot" }, h("fieldset", {}, h("legend", {}, `${index + 1}. `, rich(text)), options));
  }

  async choose(question, choice) {
    const { code, own, phase } = this;
    this.latest = { ...this.latest, [question]: choice };
    try {
      await insist(`room/${code}/answer`, { word: own.learner, body: { phase, question, choice } }, (sentence) => this.tell(sentence));
      own.check[phase][question] = choice;
      this.tell();
      if (this.latest[question] !== choice) await this.choose(question, this.latest[question]); // an older one came last
    } catch (error) {
      this.tell(error.message);
    }
  }

  /** Both forms with what this learner said, and what is right. */
  answers(state) {
    const { before, after, gain, learners } = state.check;
    const class_ = before === null ? "Nobody in this room took both checks." : `The class: ${percent(before)} right before, ${percent(after)} after${gain === null ? "" : `; of what it did not know it has gained ${percent(gain)}`} (${learners[2]} took both).`;
    const lists = ["check_before", "check_after"].map((phase) => {
      const form = this.formOf(state, phase);
      const given = this.own.check[phase];
      const right = form.filter(({ name, right }) => given[name] === right).length;
      return [h("h2", {}, `${TITLE[phase]}: ${right} of ${form.length} right`), h("ol", { class: "answers-of-check" }, form.map((question) => this.answer(question, given[question.name])))];
    });
    return [heading("The answers of the check"), h("p", { class: "verdict" }, class_), ...lists.flat()];
  }

  answer({ text, choices, right, replies, link }, mine) {
    const said = mine === undefined ? "Not answered. The answer: " : mine === right ? "Right: " : "Not quite. The answer: ";
    const why = mine === undefined || mine === right ? replies[right] : `${replies[mine]}`;
    return h("li", { class: mine === right ? "right" : "" }, h("p", { class: "asks" }, rich(text)),
      h("p", {}, h("strong", {}, said, rich(choices[right])), ". ", rich(why), " ", h("a", { href: `./?${link}`, target: "_blank", rel: "noopener" }, "see torch answer it")));
  }
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
