// A lesson is opened: what it is built from and its first state are asked for, and the page that fits it is drawn.

import { names, query } from "./address.js";
import { h } from "./dom.js";
import { LessonPage } from "./page.js";
import { answer, opened, reason } from "./transport.js";

/** Draw the lesson into `element`, as the address says if it names it. */
export async function openLesson(element, slug) {
  const wait = setTimeout(() => element.replaceChildren(h("p", { class: "waiting", role: "status" }, "Running torch…")), 150);
  try {
    const opening = await answer(opened(slug, names(slug) ? query() : {}));
    clearTimeout(wait);
    const Page = opening.spec.button ? (await import("./button_page.js")).ButtonPage : LessonPage;
    new Page(element, opening);
  } catch (error) {
    clearTimeout(wait);
    const retry = h("button", { type: "button", onclick: () => openLesson(element, slug) }, "Try again");
    element.replaceChildren(h("p", { class: "problem", role: "alert" }, `The lesson could not be loaded. ${reason(error, "")} `, retry));
    if (!reason(error, "")) throw error;
  }
}
