// What the pages of a room ask the server. The page's base is the app's address, whatever path a proxy serves it under.

const TIMEOUT = 8000; // ms: a laptop that slept holds connections that are dead

/** A refusal of the server: its one sentence. `status` is 0 where there was no answer. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** The JSON that `path` answers. `word` is the learner's own, or the teacher's secret. */
export async function ask(path, { body, word, view, tag } = {}) {
  const headers = { ...(word ? { Authorization: `Bearer ${word}` } : {}), ...(view ? { "X-View": view } : {}), ...(tag ? { "If-None-Match": tag } : {}) };
  const asked = { headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) };
  if (body) Object.assign(asked, { method: "POST", body: JSON.stringify(body), headers: { ...headers, "Content-Type": "application/json" } });
  const response = await fetch(new URL(path, document.baseURI), asked).catch(() => {
    throw new Refused(0, "The server does not answer. This page tries again by itself.");
  });
  if (response.status === 304) return { same: true };
  if (!response.ok) throw new Refused(response.status, await sentence(response));
  return { value: await response.json(), tag: response.headers.get("ETag") };
}

async function sentence(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).problem ?? text;
  } catch {
    return response.headers.get("Content-Type")?.startsWith("text/plain") ? text : `The server answers ${response.status}.`;
  }
}

/** As `ask`, until there is an answer: while none comes, or the server is busy, `waits(sentence)` is told. */
export async function insist(path, asked, waits = () => {}) {
  for (let pause = 300; ; pause = Math.min(pause * 2, 3000)) {
    try {
      return (await ask(path, asked)).value;
    } catch (error) {
      if (![0, 429, 502, 503, 504].includes(error.status)) throw error;
      waits(error.message);
    }
    await new Promise((over) => setTimeout(over, pause));
  }
}

/** Tells `seen(state)` whenever the room has changed, `lost(sentence)` while it cannot be asked, `over(sentence)` when it is gone. */
export class Poll {
  constructor(code, { word = "", view = "", every, seen, lost, over }) {
    Object.assign(this, { path: `room/${code}/state`, word, view, every, seen, lost, over, tag: "", misses: 0, timer: 0 });
    document.addEventListener("visibilitychange", () => !document.hidden && this.now()); // a phone comes out of a pocket
    addEventListener("online", () => this.now());
    this.now();
  }

  /** Ask now, and from now on again. */
  now() {
    clearTimeout(this.timer);
    const turn = (this.turn = Symbol());
    return this.go(turn);
  }

  async go(turn) {
    let pause = this.every;
    try {
      const { same, value, tag } = await ask(this.path, this);
      if (turn !== this.turn) return;
      if (this.misses) this.lost("");
      this.misses = 0;
      if (!same) {
        this.tag = tag;
        this.seen(value);
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (turn !== this.turn) return;
      if ([403, 404].includes(error.status)) return this.over(error.message);
      this.misses += 1;
      if (this.misses > 1) this.lost(error.message);
      pause = Math.min(this.every * 2 ** this.misses, 5000);
    }
    this.timer = setTimeout(() => this.now(), pause);
  }
}

/** What this tab keeps of a room, and forgets when it is closed. */
export const kept = {
  read: (code) => storage()?.getItem(`room-${code}`) ?? "",
  write: (code, word) => storage()?.setItem(`room-${code}`, word),
};

function storage() {
  try {
    return sessionStorage;
  } catch {
    return null; // a frame without storage: a reload joins anew
  }
}
