// The numbers of a panel as a CSV file, each to its last digit.

import { save } from "./save.js";
import { nameOf, rowsOf } from "./tables.js";

const RAW = { number: (value) => value, beside: (number) => number };

export function saveCsv(panel) {
  const name = nameOf({ ...panel, badge: "" }).replace(/[^\w.-]+/g, "_").slice(0, 60).replace(/^_|_$/g, "");
  save(csvOf(panel), `${name || "table"}.csv`, "text/csv");
}

/** A row of names where the panel has them, then its rows; a cell is quoted where it must be. */
export function csvOf(panel) {
  const { columns, rows } = rowsOf(panel, RAW);
  return [...(columns ? [columns] : []), ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function cell(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
