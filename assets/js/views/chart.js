// A plotly chart: the library is fetched when a chart first comes into view, and the same div is redrawn ever after.

import { h } from "../dom.js";

let library = null;

function plotly() {
  library ??= new Promise((resolve, reject) => {
    const script = h("script", { src: new URL("../../plotly/plotly.min.js", import.meta.url).href });
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.min.js could not be loaded"));
    document.head.append(script);
  });
  return library;
}

export class Chart {
  constructor(host) {
    this.host = host;
    this.title = h("h3", { class: "panel-name" });
    this.alt = h("p", { class: "tensor" });
    this.twin = h("table", { class: "facts" });
    this.div = h("div", { class: "chart", "aria-hidden": "true" });
    host.replaceChildren(this.title, this.div, this.alt, h("details", {}, h("summary", {}, "the same as a table"), h("div", { class: "scroll", tabindex: 0 }, this.twin)));
    this.seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.show(), { rootMargin: "120px" });
    this.seen.observe(this.div);
    new MutationObserver(() => this.visible && this.draw()).observe(document.body, { attributeFilter: ["class"] });
    new ResizeObserver(() => this.visible && this.draw()).observe(this.div);
  }

  update(panel) {
    this.panel = panel;
    this.title.textContent = panel.title;
    this.alt.textContent = panel.alt;
    this.twin.replaceChildren(
      h("thead", {}, h("tr", {}, panel.columns.map((column) => h("th", { scope: "col" }, column)))),
      h("tbody", {}, panel.rows.map((row) => h("tr", {}, row.map((value) => h("td", {}, typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(4) : String(value)))))),
    );
    if (this.visible) this.draw();
  }

  show() {
    this.seen.disconnect();
    this.visible = true;
    this.draw();
  }

  async draw() {
    const Plotly = await plotly();
    const ink = getComputedStyle(this.div).getPropertyValue("--ink-soft").trim();
    const line = getComputedStyle(this.div).getPropertyValue("--line").trim();
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
    const { layout, data } = this.panel;
    const themed = { ...layout, font: { color: ink, size: 12, family: "system-ui, sans-serif" }, xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...axis, ...layout.yaxis }, height: layout.height ?? 240, autosize: true };
    await Plotly.react(this.div, data, themed, { displayModeBar: false, responsive: false });
  }
}
