// Gradio writes the language of the browser into <html lang>, and may do so again; this page is English.

const root = document.documentElement;

function say() {
  if (root.lang !== "en") root.lang = "en";
}

new MutationObserver(say).observe(root, { attributeFilter: ["lang"] });
say();
