// Lines and dots over equally spaced steps, as SVG in the width there is. A panel with frames draws as far as `upto`.

import { format } from "../color.js";
import { h, svg } from "../dom.js";

const HEIGHT = 164;
const PAD = { left: 46, right: 16, top: 10, bottom: 34 };

export class Curve {
  constructor(host) {
    this.title = h("h3", { class: "panel-name" });
    this.legend = h("p", { class: "legend curve-legend" });
    this.host = h("div", { class: "curve", "aria-hidden": "true" });
    host.replaceChildren(this.title, this.host, this.legend);
    new ResizeObserver(() => this.panel && this.draw()).observe(this.host);
  }

  update(panel) {
    this.panel = panel;
    this.title.replaceChildren(panel.title, panel.badge ? h("span", { class: "badge" }, panel.badge) : "");
    const entry = (kind) => ([name], index) => h("span", { class: name === panel.bold ? "bold" : null }, h("i", { class: `series-${(kind === "line" ? panel.hues?.[index] : undefined) ?? index}`, "aria-hidden": "true" }, kind === "line" ? "━" : "●"), ` ${name}`);
    this.legend.replaceChildren(...panel.lines.map(entry("line")), ...panel.dots.map(entry("dot")));
    this.draw();
  }

  draw() {
    const { labels, lines, dots, upto, xTitle, bold, hues = [], ringed = [], texts = [], beside = {}, ticks: shown } = this.panel;
    const width = Math.max(220, this.host.clientWidth);
    const finite = [...lines, ...dots].flatMap(([, values]) => values).filter((value) => typeof value === "number");
    const ticks = ticksOf(Math.min(...finite, 0), Math.max(...finite, 0));
    const [low, high] = [ticks[0], ticks.at(-1)];
    const x = (i) => PAD.left + ((width - PAD.left - PAD.right) * i) / Math.max(1, labels.length - 1);
    const y = (value) => PAD.top + ((HEIGHT - PAD.top - PAD.bottom) * (high - value)) / (high - low);
    const parts = ticks.flatMap((tick) => [
      svg("line", { class: "curve-grid", x1: PAD.left, x2: width - PAD.right, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "curve-tick", "text-anchor": "end", x: PAD.left - 6, y: y(tick) + 4 }, short(tick)),
    ]);
    const every = Math.ceil(labels.length / Math.max(2, Math.floor(width / 60)));
    const middle = (text, i) => svg("text", { class: "curve-tick", "text-anchor": "middle", x: x(i), y: HEIGHT - 18 }, text);
    const first = (texts[0]?.[0] ?? 0) % every; // a point with a text has its label
    parts.push(...labels.map((text, i) => ((shown ? shown.includes(i) : i % every === first) ? middle(text, i) : "")));
    parts.push(svg("text", { class: "curve-tick", "text-anchor": "end", x: width - PAD.right, y: HEIGHT - 3 }, xTitle));
    const circle = (kind, series, [cx, cy], r) => svg("circle", { class: `${kind} series-${series}`, cx, cy, r });
    lines.forEach(([name, values], index) => {
      const series = hues[index] ?? index;
      const seen = values.slice(0, upto + 1).flatMap((value, i) => (typeof value === "number" ? [[x(i), y(value)]] : []));
      const weight = !bold ? "" : name === bold ? " bold" : " thin";
      parts.push(svg("polyline", { class: `curve-line${weight} series-${series}`, points: seen.map((point) => point.join()).join(" ") }));
      if (seen.length && !texts.length) parts.push(circle("curve-end", series, seen.at(-1), 5));
    });
    const beyond = []; // what is said beside dots, above the lines that lead to a ringed point
    dots.forEach(([name, values], series) =>
      values.forEach((value, i) => {
        if (i > upto || typeof value !== "number") return;
        const at = [x(i), y(value)];
        const hidden = ringed.some(([point]) => Math.abs(x(point) - x(i)) < 8); // its rim is seen round the ringed one
        parts.push(circle("curve-dot", series, at, beside[name] ? (hidden ? 11 : 7) : 4));
        if (beside[name]) beyond.push(label(beside[name], at, { width, floor: y(low), ringed: ringed.map(([point]) => x(point)) }));
      }));
    const thick = lines.findIndex(([name]) => name === bold);
    const marked = new Map([...this.host.querySelectorAll("[data-also], [data-ring]")].map(({ dataset }) => [dataset.key, dataset])); // drawn anew, they stay ringed
    const point = ([i, key]) => {
      const [cx, cy] = [x(i), y(lines[thick][1][i])];
      const [said] = texts.filter(([at]) => at === i).map(([, text]) => svg("text", { class: "curve-said ring-text", x: cx + 13, y: cy - 18 }, text));
      if (said) parts.push(svg("path", { class: "curve-guide", d: `M${cx} ${y(low)}V${cy}H${PAD.left}` })); // from one axis to the other
      const node = svg("g", {}, circle("curve-dot", hues[thick] ?? thick, [cx, cy], 7), ...(said ? [said] : []));
      Object.assign((said ?? node).dataset, marked.get(key), { key }); // round the text the ring leaves the line free
      return node;
    };
    parts.push(...ringed.filter(([i]) => i <= upto).map(point), ...beyond);
    this.host.replaceChildren(svg("svg", { width, height: HEIGHT }, ...parts));
  }
}

/** What is said beside a dot on a falling curve: above it to its right, or, where a ringed point's own text stands, below it. */
function label(text, [cx, cy], { width, floor, ringed }) {
  const long = text.length * 8.6;
  const below = cx > PAD.left + 24 && ringed.some((x) => Math.abs(x - cx) < 90);
  const left = below ? Math.max(PAD.left + 3, cx - 9 - long) : Math.min(cx + 11, width - PAD.right + 6 - long);
  return svg("text", { class: "curve-beside", x: left, y: below ? Math.min(cy + 24, floor - 4) : cy - 12 }, text);
}

/** A tick as it fits beside the axis: 400000 as 4e5. */
function short(tick) {
  return (Math.abs(tick) < 1e5 ? format(tick, tick % 1 ? 1 : 0) : tick.toExponential()).replace("+", "");
}

/** Three to six round numbers that hold both ends. */
function ticksOf(low, high) {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => span / size <= 5);
  const ticks = [];
  for (let tick = Math.floor(low / step); tick <= Math.ceil(high / step); tick += 1) ticks.push(Number((tick * step).toPrecision(6)));
  return ticks.length > 1 ? ticks : [ticks[0], ticks[0] + step];
}
