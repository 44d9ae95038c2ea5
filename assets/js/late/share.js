// Share: a link, a frame for another page, a QR code, and files to take away; with it what the link opens and what it hides.

import { query } from "../address.js";
import { h } from "../dom.js";
import { copyText } from "./copy.js";
import { saveCsv } from "./csv.js";
import { hide } from "./hide.js";
import { linkOf } from "./link.js";
import { take } from "./notebook.js";
import { savePicture } from "./picture.js";
import { open as print } from "./print.js";
import { drawCode } from "./qr.js";
import { style } from "./style.js";
import { nameOf, rowsOf } from "./tables.js";

const HIDE = [["the settings", "controls"], ["the traps", "traps"], ["the code", "point,program"], ["the folds and what follows", "more,table,next"]];

export async function open(page, opener) {
  await style("share");
  const box = (label, checked = false) => {
    const input = h("input", { type: "checkbox", onchange: () => draw() });
    input.checked = checked;
    return { input, node: h("label", {}, input, ` ${label}`) };
  };
  const asks = box("as a question: what comes out is hidden", page.figure.veiled);
  const presents = box("presented: the picture and the question, large");
  const hides = HIDE.map(([label, parts]) => ({ parts, ...box(`without ${label}`) }));
  const link = h("input", { type: "text", readonly: true, "aria-label": "link" });
  const frame = h("textarea", { readonly: true, rows: 3, "aria-label": "frame for another page" });
  const code = h("div", { class: "share-qr" });

  function draw() {
    const parts = hides.filter(({ input }) => input.checked).map((one) => one.parts).join(",");
    const opens = { question: asks.input.checked, hide: parts };
    const address = linkOf(page, { ...opens, view: presents.input.checked ? "present" : "" });
    link.value = address;
    frame.value = frameOf(page, linkOf(page, { ...opens, view: "embed" }), heightWithout(page, parts));
    code.replaceChildren(drawCode(address, "QR code of the link"));
  }

  const copy = (field, label) => {
    const button = h("button", { type: "button", "aria-label": label, onclick: () => copyText(button, field.value) }, "copy");
    return h("div", { class: "share-row" }, field, button);
  };
  const dialog = h(
    "dialog", { class: "share lesson-dialog", "aria-label": "Share this lesson" },
    h("form", { method: "dialog" }, h("h2", {}, "Share what you see"), h("button", { class: "share-close", "aria-label": "close" }, "✕")),
    h("div", { class: "share-boxes" }, asks.node, presents.node, hides.map(({ node }) => node)),
    h("h3", {}, "Link"), copy(link, "copy the link"),
    h("h3", {}, "In a page of yours"), copy(frame, "copy the frame"),
    h("div", { class: "share-last" }, code, takeaway(page)),
  );
  dialog.addEventListener("close", () => (dialog.remove(), opener.focus()));
  draw();
  page.root.append(dialog);
  dialog.showModal();
}

/** A frame for a page of anybody's; where that page lets scripts run, it becomes as high as the lesson is. */
function frameOf({ spec }, address, height) {
  const quoted = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const follow = `addEventListener("message",(e)=>{for(const f of document.querySelectorAll("iframe"))if(e.source===f.contentWindow&&e.data?.explorableHeight)f.height=e.data.explorableHeight})`;
  return `<iframe src="${quoted(address)}" title="${quoted(spec.title)}, Torch Explorables" width="100%" height="${height}" style="border:0" loading="lazy" allow="clipboard-write"></iframe>\n<script>${follow}</script>`;
}

/** The pixels that the lesson takes here without the parts that are hidden. */
function heightWithout(page, parts) {
  const before = query().hide ?? "";
  hide([...before.split(","), ...parts.split(",")]);
  const height = Math.ceil(page.root.getBoundingClientRect().height) + 12;
  hide(before.split(","));
  return height;
}

/** What is saved as a file: the program, the picture, the numbers of one panel. */
function takeaway(page) {
  const button = (label, act) => h("button", { type: "button", onclick: act }, label);
  const panels = panelsOf(page);
  const which = h("select", { "aria-label": "numbers of" }, panels.map((panel, index) => h("option", { value: index }, nameOf(panel))));
  return h(
    "div", { class: "share-files" },
    h("h3", {}, "Take it away"),
    h("div", {}, "program ", button("notebook (.ipynb)", () => take(page, "ipynb")), button("Python (.py)", () => take(page, "py"))),
    h("div", {}, "paper ", button("print this lesson", ({ target }) => (target.closest("dialog").close(), print(page))), h("a", { href: `worksheet/${chapterOf(page)}`, target: "_blank" }, "worksheet of the chapter")),
    h("div", {}, "picture ", button("SVG", () => savePicture(page, "svg")), button("PNG", () => savePicture(page, "png"))),
    panels.length ? h("div", {}, "numbers ", which, button("CSV", () => saveCsv(panels[which.value]))) : null,
  );
}

function chapterOf({ spec }) {
  return document.querySelector(`[data-lesson-tab="${spec.slug}"]`).closest("[role=tablist]").dataset.of;
}

/** The panels that have rows, at the step that is on screen; those of the fold only where nothing is hidden. */
function panelsOf({ figure, parts }) {
  const hero = [...figure.panels].filter(([key]) => key.startsWith("hero ")).map(([, { newest }]) => newest);
  return [...hero, ...(parts.more.hidden ? [] : figure.rows.more.flat())].filter((panel) => panel.view !== "veil" && rowsOf(panel));
}
