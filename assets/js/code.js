// The code of the exact state, and beside each line the operators torch dispatched for it.

import { h } from "./dom.js";

const TOKEN = /(?<comment>#.*)|(?<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<number>\b\d[\d_.]*(?:e-?\d+)?\b)|(?<word>\b(?:import|from|as|for|in|if|else|def|class|return|with|try|except|None|True|False|not|and|or|lambda|is|while|del|raise|pass|assert)\b)/g;

const [LEAST, MOST, WIDTH] = [8, 30, 92]; // letters of names beside a line of code, and of both together where they fit

/** Draw the point of a program into `host`: the few lines that matter. `ran`: for each cell what torch ran, by index of the line, if it is known. */
export function drawPoint(host, cells, ran) {
  fillIn(host, beside(cells, ran).filter(({ kind }) => kind === "point"), opened);
}

/** Draw the other cells, folded under their titles. */
export function drawCells(host, cells, ran) {
  fillIn(host, beside(cells, ran).filter(({ kind }) => kind !== "point"), folded);
}

function beside(cells, ran) {
  return ran ? cells.map((cell, index) => ({ ...cell, ran: ran[index] })) : cells;
}

/** What the visitor has opened stays open while the same cells are shown. */
function fillIn(host, cells, make) {
  const titles = cells.map(({ title }) => title).join("\n");
  if (host.dataset.cells !== titles) host.replaceChildren(...cells.map(({ title }) => make(title)));
  host.dataset.cells = titles;
  for (const { title, lines, ran } of cells) {
    const list = [...host.querySelectorAll("ol.code")].find((each) => each.getAttribute("aria-label") === title);
    list.replaceChildren(...lines.map((text, index) => item(text, ran[index] ? named(ran[index], Math.min(MOST, Math.max(LEAST, WIDTH - text.length))) : null)));
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

function item(text, beside) {
  return h("li", {}, h("code", {}, ...highlight(text)), beside);
}

/** As many whole names as fit, and how many more there are; all of them under the pointer. */
function named(operators, room) {
  const all = operators.map(([name, times]) => name.replace(/^aten\.|\.[^.]*$/g, "") + (times > 1 ? `×${times}` : ""));
  let [shown, length] = [0, 0];
  while (shown < all.length && (shown === 0 || length + all[shown].length <= room)) length += all[shown++].length + 2;
  const more = all.length > shown ? [`+${all.length - shown} more`] : [];
  return h("span", { class: "ran", title: all.join("\n") }, [...all.slice(0, shown), ...more].join("  "));
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
