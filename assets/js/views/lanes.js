// Spans of time, one lane a process; a span is as long as it took.

import { h } from "../dom.js";

export class Lanes {
  constructor(host) {
    this.host = host;
  }

  update({ title, lanes, end, unit, badge }) {
    const share = (at) => `${(100 * at) / end}%`;
    const span = ([from, to, text, kind, key, note]) =>
      h("span", { class: `span span-${kind} group group-${text % 10}`, style: `left:${share(from)};width:${share(to - from)}`, tabindex: 0, role: "img", "aria-label": note, "data-key": key, "data-note": note }, text);
    const lane = ([name, spans]) => h("div", { class: "lane" }, h("span", { class: "lane-name" }, name), h("div", { class: "lane-track" }, spans.map(span)));
    const ticks = [0, end / 2, end].map((at) => h("span", {}, `${Math.round(at)} ${unit}`));
    this.host.replaceChildren(
      h("p", { class: "panel-name" }, title, " ", badge ? h("span", { class: "badge" }, badge) : ""),
      h("div", { class: "lanes", role: "group", "aria-label": title }, lanes.map(lane), h("div", { class: "lane", "aria-hidden": "true" }, h("span", { class: "lane-name" }), h("div", { class: "lane-ticks" }, ticks))),
    );
  }
}
