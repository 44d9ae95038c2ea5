// The code of the exact state, and beside each line the operators torch dispatched for it.

import { h } from "./dom.js";

const TOKEN = /(?<comment>#.*)|(?<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<number>\b\d[\d_.]*(?:e-?\d+)?\b)|(?<word>\b(?:import|from|as|for|in|if|else|def|class|return|with|try|except|None|True|False|not|and|or|lambda|is|while|del|raise|pass|assert)\b)/g;

/** Draw the point of a program into `host`: the few lines that matter. */
export function drawPoint(host, cells) {
  fillIn(host, cells.filter(({ kind }) => kind === "point"), opened);
}

/** Draw the other cells, folded under their titles. */
export function drawCells(host, cells) {
  fillIn(host, cells.filter(({ kind }) => kind !== "point"), folded);
}

/** What the visitor has opened stays open while the same cells are shown. */
function fillIn(host, cells, make) {
  const titles = cells.map(({ title }) => title).join("\n");
  if (host.dataset.cells !== titles) host.replaceChildren(...cells.map(({ title }) => make(title)));
  host.dataset.cells = titles;
  for (const { title, lines, ran } of cells) {
    const list = [...host.querySelectorAll("ol.code")].find((each) => each.getAttribute("aria-label") === title);
    list.replaceChildren(...lines.map((text, index) => item(text, ran[index] ? named(ran[index]) : null)));
  }
}

function opened(title) {
  return h("div", { class: "cell" }, h("p", { class: "cell-title" }, title), listOf(title));
}

function folded(title) {
  return h("details", { class: "cell" }, h("summary", { class: "cell-title" }, title), listOf(title));
}

function listOf(title) {
  return h("ol", { class: "code", tabindex: 0, "aria-label": title });
}

/** Draw `code` into `host`; `ran` is [[source line, [[operator, times], ...]], ...] in order. */
export function drawCode(host, code, ran) {
  const list = listOf("Code with the operators of each line");
  host.replaceChildren(list);
  const left = ran.map(([source, operators]) => ({ source, operators }));
  const lines = code.trimEnd().split("\n").map((text) => {
    const found = left.findIndex((entry) => entry.source === text.trim());
    return { text, operators: found < 0 ? null : left.splice(found, 1)[0].operators };
  });
  // A line that only detaches hands finished tensors from the lesson to the page.
  const missing = left.filter(({ operators }) => operators.some(([name]) => !name.startsWith("aten.detach")));
  const complete = ran.length > 0 && missing.length === 0; // only then does a line without operators mean that none was dispatched
  let inside = false; // the body of a class or function: shown, but run elsewhere
  const shown = lines.map(({ text, operators }) => {
    if (text && !text.startsWith(" ")) inside = /^(class|def|@)/.test(text);
    return item(text, operators ? named(operators) : complete && !inside && calls(text) ? idle() : null);
  });
  const elsewhere = missing.map(({ source, operators }) => item(`# before or between these lines: ${source}`, named(operators)));
  list.replaceChildren(...shown, ...elsewhere);
}

function item(text, beside) {
  return h("li", {}, h("code", {}, ...highlight(text)), beside);
}

function named(operators) {
  const shown = operators.map(([name, times]) => name.replace(/^aten\.|\.[^.]*$/g, "") + (times > 1 ? `×${times}` : ""));
  return h("span", { class: "ran", title: operators.map(([name]) => name).join("\n") }, shown.join("  "));
}

function idle() {
  return h("span", { class: "ran ran-none" }, "no operator");
}

function calls(line) {
  return line.includes("(") && !/^\s*(#|import|from|class|def|\))/.test(line);
}

function highlight(line) {
  const parts = [];
  let end = 0;
  for (const match of line.matchAll(TOKEN)) {
    const kind = Object.entries(match.groups).find(([, text]) => text !== undefined)[0];
    parts.push(line.slice(end, match.index), h("span", { class: `py-${kind}` }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, line.slice(end)];
}
