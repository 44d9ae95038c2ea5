// Which page is on screen: home, or the lesson that the address names. Tabs, links, back and forward lead from one to another.

import { addressOf, query, visit } from "./address.js";
import { visited } from "./memory.js";
import { openLesson } from "./opening.js";

const SITE = "Torch Explorables";
const lessons = new Map(); // slug -> { element, mounted }
const last = new Map(); // chapter -> the lesson of it that was on screen last
let shown = null; // slug, "" for home, null before anything is shown

const one = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const tabOf = (slug) => one(`[data-lesson-tab="${CSS.escape(slug)}"]`);

/** The places of all lessons, in `host`; each is drawn when it is first shown. */
export function stage(host) {
  for (const element of host.querySelectorAll("[data-place]")) lessons.set(element.dataset.place, { element, mounted: false });
  if (!shown) return;
  open(shown);
  select(shown); // which names the place by its tab
}

/** The header is there: follow the address from now on. */
export function start() {
  window.addEventListener("popstate", () => show(named()));
  document.addEventListener("click", follow);
  for (const list of all("#site-header [role=tablist]")) list.addEventListener("keydown", walk);
  one("#site-header .place").addEventListener("click", ({ target }) => unfold(target.getAttribute("aria-expanded") !== "true"));
  all("#site-header .search-box").forEach(offerSearch);
  show(named());
}

/** A search field is drawn into `host`. */
export async function offerSearch(host) {
  (await import("./search.js")).drawSearch(host, go);
}

/** The lesson that the address names; "" if it names none, or one that is not there. */
function named() {
  const asked = query().lesson;
  return asked && tabOf(asked) ? asked : "";
}

/** Open an address of this page, as a link does. */
export function go(href) {
  const asked = new URL(href, document.baseURI).searchParams;
  const slug = asked.get("lesson") ?? "";
  if (lessons.get(slug)?.mounted && asked.size === 1) { // it is as the visitor left it, and writes its own address
    visit.byTab = true;
    show(slug);
    requestAnimationFrame(() => document.dispatchEvent(new Event("lesson-entered")));
  } else {
    const address = slug ? addressOf(asked) : addressOf("").replace(/\?$/, "");
    if (address !== location.href) history.pushState(null, "", address);
    window.dispatchEvent(new PopStateEvent("popstate")); // a lesson that is already there opens what the address says
  }
  scrollTo({ top: 0 });
}

function follow(event) {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || link.target || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href);
  const home = "home" in link.dataset;
  const inside = url.origin === location.origin && url.pathname === location.pathname && url.searchParams.has("lesson");
  if (!home && !inside) return;
  event.preventDefault();
  const chapter = link.dataset.chapter;
  go(chapter && last.has(chapter) ? `?lesson=${last.get(chapter)}` : link.href);
  if (!link.closest("[role=tablist]")) focusOn(shown);
}

/** After a link in the page the focus goes to what it opened. */
function focusOn(slug) {
  const block = slug ? lessons.get(slug)?.element : one("#home");
  block?.setAttribute("tabindex", "-1");
  block?.focus({ preventScroll: true });
}

function show(slug) {
  if (slug === shown) return say(slug);
  shown = slug;
  open(slug);
  one("#home")?.toggleAttribute("hidden", slug !== "");
  document.body.dataset.page = slug ? "lesson" : "home";
  select(slug);
  say(slug);
}

/** Show this lesson alone, none for "". */
function open(slug) {
  for (const [name, { element }] of lessons) element.hidden = name !== slug;
  const page = lessons.get(slug);
  if (!page || page.mounted) return;
  page.mounted = true;
  openLesson(page.element, slug);
}

/** The title, the tabs of the chapter, what comes before and after. */
function select(slug) {
  const tab = slug ? tabOf(slug) : null;
  const chapter = tab?.closest("[role=tablist]").dataset.of;
  document.title = tab ? `${tab.textContent} · ${SITE}` : SITE;
  for (const other of all("#site-header [role=tab]")) {
    const selected = other === tab || (chapter && other.dataset.chapter === chapter);
    other.setAttribute("aria-selected", String(Boolean(selected)));
  }
  for (const list of all("#site-header [role=tablist]")) {
    const tabs = [...list.querySelectorAll("[role=tab]")];
    const current = tabs.find((other) => other.ariaSelected === "true") ?? tabs[0];
    tabs.forEach((other) => (other.tabIndex = other === current ? 0 : -1));
    if (list.dataset.of) list.hidden = list.dataset.of !== chapter;
  }
  one("#site-header .lessons").hidden = !tab;
  unfold(false);
  if (!tab) return;
  last.set(chapter, slug);
  visited(slug);
  const panel = lessons.get(slug)?.element;
  panel?.setAttribute("role", "tabpanel");
  panel?.setAttribute("aria-labelledby", tab.id);
  const order = all("#site-header [data-lesson-tab]");
  const place = order.indexOf(tab);
  const mates = order.filter((other) => other.parentElement === tab.parentElement);
  one("#site-header .place").textContent = `${tab.textContent} · ${mates.indexOf(tab) + 1} of ${mates.length}`;
  step("prev", order[place - 1]);
  step("next", order[place + 1]);
}

function step(name, tab) {
  const link = one(`#site-header [data-step=${name}]`);
  link.hidden = !tab;
  if (!tab) return;
  link.href = tab.getAttribute("href");
  link.setAttribute("aria-label", `${name === "prev" ? "Previous" : "Next"} lesson: ${tab.textContent}`);
  link.title = tab.textContent;
}

/** On a narrow screen the lessons of the chapter are folded behind the name of the one on screen. */
function unfold(open) {
  const place = one("#site-header .place");
  place.setAttribute("aria-expanded", String(open));
  one("#lesson-tabs").classList.toggle("unfolded", open);
}

/** What the address got wrong. */
function say(slug) {
  const asked = query();
  const notice = one("#home .notice");
  if (notice) {
    notice.hidden = !(asked.lesson && !slug);
    notice.textContent = notice.hidden ? "" : `There is no lesson “${asked.lesson.slice(0, 40)}”. These are the lessons there are.`;
  }
}

/** Arrow keys, Home and End go from tab to tab. */
function walk(event) {
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const at = tabs.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const tab = tabs.at(to % tabs.length);
  tabs[at].tabIndex = -1;
  tab.tabIndex = 0;
  tab.focus();
}
