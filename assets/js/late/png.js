// An SVG as a PNG file of twice its size, with words in it: the browser draws it, the words are put in as iTXt chunks.

const SCALE = 2;
const HEADER = 8 + 25; // bytes: the signature and IHDR, which come first

/** The Blob of the file; `words`: { keyword: text }. */
export async function pngOf(svg, width, height, words) {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = Object.assign(new Image(), { src: address });
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.ceil(width * SCALE), height: Math.ceil(height * SCALE) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const drawn = await new Promise((done) => canvas.toBlob(done, "image/png"));
    const bytes = new Uint8Array(await drawn.arrayBuffer());
    return new Blob([bytes.slice(0, HEADER), ...Object.entries(words).map(chunk), bytes.slice(HEADER)], { type: "image/png" });
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Length, type, keyword, two flags and two names that are empty, the text in UTF-8, and a checksum. */
function chunk([keyword, text]) {
  const body = new TextEncoder().encode(`iTXt${keyword}\0\0\0\0\0${text}`);
  const made = new DataView(new ArrayBuffer(body.length + 8));
  made.setUint32(0, body.length - 4);
  new Uint8Array(made.buffer).set(body, 4);
  made.setUint32(body.length + 4, crc(body));
  return made.buffer;
}

/** CRC-32, as PNG takes it of type and data. */
function crc(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
