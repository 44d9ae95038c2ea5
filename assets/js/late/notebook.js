// The state on screen as a notebook or as a Python file: the server writes it from the program that ran.

import { save } from "./save.js";

export const open = (page) => take(page, "ipynb");

export async function take(page, form) {
  const { asking, params, spec } = page;
  const body = JSON.stringify({ params, q: asking.question.id || String(asking.current + 1) });
  const address = new URL(`../../../take/${spec.slug}.${form}`, import.meta.url);
  const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
  if (answer?.ok) return save(await answer.blob(), `${spec.slug}.${form}`);
  const problem = [400, 429].includes(answer?.status) ? await answer.text() : null;
  page.complain(problem ?? "The file could not be made; press again in a moment.");
}
