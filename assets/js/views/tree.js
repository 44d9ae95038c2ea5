// What lies inside what: nested lists whose nodes carry a name, a type and facts, and light up with their counterparts.

import { h } from "../dom.js";

const ROW = 8; // px
const MOST_ROWS = 12; // that are all drawn
const FIRST_ROWS = 6;

export class Tree {
  constructor(host) {
    this.host = host;
  }

  update({ title, badge, nodes, note, tall }) {
    const root = h("ul", { class: "tree", "aria-label": title });
    const lists = [root]; // the list that takes the nodes of each depth
    for (const node of nodes) {
      const item = h("li", {}, nodeOf(node));
      lists.length = node.depth + 1;
      if (node.depth && !lists[node.depth].parentNode) lists[node.depth - 1].lastChild.append(lists[node.depth]);
      lists[node.depth].append(item);
      lists.push(h("ul", { class: "tree" }));
    }
    this.host.replaceChildren(
      h("h3", { class: "panel-name" }, title, " ", badge ? h("span", { class: "badge" }, badge) : ""),
      tall ? h("div", { class: "tree-tall", tabindex: 0, role: "group", "aria-label": title }, root) : root,
      note ? h("p", { class: "tensor" }, note) : "",
    );
  }
}

function nodeOf({ name, kind, facts, value, key, note, mark, order, times, same, parts, sizes }) {
  return h(
    "div", { class: mark ? `node node-${mark}` : "node", tabindex: 0, "data-key": key, "data-note": note },
    h("span", { class: "node-name" }, name),
    times ? h("span", { class: "node-times" }, `×${times}`) : null,
    kind ? h("span", { class: value ? "node-kind" : "node-kind ring-text" }, kind) : null,
    facts ? h("span", { class: "node-facts" }, facts) : null,
    value ? h("span", { class: "node-value ring-text" }, value) : null,
    ends({ order, same }),
    (parts ?? []).map(partOf),
    sizes ? block(sizes) : null,
  );
}

/** A tensor as its rows and columns, without their numbers: of many rows the first ones, and how many there are. */
function block([...sizes]) {
  const columns = sizes.pop();
  const rows = sizes.pop() ?? 1;
  const drawn = rows > MOST_ROWS ? FIRST_ROWS : rows;
  const column = Math.max(2, Math.min(12, Math.round(200 / columns)));
  const cells = h("span", { class: "node-block", style: `width:${columns * column + 1}px;height:${drawn * ROW + 1}px;--row:${ROW}px;--column:${column}px` });
  return h("span", { class: "node-rows", "aria-hidden": "true" }, cells, rows > drawn ? `… ${rows} rows` : null);
}

/** A tensor of a node, as a chip on its line. */
function partOf({ name, badge, facts, key, note, mark, order, same }) {
  return h(
    "span", { class: mark ? `part part-${mark}` : "part", tabindex: 0, "data-key": key, "data-note": note },
    `${badge} ${name} `, h("span", { class: "part-facts" }, facts), ends({ order, same }),
  );
}

/** The number in a walk, and the letter that objects with several names share. */
function ends({ order, same }) {
  return [
    same ? h("span", { class: "node-same" }, `=${same}`) : null,
    order ? h("span", { class: "node-order" }, order) : null,
  ];
}
