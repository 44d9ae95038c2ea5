// How the page asks: one door for a change, an opened link and a run, which gives one answer or a stream of them.

import { visitorHeaders } from "./zerogpu.js";

const VERSION = import.meta.url.match(/explorables\/(\w+)\//)[1]; // of this page: an answer is kept for good under its address
const PAUSES = [300, 1200, 3000]; // ms before the next try: a replica was restarted, the network was away
const AWAY = [502, 503, 504]; // what a proxy says while no app stands behind it
const OF_THE_PAGE = { hide: /^/, answered: /^/, view: /^(present|embed)$/ }; // what in a link changes no answer; dataset has a `view` of its own

/** The one sentence of a server that will not answer. */
class Refusal extends Error {}

/** What is told of an answer that did not come: the server's sentence, or this one where there is none. */
export function reason(error, otherwise) {
  return error instanceof Refusal ? error.message : otherwise;
}

/** What a link opens. Only one that says no more than lesson and question is an address. */
export function opened(slug, { lesson: _lesson, q, ...rest }) {
  const plain = Object.entries(rest).every(([name, value]) => name.startsWith("__") || OF_THE_PAGE[name]?.test(value));
  return plain ? { slug, query: q ? { lesson: slug, q } : { lesson: slug } } : { slug, body: { link: { lesson: slug, ...(q && { q }), ...rest } } };
}

/** The state for these Params: an address without what has its default, unless the visitor has written some of it. */
export function changed(slug, controls, params) {
  const others = controls.filter(({ name, default: start }) => params[name] !== start);
  if (others.some(({ kind }) => kind === "text")) return { slug, body: { params } };
  return { slug, query: Object.fromEntries(others.map(({ name }) => [name, written(params[name])])) };
}

/** The operators that torch dispatches for the Params of a question. */
export function operators(question) {
  return { ...question, slug: `${question.slug}/ran` };
}

/** The same, measured anew. */
export function again(slug, params) {
  return { slug, body: { params, again: true } };
}

/** As Python writes it. */
function written(value) {
  return value === null ? "None" : value === true ? "True" : value === false ? "False" : String(value);
}

/**
 * All that is answered, one object after the other, the last of them with `state` or `problem`. Who cannot be reached is asked
 * again a few times; a refusal is thrown. Closing the request (`signal`) stops a run that nobody else watches.
 */
export async function* ask(question, signal) {
  for (const pause of [...PAUSES, null]) {
    try {
      return yield* answers(question, signal);
    } catch (error) {
      if (error instanceof Refusal || signal?.aborted || pause === null) throw error;
      await new Promise((over) => setTimeout(over, pause));
    }
  }
}

/** The last of them. */
export async function answer(question) {
  let last;
  for await (last of ask(question));
  return last;
}

async function* answers({ slug, query, body }, signal) {
  const address = new URL(`../../ask/${VERSION}/${slug}?${new URLSearchParams(query)}`, import.meta.url);
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(await visitorHeaders()) };
  const response = await fetch(address, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
  if (AWAY.includes(response.status)) throw new Error(`no app answers (${response.status})`);
  if (!response.ok) throw new Refusal(await sentence(response));
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) return yield await response.json();
  let last = {};
  for await (last of events(response.body)) {
    if (last.ending) throw new Error(last.problem); // another replica or the restarted app answers
    yield last;
  }
  if (!last.state && !last.problem) throw new Error("the answer is missing");
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield JSON.parse(part.slice(6));
  }
}

/** What a server that refuses says; a proxy's page is not shown. */
async function sentence(response) {
  const ours = response.status < 500 && response.headers.get("Content-Type")?.startsWith("text/plain");
  return ours ? response.text() : `The server could not answer (${response.status}).`;
}
