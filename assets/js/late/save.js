// A file that the page made, or was sent, goes where downloads go.

export function save(text, name, type) {
  const blob = text instanceof Blob ? text : new Blob([text], { type });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
