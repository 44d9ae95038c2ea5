// A lesson for a room: the question and the picture, large. Arrow keys go on: show what comes out, then the next question.

import { h } from "../dom.js";
import { style } from "./style.js";

export async function open(page) {
  await style("present");
  if (document.documentElement.dataset.view === "present") return;
  document.documentElement.dataset.view = "present";
  page.root.dataset.presented = "";
  const address = new URL(location.href);
  address.searchParams.set("view", "present");
  if (!address.searchParams.has("lesson")) address.searchParams.set("lesson", page.spec.slug);
  history.replaceState(null, "", address);
  const button = (sign, label, act) => h("button", { type: "button", "aria-label": label, onclick: act }, sign);
  const bar = h("nav", { class: "present-bar", "aria-label": "Presentation" }, button("‹", "back", () => back(page)), button("›", "go on", () => on(page)), button("✕", "leave the presentation", leave));
  page.root.prepend(bar);
  document.addEventListener("keydown", keys);

  function keys(event) {
    if (event.target.closest("input, textarea, select, td, .cube-tools, dialog")) return;
    const act = { ArrowRight: () => on(page), PageDown: () => on(page), ArrowLeft: () => back(page), PageUp: () => back(page), Escape: leave }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  function leave() {
    document.removeEventListener("keydown", keys);
    delete document.documentElement.dataset.view;
    delete page.root.dataset.presented;
    bar.remove();
    address.href = location.href;
    address.searchParams.delete("view");
    history.replaceState(null, "", address);
  }
}

/** Show what comes out; where it is shown, ask the next question. */
function on(page) {
  const { asking } = page;
  if (!asking.answer) return asking.give(null);
  if (asking.current + 1 < asking.questions.length) asking.go(asking.current + 1, true);
}

function back(page) {
  if (page.asking.current > 0) page.asking.go(page.asking.current - 1);
}
