// The address bar: which lesson and which Params are on screen.

/** byTab: the visitor has just chosen a tab, so the lesson that comes into view writes its address. */
export const visit = { byTab: false };

/** The query of the current address as a plain object. */
export function query() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/** Gradio's own settings (such as __theme) and the teacher's `hide` and `view` stay in every link. */
function kept() {
  return Object.entries(query()).filter(([name]) => name.startsWith("__") || ["hide", "view"].includes(name));
}

/** The address of `link` ("lesson=dropout&p=0.3"). */
export function addressOf(link) {
  const all = new URLSearchParams(link);
  kept().forEach(([name, value]) => all.set(name, value));
  return `${location.origin}${location.pathname}?${all}`;
}

/**
 * Show `link` in the address bar as a new step of the browser's history, unless it is already there. After the frame that
 * is being drawn: a step of history takes the browser tens of milliseconds, and the picture must not wait for it.
 */
export function push(link) {
  const address = addressOf(link);
  requestAnimationFrame(() => setTimeout(() => address !== location.href && history.pushState(null, "", address)));
}

/** Whether the address names this lesson. */
export function names(slug) {
  return query().lesson === slug;
}
