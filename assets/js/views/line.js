// A number line for each row: a tick for each number that it can hold, or a band where they are too close to be drawn apart.

import { h } from "../dom.js";

export class Line {
  constructor(host) {
    this.host = host;
  }

  update({ title, rows, low, high }) {
    const share = (at) => (100 * (at - low)) / (high - low);
    const tick = ({ at, text, key, note }) =>
      h("span", { class: "tick", style: `left:${share(at)}%`, tabindex: text ? 0 : null, "data-key": key, "data-note": note },
        text ? h("span", { class: "ring-text", style: `transform:translateX(-${share(at)}%)` }, text) : null);
    const row = ({ name, ticks, words }) =>
      h("div", { class: "line-row" }, h("p", {}, h("span", { class: "line-name" }, name), ` ${words}`), h("div", { class: ticks.length ? "line-track" : "line-track band" }, ticks.map(tick)));
    this.host.replaceChildren(h("h3", { class: "panel-name" }, title), h("div", { class: "line", role: "group", "aria-label": title }, rows.map(row)));
  }
}
