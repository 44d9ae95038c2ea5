// What this browser remembers of the visitor: nothing is sent anywhere, and one switch forgets it all.

const KEY = "torch-explorables";
const DAY = 24 * 60 * 60 * 1000;
const AFTER = [Infinity, DAY, 7 * DAY]; // by stage: when a question is asked again; at stage 0 it is known

/** { answers: { "dropout.survivor": { choice, right, sure, at, stage } }, last, off }; empty where the browser keeps nothing. */
function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function write(kept) {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // a frame without storage, or a full one: the page works without a memory
  }
  document.dispatchEvent(new Event("remembered"));
}

function returns({ at, stage = 0 }, now) {
  return now >= at + AFTER[stage];
}

/**
 * The answers by question, without those that are asked again now: `choice` is an index, or null for "just show me";
 * `sure` is true, false, or null if not said.
 */
export function answers(now = Date.now()) {
  return Object.fromEntries(Object.entries(read().answers ?? {}).filter(([, answer]) => !returns(answer, now)));
}

/** The questions that are asked again now, the oldest first. */
export function due(now = Date.now()) {
  const back = Object.entries(read().answers ?? {}).filter(([, answer]) => returns(answer, now));
  return back.sort(([, one], [, other]) => one.at - other.at).map(([question]) => question);
}

/** What was wrong, shown or guessed comes back after a day, and when it is known then, once more after a week. */
export function remember(question, answer, now = Date.now()) {
  const kept = read();
  if (kept.off) return;
  const before = kept.answers?.[question];
  const waits = before?.stage && !returns(before, now); // repeated meanwhile, it is no better known
  const known = answer.right && answer.sure !== false;
  const next = waits ? before : { at: now, stage: !known ? 1 : before?.stage === 1 ? 2 : 0 };
  write({ ...kept, answers: { ...kept.answers, [question]: { ...answer, at: next.at, stage: next.stage } } });
}

/** The lesson that was open last. */
export function last() {
  return read().last;
}

export function visited(lesson) {
  const kept = read();
  if (!kept.off && kept.last !== lesson) write({ ...kept, last: lesson });
}

export function remembers() {
  return !read().off;
}

/** Switching it off forgets what there was. */
export function switchMemory(on) {
  write(on ? {} : { off: true });
}
