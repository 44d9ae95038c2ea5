// The thumbnails of a chapter: each lesson's real picture at its defaults, as a few paths.

/** Draw into the cards of `list`. */
export async function drawThumbs(list) {
  const response = await fetch(new URL(`../../thumbs/${list.dataset.chapter}`, import.meta.url)).catch(() => null);
  const thumbs = response?.ok ? await response.json() : {};
  for (const card of list.querySelectorAll("[data-card]")) {
    const paths = thumbs[card.dataset.card];
    if (paths) draw(card.querySelector(".thumb"), paths);
  }
}

function draw(svg, paths) {
  svg.replaceChildren(...Object.entries(paths).map(([colour, shape]) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", colour);
    path.setAttribute("d", shape);
    return path;
  }));
}
