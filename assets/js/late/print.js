// A lesson on paper: question, picture, sentence, the lines that matter, traps, and a link with its code. As hidden as on screen.

import { h, rich } from "../dom.js";
import { linkOf } from "./link.js";
import { drawCode } from "./qr.js";
import { style } from "./style.js";

let onPaper = false;

export async function open(page) {
  await style("print");
  prepare(page);
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  print();
}

/** From now on the browser's own menu prints the same. */
export async function watch(page) {
  await style("print");
  addEventListener("beforeprint", () => page.root.checkVisibility() && prepare(page));
}

function prepare(page) {
  if (onPaper) return;
  onPaper = true;
  const restore = [added(page.parts.point, "afterend", traps(page)), added(page.root, "beforeend", foot(page)), light(), () => (onPaper = false)];
  addEventListener("afterprint", () => restore.forEach((undo) => undo()), { once: true });
}

function added(place, where, node) {
  place.insertAdjacentElement(where, node);
  return () => node.remove();
}

/** On paper each trap has its sentence. */
function traps({ spec }) {
  const items = spec.traps.map(({ name, sentence }) => h("li", {}, h("strong", {}, `${name}. `), ...rich(sentence)));
  return h("section", { class: "paper paper-traps" }, items.length ? [h("h3", {}, "Traps"), h("ul", {}, items)] : "");
}

function foot(page) {
  const { params, defaults, spec } = page;
  const set = Object.keys(defaults).filter((name) => params[name] !== defaults[name]).map((name) => `${name} = ${short(params[name])}`);
  const address = linkOf(page);
  return h(
    "footer", { class: "paper paper-foot" },
    drawCode(address, "QR code of the link"),
    h("div", {}, h("p", {}, h("strong", {}, spec.title), set.length ? ` with ${set.join(", ")}` : ""), h("p", { class: "paper-link" }, address), h("p", {}, "Torch Explorables: every number is a call of torch.")),
  );
}

function short(value) {
  const text = String(value).replace(/\s+/g, " ");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Paper is white. */
function light() {
  const dark = [...document.querySelectorAll(".dark")];
  dark.forEach((node) => node.classList.remove("dark"));
  return () => dark.forEach((node) => node.classList.add("dark"));
}
