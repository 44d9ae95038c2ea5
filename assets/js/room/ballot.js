// The choices of an open vote. What is chosen last counts; it is sent until the server has acknowledged it.

import { h, rich, say } from "../dom.js";
import { insist } from "./server.js";

export class Ballot {
  /** `own` is what the server knows of this learner; `refused()` is told when the vote has closed meanwhile. */
  constructor(code, own, { number, round, question }, refused) {
    Object.assign(this, { code, own, number, round, refused });
    this.status = h("p", { class: "status", role: "status" });
    const options = question.choices.map((text, index) => {
      const input = h("input", { type: "radio", name: "choice", value: index, onchange: () => this.choose(index) });
      input.checked = own.votes[round] === index;
      return h("label", { class: "option" }, input, h("span", {}, rich(text)));
    });
    this.node = h("form", { class: "ballot" }, h("fieldset", {}, h("legend", { class: "for-ears" }, "Your vote"), options), this.status);
    this.tell(own.votes[round] === undefined ? "Choose one; you can change it until the vote closes." : "Your vote counts. You can change it until the vote closes.");
  }

  tell(sentence) {
    say(this.status, sentence);
  }

  /** Of several changes in a row the last one is sent. */
  async choose(choice) {
    this.wanted = choice;
    this.tell("Sending…");
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.wanted !== undefined) await this.send(this.wanted);
      this.tell("Your vote counts. You can change it until the vote closes.");
    } catch (error) {
      this.tell(error.message);
      this.refused();
    } finally {
      this.sending = false;
    }
  }

  async send(choice) {
    const { code, own, number, round } = this;
    await insist(`room/${code}/vote`, { word: own.learner, body: { number, round, choice } }, (sentence) => this.tell(`Not sent yet. ${sentence}`));
    own.votes[round] = choice;
    if (this.wanted === choice) this.wanted = undefined;
  }
}
