// Files of corrections: PNG pictures and a zip of them, both without compression.

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function adler32(bytes) {
  let a = 1, b = 0;
  for (const byte of bytes) a = (a + byte) % 65521, b = (b + a) % 65521;
  return b * 65536 + a;
}

const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const littleEndian = (value, n) => Array.from({ length: n }, (_, i) => Math.floor(value / 256 ** i) & 255);
const bigEndian = (value) => littleEndian(value, 4).reverse();

// A picture of one or three channels of 8 bits.
function pngOf(pixels, height, width, channels) {
  const stride = width * channels, rows = [];
  for (let y = 0; y < height; y++) rows.push(0, ...pixels.subarray(y * stride, (y + 1) * stride));
  const blocks = []; // of deflate, stored as they are
  for (let i = 0; i < rows.length; i += 65535) {
    const part = rows.slice(i, i + 65535), n = part.length;
    blocks.push(i + n === rows.length ? 1 : 0, ...littleEndian(n, 2), ...littleEndian(65535 - n, 2), ...part);
  }
  const chunk = (name, data) => {
    const named = joined(new TextEncoder().encode(name), data);
    return joined(bigEndian(data.length), named, bigEndian(crc32(named)));
  };
  return joined(
    [137, 80, 78, 71, 13, 10, 26, 10],
    chunk("IHDR", [...bigEndian(width), ...bigEndian(height), 8, channels === 3 ? 2 : 0, 0, 0, 0]),
    chunk("IDAT", [0x78, 0x01, ...blocks, ...bigEndian(adler32(rows))]),
    chunk("IEND", []),
  );
}

// An archive of files, given as pairs of a path and bytes or a text.
function zipOf(files) {
  const locals = [], entries = [];
  let at = 0;
  for (const [path, content] of files) {
    const name = new TextEncoder().encode(path);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    // Version 2.0, names in UTF-8, stored, 1 January 1980, checksum, sizes, no extra fields.
    const common = [
      ...[20, 0, 0, 8, 0, 0, 0, 0, 33, 0], ...littleEndian(crc32(bytes), 4),
      ...littleEndian(bytes.length, 4), ...littleEndian(bytes.length, 4), ...littleEndian(name.length, 2), 0, 0,
    ];
    const local = joined([80, 75, 3, 4], common, name, bytes);
    entries.push(joined([80, 75, 1, 2, 20, 0], common, new Uint8Array(10), littleEndian(at, 4), name));
    locals.push(local);
    at += local.length;
  }
  const directory = joined(...entries), n = littleEndian(entries.length, 2);
  const end = [80, 75, 5, 6, 0, 0, 0, 0, ...n, ...n, ...littleEndian(directory.length, 4), ...littleEndian(at, 4), 0, 0];
  return joined(...locals, directory, end);
}

const quoted = (cell) => `"${String(cell).replaceAll('"', '""')}"`;
const csvOf = (rows) => rows.map((row) => row.map(quoted).join(",") + "\r\n").join("");
