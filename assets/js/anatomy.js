// The parts of a lesson's page, in the order in which they are read; `data-part` names them for links, styles and tests.

import { h, rich } from "./dom.js";

const HOLE = 60; // px

/** { root, parts }: the empty page of a lesson. */
export function anatomy({ slug, truth, examples }, tools, take) {
  const parts = {};
  const part = (tag, name, attributes = {}, ...inside) => (parts[name] = h(tag, { class: name, "data-part": name, ...attributes }, ...inside));
  const piece = (tag, name, attributes = {}, inside = []) => (parts[name] = h(tag, { class: name, ...attributes }, inside));
  const fold = (name, title, ...inside) => part("details", name, {}, h("summary", {}, title), ...inside);
  const root = h(
    "article", { class: "lesson", "data-lesson": slug, "data-painted": 0, "aria-labelledby": `question-${slug}` },
    h("div", { class: "head" }, part("h2", "question", { id: `question-${slug}`, tabindex: -1 }), h("div", { class: "tools" }, tools)),
    part("section", "choices", { "aria-label": "Your answer" }),
    h(
      "div", { class: "stage" },
      piece("p", "problem", { role: "alert", hidden: true }),
      piece("p", "notes", { role: "status", hidden: true }),
      piece("div", "pinned", { role: "status", hidden: true }),
      part("section", "hero", { "aria-label": `picture of ${slug}` }),
      part("p", "caption", { role: "status" }),
      piece("p", "truth", { hidden: true }, rich(truth)),
      piece("p", "arithmetic", { "aria-live": "polite" }),
    ),
    h(
      "aside", { class: "side", "aria-label": `Try it: ${slug}` },
      examples.length ? piece("div", "examples") : null,
      part("form", "controls", { id: `form-${slug}`, "aria-label": `Settings of ${slug}`, novalidate: true }),
    ),
    part("section", "traps", { "aria-label": "Traps" }),
    h(
      "div", { class: "below" },
      part("section", "point", { "aria-label": "The lines that matter" }, h("div", { class: "section-head" }, h("h3", {}, "The lines that matter, and the operators torch ran for each"), h("div", {}, take)), h("div", {})),
      fold("more", "More panels", piece("p", "details"), piece("div", "panels")),
      fold("program", "The whole program", piece("div", "code")),
      fold("table", "As a table", piece("div", "tables")),
      part("nav", "next", { "aria-label": `Go on from ${slug}` }),
    ),
  );
  fill(root);
  return { root, parts };
}

/** Where the column of the controls is longer, the lines that matter begin beside it: no hole stays below the traps. */
function fill(root) {
  const [stage, traps, side] = [".stage", ".traps", ".side"].map((name) => root.querySelector(name));
  const hole = () => side.offsetHeight - stage.offsetHeight - traps.offsetHeight;
  const watch = new ResizeObserver(() => root.classList.toggle("long-side", hole() > HOLE));
  [stage, traps, side].forEach((one) => watch.observe(one));
}
