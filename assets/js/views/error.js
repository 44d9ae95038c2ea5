// What torch said when it refused: the live text of the exception.

import { h } from "../dom.js";

export class ErrorText {
  constructor(host) {
    this.host = host;
  }

  update({ title, text, where }) {
    this.host.replaceChildren(
      h("h3", {}, title),
      h("p", { class: "error-text", role: "note" }, text),
      where ? h("p", { class: "error-where" }, "raised by ", h("code", {}, where)) : "",
    );
  }
}
