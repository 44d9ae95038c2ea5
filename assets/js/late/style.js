// A style sheet that is fetched when it is first needed.

const asked = new Map();

export function style(name) {
  if (!asked.has(name)) {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(`../../css/${name}.css`, import.meta.url).href });
    asked.set(name, new Promise((loaded) => (link.onload = link.onerror = loaded)));
    document.head.append(link);
  }
  return asked.get(name);
}
