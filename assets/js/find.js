// Finds lessons, traps and questions for words, and for a pasted error the Params that raise it. No page, no requests.

const ERROR = /(?:^|[\s.])([A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit)|StopIteration)\b/;
const NUMBER = /(?<![A-Za-z_])\d+(?:\.\d+)?(?:e[-+]?\d+)?/g;
const SURE = 0.55; // of the weight of both texts is common: it is this error
const LIKE = 0.26; // it speaks of what a lesson speaks of
const SMALL = new Set("a an and are as at be but by can do does for from has have how i in is it its my no not of on or so than that the then there this to was what when which why will with you your".split(" "));

/** Whether a text is an error message rather than words to look for. */
export function isError(text) {
  return ERROR.test(text) || /^[a-z]\w*(\.\w+)*\.[A-Z]\w+: /m.test(text) || text.includes("Traceback (most recent call last)");
}

/** The message of a traceback: its last line that names an exception, with what follows it. */
export function message(text) {
  const lines = text.split("Original Traceback")[0].trim().split("\n"); // a worker's own traceback stands behind the error
  const last = lines.findLastIndex((line) => /^\s*(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit)\b/.test(line));
  return lines.slice(Math.max(last, 0)).join(" ").replace(/\s+/g, " ").trim().slice(0, 600);
}

/** The words of an error text: numbers are left out, names are split at their seams. */
export function words(text) {
  const whole = text.replace(NUMBER, " ");
  const plain = `${whole} ${whole.replace(/([a-z0-9])([A-Z])/g, "$1 $2")}`; // BatchNorm, and Batch, Norm
  return [...new Set(plain.toLowerCase().match(/[a-z_][\w]*/g) ?? [])].filter((word) => word.length > 1 && !SMALL.has(word));
}

export class Finder {
  constructor({ lessons, names, errors }) {
    this.lessons = lessons;
    this.names = new Map(Object.entries(names));
    this.errors = errors.map(([text, lesson, query, trap, code]) => ({ text, lesson, query, trap, code, words: words(text) }));
    this.spread = new Map(); // word -> in how many error texts it stands
    for (const { words } of this.errors) for (const word of words) this.spread.set(word, (this.spread.get(word) ?? 0) + 1);
    this.entries = lessons.flatMap(entriesOf);
  }

  /** What is found for a text: { error, ours, hits: [{ kind, title, text, query, lesson }] }. */
  find(text) {
    return isError(text) || text.includes("\n") ? this.diagnose(text) : this.lookUp(text);
  }

  weight(word) {
    return Math.log(1 + this.errors.length / (this.spread.get(word) ?? 0.5));
  }

  /** How much two texts have in common, from 0 to 1: rare words count more. */
  likeness(one, other) {
    let [common, both] = [0, 0];
    for (const word of new Set([...one, ...other])) {
      const weight = Math.min(this.weight(word), 4);
      both += weight;
      if (one.includes(word) && other.includes(word)) common += weight;
    }
    return both ? common / both : 0;
  }

  /** The lessons for an error text, the likeliest first. */
  diagnose(text) {
    const said = words(message(text));
    const silent = words(message(text).replace(/^[\w.]+(: |$)/, "")).length < 2; // the name of an exception alone says nothing
    const best = this.lessons.map((lesson, number) => ({ lesson: number, likeness: 0, error: null, score: silent ? 0 : this.speaksOf(said, number) }));
    for (const error of silent ? [] : this.errors) {
      const likeness = this.likeness(said, error.words);
      const entry = best[error.lesson];
      if (likeness > entry.likeness || (likeness === entry.likeness && error.trap && !entry.error?.trap)) Object.assign(entry, { likeness, error });
    }
    best.sort((a, b) => b.likeness + 0.5 * b.score - (a.likeness + 0.5 * a.score));
    const sure = best[0].likeness >= SURE;
    const ours = sure || best[0].likeness + 0.5 * best[0].score >= LIKE;
    const shown = best.slice(0, 3).filter((entry, place) => !sure || place === 0 || entry.likeness >= SURE);
    return { error: true, ours, sure, hits: shown.map((entry) => this.hit(entry)) };
  }

  /** The share of a text's words that stand in the source of this lesson and of few others, or that it is asked with. */
  speaksOf(said, number) {
    const { title, asked } = this.lessons[number];
    const spoken = new Set(words(`${title} ${asked}`));
    const shares = said.map((word) => {
      const places = this.names.get(word);
      return (places?.includes(number) ? 1 / places.length : 0) + (spoken.has(word) ? 0.5 : 0); // what it is asked with counts too
    });
    return shares.reduce((sum, share) => sum + share, 0) / Math.max(3, said.length);
  }

  hit({ lesson, likeness, error }) {
    const { slug, title, questions } = this.lessons[lesson];
    return likeness >= SURE && error
      ? { kind: error.trap ? "trap" : error.code ? "mistake" : "live", title: error.trap || title, text: error.text, code: error.code, query: error.query, lesson: slug, in: title }
      : { kind: "lesson", title, text: questions[0][1], query: `lesson=${slug}`, lesson: slug, in: title };
  }

  /** What the words of a text stand in. */
  lookUp(text) {
    const asked = text.toLowerCase().match(/[a-z0-9_]+/g)?.filter((word) => !SMALL.has(word)) ?? [];
    if (!asked.length) return { error: false, ours: true, hits: [] };
    const scored = this.entries.map((entry) => ({ entry, score: score(asked, entry) })).filter(({ score }) => score > 0);
    scored.sort((a, b) => b.score - a.score);
    return { error: false, ours: scored.length > 0, hits: scored.slice(0, 8).map(({ entry }) => entry.hit) };
  }
}

function entriesOf({ slug, title, about, asked, questions, traps }) {
  const lesson = { kind: "lesson", title, text: questions[0][1], query: `lesson=${slug}`, lesson: slug, in: title };
  return [
    entry(lesson, [title, slug], [questions[0][1], asked], [about, ...traps.flat(), ...questions.flat()]),
    ...traps.map(([name, sentence, query]) => entry({ ...lesson, kind: "trap", title: name, text: sentence, query }, [name], [sentence], [title])),
    ...questions.slice(1).map(([id, question, choices]) =>
      entry({ ...lesson, kind: "question", title: question, text: title, query: `lesson=${slug}&q=${id}` }, [], [question], [title, choices])),
  ];
}

function entry(hit, ...fields) {
  return { hit, fields: fields.map((texts) => texts.join(" ").toLowerCase()), kind: hit.kind };
}

/** Every word must stand somewhere; in a title it counts most, whole words more than beginnings. */
function score(asked, { fields, kind }) {
  let sum = kind === "lesson" ? 0.3 : 0;
  let missing = 0;
  for (const word of asked) {
    const stem = word.length > 3 ? word.replace(/s$/, "") : word;
    const place = fields.map((field, index) => ([6, 3, 1][index] * inside(field, word, stem))).reduce((a, b) => Math.max(a, b), 0);
    if (place) sum += place;
    else missing += 1;
  }
  return missing > asked.length / 2 ? 0 : sum / (1 + 2 * missing);
}

function inside(field, word, stem) {
  const at = field.indexOf(stem);
  if (at < 0) return 0;
  const [before, after] = [field[at - 1] ?? " ", field[at + word.length] ?? " "];
  if (/[a-z0-9]/.test(before)) return stem.length > 3 ? 0.3 : 0;
  return /[a-z0-9]/.test(after) ? (stem.length > 2 ? 0.7 : 0) : 1;
}
