// The hero as an SVG file: the boxes and words of the page as rectangles and texts, where the browser has laid them out.

const NS = "http://www.w3.org/2000/svg";
const EDGE = 12; // px around the picture
const SIDES = ["Top", "Right", "Bottom", "Left"];

export function savePicture(host, name) {
  const file = new Blob([new XMLSerializer().serializeToString(pictureOf(host))], { type: "image/svg+xml" });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: `${name}.svg` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function pictureOf(host) {
  const { left, top, width, height } = host.getBoundingClientRect();
  const [wide, high] = [width + 2 * EDGE, height + 2 * EDGE];
  const svg = make("svg", { xmlns: NS, width: wide, height: high, viewBox: `0 0 ${wide} ${high}` });
  svg.append(make("rect", { width: wide, height: high, fill: getComputedStyle(document.body).getPropertyValue("--paper").trim() || "#ffffff" }));
  walk(host, svg, [left - EDGE, top - EDGE]);
  return svg;
}

function make(tag, attributes) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function walk(element, svg, origin) {
  if (!element.checkVisibility() || element.matches("button, input, .for-ears")) return;
  if (element instanceof SVGSVGElement) return svg.append(drawn(element, origin));
  box(element, svg, origin);
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) words(child, svg, origin);
    else if (child.nodeType === Node.ELEMENT_NODE) walk(child, svg, origin);
  }
}

function box(element, svg, [left, top]) {
  const look = getComputedStyle(element);
  const place = (element.tBodies?.[0] ?? element).getBoundingClientRect(); // the border of a table leaves its caption out
  const [x, y, right, bottom] = [place.left - left, place.top - top, place.right - left, place.bottom - top];
  if (!/rgba\(.*, 0\)|transparent/.test(look.backgroundColor)) svg.append(make("rect", { x, y, width: place.width, height: place.height, fill: look.backgroundColor }));
  const ends = { Top: [x, y, right, y], Right: [right, y, right, bottom], Bottom: [x, bottom, right, bottom], Left: [x, y, x, bottom] };
  for (const side of SIDES) {
    const width = parseFloat(look[`border${side}Width`]);
    if (!width || look[`border${side}Style`] === "none") continue;
    const [x1, y1, x2, y2] = ends[side];
    svg.append(make("line", { x1, y1, x2, y2, stroke: look[`border${side}Color`], "stroke-width": width }));
  }
  if (look.outlineStyle !== "none" && (element.dataset.ring || element.className.includes("mark-"))) {
    svg.append(make("rect", { x, y, width: place.width, height: place.height, fill: "none", stroke: look.outlineColor, "stroke-width": parseFloat(look.outlineWidth) }));
  }
}

/** One text for each line of a text node. */
function words(node, svg, [left, top]) {
  const range = document.createRange();
  const look = getComputedStyle(node.parentElement);
  const lines = new Map();
  for (let at = 0; at < node.length; at += 1) {
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    const place = range.getBoundingClientRect();
    if (!place.width) continue;
    const line = lines.get(place.top) ?? { x: place.left, bottom: place.bottom, height: place.height, text: "" };
    line.text += node.data[at];
    lines.set(place.top, line);
  }
  for (const { x, bottom, height, text } of lines.values()) {
    const label = make("text", { x: x - left, y: bottom - top - height * 0.24, fill: look.color, "font-family": look.fontFamily, "font-size": look.fontSize, "font-weight": look.fontWeight, "xml:space": "preserve" });
    label.textContent = text;
    svg.append(label);
  }
}

/** A picture that is SVG already, with the colours that its style sheet gives it. */
function drawn(element, [left, top]) {
  const copy = element.cloneNode(true);
  const [from, to] = [element.querySelectorAll("*"), copy.querySelectorAll("*")];
  from.forEach((one, index) => {
    const look = getComputedStyle(one);
    for (const name of ["fill", "stroke", "stroke-width", "font-size", "font-weight", "font-family", "text-anchor", "dominant-baseline", "opacity"]) to[index].style.setProperty(name, look.getPropertyValue(name));
  });
  const { x, y, width, height } = element.getBoundingClientRect();
  for (const [name, value] of Object.entries({ x: x - left, y: y - top, width, height })) copy.setAttribute(name, value);
  return copy;
}
