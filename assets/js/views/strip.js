// Tokens along the text, one element each: above a token its start logit and probability, below it its end ones.

import { fill } from "../color.js";
import { h, handFocus } from "../dom.js";

export class Strip {
  constructor(host) {
    this.host = host;
    host.addEventListener("keydown", (event) => move(event));
  }

  update({ title, badge, tokens, tensor, limit, legend, plain }) {
    const line = ({ kinds }) => (plain && kinds.includes("first") ? [h("i", { class: "strip-break" })] : []);
    const nodes = tokens.flatMap((token, index) => [...line(token), nodeOf(token, limit, index)]);
    this.text = h("div", { class: plain ? "strip plain" : "strip", role: "group", "aria-label": title }, nodes);
    const meant = h("p", { class: "strip-legend" }, legend.map(([kind, words]) => h("span", {}, h("i", { class: `swatch swatch-${kind}`, "aria-hidden": "true" }), words)));
    this.host.replaceChildren(
      h("h3", { class: "panel-name" }, title, " ", badge ? h("span", { class: "badge" }, badge) : ""),
      ...(plain ? [this.text, meant] : [meant, this.text]),
      h("p", { class: "tensor" }, tensor),
    );
  }
}

/** `kinds`: what the token is (question, special, padding, answer, start, end), as classes. */
function nodeOf({ text, start, end, startShare, endShare, kinds, key, note }, limit, index) {
  const shade = (logit) => fill(Math.max(0, logit), limit).background; // most tokens are far below 0, and of no interest
  const style = `--start:${shade(start)};--end:${shade(end)};--up:${startShare};--down:${endShare}`;
  const classes = ["token", ...kinds.map((kind) => `is-${kind}`)].join(" ");
  return h("bdi", { class: classes, style, tabindex: index ? -1 : 0, role: "img", "aria-label": note, "data-key": key, "data-note": note }, text);
}

/** Arrow keys move the focus along the text (one tab stop a strip). */
function move(event) {
  const step = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
  let next = step && event.target.closest(".token")?.[step];
  while (next && !next.matches(".token")) next = next[step];
  if (!next) return;
  handFocus(event, event.target, next);
}
