// Every panel of the hero as a plain table, for who reads with a screen reader or wants the numbers.

import { format } from "../color.js";
import { h } from "../dom.js";

const ROWS = { grid: gridRows, cube: cubeRows, bars: barRows, facts: factRows, table: plainRows, strip: tokenRows, curve: curveRows, board: boardRows, lanes: laneRows, line: lineRows, dots: dotRows, tree: nodeRows, veil: veilRows, error: errorRows };
/** How numbers stand in a table of the page; csv.js has its own way. */
const READ = {
  number: (value, digits, signed) => (signed === false ? format(value, digits).replace("+", "") : format(value, digits)),
  beside: (number, ...words) => [number, ...words].filter(Boolean).join(" "),
};

export function drawTables(host, panels) {
  host.replaceChildren(...panels.map(tableOf).filter(Boolean));
}

/** { columns, rows } of a panel, the first cell of a row is its head; null of one that is no table. */
export function rowsOf(panel, how = READ) {
  return ROWS[panel.view]?.(panel, how) ?? null;
}

/** What the table of a panel is called. */
export function nameOf({ title, tensor, badge }) {
  return [tensor?.startsWith(title) ? "" : title, tensor, badge].filter(Boolean).join(", ") || "facts";
}

function tableOf(panel) {
  const made = rowsOf(panel);
  if (!made) return null;
  const { columns, rows } = made;
  const csv = panel.view === "veil" ? null : h("button", { type: "button", class: "quiet", "aria-label": `save ${nameOf(panel)} as CSV`, onclick: async () => (await import("./csv.js")).saveCsv(panel) }, "CSV");
  return h(
    "table", { class: "facts" },
    h("caption", {}, nameOf(panel), csv),
    columns ? h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)))) : null,
    h("tbody", {}, rows.map(([head, ...cells]) => h("tr", {}, h("th", { scope: "row" }, head), cells.map((text) => h("td", {}, text))))),
  );
}

function gridRows({ values, digits, signed, rowLabels, colLabels, colGroups, marks, rows }, { number, beside }) {
  const over = (colGroups ?? []).flatMap(([name, count]) => Array(count).fill(name ? `${name}, ` : ""));
  const under = (row) => (colGroups && row.length < over.length ? colGroups.flatMap(([, count], group) => Array(count).fill(row[group])) : row); // a cell below each group of columns
  return {
    columns: [rows || "row", ...(values[0] ?? []).map((_, c) => (over[c] ?? "") + (colLabels?.[c] ?? String(c)))],
    rows: values.map((row, r) => [rowLabels?.[r] ?? String(r), ...under(row).map((value, c) => beside(number(value, digits, signed), marks?.[r]?.[c]))]),
  };
}

/** One line for each row of the last dim, named by the indices before it. */
function cubeRows({ values, digits, parts }, { number }) {
  const rows = [];
  const walk = (nested, index) => {
    if (Array.isArray(nested) && Array.isArray(nested[0])) nested.forEach((inner, place) => walk(inner, [...index, place]));
    else rows.push([index.join(", ") || "value", ...[nested].flat().map((value) => number(value, digits))]);
  };
  if (parts) parts.forEach((name, part) => walk(values[part] ?? "None", [name]));
  else walk(values, []);
  return { rows };
}

function barRows({ labels, values, digits, unit, references }, { number, beside }) {
  const rows = labels.map((label, index) => [label, beside(number(values[index], digits, false), unit)]);
  return { rows: [...rows, ...references.map(([name, value]) => [name, number(value, digits)])] };
}

function boardRows({ columns, rows, squares }) {
  return { columns: ["", ...columns], rows: rows.map((row, r) => [row, ...squares[r].map((lines) => lines.map(([, words]) => words).join(", "))]) };
}

function laneRows({ lanes }) {
  return { rows: lanes.flatMap(([name, spans]) => spans.map(([, , , , , note]) => [name, note])) };
}

function lineRows({ rows }) {
  return { rows: rows.flatMap(({ name, ticks, words }) => [[name, words], ...ticks.filter(({ text }) => text).map(({ text, note }) => [`${name} ${text}`, note])]) };
}

function dotRows({ kinds, off, on }) {
  const marked = kinds.replaceAll("0", "").length;
  return { rows: [[on, String(marked)], [off, String(kinds.length - marked)]] };
}

function curveRows({ labels, lines, dots, xTitle }, { number }) {
  const series = [...lines, ...dots];
  return { columns: [xTitle, ...series.map(([name]) => name)], rows: labels.map((label, i) => [label, ...series.map(([, values]) => (values[i] === null ? "" : number(values[i], 3)))]) };
}

function factRows({ items }) {
  return { rows: items.map(({ label, text }) => [label, text]) };
}

function plainRows({ columns, rows }) {
  return { columns, rows: rows.map((row) => row.map((cell) => String(Array.isArray(cell) ? cell[0] : cell))) };
}

function tokenRows({ tokens }) {
  const columns = ["token", "start logit", "end logit", "start probability", "end probability", "kind"];
  return { columns, rows: tokens.map(({ text, start, end, startShare, endShare, kinds }) => [text, start, end, startShare, endShare, kinds.join(" ")].map(String)) };
}

function nodeRows({ nodes }) {
  return { rows: nodes.map(({ depth, name, kind, facts, value }) => [`${"- ".repeat(depth)}${name}`, kind ?? "", facts ?? "", value ?? ""]) };
}

function veilRows() {
  return { rows: [["?", "hidden until you answer"]] };
}

function errorRows({ text }) {
  return { rows: [["error", text]] };
}
