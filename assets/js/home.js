// Makes home live: the call that can be repeated, and what this browser remembers. The page comes with its first state.

import { h, say } from "./dom.js";
import { answers, due, last, remembers, switchMemory } from "./memory.js";
import { offerSearch } from "./site.js";

const MOST = 3; // calls on screen
const MARKS = { none: ["○", "not begun"], some: ["◐", "begun"], all: ["●", "every question answered"] };

export function enliven(home) {
  callTwice(home.querySelector(".twice"));
  offerSearch(home.querySelector(".search-box"));
  const again = () => recall(home);
  document.addEventListener("remembered", again);
  const memory = home.querySelector(".remember input");
  memory.addEventListener("change", () => switchMemory(memory.checked));
  again();
  whenSeen(home.querySelectorAll(".cards"));
}

/** `y = dropout(x)`: each press is one call of the endpoint. */
function callTwice(section) {
  const { arguments: values, seed, x, cause } = JSON.parse(section.dataset.asks);
  const [calls, caption] = [section.querySelector(".calls"), section.querySelector(".caption")];
  const mode = () => section.querySelector("input:checked").value;
  let made = calls.children.length;

  section.querySelector(".again").addEventListener("click", call);
  section.querySelectorAll("input").forEach((input) => input.addEventListener("change", call));

  async function call() {
    const evaluating = mode() === "eval";
    const before = numbers(calls.lastElementChild);
    const answer = await ask("dropout", values.map((value, index) => (index === seed ? (value + made) % 1000 : value)));
    if (typeof answer === "string") return say(caption, answer);
    made += 1;
    const y = answer.numbers[evaluating ? "y_eval" : "y_train"].values.flat();
    calls.append(line(made, y, before));
    while (calls.children.length > MOST) calls.firstElementChild.remove();
    const differs = y.filter((value, index) => value !== before[index]).length;
    const same = y.every((value, index) => value === x[index]);
    say(caption, evaluating && same
      ? "In eval mode dropout hands x on: every call gives the same y."
      : `Call ${made}: ${differs} of ${y.length} values differ from the call before${evaluating ? "" : `: ${cause}`}.`);
  }
}

function line(call, row, before) {
  const cells = row.map((value, index) => h("li", { class: [value === 0 && "dropped", value !== before[index] && "differs"].filter(Boolean).join(" ") }, String(value)));
  return h("div", { class: "call new" },
    h("p", { class: "code" }, h("code", {}, "y = dropout(x)"), " ", h("span", {}, `call ${call}`)),
    h("ol", { class: "cells" }, cells));
}

function numbers(call) {
  return [...call.querySelectorAll(".cells li")].map((cell) => Number(cell.textContent));
}

/** The endpoint's answer, or a sentence why there is none. */
async function ask(endpoint, data) {
  const address = new URL(`../../../gradio_api/run/${endpoint}`, import.meta.url);
  const body = JSON.stringify({ data });
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
  if (response?.status === 429) return response.text();
  const answer = await response?.json().catch(() => null); // a proxy's page is no answer
  return answer?.data?.[0] ?? "The server did not answer; press again.";
}

/** ○ ◐ ●, where to go on, and which questions come back. */
function recall(home) {
  home.querySelector(".remember input").checked = remembers();
  const given = answers();
  for (const card of home.querySelectorAll("[data-card]")) {
    const [mark, name] = MARKS[progress(card.dataset.questions.split(" "), given)];
    const done = card.querySelector(".done");
    say(done, mark);
    done.setAttribute("aria-label", name);
  }
  const go = home.querySelector(".continue");
  const link = last() && home.querySelector(`[data-card="${CSS.escape(last())}"] .question a`);
  go.hidden = !link;
  if (link) go.replaceChildren("Continue: ", ...link.cloneNode(true).childNodes), (go.href = link.getAttribute("href"));
  const back = due();
  home.querySelector(".due").hidden = !back.length;
  home.querySelector(".due ul").replaceChildren(...back.map((id) => question(home, id)).filter(Boolean));
}

function progress(questions, given) {
  const done = questions.filter((name) => name in given).length;
  return done === 0 ? "none" : done < questions.length ? "some" : "all";
}

function question(home, id) {
  const [slug, name] = id.split(".");
  const card = home.querySelector(`[data-card="${CSS.escape(slug)}"]`);
  const place = card?.dataset.questions.split(" ").indexOf(id);
  if (!(place >= 0)) return null; // a question that is no longer asked
  const words = place === 0 ? [...card.querySelector(".question a").cloneNode(true).childNodes] : `${card.dataset.title}: question ${place + 1}`;
  return h("li", {}, h("a", { href: `?lesson=${slug}&q=${name}` }, words));
}

/** Thumbnails of a chapter are asked for when its part of the map comes into view. */
function whenSeen(lists) {
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      import("./thumbs.js").then(({ drawThumbs }) => drawThumbs(target));
    }
  });
  lists.forEach((list) => seen.observe(list));
}
