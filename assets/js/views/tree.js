// What lies inside what: nested lists whose nodes carry a name, a type and facts, and light up with their counterparts.

import { h } from "../dom.js";

export class Tree {
  constructor(host) {
    this.host = host;
  }

  update({ title, badge, nodes, note }) {
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
      root,
      note ? h("p", { class: "tensor" }, note) : "",
    );
  }
}

function nodeOf({ name, kind, facts, value, key, note }) {
  return h(
    "div", { class: "node", tabindex: 0, "data-key": key, "data-note": note },
    h("span", { class: "node-name" }, name),
    kind ? h("span", { class: "node-kind" }, kind) : null,
    facts ? h("span", { class: "node-facts" }, facts) : null,
    value ? h("span", { class: "node-value" }, value) : null,
  );
}
