// Values as colours and as text: one zero-centred scale, vermillion below 0 and blue above, the paper at 0 in light and dark.

const ENDS = { negative: [0xd5, 0x5e, 0x00], positive: [0x00, 0x72, 0xb2] };
const WORDS = /^(?!(nan|-?inf|true|false|\?)$)/; // neither a number nor one of its odd values
const PAPERS = [[0xff, 0xff, 0xff], [0x0f, 0x14, 0x1a]]; // light, dark: --paper in page.css

/** Background and the more readable text colour, as CSS that follows the theme, for a value on a scale that ends at ±limit. */
export function fill(value, limit) {
  if (typeof value !== "number") return { background: WORDS.test(value) ? "var(--paper)" : "var(--cell-odd)", color: "var(--ink)" };
  const share = Math.round(100 * Math.min(1, Math.abs(value) / limit));
  const end = ENDS[value < 0 ? "negative" : "positive"];
  const text = PAPERS.map((paper) => (luminance(paper.map((zero, i) => zero + ((end[i] - zero) * share) / 100)) > 0.179 ? "k" : "w"));
  return { background: `color-mix(in srgb, rgb(${end.join(" ")}) ${share}%, var(--paper))`, color: `var(--text-${text.join("")})` };
}

/** A number with its sign (U+2212 for minus); NaN and infinities as glyphs; integers without decimals when digits is 0. */
export function format(value, digits = 2) {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return { nan: "NaN", inf: "+∞", "-inf": "−∞" }[value] ?? value;
  if (typeof value === "boolean") return value ? "True" : "False";
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return value === 0 ? "0" : text;
  return (value < 0 ? "−" : digits ? "+" : "") + text; // indices, ids and counts carry no plus
}

/** What a cell says, as Python writes it: without a plus, with an ASCII minus. */
export function spoken(cell) {
  const text = (cell.querySelector(".ring-text, .value, .number, .cube-number") ?? cell).textContent.trim();
  return text.replace(/^\+/, "").replace("−", "-");
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
