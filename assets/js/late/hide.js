// A teacher's link hides parts of the page: `&hide=traps,code`. The names are those of `data-part`.

const PARTS = ["question", "choices", "hero", "caption", "controls", "traps", "point", "more", "program", "table", "next", "search", "map"];

/** Hide the named parts wherever they stand; names of other things (controls) are not for this. */
export function hide(names) {
  const rules = names.filter((name) => PARTS.includes(name)).map((name) => `[data-part="${name}"] { display: none !important; }`);
  const style = document.getElementById("hidden-parts") ?? document.head.appendChild(Object.assign(document.createElement("style"), { id: "hidden-parts" }));
  style.textContent = rules.join("\n");
}
