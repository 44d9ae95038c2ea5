// One cell of the 3-D picture: three faces, a number, and the band of its group.

import { fill, format } from "../color.js";
import { svg } from "./svg.js";

/** A box that has no place, value or shape yet. */
export function newCell() {
  const parts = {
    side: svg("polygon", { class: "cube-side" }), lid: svg("polygon", { class: "cube-lid" }),
    front: svg("polygon", { class: "cube-front" }), band: svg("polygon", { class: "cube-band" }),
    text: svg("text", { class: "cube-number" }),
  };
  return { node: svg("g", {}, ...Object.values(parts)), parts };
}

/** What a cell shows: colour, number, mark and group; nothing is touched that did not change. */
export function paint(drawn, cell, panel) {
  const { node, parts } = drawn;
  const { background, color } = fill(cell.value, panel.limit);
  const text = cell.mark === "dropped" ? "✕" : format(cell.value, panel.digits);
  const look = [background, color, text, cell.mark, cell.group].join();
  if (node.dataset.key !== cell.key) node.dataset.key = cell.key;
  if (node.dataset.note !== cell.note) node.dataset.note = cell.note;
  if (look === drawn.look) return;
  drawn.look = look;
  drawn.shape = null; // the size of the number depends on its length
  node.setAttribute("class", ["cube-cell", cell.mark && `mark-${cell.mark}`, cell.group !== null && `group-${cell.group % 10}`].filter(Boolean).join(" "));
  node.style.cssText = `--fill:${background};--text:${color}`;
  parts.text.textContent = text;
  parts.band.style.display = cell.group === null ? "none" : "";
}

/** The faces all cells share, and a number as large as the front allows. */
export function shapeCell(drawn, shared) {
  if (drawn.shape === shared.front) return;
  drawn.shape = shared.front;
  const { parts } = drawn;
  for (const name of ["side", "lid", "front", "band"]) parts[name].setAttribute("points", shared[name]);
  parts.text.setAttribute("transform", shared.text);
  const size = Math.min(14, (shared.width - 1) / (0.6 * Math.max(1, parts.text.textContent.length)));
  parts.text.style.fontSize = `${size.toFixed(1)}px`;
  parts.text.style.display = size < 12 ? "none" : ""; // too narrow: the slices beside it hold the number
}
