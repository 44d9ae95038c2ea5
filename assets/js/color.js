// Values as colours and as text: one zero-centred scale, vermillion below 0 and blue above, white at 0.

const NEGATIVE = [0xd5, 0x5e, 0x00];
const ZERO = [255, 255, 255];
const POSITIVE = [0x00, 0x72, 0xb2];

/** Background and the more readable of two text colours for a value on a scale that ends at ±limit. */
export function fill(value, limit) {
  if (typeof value !== "number") return { background: "var(--cell-odd)", color: "var(--ink)" };
  const share = Math.min(1, Math.abs(value) / limit);
  const end = value < 0 ? NEGATIVE : POSITIVE;
  const rgb = ZERO.map((zero, i) => Math.round(zero + (end[i] - zero) * share));
  return { background: `rgb(${rgb.join(" ")})`, color: luminance(rgb) > 0.179 ? "#000000" : "#ffffff" };
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

function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
