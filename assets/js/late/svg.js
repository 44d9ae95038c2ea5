// Elements of a file of SVG: numbers to a thousandth of a pixel.

import { svg } from "../dom.js";

export function make(tag, attributes = {}) {
  const rounded = Object.entries(attributes).map(([name, value]) => [name, typeof value === "number" ? Number(value.toFixed(3)) : value]);
  return svg(tag, Object.fromEntries(rounded));
}
