// A QR code as SVG: one path, with the quiet zone that readers need.

import { generate } from "./lean-qr/lean-qr.js";
import { make } from "./svg.js";

const QUIET = 4;

export function drawCode(text, label) {
  const bits = generate(text);
  const squares = Array.from({ length: bits.size ** 2 }, (_, place) => [place % bits.size, Math.floor(place / bits.size)]).filter(([x, y]) => bits.get(x, y));
  const svg = make("svg", { viewBox: `${-QUIET} ${-QUIET} ${bits.size + 2 * QUIET} ${bits.size + 2 * QUIET}`, role: "img", "aria-label": label });
  svg.append(make("path", { d: squares.map(([x, y]) => `M${x} ${y}h1v1h-1z`).join("") }));
  return svg;
}
