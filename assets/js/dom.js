// Small DOM helpers. Text always becomes a text node, so nothing a visitor typed is ever parsed as HTML.

/** Make an element: `h("p", {class: "x", onclick: f}, "text", child)`; null and false children are skipped. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Make an element of SVG. */
export function svg(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Replace the text of a node only when it changed, so that live regions stay quiet and layout stays put. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Text with `code` between backticks, as nodes. */
export function rich(text) {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

/** An arrow key moves the focus from one cell to another of a group that is a single tab stop. */
export function handFocus(event, from, to) {
  event.preventDefault();
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}
