// A lesson in a frame of another page: nothing of the app stands around it, and it tells that page how high it is.

import { style } from "./style.js";

export async function open({ root }) {
  await style("embed");
  document.documentElement.dataset.view = "embed";
  const tell = () => root.checkVisibility() && parent.postMessage({ explorableHeight: Math.ceil(root.getBoundingClientRect().bottom + scrollY) + 8 }, "*");
  new ResizeObserver(tell).observe(root);
}
