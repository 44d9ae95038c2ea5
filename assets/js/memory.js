// What this browser remembers of the visitor's answers: nothing is sent anywhere, and one switch forgets it all.

const KEY = "torch-explorables";

/** { answers: { "dropout.survivor": { choice, right, sure, at } }, off }; empty where the browser keeps nothing. */
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
}

/** The answers by question: `choice` is an index, or null for "just show me"; `sure` is true, false, or null if not said. */
export function answers() {
  return read().answers ?? {};
}

export function remember(question, answer) {
  const kept = read();
  if (!kept.off) write({ ...kept, answers: { ...kept.answers, [question]: { ...answer, at: Date.now() } } });
}

export function remembers() {
  return !read().off;
}

/** Switching it off forgets what there was. */
export function switchMemory(on) {
  write(on ? {} : { off: true });
}
