// The address of what is on screen, or of its question alone.

/** By default as it is: what is hidden is asked, what is shown opens so for everybody. */
export function linkOf(page, { question = page.figure.veiled, view = "", hide = "" } = {}) {
  const { asking, spec } = page;
  const query = new URLSearchParams(question ? { lesson: spec.slug, q: asking.question.id || asking.current + 1 } : asking.shown(page.link));
  if (!question) query.set("answered", 1);
  if (view) query.set("view", view);
  if (hide) query.set("hide", hide);
  return `${location.origin}${location.pathname}?${query}`;
}
