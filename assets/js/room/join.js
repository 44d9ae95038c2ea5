// Where a code is typed.

import { h, say } from "../dom.js";
import { Refused, ask } from "./server.js";

const LENGTH = 5;
const problem = h("p", { class: "problem", role: "alert", hidden: true });
const field = h("input", { id: "code", name: "code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 9, autofocus: true });
const form = h("form", { class: "join", novalidate: true }, h("label", { for: "code" }, "The code on the screen"), field, h("button", { type: "submit", class: "open" }, "Join"), problem);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const code = field.value.replace(/[\s-]/g, "").toUpperCase();
  problem.hidden = false;
  if (code.length !== LENGTH) return say(problem, `A code has ${LENGTH} characters; this one has ${code.length}.`);
  try {
    await ask(`room/${encodeURIComponent(code)}/state`);
    location.href = new URL(`room/${code}`, document.baseURI).href;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(problem, error.message);
    field.focus();
  }
});
document.getElementById("room").append(h("h1", {}, "Join a room"), form);
