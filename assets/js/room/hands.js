// Without devices: the teacher types how many hands were raised for each choice.

import { h, rich } from "../dom.js";

export class Hands {
  /** `send(counts)` is told when the form is submitted. */
  constructor(send) {
    this.fields = h("div", { class: "fields" });
    this.form = h("form", {}, this.fields, h("button", { type: "submit" }, "Count these hands"));
    this.node = h("details", { class: "hands", hidden: true }, h("summary", {}, "Count raised hands instead of phones"), this.form);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      send([...this.fields.querySelectorAll("input")].map(({ valueAsNumber }) => (Number.isInteger(valueAsNumber) ? valueAsNumber : 0)));
    });
  }

  update({ question, round }, moved) {
    this.node.hidden = !round;
    if (!moved || !question) return;
    this.fields.replaceChildren(...question.choices.map((text) => h("label", {}, h("input", { type: "number", min: 0, max: 1000, step: 1, value: 0 }), " ", h("span", {}, rich(text)))));
  }
}
