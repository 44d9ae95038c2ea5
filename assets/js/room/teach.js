// The buttons of the Teach pages: one click opens a room and leads to its remote.

import { say } from "../dom.js";
import { Refused, ask } from "./server.js";

const problem = document.querySelector("[data-page=teach] .problem");
for (const button of document.querySelectorAll("[data-page=teach] button.open")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { value } = await ask("room/open", { body: { path: button.dataset.path } });
      location.href = `${new URL(`room/${value.code}/remote`, document.baseURI).href}#${value.secret}`; // a fragment is never sent
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problem.hidden = false;
      say(problem, error.message);
      button.disabled = false;
    }
  });
}
document.querySelector("[data-page=teach] button.print")?.addEventListener("click", () => print());
