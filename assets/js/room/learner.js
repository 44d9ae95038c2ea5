// A learner's page: joins the room, votes, and sees what the room sees. Whatever it shows comes from the room's state and from
// what this learner has said, which the server keeps: a reload, or a phone that slept, goes on where the room is.

import { h, rich, say } from "../dom.js";
import { Ballot } from "./ballot.js";
import { Checking } from "./checking.js";
import { heading, joinAddress, movesSentence, results, spelled } from "./pieces.js";
import { Reveal } from "./reveal.js";
import { Poll, insist, kept } from "./server.js";

const EVERY = 1500; // ms
const TOLD = {
  lobby: "You are in. Wait for the first question.",
  closed: "The vote is closed.",
  discuss: "Discuss: find a neighbour who chose something else, and convince each other. Then you vote again.",
  closed_again: "The second vote is closed.",
};

class Learner {
  constructor(code) {
    this.code = code;
    this.stage = h("div", { class: "stage-of-room" });
    this.news = h("p", { class: "news", role: "status" });
    this.trouble = h("p", { class: "problem", role: "alert", hidden: true });
    this.reveal = new Reveal();
    this.count = h("span", { class: "voted-here" });
    this.follow = h("input", { type: "checkbox", role: "switch", onchange: () => this.follow.checked && this.draw(true) });
    this.follow.checked = true;
    const foot = h("footer", {}, h("label", {}, this.follow, " follow the room"), this.count, h("span", {}, `Room ${code}`), h("a", { href: "./", target: "_blank", rel: "noopener" }, "all lessons"));
    document.getElementById("room").append(this.news, this.trouble, this.stage, this.reveal.node, foot);
    this.join();
  }

  async join() {
    try {
      this.own = await insist(`room/${this.code}/join`, { body: { learner: kept.read(this.code) } }, (sentence) => this.complain(sentence));
    } catch (error) {
      return this.over(error.message);
    }
    this.complain("");
    kept.write(this.code, this.own.learner);
    this.poll = new Poll(this.code, {
      word: this.own.learner,
      every: EVERY,
      seen: (state) => this.see(state),
      lost: (sentence) => this.complain(sentence),
      over: (sentence) => this.over(sentence),
    });
  }

  complain(sentence) {
    this.trouble.hidden = !sentence;
    say(this.trouble, sentence);
  }

  /** The room is gone. */
  over(sentence) {
    this.complain("");
    say(this.news, "");
    this.reveal.show("");
    this.stage.replaceChildren(heading("This room is not open"), h("p", {}, sentence), h("p", {}, h("a", { href: "room/" }, "Type another code"), " · ", h("a", { href: "./" }, "See the lessons")));
  }

  see(state) {
    const before = this.state;
    this.state = state;
    if (before && before.number !== state.number) this.own.votes = {};
    const moved = !before || before.phase !== state.phase || before.number !== state.number;
    this.counted();
    if (!moved && JSON.stringify(before.tallies) === JSON.stringify(state.tallies)) return;
    if (this.follow.checked) this.draw(moved);
    else if (moved) say(this.news, "The room has gone on. Switch “follow the room” on to go with it.");
  }

  /** `moved`: there is another thing to do, so the focus goes to its heading. */
  draw(moved) {
    const { state, stage } = this;
    const held = stage.contains(document.activeElement) || document.activeElement === document.body;
    if (moved) stage.replaceChildren(...this.parts());
    else this.bars?.replaceChildren(this.shown());
    this.reveal.show(state.phase === "reveal" ? state.question.name : "");
    if (moved) {
      say(this.news, this.votes ? (state.round === 1 ? "Vote now, alone." : "Vote again.") : TOLD[state.phase] ?? "");
      if (held) stage.querySelector("h1")?.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    }
  }

  /** How many have voted, silently: a screen reader would speak of nothing else. */
  counted() {
    const { voted, round } = this.state;
    say(this.count, round && this.follow.checked ? `${voted} voted` : "");
  }

  get votes() {
    return ["vote", "vote_again"].includes(this.state.phase);
  }

  parts() {
    const { state, own } = this;
    this.bars = null;
    if (state.phase.startsWith("check_")) return (this.checking = new Checking(this.code, own, state)).nodes;
    if (state.phase === "lobby") return [heading(`Room ${this.code}`), h("p", { class: "soft" }, `Others join at ${spelled(joinAddress(this.code))}`)];
    const question = heading(state.question.text);
    if (this.votes) {
      const ballot = new Ballot(this.code, own, state, () => this.poll.now());
      return [question, ballot.node, (this.bars = h("div", {}, this.shown()))];
    }
    this.bars = h("div", {}, this.shown());
    if (state.phase !== "reveal") return [question, this.bars];
    return [question, this.verdict(), this.bars, h("p", { class: "moves" }, movesSentence(state.moves)), this.door()];
  }

  /** The votes, where they are shown; else the choices, unless they stand above to be chosen from. */
  shown() {
    const { state, own } = this;
    if (state.tallies) return results(state, { mine: own.votes });
    if (this.votes) return "";
    return h("ul", { class: "results" }, state.question.choices.map((text, index) => h("li", {}, h("span", { class: "choice" }, rich(text), this.marks(index)))));
  }

  marks(choice) {
    return Object.entries(this.own.votes).filter(([, mine]) => mine === choice).map(([round]) => h("strong", { class: "mine" }, ` · your vote${round === "2" ? " now" : ""}`));
  }

  /** Whether the last vote was right, and why it was believed. */
  verdict() {
    const { question, right, replies } = this.state;
    const mine = this.own.votes[2] ?? this.own.votes[1];
    const said = mine === undefined ? "" : mine === right ? "Right. " : `Not quite. The answer: ${question.choices[right]}. `;
    return h("p", { class: "verdict" }, h("strong", {}, rich(said)), rich(mine === undefined || mine === right ? replies[right] : `${replies[mine]} ${replies[mine] === replies[right] ? "" : replies[right]}`));
  }

  door() {
    return h("p", {}, h("a", { class: "open", href: `./?${this.state.link}`, target: "_blank", rel: "noopener" }, "Change the settings yourself"), h("span", { class: "soft" }, " opens the lesson beside this page"));
  }
}

new Learner(document.body.dataset.code.toUpperCase());
