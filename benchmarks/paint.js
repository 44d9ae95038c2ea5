// Loaded into every page that is timed: how long it takes from an event to the frame that shows its effect.

const QUIET = 400; // ms: what an earlier event set in motion has come to rest
const LATEST = 30_000; // ms

/** Milliseconds from `act()` to the end of the first frame in which `done()` holds. */
window.timePaint = async (act, done) => {
  await new Promise((rested) => setTimeout(rested, QUIET));
  const begun = performance.now();
  act();
  do {
    await new Promise(requestAnimationFrame);
    if (performance.now() - begun > LATEST) throw new Error(`nothing was painted within ${LATEST} ms`);
  } while (!done());
  await new Promise((painted) => setTimeout(painted));
  return performance.now() - begun;
};

const enter = (input, value, type) => {
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(input), "value").set.call(input, value);
  input.dispatchEvent(new Event(type, { bubbles: true }));
};

/** Set one control of a lesson as a visitor does. `choice`: the index of the value where there are choices. */
const operate = (root, { name, value, choice }) => {
  const row = root.querySelector(`[data-param="${name}"]`);
  if (row.querySelector("select")) enter(row.querySelector("select"), choice, "change");
  else if (row.querySelector("[type=radio]")) row.querySelectorAll("[type=radio]")[choice].click();
  else if (typeof value === "boolean") row.querySelector("input").checked !== value && row.querySelector("input").click();
  else if (row.querySelector("[type=range]")) enter(row.querySelector("[type=range]"), value, "input");
  else enter(row.querySelector("input, textarea"), value, "change");
};

/** A lesson of the app: put `others` in place, then time the one change. */
window.timeControl = async (slug, others, change) => {
  const root = document.querySelector(`[data-lesson="${slug}"]`);
  others.forEach((other) => operate(root, other));
  do await new Promise(requestAnimationFrame);
  while (root.hasAttribute("aria-busy"));
  let before;
  const act = () => {
    before = root.dataset.painted;
    operate(root, change);
  };
  return timePaint(act, () => root.dataset.painted !== before);
};

/** What stays in the browser: point at one cell and then at another. Null where a picture has no cells. */
window.timePointing = async (slug) => {
  const cells = document.querySelectorAll(`[data-lesson="${slug}"] .hero [data-note]`);
  if (cells.length < 2) return null;
  const [one, other] = [cells[0], cells[cells.length - 1]];
  one.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
  return timePaint(() => other.dispatchEvent(new PointerEvent("pointerover", { bubbles: true })), () => other.classList.contains("lit"));
};

/** What stays in the browser: scrub to another step. Null where a picture has no steps. */
window.timeScrubbing = async (slug) => {
  const slider = document.querySelector(`[data-lesson="${slug}"] [data-scrub]`);
  if (!slider?.checkVisibility()) return null;
  const label = slider.parentElement.querySelector(".scrub-label");
  const before = label.textContent;
  return timePaint(() => enter(slider, (Number(slider.value) + 1) % (Number(slider.max) + 1), "input"), () => label.textContent !== before);
};

/** The minimal app: move its slider. */
window.timeMinimal = (value) =>
  timePaint(() => enter(document.querySelector("input[type=range]"), value, "input"), () => document.querySelector(`#out p[data-p="${value}"]`));

/** The app with a gr.Plot: ask for a picture; `tick` is in its layout. */
window.timePlot = (asked) =>
  timePaint(
    () => enter(document.querySelector("#asked textarea, #asked input"), JSON.stringify(asked), "input"),
    () => [...document.querySelectorAll(".js-plotly-plot")].some((plot) => plot.layout?.meta === asked.tick && plot.querySelector(".main-svg")),
  );
