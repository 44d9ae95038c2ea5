// What comes when: the steps of the room's plan with what to say and show, and any other question of the bank.

import { h, rich } from "../dom.js";

const FREE = ["lobby", "reveal"]; // when another question may be asked

export class Plan {
  /** `bank` is { questions, paths }; `does` has `ask(name)` and `check(phase)`. */
  constructor(bank, does) {
    this.bank = bank;
    this.does = does;
    this.list = h("ol", { class: "steps" });
    this.script = h("div", { class: "script" });
    this.checks = h("p", { class: "row" });
    this.select = h("select", { "aria-label": "Any question of the bank" });
    this.button = h("button", { type: "button", onclick: () => does.ask(this.select.value) }, "Ask it");
    for (const [lesson, questions] of grouped(bank.questions)) {
      this.select.append(h("optgroup", { label: lesson }, questions.map(({ name, text }) => h("option", { value: name }, text.replaceAll("`", "")))));
    }
    this.any = h("details", { class: "any" }, h("summary", {}, "Any question, and the check"), h("p", { class: "row" }, this.select, this.button), this.checks);
    this.whole = h("details", {}, h("summary", {}, "The whole plan"), this.list);
    this.node = h("section", { class: "plan" }, this.script, this.whole, this.any);
  }

  update(state) {
    const drawn = JSON.stringify([state.phase, state.number, state.path]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const free = FREE.includes(state.phase);
    this.button.disabled = !free;
    this.checks.replaceChildren(...[["check_before", "Begin the check before"], ["check_after", "Begin the check after"]].map(([phase, text]) => h("button", { type: "button", disabled: !free || state.answersShown, onclick: () => this.does.check(phase) }, text)));
    if (!state.path) this.any.open = true;
    this.whole.hidden = !state.path;
    this.drawSteps(state);
    this.drawScript(state);
  }

  steps(state) {
    return this.bank.paths[state.path] ?? [];
  }

  /** The first question or check after the last one that was asked; null at the end, or without a plan. */
  next(state) {
    const steps = this.steps(state);
    const last = Math.max(...steps.map(({ question, check }, index) => (state.asked.includes(question) || state.taken.includes(check) ? index : -1)), -1);
    return steps.slice(last + 1).find(({ question, check }) => question || (check && !state.answersShown)) ?? null;
  }

  take({ question, check }) {
    return question ? this.does.ask(question) : this.does.check(check);
  }

  drawSteps(state) {
    const free = FREE.includes(state.phase);
    this.list.replaceChildren(...this.steps(state).map((step) => {
      const done = state.asked.includes(step.question) || state.taken.includes(step.check);
      const go = step.question || step.check ? h("button", { type: "button", disabled: !free || (step.check && state.answersShown), onclick: () => this.take(step) }, done ? "again" : "go") : null;
      return h("li", { class: done ? "done" : "" }, h("span", {}, `${step.minutes}′ `, step.title, done ? " ✓" : ""), go);
    }));
  }

  /** What to say and show of the question on screen, or of what comes next. */
  drawScript(state) {
    const steps = this.steps(state);
    const current = steps.find(({ question, check }) => (state.question ? question === state.question.name : check === state.phase));
    const step = current ?? (state.phase === "lobby" && !state.number ? steps[0] : null);
    const lines = step ? [["Say", step.say], ["Below 35 %", step.hint], ["Show", step.show]].filter(([, text]) => text) : [];
    this.script.replaceChildren(...lines.map(([word, text]) => h("p", {}, h("b", {}, `${word}: `), rich(text))));
  }
}

function grouped(questions) {
  const groups = new Map();
  for (const question of questions) groups.set(question.lesson, [...(groups.get(question.lesson) ?? []), question]);
  return groups;
}
