// The projector: the code, the question, how many have voted; after the reveal both votes and what torch returned. No type below 28 px.

import { h, rich, say } from "../dom.js";
import { drawCode } from "../late/qr.js";
import { style } from "../late/style.js";
import { heading, joinAddress, movesSentence, plural, results, spelled } from "./pieces.js";
import { Reveal } from "./reveal.js";
import { Poll } from "./server.js";

const EVERY = 500; // ms
const code = document.body.dataset.code.toUpperCase();
const address = joinAddress(code);
const stage = h("div", { class: "stage-of-room" });
const count = h("p", { class: "voted", role: "status" });
const trouble = h("p", { class: "problem", role: "alert", hidden: true });
const join = h("p", { class: "joined-at" }, spelled(address));
const reveal = new Reveal();
document.documentElement.dataset.view = "projector";
document.getElementById("room").append(trouble, stage, reveal.node, h("footer", {}, count, join));

const SAYS = {
  vote: "Vote alone.",
  closed: "The vote is closed.",
  discuss: "Discuss: convince a neighbour who chose something else.",
  vote_again: "Vote again.",
  closed_again: "The second vote is closed.",
};

function lobby() {
  return [h("div", { class: "lobby" }, drawCode(address, `QR code of ${address}`), h("div", {}, h("h1", {}, "Join"), h("p", { class: "typed" }, spelled(address)), h("p", {}, "Code"), h("p", { class: "code-of-room" }, code)))];
}

function check({ phase, check }) {
  if (phase !== "check_answers") return [heading(phase === "check_before" ? "The check before" : "The check after"), h("p", {}, "Ten questions on your page. Take your time, alone.")];
  if (check.before === null) return [heading("The check"), h("p", {}, "Nobody in this room took both checks.")];
  const percent = (share) => `${Math.round(100 * share)} %`;
  const gain = check.gain === null ? "" : `Of what the class did not know before, it has gained ${percent(check.gain)}.`;
  return [heading("What the class has learned"), h("p", { class: "big" }, `${percent(check.before)} → ${percent(check.after)} right`), h("p", {}, `${gain} ${check.learners[2]} took both checks.`)];
}

function question(state) {
  const head = [heading(state.question.text), h("p", { class: "says" }, SAYS[state.phase] ?? "")];
  if (state.tallies) return [...head, results(state), h("p", { class: "moves" }, state.moves ? movesSentence(state.moves) : "")];
  return [...head, h("ul", { class: "results" }, state.question.choices.map((text) => h("li", {}, h("span", { class: "choice" }, rich(text)))))];
}

function counted({ phase, voted, joined, checked }) {
  if (phase === "lobby" || phase === "check_answers") return `${joined} joined`;
  if (phase.startsWith("check_")) return `${checked} of ${joined} have begun`;
  return phase === "reveal" ? plural(joined, "learner") : `${voted} voted`;
}

let shown = "";
function see(state) {
  document.body.dataset.phase = state.phase;
  say(count, counted(state));
  const name = JSON.stringify([state.phase, state.number, state.tallies]);
  if (name === shown) return;
  shown = name;
  stage.replaceChildren(...(state.phase === "lobby" ? lobby() : state.phase.startsWith("check_") ? check(state) : question(state)));
  reveal.show(state.phase === "reveal" ? state.question.name : "");
}

function lost(sentence) {
  trouble.hidden = !sentence;
  say(trouble, sentence);
}

function over(sentence) {
  delete document.body.dataset.phase;
  reveal.show("");
  say(count, "");
  say(join, "");
  stage.replaceChildren(heading("This room is not open"), h("p", {}, sentence));
}

await style("present");
new Poll(code, { every: EVERY, seen: see, lost, over });
