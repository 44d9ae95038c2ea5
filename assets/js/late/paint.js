// What CSS paints of a box, as shapes of SVG: backgrounds and their gradients, borders, outlines, and marks inside the edge.

import { make } from "./svg.js";

const SIDES = ["Top", "Right", "Bottom", "Left"];
const DIRECTIONS = { "to top": 0, "to right": 90, "to bottom": 180, "to left": 270 };

/** The shapes of a box at `place` { x, y, width, height } that looks so; `outlined`: whether its outline says something. */
export function painted(look, place, outlined) {
  const round = Math.min(parseFloat(look.borderTopLeftRadius) || 0, place.height / 2);
  return [
    ...filled(look.backgroundColor, place, round),
    ...(look.backgroundImage.includes("linear-gradient") ? shaded(look.backgroundImage, place) : []),
    ...bordered(look, place, round),
    ...inside(look.boxShadow, place),
    ...(outlined && look.outlineStyle !== "none" ? [framed(place, look, parseFloat(look.outlineOffset) + parseFloat(look.outlineWidth) / 2)] : []),
  ];
}

/** A colour as every reader of SVG knows it, and how much of it covers what lies below: "color(srgb 0 0.5 1 / 0.3)" is none. */
export function colour(text) {
  const numbers = text.match(/-?[\d.]+(e-?\d+)?%?/g)?.map((one) => (one.endsWith("%") ? parseFloat(one) / 100 : Number(one))) ?? [0, 0, 0, 0];
  const scale = text.startsWith("color(") ? 255 : 1;
  const [r, g, b] = numbers.map((one) => Math.round(one * scale));
  return [`rgb(${r},${g},${b})`, numbers[3] ?? 1];
}

function filled(background, place, round) {
  const [fill, opacity] = colour(background);
  return opacity ? [make("rect", { ...place, rx: round, fill, ...(opacity < 1 ? { "fill-opacity": opacity } : {}) })] : [];
}

/** One line a side; where all are alike, as they are round a card, one frame with its corners. */
function bordered(look, { x, y, width, height }, round) {
  const edges = SIDES.map((side) => ({ side, wide: parseFloat(look[`border${side}Width`]), style: look[`border${side}Style`], stroke: look[`border${side}Color`] })).filter(({ wide, style }) => wide && !/none|hidden/.test(style));
  if (round && edges.length === 4) {
    const [{ wide, stroke, style }] = edges;
    return [make("rect", { x: x + wide / 2, y: y + wide / 2, width: width - wide, height: height - wide, rx: round, fill: "none", ...stroked(stroke, wide, style) })];
  }
  const [right, bottom] = [x + width, y + height];
  const ends = (wide) => ({ Top: [x, y + wide, right, y + wide], Right: [right - wide, y, right - wide, bottom], Bottom: [x, bottom - wide, right, bottom - wide], Left: [x + wide, y, x + wide, bottom] });
  const collapsed = look.borderCollapse === "collapse" && look.display.startsWith("table");
  return edges.map(({ side, wide, stroke, style }) => {
    const [x1, y1, x2, y2] = ends(collapsed ? 0 : wide / 2)[side];
    return make("line", { x1, y1, x2, y2, ...stroked(stroke, wide, style) });
  });
}

function stroked(text, width, style) {
  const [stroke, opacity] = colour(text);
  const dashes = { dashed: `${2 * width + 1} ${width + 1}`, dotted: `${width} ${width}` }[style];
  return { stroke, "stroke-width": width, ...(opacity < 1 ? { "stroke-opacity": opacity } : {}), ...(dashes ? { "stroke-dasharray": dashes } : {}) };
}

function framed({ x, y, width, height }, look, out) {
  return make("rect", { x: x - out, y: y - out, width: width + 2 * out, height: height + 2 * out, fill: "none", ...stroked(look.outlineColor, parseFloat(look.outlineWidth), look.outlineStyle) });
}

/** A mark that is a shadow inside the edge, as wide on every side. */
function inside(shadow, { x, y, width, height }) {
  const found = /^(.*\)) 0px 0px 0px ([\d.]+)px inset$/.exec(shadow);
  if (!found) return [];
  const wide = Number(found[2]);
  return [make("rect", { x: x + wide / 2, y: y + wide / 2, width: width - wide, height: height - wide, fill: "none", ...stroked(found[1], wide) })];
}

let made = 0;
/** The gradient of a background, along the line that CSS gives it. */
function shaded(image, place) {
  const repeats = image.startsWith("repeating");
  const parts = image.slice(image.indexOf("(") + 1, -1).split(/,(?![^(]*\))/).map((part) => part.trim());
  const turned = /^(to |-?[\d.]+deg)/.test(parts[0]) ? parts.shift() : "to bottom";
  const angle = ((DIRECTIONS[turned] ?? parseFloat(turned)) * Math.PI) / 180;
  const [dx, dy] = [Math.sin(angle), -Math.cos(angle)];
  const long = Math.abs(place.width * dx) + Math.abs(place.height * dy);
  const stops = placed(parts, long);
  const span = repeats ? stops.at(-1).at : long;
  const [x1, y1] = [place.x + place.width / 2 - (long / 2) * dx, place.y + place.height / 2 - (long / 2) * dy];
  const id = `shade-${(made += 1)}`;
  const gradient = make("linearGradient", { id, gradientUnits: "userSpaceOnUse", x1, y1, x2: x1 + span * dx, y2: y1 + span * dy, ...(repeats ? { spreadMethod: "repeat" } : {}) });
  gradient.append(...stops.map(({ at, stop }) => make("stop", { offset: Math.min(1, at / span), "stop-color": stop[0], "stop-opacity": stop[1] })));
  return [gradient, make("rect", { ...place, fill: `url(#${id})` })];
}

/** The stops of a gradient in pixels: none lies before the one above it, and those without a place share the way. */
function placed(parts, long) {
  const stops = parts.map((part, index) => {
    const [, text, at] = /^(.*?\))(?: (-?[\d.]+(?:px|%)))?$/.exec(part) ?? [null, part, null];
    const share = index / (parts.length - 1);
    return { stop: colour(text), at: at ? (at.endsWith("%") ? (parseFloat(at) / 100) * long : parseFloat(at)) : share * long };
  });
  stops.forEach((one, index) => (one.at = Math.max(one.at, stops[index - 1]?.at ?? 0)));
  return stops;
}
