// Share: a link, a frame for another page, a QR code, and a picture of the hero; with it what the link opens and what it hides.

import { h } from "../dom.js";
import { copyText } from "./copy.js";
import { savePicture } from "./picture.js";
import { drawCode } from "./qr.js";
import { style } from "./style.js";

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
    const address = addressOf(page, { question: asks.input.checked, present: presents.input.checked, hide: parts });
    link.value = address;
    frame.value = `<iframe src="${address.replaceAll("&", "&amp;").replaceAll('"', "%22")}" title="${page.spec.title.replaceAll('"', "&quot;")}, Torch Explorables" width="100%" height="800" style="border:0" loading="lazy"></iframe>`;
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
    h("div", { class: "share-last" }, code, h("button", { type: "button", onclick: () => savePicture(page.parts.hero, page.spec.slug) }, "save the picture (SVG)")),
  );
  dialog.addEventListener("close", () => (dialog.remove(), opener.focus()));
  draw();
  page.root.append(dialog);
  dialog.showModal();
}

/** The address of what is on screen, or of its question alone. */
function addressOf(page, { question, present, hide }) {
  const { asking, spec } = page;
  const query = new URLSearchParams(question ? { lesson: spec.slug, q: asking.question.id || asking.current + 1 } : asking.shown(page.link));
  if (!question) query.set("answered", 1);
  if (present) query.set("view", "present");
  if (hide) query.set("hide", hide);
  return `${location.origin}${location.pathname}?${query}`;
}
