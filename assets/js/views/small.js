// The small panels of a hero: an operator between input and output, named facts, and the box of what is not shown yet.

import { svg } from "../cube/svg.js";
import { h } from "../dom.js";

const SHORT = 14; // letters of a call that stays in one line
const LONG = 22; // and of one that does where the window is wide

export class Operator {
  constructor(host) {
    this.host = host;
  }

  update({ title, note }) {
    const size = title.length <= SHORT ? "short" : title.length <= LONG ? "middling" : "";
    this.host.replaceChildren(h("code", { class: `operator-call ${size}` }, size === "short" ? title : breakable(title)), arrow(), note ? h("p", { class: "operator-note" }, note) : "");
  }
}

function arrow() {
  return svg("svg", { class: "operator-arrow", viewBox: "0 0 44 12", "aria-hidden": "true" }, svg("path", { d: "M0 6H36", class: "shaft" }), svg("path", { d: "M36 0L44 6L36 12Z", class: "tip" }));
}

/** A call may break after its brackets and commas, not inside `()`. */
function breakable(call) {
  return call.split(/(?<=[([,])(?!\))/).flatMap((part, index) => (index ? [h("wbr"), part] : [part]));
}

/** Named values. Where one of them is asked for, two or more others stand in a fold, which stays as the visitor left it. */
export class Facts {
  constructor(host) {
    this.host = host;
    this.open = false;
  }

  update({ title, items, asked }) {
    const others = asked ? items.filter(({ key }) => key !== asked) : [];
    const folded = others.length > 1 ? others : [];
    const shown = items.filter((item) => !folded.includes(item));
    this.host.replaceChildren(title ? h("h3", { class: "panel-name" }, title) : "", h("div", { class: "facts-row" }, shown.length ? listed(shown) : "", folded.length ? this.fold(folded) : ""));
  }

  fold(items) {
    const fold = h("details", { class: "other-facts", open: this.open || null, ontoggle: () => (this.open = fold.open) }, h("summary", {}, `${items.length} more values`), listed(items));
    return fold;
  }
}

function listed(items) {
  return h("dl", { class: "named-facts" }, items.map(({ key, label, text, note }) =>
    h("div", { class: "named-fact", tabindex: note ? 0 : null, "data-key": key, "data-note": note ?? "" }, h("dt", {}, label), h("dd", { class: "ring-text" }, text))));
}

export class Veil {
  constructor(host) {
    this.host = host;
  }

  update({ title }) {
    const box = h("div", { class: "veil-box" }, h("span", { "aria-hidden": "true" }, "?"), h("span", { class: "for-ears" }, "hidden until you answer, or press just show me"));
    this.host.replaceChildren(h("h3", { class: "panel-name" }, title), box);
  }
}
