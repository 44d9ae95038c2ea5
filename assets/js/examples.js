// Params worth starting from, in a list above the controls.

import { h } from "./dom.js";

/** Draw the list into `place`; `choose` gets the Params of the one that is chosen. Its name stays until a control is changed. */
export function drawExamples(place, form, examples, choose) {
  const options = examples.map(({ name }, index) => h("option", { value: index }, name));
  const select = h("select", { "aria-label": "Ready examples" }, h("option", { value: "" }, "Ready examples…"), options);
  select.addEventListener("change", () => select.value !== "" && choose(examples[select.value].params));
  form.addEventListener("change", () => (select.value = ""));
  place.replaceChildren(h("div", { class: "control" }, select));
}
