// Pieces that several pages of a room show: a question, its choices with bars, the address by which one joins.

import { h, rich } from "../dom.js";

/** A heading that takes the focus when the room has moved on, so that a screen reader reads from there. */
export function heading(text) {
  return h("h1", { tabindex: -1 }, rich(text));
}

export function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The choices, and for each vote a bar with its count; `right` is marked once it is known. */
export function results(state, { mine = {} } = {}) {
  const { question, tallies, right } = state;
  const rounds = tallies.filter((counts, index) => index === 0 || counts.some(Boolean));
  const sums = rounds.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const rows = question.choices.map((text, choice) => {
    const bars = rounds.map((counts, index) => bar(counts[choice], sums[index], rounds.length > 1 ? `vote ${index + 1}` : "", String(mine[index + 1]) === String(choice)));
    return h("li", { class: choice === right ? "right" : "" }, h("span", { class: "choice" }, choice === right ? h("span", { class: "mark" }, "✓ ", h("span", { class: "for-ears" }, "right: ")) : null, rich(text)), bars);
  });
  return h("ul", { class: "results" }, rows);
}

function bar(count, sum, label, mine) {
  const share = sum ? count / sum : 0;
  const fill = h("span", { class: "fill" });
  fill.style.inlineSize = `${100 * share}%`;
  return h("span", { class: "bar" }, label ? h("span", { class: "round" }, label) : null, h("span", { class: "track", "aria-hidden": "true" }, fill),
    h("span", { class: "count" }, `${count}`, h("span", { class: "share" }, ` · ${Math.round(100 * share)} %`), mine ? h("strong", {}, " · you") : null));
}

/** What the second vote changed, of those who voted twice. */
export function movesSentence({ wrongRight, rightWrong, rightRight, wrongWrong }) {
  const twice = wrongRight + rightWrong + rightRight + wrongWrong;
  if (!twice) return "";
  return `Of ${plural(twice, "learner")} who voted twice, ${wrongRight} moved from wrong to right, ${rightWrong} from right to wrong, ${rightRight} stayed right, ${wrongWrong} stayed wrong.`;
}

export function joinAddress(code) {
  return new URL(`room/${code}`, document.baseURI).href;
}

/** An address as people type it. */
export function spelled(address) {
  return address.replace(/^https?:\/\//, "").replace(/\/$/, "");
}
