// A panel that would answer the question, as it looks before: its title and its frame, and "?" for what is in it.

const UNSAID = { notes: undefined, marks: undefined, sub: undefined, groups: undefined, groupNames: undefined, badge: undefined, frames: undefined, note: undefined };

/** The panel without what torch returned. `panel.veiled` says how much of its frame may be seen: "cells" or "box"; of facts only the one with the key `asked` keeps its name. */
export function veil(panel, asked) {
  if (panel.view === "facts") return { ...panel, ...UNSAID, items: panel.items.filter(({ key }) => key === asked).map(({ key, label }) => ({ key, label, text: "?" })) };
  if (panel.view === "grid" && panel.veiled === "cells") return { ...panel, ...UNSAID, values: panel.values.map((row) => row.map(() => "?")) };
  return { view: "veil", title: panel.title, wide: panel.wide, rows: panel.values?.length ?? 3 };
}
