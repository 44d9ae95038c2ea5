// Horizontal bars from zero, each with its number; reference lines say what a law expects. A bar that shows one of the
// Params is a second handle of that control's slider: it can be dragged, and moved with the arrow keys.

import { format } from "../color.js";
import { h } from "../dom.js";

export class Bars {
  constructor(host) {
    this.host = host;
    this.labels = "";
  }

  update(panel) {
    const labels = JSON.stringify([panel.title, panel.labels, panel.references, panel.params]);
    if (labels !== this.labels) this.build(panel);
    this.labels = labels;
    const finite = panel.values.filter((value) => typeof value === "number").map(Math.abs);
    const limit = panel.limit ?? Math.max(...finite, ...panel.references.map(([, value]) => Math.abs(value)), 1e-12);
    this.limit = limit;
    const signed = panel.signed || panel.values.some((value) => value < 0);
    panel.values.forEach((value, index) => this.paint(this.rows[index], panel, value, index, limit, signed));
  }

  build(panel) {
    this.rows = panel.labels.map((label, index) => {
      const param = panel.params?.[index];
      const bar = h("span", { class: "bar" });
      const number = h("span", { class: "number" });
      const references = panel.summed && index < panel.labels.length - 1 ? [] : panel.references;
      const lines = references.map(([name]) => h("span", { class: "reference", "aria-hidden": "true" }, panel.named && index === panel.labels.length - 1 ? h("span", { class: "reference-name" }, name) : ""));
      const track = h("span", { class: "track" }, bar, lines);
      if (param) this.bind(track, param, label);
      return { bar, number, lines, track, param, node: h("tr", { tabindex: param ? null : 0 }, h("th", { scope: "row" }, label), h("td", {}, track), h("td", { class: "amount" }, number)) };
    });
    const legend = panel.named ? "" : panel.references.map(([name, value]) => `┆ ${name} = ${format(value, panel.digits).replace("+", "")}`).join("   ");
    const classes = ["bars", ...["named", "summed"].filter((name) => panel[name])].join(" ");
    const table = h("table", { class: classes }, h("caption", {}, h("span", { class: "panel-name" }, panel.title, panel.params ? ": drag the bars" : "")), h("tbody", {}, this.rows.map((row) => row.node)));
    this.host.replaceChildren(table, legend ? h("p", { class: "legend" }, legend) : "");
  }

  /** Pointer and keys move the slider of the control; what follows is what follows a move of the slider itself. */
  bind(track, param, label) {
    const slider = () => sliderOf(track, param);
    const tell = (name) => slider().dispatchEvent(new Event(name));
    const follow = (event) => {
      const { left, width } = track.getBoundingClientRect();
      slider().value = ((event.clientX - left) / width) * 2 * this.limit - this.limit;
      tell("input");
    };
    for (const [name, value] of Object.entries({ role: "slider", tabindex: 0, "aria-label": `${param}, ${label}` })) track.setAttribute(name, value);
    track.classList.add("handle");
    track.addEventListener("pointerdown", (event) => {
      track.setPointerCapture(event.pointerId);
      follow(event);
    });
    track.addEventListener("pointermove", (event) => track.hasPointerCapture(event.pointerId) && follow(event));
    track.addEventListener("lostpointercapture", () => tell("change"));
    track.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (!steps) return;
      event.preventDefault();
      slider().stepUp(steps);
      tell("change");
    });
  }

  paint(row, panel, value, index, limit, signed) {
    const share = typeof value === "number" ? Math.min(1, Math.abs(value) / limit) : 0;
    const zero = position(0, limit, signed);
    const width = share * (signed ? 50 : 100);
    row.bar.style.cssText = `left:${value < 0 ? zero - width : zero}%;width:${width}%`;
    row.bar.className = `bar ${value < 0 ? "negative" : "positive"}`;
    const text = format(value, panel.digits);
    if (row.param) speak(row.track, sliderOf(row.track, row.param), value);
    row.number.textContent = `${signed ? text : text.replace("+", "")}${panel.unit ? ` ${panel.unit}` : ""}`;
    row.node.className = panel.marks?.[index] ? `mark-${panel.marks[index]}` : "";
    const keys = panel.keys?.[index] ?? panel.labels[index];
    row.node.dataset.key = (Array.isArray(keys) ? keys : [String(keys).replaceAll(" ", "_")]).join(" ");
    row.node.dataset.note = panel.notes?.[index] ?? "";
    row.lines.forEach((line, i) => (line.style.left = `${position(panel.references[i][1], limit, signed)}%`));
  }
}

function position(value, limit, signed) {
  const share = Math.max(-1, Math.min(1, value / limit));
  return signed ? 50 + share * 50 : share * 100;
}

function sliderOf(track, param) {
  return track.closest(".lesson").querySelector(`[data-param="${param}"] input[type="range"]`);
}

function speak(track, slider, value) {
  for (const [name, said] of [["valuemin", slider.min], ["valuemax", slider.max], ["valuenow", value]]) track.setAttribute(`aria-${name}`, said);
}
