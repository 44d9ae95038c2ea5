// One control for each field of a lesson's Params, drawn from what Python declared.

import { query } from "./address.js";
import { h } from "./dom.js";

const TYPED = 700; // ms without a key: what stands there is meant
const LONG = 20_000; // characters; a text that long is read when the visitor leaves it

/**
 * Draw the controls into `form`: those in `main` first, the others folded; all of them where `main` is empty.
 * `touched()` is called when the visitor moves one; `changed(settled)` while a slider moves (settled = false) and when a
 * value is final (true).
 * Returns { values(), show(params), problem(), typing() }; problem() is a sentence about a value out of range, or nothing;
 * typing() says whether a text has been changed that `changed` has not been told of.
 */
export function drawControls(form, { slug, controls, main }, touched, changed) {
  const rows = controls.map((field) => ({ field, ...drawRow(field, `${slug}-${field.name}`, (settled) => {
    showRelevant(rows);
    touched();
    changed(settled);
  }) }));
  const first = main.length ? main.map((name) => rows.find(({ field }) => field.name === name)) : rows;
  const folded = rows.filter((row) => !first.includes(row));
  const all = folded.length ? h("details", { class: "all-settings" }, h("summary", {}, "all settings"), folded.map((row) => row.node)) : "";
  form.replaceChildren(...first.map((row) => row.node), all);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("invalid", () => (all.open = true), true);
  return {
    values: () => Object.fromEntries(rows.map((row) => [row.field.name, row.read()])),
    show(params) {
      rows.forEach((row) => row.write(params[row.field.name]));
      showRelevant(rows);
    },
    problem: () => rows.map((row) => row.problem?.()).find(Boolean),
    typing: () => rows.some((row) => row.typing?.()),
  };
}

/** Hide a control that cannot matter for the other values, or that a teacher's link hides (`&hide=seed,passes`). */
function showRelevant(rows) {
  const values = Object.fromEntries(rows.map((row) => [row.field.name, row.read()]));
  const unwanted = (query().hide ?? "").split(",");
  for (const { field, node } of rows) {
    const idle = Object.entries(field.when ?? {}).some(([name, wanted]) => !wanted.includes(values[name]));
    node.hidden = idle || unwanted.includes(field.name);
  }
}

function drawRow(field, id, changed) {
  const draw = { choice: drawChoice, switch: drawSwitch, text: drawText, number: drawNumber }[field.kind];
  return draw(field, id, changed);
}

function head(field, id, ...beside) {
  return [
    h("div", { class: "control-head" }, h("label", { for: id, id: `${id}-label` }, field.name), ...beside),
    field.about ? h("p", { class: "about", id: `${id}-about` }, field.about) : null,
  ];
}

function row(field, ...children) {
  return h("div", { class: `control control-${field.kind}`, "data-param": field.name }, ...children);
}

function drawNumber(field, id, changed) {
  if (field.name === "seed") return drawSeed(field, id, changed);
  const limits = { min: field.low, max: field.high, step: field.step };
  const exact = h("input", { type: "number", id, ...limits, "aria-describedby": field.about ? `${id}-about` : null, required: true });
  const slider = h("input", { type: "range", ...limits, "aria-label": `${field.name} slider` });
  const none = field.nullable ? h("input", { type: "checkbox" }) : null;
  const byStep = () => (exact.step = field.step); // the arrows and the spinner go by the slider's steps ...
  const between = () => (exact.step = field.whole ? field.step : "any"); // ... others than whole numbers may be typed between them
  const take = (from, to, settled) => {
    between();
    if (from.checkValidity()) to.value = from.value; // otherwise the page says what is allowed
    changed(settled);
  };
  slider.addEventListener("input", () => take(slider, exact, false));
  slider.addEventListener("change", () => take(slider, exact, true));
  exact.addEventListener("keydown", byStep);
  exact.addEventListener("pointerdown", byStep);
  exact.addEventListener("blur", between);
  exact.addEventListener("change", () => take(exact, slider, true));
  const dim = () => [exact, slider].forEach((input) => (input.disabled = Boolean(none?.checked)));
  none?.addEventListener("change", () => (dim(), changed(true)));
  const beside = none ? h("label", { class: "none" }, none, "None") : null;
  return {
    node: row(field, ...head(field, id, beside, exact), slider),
    read: () => (none?.checked ? null : Number(exact.value)),
    write(value) {
      if (none) none.checked = value === null;
      if (value !== null) exact.value = slider.value = value;
      between();
      dim();
    },
    problem: () => (none?.checked || exact.checkValidity() ? null : `${field.name} must be ${field.accepts}.`),
  };
}

function drawSeed(field, id, changed) {
  const input = h("input", { type: "number", id, min: field.low, max: field.high, step: 1, required: true });
  const another = h("button", { type: "button", class: "quiet", title: "another seed", "aria-label": "another seed" }, "⟳");
  another.addEventListener("click", () => {
    input.value = (Number(input.value) + 1) % (field.high + 1);
    changed(true);
  });
  input.addEventListener("change", () => changed(true));
  return {
    node: row(field, ...head(field, id, input, another)),
    read: () => Number(input.value),
    write: (value) => (input.value = value),
    problem: () => (input.checkValidity() ? null : `${field.name} must be ${field.accepts}.`),
  };
}

function drawSwitch(field, id, changed) {
  const input = h("input", { type: "checkbox", id, role: "switch" });
  input.addEventListener("change", () => changed(true));
  return {
    node: row(field, ...head(field, id, input)),
    read: () => input.checked,
    write: (value) => (input.checked = value),
  };
}

function drawText(field, id, changed) {
  const shared = { id, maxlength: field.max_length, spellcheck: "false" };
  const input = field.lines > 1 ? h("textarea", { ...shared, rows: field.lines, style: `--lines:${field.lines}` }) : h("input", { type: "text", ...shared });
  let [rest, typing, refused] = [null, false, null]; // refused: why the last file was not read; said once
  const tell = (settled) => {
    clearTimeout(rest);
    typing = false;
    changed(settled);
  };
  input.addEventListener("input", () => {
    clearTimeout(rest);
    typing = true;
    if (input.value.length < LONG) rest = setTimeout(tell, TYPED, false);
  });
  input.addEventListener("change", () => tell(true));
  const drawn = row(field, ...head(field, id), input);
  if (field.file) {
    const take = (values) => input.dispatchEvent(new CustomEvent("choose", { bubbles: true, detail: values }));
    const refuse = (sentence) => ((refused = sentence), tell(true));
    import("./files.js").then(({ fileChooser }) => drawn.append(fileChooser(field, input, take, refuse)));
  }
  return {
    node: drawn,
    read: () => input.value,
    write(value) {
      if (input.value !== value) input.value = value; // keeps the caret where it is
      clearTimeout(rest);
      typing = false;
    },
    problem() {
      const said = refused;
      refused = null;
      return said;
    },
    typing: () => typing,
  };
}

function drawChoice(field, id, changed) {
  return field.choices.join("").length > 26 || field.choices.length > 5
    ? drawSelect(field, id, changed)
    : drawRadios(field, id, changed);
}

function drawSelect(field, id, changed) {
  const input = h("select", { id }, field.choices.map((choice, index) => h("option", { value: index }, String(choice))));
  input.addEventListener("change", () => changed(true));
  return {
    node: row(field, ...head(field, id), input),
    read: () => field.choices[input.value],
    write: (value) => (input.value = field.choices.indexOf(value)),
  };
}

function drawRadios(field, id, changed) {
  const inputs = field.choices.map((choice, index) => h("input", { type: "radio", name: id, value: index, onchange: () => changed(true) }));
  const labels = field.choices.map((choice, index) => h("label", {}, inputs[index], h("span", {}, String(choice))));
  return {
    node: row(
      field,
      h("div", { class: "control-head" }, h("span", { class: "name", id: `${id}-label` }, field.name)),
      field.about ? h("p", { class: "about", id: `${id}-about` }, field.about) : null,
      h("div", { class: "segments", role: "radiogroup", "aria-labelledby": `${id}-label`, "aria-describedby": field.about ? `${id}-about` : null }, labels),
    ),
    read: () => field.choices[inputs.findIndex((input) => input.checked)],
    write: (value) => inputs.forEach((input, index) => (input.checked = field.choices[index] === value)),
  };
}
