// Chapters and lessons are Gradio tabs; the address names the lesson. Each follows the other.

import { visit } from "./address.js";

/** `navigate()` asks Gradio to select the tabs of the lesson that the address names. */
export function follow(navigate) {
  window.addEventListener("popstate", navigate);
  document.addEventListener("click", (event) => {
    if (!event.target.closest('[role="tab"], .overflow-dropdown button')) return;
    visit.byTab = true;
    requestAnimationFrame(() => requestAnimationFrame(() => document.dispatchEvent(new Event("lesson-entered"))));
  });
  if (new URLSearchParams(location.search).has("lesson")) navigate();
}
