// The question that is the headline of the page: its choices, the veil over what answers it, the reply, the score.

import { addressOf } from "./address.js";
import { h, rich } from "./dom.js";
import { answers, remember, remembers, switchMemory } from "./memory.js";

export class Asking {
  /** `page` is told to `show(params)` a question's case, to `redraw()`, and asked whether it `shows(params)`. */
  constructor(parts, spec, page) {
    this.parts = parts;
    this.spec = spec;
    this.page = page;
    this.questions = spec.predictions.map((prediction, index) => ({ ...prediction, name: `${spec.slug}.${prediction.id || index + 1}` }));
    this.given = Object.fromEntries(Object.entries(answers()).filter(([name]) => this.questions.some((one) => one.name === name)));
    this.current = 0;
    this.lifted = false; // the visitor, or the link, wants to see what comes out
    new ResizeObserver(() => this.reserve()).observe(parts.choices);
  }

  get question() {
    return this.questions[this.current];
  }

  /** The answer that was given to the question on screen, if one was. */
  get answer() {
    return this.given[this.question.name];
  }

  get veiled() {
    return !this.lifted && !this.answer;
  }

  /** The key of what the question asks for, until the visitor looks at something else without an answer. */
  get asked() {
    return this.answer || this.veiled ? this.question.ring : "";
  }

  /** The key of the cell that decides the question, while its case is on screen. */
  get ring() {
    return this.answer && this.page.shows(this.question.show) ? this.question.ring : "";
  }

  /** As `open`, but without a `q` the first question that has no answer; whether its case is yet to be set up. */
  resume(query, carries) {
    const open = this.questions.findIndex(({ name }) => !(name in this.given));
    const named = this.open(query, carries);
    if (named || this.lifted || open <= 0) return false;
    this.ask(open);
    return true;
  }

  /** Ask what the address asks for, or else the first question; whether it named one. `carries`: the address names Params. */
  open({ q, answered }, carries) {
    const named = this.questions.findIndex(({ id }, index) => q !== undefined && (q === id || q === String(index + 1)));
    this.lifted = carries || answered === "1";
    this.ask(Math.max(named, 0));
    return named >= 0;
  }

  ask(index) {
    this.current = index;
    this.parts.question.replaceChildren(...rich(this.question.question));
    this.draw();
  }

  /** Go on to a question: what answers it is veiled, unless it has been answered; `anew` forgets that on this page. */
  go(index, anew = false) {
    this.lifted = false;
    if (anew) delete this.given[this.questions[index].name];
    this.ask(index);
    this.page.prepare(this.question.show);
    this.parts.question.focus();
  }

  /** `choice` is an index, or null for "just show me". */
  give(choice) {
    const pressed = this.parts.choices.querySelector(".confidence [aria-pressed=true]")?.value;
    const answer = { choice, right: choice === this.question.answer, sure: pressed ? pressed === "sure" : null };
    this.given[this.question.name] = answer;
    remember(this.question.name, answer);
    this.draw();
    this.parts.choices.querySelector(".go").focus({ preventScroll: true });
    this.page.show(this.question.show);
  }

  /** Show what comes out without an answer: the visitor tries something else first. */
  lift() {
    this.lifted = true;
  }

  draw() {
    const { question, answer } = this;
    const buttons = question.choices.map(({ text }, index) => {
      const state = answer && (index === question.answer ? "right" : index === answer.choice ? "wrong" : "");
      return h("button", { type: "button", class: state, "aria-pressed": answer ? String(index === answer.choice) : null, onclick: () => this.give(index) }, rich(text));
    });
    const row = h("div", { class: "answers", role: "group", "aria-labelledby": this.parts.question.id }, buttons);
    const reply = h("p", { class: "reply", role: "status" }, answer ? this.reply(answer) : null);
    this.parts.choices.replaceChildren(row, answer ? "" : h("div", { class: "before" }, confidence(), this.skip()), reply);
    this.parts.choices.dataset.state = answer ? "answered" : "asked";
    this.reserve();
    this.drawNext();
  }

  /** What stands in the reply's place before, and a shorter reply, have the room of “just show me”: the picture does not move when it comes. */
  reserve() {
    const { choices } = this.parts;
    if (!choices.clientWidth) return;
    const ghost = h("p", { class: "reply ghost", "aria-hidden": "true" }, this.reply({ right: false, choice: null }));
    choices.style.removeProperty("--reply");
    choices.append(ghost);
    choices.style.setProperty("--reply", `${ghost.offsetHeight}px`);
    ghost.remove();
  }

  skip() {
    return h("button", { type: "button", class: "quiet show-me", onclick: () => this.give(null) }, "just show me");
  }

  reply(answer) {
    const { question } = this;
    const right = question.choices[question.answer];
    const chosen = question.choices[answer.choice];
    const verdict = answer.right ? "Right." : `${chosen ? "Not quite. " : ""}The answer: ${right.text}.`;
    const said = [chosen && !answer.right && chosen.reply !== right.reply ? chosen.reply : null, right.reply].filter(Boolean);
    const words = h("span", {}, h("strong", {}, ...rich(verdict)), " ", ...rich(said.join(" ")));
    return [words, h("span", { class: "on" }, this.goOn(), question.proof ? seeForYourself(question.proof) : "")];
  }

  /** The next question that is open; after the last one the score below. */
  goOn() {
    const open = this.openAfter();
    const label = open < 0 ? "see your score" : "next question";
    const go = () => (open < 0 ? this.parts.next.scrollIntoView({ block: "center" }) : this.go(open));
    return h("button", { type: "button", class: "go", onclick: go }, label);
  }

  openAfter() {
    const order = this.questions.map((_, step) => (this.current + 1 + step) % this.questions.length);
    return order.find((index) => !(this.questions[index].name in this.given)) ?? -1;
  }

  /** What stands at the end of the page: how far the visitor is, and where it goes on. */
  drawNext() {
    const { next } = this.parts;
    const count = this.questions.length;
    const open = this.openAfter();
    const given = this.questions.filter(({ name }) => name in this.given);
    const ask = (index, text) => h("button", { type: "button", class: "link", onclick: () => (this.go(index, true), this.parts.question.scrollIntoView({ block: "nearest" })) }, rich(text));
    if (given.length < count) {
      const other = open >= 0 && open !== this.current ? [" Next: ", ask(open, this.questions[open].question)] : [];
      next.replaceChildren(h("p", {}, h("strong", {}, `Question ${this.current + 1} of ${count}.`), ...other), ...this.elsewhere());
      return;
    }
    const missed = this.questions.map((question, index) => ({ question, index })).filter(({ question }) => !this.given[question.name].right);
    const right = count - missed.length;
    next.replaceChildren(
      h("p", { class: "score" }, h("strong", {}, `${right} of ${count} right.`), missed.length ? " Still to learn:" : " Nothing missed."),
      missed.length ? h("ul", {}, missed.map(({ question, index }) => h("li", {}, ask(index, question.question)))) : "",
      ...this.elsewhere(),
    );
  }

  elsewhere() {
    const { next, related } = this.spec;
    const door = (word, { slug, title, question }) =>
      h("p", {}, `${word}: `, h("a", { href: `?lesson=${slug}`, onclick: (event) => visitLesson(event, slug) }, title), " ", h("span", { class: "asks" }, ...rich(question)));
    return [next ? door("Next lesson", next) : null, ...related.map((one) => door("Related", one)), memorySwitch()].filter(Boolean);
  }

  /** The query that leads back here: a question whose answer is hidden is asked again, its Params would show it. */
  link(query) {
    const { question, page } = this;
    const q = `&q=${question.id || this.current + 1}`;
    if (page.figure.veiled && page.shows(question.show)) return `lesson=${this.spec.slug}${this.current || !page.shows({}) ? q : ""}`;
    return this.shown(query);
  }

  /** The query of what comes out, and the question it is asked by. */
  shown(query) {
    return this.current || this.answer ? `${query}&q=${this.question.id || this.current + 1}` : query;
  }
}

/** Switched off, what this browser remembers is forgotten. */
function memorySwitch() {
  const input = h("input", { type: "checkbox", onchange: () => switchMemory(input.checked) });
  input.checked = remembers();
  return h("label", { class: "memory" }, input, " remember my answers, in this browser only");
}

/** The few lines that prove the answer, folded. */
function seeForYourself(proof) {
  return h("details", { class: "proof" }, h("summary", {}, "see for yourself"), h("pre", {}, h("code", {}, proof)));
}

/** Within the page, unless the visitor wants another window. */
function visitLesson(event, slug) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", addressOf(`lesson=${slug}`));
  dispatchEvent(new PopStateEvent("popstate"));
  scrollTo(0, 0);
}

/** Two switches of which one at most is on; nobody has to say. */
function confidence() {
  const buttons = ["sure", "guessing"].map((word) => h("button", { type: "button", class: "quiet", value: word, "aria-pressed": "false" }, word));
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      buttons.forEach((one) => one.setAttribute("aria-pressed", String(one === button && on)));
    });
  }
  return h("span", { class: "confidence", role: "group", "aria-label": "How sure are you? (you need not say)" }, "How sure? ", buttons);
}
