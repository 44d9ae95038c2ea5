// A file of the visitor's, read in the browser into a text field: nothing is uploaded as a file, and nothing is kept.

import { h } from "./dom.js";

/**
 * What to show below the text field of `field`: a button that chooses a file, and a place to drop one.
 * `take(values)` gets the text under the field's name and what else such a file sets; `refuse(sentence)` says why not.
 */
export function fileChooser(field, input, take, refuse) {
  const endings = Object.keys(field.file);
  const chooser = h("input", { type: "file", accept: endings.join(","), class: "file-input", tabindex: -1, "aria-hidden": "true" });
  const button = h("button", { type: "button", class: "quiet file-button", onclick: () => chooser.click() }, `choose a file (${endings.join(" ")})`);
  const read = async (file) => {
    const { problem, text } = await readText(file, endings, field.max_length);
    if (problem) return refuse(problem);
    take({ ...field.file[ending(file, endings)], [field.name]: text });
  };
  chooser.addEventListener("change", async () => {
    if (chooser.files[0]) await read(chooser.files[0]);
    chooser.value = ""; // the same file again is a choice too
  });
  input.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
  input.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return; // text that is dropped goes where the browser puts it
    event.preventDefault();
    read(event.dataTransfer.files[0]);
  });
  return h("div", { class: "file" }, button, chooser);
}

const MOST_LINES = 100_001; // the names of the columns and the rows that lessons/own_data.py reads

/** The text of a file of at most `largest` bytes of UTF-8, or a problem: one sentence. */
export async function readText(file, endings, largest) {
  if (!ending(file, endings)) return { problem: `${file.name} is not read: choose a file that ends in ${endings.join(", ")}.` };
  if (file.size > largest) return { problem: `${file.name} has ${file.size} bytes; at most ${largest} are read.` };
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes.includes(0)) return { problem: `${file.name} is not text, or is not saved as UTF-8: it holds bytes of value 0.` };
  const lines = bytes.reduce((sum, byte) => sum + (byte === 10), 0); // before a text field lays them out, which takes long
  if (lines > MOST_LINES) return { problem: `${file.name} has ${lines} lines; at most ${MOST_LINES} are read.` };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { problem: `${file.name} is not UTF-8: save it with the encoding UTF-8 and choose it again.` };
  }
}

function ending(file, endings) {
  return endings.find((end) => file.name.toLowerCase().endsWith(end));
}
