// The hero as an SVG or PNG file: the boxes and words of the page as rectangles and texts, where the browser has laid them out.

import { linkOf } from "./link.js";
import { colour, painted } from "./paint.js";
import { pngOf } from "./png.js";
import { save } from "./save.js";
import { make } from "./svg.js";

const RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const DC = "http://purl.org/dc/elements/1.1/";
const EDGE = 12; // px around the picture
const KEPT = ["stroke-width", "stroke-dasharray", "font-size", "font-weight", "font-family", "text-anchor", "dominant-baseline", "opacity"];

/** Save the hero of a lesson as it is on screen; its question, its sentence and its link go with it. */
export async function savePicture(page, form) {
  const about = { Title: page.asking.question.question, Description: page.parts.caption.textContent, Source: linkOf(page) };
  const svg = pictureOf(page.parts.hero, about);
  const text = new XMLSerializer().serializeToString(svg);
  const name = `${page.spec.slug}.${form}`;
  if (form === "svg") save(text, name, "image/svg+xml");
  else save(await pngOf(text, svg.getAttribute("width"), svg.getAttribute("height"), about), name);
}

/** `about`: what stands in the file beside the picture: Title, Description, Source. */
export function pictureOf(host, about) {
  const { left, top, width, height } = host.getBoundingClientRect();
  const [wide, high] = [width + 2 * EDGE, height + 2 * EDGE];
  const svg = make("svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}` });
  svg.append(...said(about), make("rect", { width: wide, height: high, fill: getComputedStyle(document.body).getPropertyValue("--paper").trim() || "#ffffff" }));
  walk(host, svg, [left - EDGE, top - EDGE]);
  return svg;
}

/** For readers and screen readers of SVG, and as Dublin Core for programs that keep pictures. */
function said({ Title, Description, Source }) {
  const inside = (node, ...children) => (node.append(...children), node);
  const named = (space, name, ...children) => inside(document.createElementNS(space, name), ...children);
  const work = named(RDF, "rdf:Description", named(DC, "dc:title", Title), named(DC, "dc:description", Description), named(DC, "dc:source", Source));
  const words = { title: Title, desc: `${Description} ${Source}`, metadata: named(RDF, "rdf:RDF", work) };
  return Object.entries(words).map(([tag, content]) => inside(make(tag), content));
}

function walk(element, svg, origin) {
  if (!element.checkVisibility() || element.matches("button, input, .for-ears")) return;
  if (element instanceof SVGSVGElement) return svg.append(drawn(element, origin));
  box(element, svg, origin);
  beside(element, "::before", svg, origin);
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) words(child, svg, origin);
    else if (child.nodeType === Node.ELEMENT_NODE) walk(child, svg, origin);
  }
  beside(element, "::after", svg, origin);
  if (element.matches("table")) box(element, svg, origin); // its cells lie over half of its frame
}

function box(element, svg, [left, top]) {
  const look = getComputedStyle(element);
  const body = element.tBodies?.[0]; // the border of a table leaves its caption out
  const pieces = look.display === "inline" ? [...element.getClientRects()] : [(body ?? element).getBoundingClientRect()];
  const outlined = element.dataset.ring !== undefined || element.className.includes("mark-");
  for (const { x, y, width, height } of pieces) {
    svg.append(...painted(look, { x: x - left, y: y - top, width, height }, outlined));
  }
}

/** What a style sheet puts before or after the words of an element: a bar, a badge, a glyph. */
function beside(element, which, svg, [left, top]) {
  const look = getComputedStyle(element, which);
  if (look.content === "none" || look.content === "normal" || look.display === "none") return;
  const outer = element.getBoundingClientRect();
  const absolute = look.position === "absolute";
  const place = absolute
    ? { x: outer.x - left + parseFloat(look.left), y: outer.y - top + parseFloat(look.top), width: parseFloat(look.width), height: parseFloat(look.height) }
    : { x: outer.x - left, y: outer.y - top, width: outer.width, height: outer.height };
  if (absolute) svg.append(...painted(look, place, false));
  const text = /^"(.+)"$/.exec(look.content)?.[1];
  if (!text) return;
  const middle = absolute ? parseFloat(look.lineHeight) / 2 || place.height / 2 : place.height / 2;
  const label = make("text", { ...lettered(look), x: place.x + place.width / 2, y: place.y + middle + parseFloat(look.fontSize) * 0.36, "text-anchor": "middle" });
  label.textContent = text;
  svg.append(label);
}

function lettered(look) {
  const slanted = look.fontStyle === "normal" ? {} : { "font-style": look.fontStyle };
  return { fill: colour(look.color)[0], "font-family": look.fontFamily, "font-size": look.fontSize, "font-weight": look.fontWeight, ...slanted, "xml:space": "preserve" };
}

/** One text for each line of a text node. */
function words(node, svg, [left, top]) {
  const range = document.createRange();
  const look = lettered(getComputedStyle(node.parentElement));
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
    const label = make("text", { x: x - left, y: bottom - top - height * 0.24, ...look });
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
    for (const name of KEPT) to[index].style.setProperty(name, look.getPropertyValue(name));
    for (const name of ["fill", "stroke"]) {
      const painted = look.getPropertyValue(name);
      to[index].style.setProperty(name, painted.startsWith("color(") ? colour(painted)[0] : painted);
    }
  });
  const { x, y, width, height } = element.getBoundingClientRect();
  for (const [name, value] of Object.entries({ x: x - left, y: y - top, width, height })) copy.setAttribute(name, value);
  return copy;
}
