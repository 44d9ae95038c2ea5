// What torch said when it refused: the live text of the exception.

import { h } from "../dom.js";

export class ErrorText {
  constructor(host) {
    this.host = host;
  }

  update({ title, text, where, key }) {
    this.host.replaceChildren(
      h("h3", {}, title),
      h("p", { class: "error-text", role: "note", "data-key": key }, text),
      where ? h("p", { class: "error-where" }, "raised by ", h("code", {}, where)) : "",
    );
  }
}
