// The teacher's remote: what the room does, how it voted, what to say, and the one step that comes next. The secret stands in the
// fragment of this page's address, and is sent in a header only.

import { h, rich, say } from "../dom.js";
import { copyText } from "../late/copy.js";
import { drawCode } from "../late/qr.js";
import { Hands } from "./hands.js";
import { heading, joinAddress, plural, results } from "./pieces.js";
import { Plan } from "./plan.js";
import { Poll, ask, insist } from "./server.js";

const EVERY = 500; // ms
const NAMES = { lobby: "Between questions", vote: "They vote", closed: "The vote is closed", discuss: "They discuss", vote_again: "They vote again", closed_again: "The second vote is closed", reveal: "Revealed", check_before: "The check before", check_after: "The check after", check_answers: "The answers of the check" };
const STEPS = { // phase -> [where to, what the button says], the usual one first
  vote: [["closed", "Close the vote"]],
  closed: [["discuss", "Let them discuss"], ["reveal", "Reveal"]],
  discuss: [["vote_again", "Open the second vote"]],
  vote_again: [["closed_again", "Close the second vote"]],
  closed_again: [["reveal", "Reveal"]],
  check_before: [["lobby", "End the check"]],
  check_after: [["check_answers", "End the check and show its answers"], ["lobby", "End the check"]],
  check_answers: [["lobby", "Go on"]],
};

class Remote {
  constructor(code, secret, bank) {
    Object.assign(this, { code, secret, bank });
    this.trouble = h("p", { class: "problem", role: "alert", hidden: true });
    this.title = heading("");
    this.count = h("p", { class: "voted", role: "status" });
    this.now = h("div", { class: "now" });
    this.steps = h("div", { class: "go" });
    this.hands = new Hands((counts) => this.act("hands", { number: this.state.number, round: this.state.round, counts }));
    this.plan = new Plan(bank, { ask: (name) => this.move("vote", name), check: (phase) => this.move(phase) });
    this.bars = h("input", { type: "checkbox", role: "switch", onchange: () => this.act("bars", { bars: this.bars.checked }) });
    document.getElementById("room").append(
      this.trouble, h("header", {}, this.title, this.count), this.steps, this.now, this.hands.node, this.plan.node,
      h("section", { class: "tools-of-room" }, h("label", {}, this.bars, " show the bars to everybody before the reveal"), this.doors(), this.takeaway()),
    );
    this.poll = new Poll(code, { word: secret, view: "teacher", every: EVERY, seen: (state) => this.see(state), lost: (sentence) => this.complain(sentence), over: (sentence) => this.over(sentence) });
  }

  /** Pages of this room, and this remote for the phone. */
  doors() {
    const link = (view, text) => h("a", { href: `room/${this.code}${view}`, target: "_blank", rel: "noopener" }, text);
    const copy = h("button", { type: "button", onclick: () => copyText(copy, location.href) }, "Copy the address of this remote");
    const phone = h("details", {}, h("summary", {}, "This remote on your phone"), h("p", {}, "Whoever has this address leads the room. Do not show it on the projector."));
    phone.addEventListener("toggle", () => phone.open && !phone.querySelector("svg") && phone.append(drawCode(location.href, "QR code of this remote"), copy));
    return [h("p", {}, link("/projector", "Projector page"), " · ", link("", "a learner's page")), phone];
  }

  /** What the teacher takes home, and the end. */
  takeaway() {
    const end = h("button", { type: "button", class: "danger", onclick: () => confirm("End the room and delete all its votes?") && this.act("end", {}) }, "End the room");
    return h("p", { class: "row" }, h("button", { type: "button", onclick: () => this.download() }, "Download the results (CSV)"), end);
  }

  async download() {
    const response = await fetch(new URL(`room/${this.code}/results.csv`, document.baseURI), { headers: { Authorization: `Bearer ${this.secret}` } }).catch(() => null);
    if (!response?.ok) return this.complain("The results could not be fetched; try again.");
    const address = URL.createObjectURL(await response.blob());
    h("a", { href: address, download: `room-${this.code}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  move(to, question = "") {
    const { number, phase } = this.state;
    return this.act("move", { number, phase, to, question });
  }

  /** Sent until it is answered: the server takes a step once, however often it is sent. */
  async act(what, body) {
    this.steps.setAttribute("aria-busy", "true");
    try {
      await insist(`room/${this.code}/${what}`, { word: this.secret, body }, (sentence) => this.complain(sentence));
      this.complain("");
    } catch (error) {
      this.complain(error.message);
    }
    this.steps.removeAttribute("aria-busy");
    this.poll.now();
  }

  complain(sentence) {
    this.trouble.hidden = !sentence;
    say(this.trouble, sentence);
  }

  over(sentence) {
    document.getElementById("room").replaceChildren(heading("This remote leads no room"), h("p", {}, sentence), h("p", {}, h("a", { href: "teach/" }, "Open a room")));
  }

  see(state) {
    const moved = this.state?.phase !== state.phase || this.state?.number !== state.number;
    this.state = state;
    document.body.dataset.phase = state.phase;
    this.bars.checked = state.bars;
    say(this.title, NAMES[state.phase]);
    say(this.count, this.counted(state));
    this.drawNow(state);
    if (moved) {
      this.drawSteps(state);
      clearInterval(this.checking);
      if (state.phase.startsWith("check_")) {
        this.drawCheck();
        this.checking = setInterval(() => this.drawCheck(), 3000);
      }
    }
    this.hands.update(state, moved);
    this.plan.update(state);
  }

  counted({ phase, voted, joined, checked, round }) {
    const who = `${joined} joined`;
    if (phase.startsWith("check_") && phase !== "check_answers") return `${checked} of ${joined} have begun`;
    return round ? `${voted} voted · ${who}` : who;
  }

  drawNow(state) {
    if (state.phase.startsWith("check_")) return;
    const advice = state.advice ? h("p", { class: "verdict" }, state.advice) : null;
    const shown = state.question ? [h("p", { class: "asks" }, rich(state.question.text)), advice, results(state)] : [h("p", { class: "code-of-room" }, this.code), h("p", { class: "soft" }, joinAddress(this.code))];
    this.now.replaceChildren(...shown.filter(Boolean));
  }

  async drawCheck() {
    const { value } = await ask(`room/${this.code}/check`, { word: this.secret }).catch(() => ({}));
    if (!value || !this.state.phase.startsWith("check_")) return;
    const open = Boolean(this.now.querySelector("details")?.open);
    const share = ([right, of]) => (of ? `${Math.round((100 * right) / of)} % of ${of}` : "–");
    const percent = (number) => (number === null ? "–" : `${Math.round(100 * number)} %`);
    const rows = value.items.map(({ name, before, after }) => h("tr", {}, h("th", { scope: "row" }, rich(this.bank.questions.find((one) => one.name === name).text)), h("td", {}, share(before)), h("td", {}, share(after))));
    this.now.replaceChildren(
      h("p", { class: "verdict" }, `${plural(value.learners[0], "learner")} before, ${value.learners[1]} after, ${value.learners[2]} both. Right: ${percent(value.before)} before, ${percent(value.after)} after. Normalised gain: ${percent(value.gain)}.`),
      h("details", { open }, h("summary", {}, "Each question"), h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "question"), h("th", { scope: "col" }, "right before"), h("th", { scope: "col" }, "right after"))), h("tbody", {}, rows))),
    );
  }

  drawSteps({ phase }) {
    const next = this.plan.next(this.state);
    const steps = STEPS[phase] ?? [];
    const buttons = steps.map(([to, text], index) => h("button", { type: "button", class: index ? "" : "open", onclick: () => this.move(to) }, text));
    if (!steps.length && next) buttons.push(h("button", { type: "button", class: "open", onclick: () => this.plan.take(next) }, `Next: ${next.title}`));
    if (phase === "reveal") buttons.push(h("button", { type: "button", onclick: () => this.move("lobby") }, "Show the code again"));
    this.steps.replaceChildren(...buttons);
  }
}

const code = document.body.dataset.code.toUpperCase();
const secret = location.hash.slice(1);
const bank = await insist("teach/bank.json");
if (secret) new Remote(code, secret, bank);
else document.getElementById("room").append(heading("This address has lost its end"), h("p", {}, "The remote of a room has a secret behind # in its address. Open the address that you copied, or open another room."), h("p", {}, h("a", { href: "teach/" }, "Open a room")));
