// The prediction card: a question, its choices, and feedback that names the cause. Nobody is blocked.

import { h, rich, say } from "./dom.js";

/** Draw the cards into `host`; `show(params)` changes the picture so that it answers the question. */
export function drawPredictions(host, predictions, show) {
  let current = 0;
  const place = h("span", { class: "place" });
  const question = h("p", { class: "question", id: `${host.id}-question` });
  const choices = h("div", { class: "choices", role: "group", "aria-labelledby": `${host.id}-question` });
  const reply = h("p", { class: "reply", role: "status" });
  const next = h("button", { type: "button", class: "quiet next", onclick: () => advance() }, "next question");
  const skip = h("button", { type: "button", class: "quiet skip", onclick: () => answer(null) }, "just show me");

  function turn(index) {
    current = index % predictions.length;
    const prediction = predictions[current];
    say(place, `${current + 1}/${predictions.length}`);
    question.replaceChildren(...rich(prediction.question));
    choices.replaceChildren(
      ...prediction.choices.map((choice, number) => h("button", { type: "button", onclick: () => answer(number) }, rich(choice))),
      skip,
    );
    say(reply, "");
    host.dataset.state = "asked";
  }

  function advance() {
    turn(current + 1);
    choices.querySelector("button").focus(); // the button that was pressed is gone
  }

  function answer(chosen) {
    const { answer: right, why, proof, show: params, choices: texts } = predictions[current];
    const verdict = chosen === null ? `It is: ${texts[right]}.` : chosen === right ? "Right." : `Not quite, it is: ${texts[right]}.`;
    reply.replaceChildren(h("strong", {}, verdict), " ", ...rich(why), " ", next, proof ? seeForYourself(proof) : "");
    [...choices.querySelectorAll("button:not(.skip)")].forEach((button, number) => {
      button.classList.toggle("right", number === right);
      button.classList.toggle("wrong", number === chosen && chosen !== right);
      button.setAttribute("aria-pressed", String(number === chosen));
    });
    if (chosen === null) next.focus();
    skip.remove();
    host.dataset.state = "answered";
    show(params);
  }

  host.replaceChildren(h("p", { class: "kicker" }, "Predict first ", place), question, choices, reply);
  turn(0);
}

/** The few lines that prove the answer, folded. */
function seeForYourself(proof) {
  return h("details", { class: "proof" }, h("summary", {}, "see for yourself"), h("pre", {}, h("code", {}, proof)));
}
