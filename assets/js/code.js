// The code of the exact state, and beside each line the operators torch dispatched for it.

import { h } from "./dom.js";

const TOKEN = /(?<comment>#.*)|(?<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<number>\b\d[\d_.]*(?:e-?\d+)?\b)|(?<word>\b(?:import|from|as|for|in|if|else|def|class|return|with|try|except|None|True|False|not|and|or|lambda|is|while|del|raise|pass|assert)\b)/g;

/** Draw `code` into `list` (an <ol>); `ran` is [[source line, [[operator, times], ...]], ...] in order. */
export function drawCode(list, code, ran) {
  const left = ran.map(([source, operators]) => ({ source, operators }));
  let inside = false; // the body of a class or function: shown, but run elsewhere
  list.replaceChildren(
    ...code.trimEnd().split("\n").map((line) => {
      const found = left.findIndex((entry) => entry.source === line.trim());
      const operators = found < 0 ? null : left.splice(found, 1)[0].operators;
      if (line && !line.startsWith(" ")) inside = /^(class|def|@)/.test(line);
      return h("li", {}, h("code", {}, ...highlight(line)), operatorsOf(line, operators, inside));
    }),
  );
}

function operatorsOf(line, operators, inside) {
  if (operators) {
    const shown = operators.map(([name, times]) => name.replace(/^aten\.|\.[^.]*$/g, "") + (times > 1 ? `×${times}` : ""));
    return h("span", { class: "ran", title: operators.map(([name]) => name).join("\n") }, shown.join("  "));
  }
  const calls = !inside && line.includes("(") && !/^\s*(#|import|from|class|def|\))/.test(line);
  return calls ? h("span", { class: "ran ran-none" }, "no operator") : null;
}

function highlight(line) {
  const parts = [];
  let end = 0;
  for (const match of line.matchAll(TOKEN)) {
    const kind = Object.entries(match.groups).find(([, text]) => text !== undefined)[0];
    parts.push(line.slice(end, match.index), h("span", { class: `py-${kind}` }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, line.slice(end)];
}
