// Drawings and photographs in the form of the training images: ink is 1, paper 0.

// -- grids of numbers ---------------------------------------------------------------------

const gridOf = (height, width, values = new Float32Array(height * width)) => ({ height, width, values });

function median(values) {
  const sorted = Float32Array.from(values).sort();
  return sorted[sorted.length >> 1];
}

// The largest (or smallest) value in a square around each pixel, along rows, then along columns.
function filtered(grid, reach, choose) {
  const { height, width } = grid;
  const along = (values, n, length, step, next) => {
    const out = new Float32Array(values.length);
    for (let line = 0; line < n; line++)
      for (let i = 0; i < length; i++) {
        let found = values[line * next + i * step];
        const end = Math.min(length - 1, i + reach);
        for (let k = Math.max(0, i - reach); k <= end; k++)
          found = choose(found, values[line * next + k * step]);
        out[line * next + i * step] = found;
      }
    return out;
  };
  const rows = along(grid.values, height, width, 1, width);
  return gridOf(height, width, along(rows, width, height, width, 1));
}
const larger = (a, b) => (a > b ? a : b), smaller = (a, b) => (a < b ? a : b);

// The smallest part that has all ink; null if there is none.
function cropped({ height, width, values }, faint = 0.1) {
  let top = height, bottom = -1, left = width, right = -1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (values[y * width + x] > faint) {
        top = Math.min(top, y), bottom = Math.max(bottom, y);
        left = Math.min(left, x), right = Math.max(right, x);
      }
  if (bottom < 0) return null;
  const part = gridOf(bottom - top + 1, right - left + 1);
  for (let y = 0; y < part.height; y++)
    part.values.set(values.subarray((top + y) * width + left, (top + y) * width + right + 1), y * part.width);
  return part;
}

// The weights of a triangular filter that resizes n pixels, antialiased, as Pillow's BILINEAR.
function resamplingOf(n, scale) {
  return Array.from({ length: Math.max(1, Math.round(n * scale)) }, (_, i) => {
    const centre = (i + 0.5) / scale;
    const weights = Array.from({ length: n }, (_, k) =>
      Math.max(0, 1 - Math.abs(k + 0.5 - centre) * Math.min(scale, 1)));
    const total = weights.reduce((a, b) => a + b, 0);
    return weights.flatMap((weight, k) => (weight ? [[k, weight / total]] : []));
  });
}

function resized({ height, width, values }, scale) {
  const down = resamplingOf(height, scale), across = resamplingOf(width, scale);
  const narrow = gridOf(height, across.length), small = gridOf(down.length, across.length);
  for (let y = 0; y < height; y++)
    across.forEach((weights, x) => {
      for (const [k, weight] of weights) narrow.values[y * narrow.width + x] += weight * values[y * width + k];
    });
  down.forEach((weights, y) => {
    for (let x = 0; x < small.width; x++)
      for (const [k, weight] of weights)
        small.values[y * small.width + x] += weight * narrow.values[k * narrow.width + x];
  });
  return small;
}

// The middle of ink along rows (by = width) and columns, in pixels from the first one's middle.
function centreOf({ height, width, values }) {
  let mass = 0, down = 0, across = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const ink = values[y * width + x];
      mass += ink, down += ink * y, across += ink * x;
    }
  return mass ? [down / mass, across / mass] : [(height - 1) / 2, (width - 1) / 2];
}

// -- drawings -----------------------------------------------------------------------------

// Draw strokes so that they are as large as training images are, with a pen as wide as theirs, and
// the centre of mass in the middle. MNIST's is the pixel after the middle of the image.
const SMALLEST = 0.03; // of the paper: less is a dot
function drawn(strokes, { height, width, inner, pen }) {
  const points = strokes.flat(), xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min(
    (inner[0] - pen) / Math.max(bottom - top, SMALLEST),
    (inner[1] - pen) / Math.max(right - left, SMALLEST),
  );
  const box = [(bottom - top) * scale + pen, (right - left) * scale + pen];
  const at = ([down, across]) =>
    strokes.map((stroke) =>
      stroke.map(([x, y]) => [(x - left) * scale + pen / 2 + across, (y - top) * scale + pen / 2 + down]));
  let place = [(height - box[0]) / 2, (width - box[1]) / 2];
  const roughly = centreOf(rasterised(at(place), height, width, pen));
  place = place.map((start, axis) => {
    const side = axis ? width : height, free = side - box[axis];
    const wanted = start + (inner[axis] < side ? side / 2 : (side - 1) / 2) - roughly[axis];
    return Math.min(Math.max(0, wanted), Math.max(0, free));
  });
  return rasterised(at(place), height, width, pen);
}

// How much of each pixel a round pen covers that follows the strokes.
function rasterised(strokes, height, width, pen) {
  const grid = gridOf(height, width), radius = pen / 2;
  for (const stroke of strokes)
    stroke.forEach(([x1, y1], i) => {
      const [x0, y0] = stroke[Math.max(0, i - 1)], dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
      const reach = radius + 0.5;
      for (let y = Math.max(0, Math.floor(Math.min(y0, y1) - reach)); y < Math.min(height, Math.max(y0, y1) + reach); y++)
        for (let x = Math.max(0, Math.floor(Math.min(x0, x1) - reach)); x < Math.min(width, Math.max(x0, x1) + reach); x++) {
          const px = x + 0.5 - x0, py = y + 0.5 - y0;
          const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
          const ink = Math.min(1, Math.max(0, reach - Math.hypot(px - along * dx, py - along * dy)));
          if (ink > grid.values[y * width + x]) grid.values[y * width + x] = ink;
        }
    });
  return grid;
}

// -- photographs of a character -----------------------------------------------------------
// A shorter relative of `DigitNormalizer`, which removes printed lines too.

const SIDE = 200, COARSE = 20, FAINT = 0.25;

// Average blocks of pixels, so that no side has more than `side`; three channels.
function reduced({ height, width, channels }, side) {
  const n = Math.ceil(Math.max(height, width) / side);
  const rows = Math.max(1, Math.floor(height / n)), columns = Math.max(1, Math.floor(width / n));
  const average = (values) => {
    const out = new Float32Array(rows * columns);
    for (let y = 0; y < rows * n && y < height; y++)
      for (let x = 0; x < columns * n && x < width; x++)
        out[Math.floor(y / n) * columns + Math.floor(x / n)] += values[y * width + x];
    return out.map((sum) => sum / (Math.min(n, height) * Math.min(n, width)));
  };
  return { height: rows, width: columns, channels: channels.map(average) };
}

// The weights of the channels with which ink is brightest: the first principal component of the
// differences to the median around. Ink is on the side of the few large differences.
function directionOfInk(photo) {
  const { height, width, channels } = reduced(photo, COARSE);
  const reach = Math.max(height, width) >> 2;
  const apart = channels.map((values) =>
    values.map((value, i) => {
      const y = Math.floor(i / width), x = i % width, around = [];
      for (let k = y - reach; k <= y + reach; k++)
        for (let l = x - reach; l <= x + reach; l++)
          around.push(values[Math.min(height - 1, Math.max(0, k)) * width + Math.min(width - 1, Math.max(0, l))]);
      return value - median(around);
    }));
  const products = apart.map((a) => apart.map((b) => a.reduce((sum, value, i) => sum + value * b[i], 0)));
  let direction = [1, 1.01, 0.99];
  for (let turn = 0; turn < 50; turn++) {
    const next = products.map((row) => row.reduce((sum, value, i) => sum + value * direction[i], 0));
    const length = Math.hypot(...next) || 1;
    direction = next.map((value) => value / length);
  }
  const inside = (i, n) => Math.min(1, (4 * Math.min(i + 0.5, n - i - 0.5)) / n);
  let skew = 0;
  for (let i = 0; i < height * width; i++) {
    const difference = direction.reduce((sum, value, c) => sum + value * apart[c][i], 0);
    skew += inside(Math.floor(i / width), height) * inside(i % width, width) * difference ** 3;
  }
  return skew >= 0 ? direction : direction.map((value) => -value);
}

// 0 on paper, up to its noise, and 1 in the middle of strokes; null for a blank photograph.
function inkIn(photo) {
  const small = reduced(photo, SIDE), { height, width, channels } = small;
  const direction = directionOfInk(small);
  const grey = gridOf(height, width);
  for (let i = 0; i < grey.values.length; i++)
    grey.values[i] = direction.reduce((sum, weight, c) => sum + weight * channels[c][i], 0);
  const reach = Math.max(1, Math.round(0.2 * Math.min(height, width)));
  const paper = filtered(filtered(grey, reach, smaller), reach, larger);
  const ink = grey.values.map((value, i) => value - paper.values[i]);
  const zero = median(ink);
  const above = ink.map((value) => value - zero);
  const noise = 1.4826 * median(above.map(Math.abs)), level = levelOf(above);
  if (level <= Math.max(6 * noise, 0.06)) return null;
  const low = Math.min(4 * noise, level / 3);
  return gridOf(height, width, above.map((value) => Math.min(1, Math.max(0, (value - low) / (level - low)))));
}

// The median of what is nearer to it than to zero, found from above.
function levelOf(ink) {
  const sorted = Float32Array.from(ink).sort();
  let level = sorted[Math.floor(0.999 * (sorted.length - 1))];
  while (level > 0) {
    const below = median(ink.filter((value) => value > level / 2));
    if (below >= 0.999 * level) break;
    level = below;
  }
  return level;
}

// The connected parts of a character, without shadows and neighbours that reach the border.
function onlyCharacter(ink) {
  const { height, width, values } = ink;
  const wide = filtered(ink, Math.max(1, Math.round(0.02 * Math.max(height, width))), larger).values;
  const labels = new Int32Array(wide.length), mass = [0], reaches = [true];
  for (let start = 0; start < wide.length; start++) {
    if (wide[start] <= FAINT || labels[start]) continue;
    const label = mass.push(0) - 1, stack = [start];
    reaches.push(false), labels[start] = label;
    while (stack.length) {
      const i = stack.pop(), y = Math.floor(i / width), x = i % width;
      mass[label] += values[i];
      const border = y === 0 || x === 0 || y === height - 1 || x === width - 1;
      if (border && values[i] > FAINT) reaches[label] = true;
      for (let k = Math.max(0, y - 1); k <= Math.min(height - 1, y + 1); k++)
        for (let l = Math.max(0, x - 1); l <= Math.min(width - 1, x + 1); l++)
          if (wide[k * width + l] > FAINT && !labels[k * width + l])
            labels[k * width + l] = label, stack.push(k * width + l);
    }
  }
  const inside = mass.map((sum, label) => (reaches[label] ? 0 : sum));
  // Where everything reaches the border, the photograph is a crop of the character.
  const kept = Math.max(...inside) > 0.1 * Math.max(...mass) ? inside : mass;
  const least = Math.max(0.1 * Math.max(...kept), Number.MIN_VALUE);
  return cropped(gridOf(height, width, values.map((value, i) => (kept[labels[i]] >= least ? value : 0))));
}

// Twice the area of strokes by the length of their outline, which is the total variation.
function strokeWidthOf({ height, width, values }) {
  const at = (y, x) => (y < 0 || x < 0 || y >= height || x >= width ? 0 : values[y * width + x]);
  let outline = 0;
  for (let y = 0; y <= height; y++)
    for (let x = 0; x <= width; x++)
      outline += Math.hypot(at(y, x) - at(y - 1, x), at(y, x) - at(y, x - 1));
  return (2 * values.reduce((a, b) => a + b, 0)) / outline;
}

function thickened(ink, wanted) {
  const missing = (wanted - strokeWidthOf(ink)) / 2;
  if (missing <= 0) return ink;
  const reach = Math.ceil(missing), wide = gridOf(ink.height + 2 * reach, ink.width + 2 * reach);
  for (let y = 0; y < ink.height; y++)
    for (let x = 0; x < ink.width; x++) {
      const value = ink.values[y * ink.width + x];
      for (let k = -reach; k <= reach && value > 0; k++)
        for (let l = -reach; l <= reach; l++) {
          const i = (y + reach + k) * wide.width + x + reach + l;
          const spread = value < 0.5 ? 0 : Math.min(1, Math.max(0, missing + 1 - Math.hypot(k, l)));
          wide.values[i] = Math.max(wide.values[i], k === 0 && l === 0 ? value : 0, spread);
        }
    }
  return cropped(wide) ?? ink;
}

// The character of a photograph as a training image; null if there is none.
function characterIn(photo, { height, width, inner, thinnest }) {
  const ink = inkIn(photo);
  const character = ink && onlyCharacter(ink);
  if (!character) return null;
  const scaleOf = (grid) => Math.min(inner[0] / grid.height, inner[1] / grid.width);
  const thick = thickened(character, thinnest / scaleOf(character));
  const small = resized(thick, scaleOf(thick)), image = gridOf(height, width);
  const start = centreOf(small).map((centre, axis) => {
    const side = axis ? width : height, length = axis ? small.width : small.height;
    return Math.max(0, Math.min(Math.floor(side / 2) - Math.floor(centre + 0.5), side - length));
  });
  for (let y = 0; y < Math.min(small.height, height); y++)
    for (let x = 0; x < Math.min(small.width, width); x++)
      image.values[(y + start[0]) * width + x + start[1]] = Math.min(1, small.values[y * small.width + x]);
  return image;
}

// -- other pictures -----------------------------------------------------------------------

// A picture as `ImageLoader` resizes it: as large as fits, on the median of its own border.
function fitted(photo, height, width, nChannels) {
  const scale = Math.min(height / photo.height, width / photo.width);
  const channels = nChannels === 3 ? photo.channels : [greyOf(photo)];
  const image = new Float32Array(height * width * nChannels);
  channels.forEach((values, c) => {
    const small = resized(gridOf(photo.height, photo.width, values), scale);
    const border = small.values.filter((_, i) => {
      const y = Math.floor(i / small.width), x = i % small.width;
      return y === 0 || x === 0 || y === small.height - 1 || x === small.width - 1;
    });
    const top = (height - small.height) >> 1, left = (width - small.width) >> 1, paper = median(border);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const row = y - top, column = x - left;
        const within = row >= 0 && column >= 0 && row < small.height && column < small.width;
        image[(y * width + x) * nChannels + c] = within ? small.values[row * small.width + column] : paper;
      }
  });
  return image;
}

// The luma of ITU-R BT.601, as Pillow's.
const greyOf = ({ channels: [red, green, blue] }) =>
  red.map((value, i) => 0.299 * value + 0.587 * green[i] + 0.114 * blue[i]);
