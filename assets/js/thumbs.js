// The thumbnails of a chapter: each lesson's real picture at its defaults, as a few paths.

const PATIENCE = [2000, 5000, 10000, 20000]; // ms between questions while the app makes its first pictures

/** Draw into the cards of `list`; a picture that is not made yet is asked for again. */
export async function drawThumbs(list, times = 0) {
  const response = await fetch(new URL(`../../thumbs/${list.dataset.chapter}`, import.meta.url)).catch(() => null);
  const thumbs = response?.ok ? await response.json() : {};
  let missing = !response?.ok;
  for (const card of list.querySelectorAll("[data-card]")) {
    const paths = thumbs[card.dataset.card];
    if (paths) draw(card.querySelector(".thumb"), paths);
    else missing = true;
  }
  if (missing && times < PATIENCE.length) setTimeout(drawThumbs, PATIENCE[times], list, times + 1);
}

function draw(svg, paths) {
  svg.replaceChildren(...Object.entries(paths).map(([colour, shape]) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", colour);
    path.setAttribute("d", shape);
    return path;
  }));
}
