// The network: each step computes an array of numbers from those before it, channels last.

function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function tensorOf({ dtype, shape, at }, buffer) {
  const n = shape.reduce((a, b) => a * b, 1);
  if (dtype === "float32") return new Float32Array(buffer, at, n);
  return Float32Array.from(new Uint16Array(buffer, at, n), fromHalf);
}

// Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: the error is below 1.5e-7.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const elu = (x) => (x > 0 ? x : Math.expm1(x));

// As Keras names and defines them.
const ACTIVATIONS = {
  elu: () => elu,
  exponential: () => Math.exp,
  gelu: () => (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  hard_sigmoid: () => (x) => Math.min(1, Math.max(0, x / 6 + 0.5)),
  leaky_relu: ({ slope = 0.2, limit = Infinity }) => (x) => (x > 0 ? Math.min(x, limit) : slope * x),
  relu: () => (x) => (x > 0 ? x : 0),
  relu6: () => (x) => Math.min(6, Math.max(0, x)),
  selu: () => (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  sigmoid: () => sigmoid,
  silu: () => (x) => x * sigmoid(x),
  softplus: () => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: () => (x) => x / (1 + Math.abs(x)),
  tanh: () => Math.tanh,
};

function softmax(values, start, n, out) {
  let largest = -Infinity, total = 0;
  for (let i = start; i < start + n; i++) largest = Math.max(largest, values[i]);
  for (let i = start; i < start + n; i++) total += out[i] = Math.exp(values[i] - largest);
  for (let i = start; i < start + n; i++) out[i] /= total;
}

// Each kind returns a function that fills `out`, given the arrays that the step takes.
const KINDS = {
  convolution({ shape, strides, dilation, before, groups, kernel }, [image], { kernel: weights, bias }) {
    const [height, width, channels] = image, [rows, columns, filters] = shape;
    const [kernelRows, kernelColumns, depth] = kernel.shape, perGroup = filters / groups;
    return ([values], out) => {
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          const to = (row * columns + column) * filters;
          for (let f = 0; f < filters; f++) out[to + f] = bias ? bias[f] : 0;
          for (let i = 0; i < kernelRows; i++) {
            const y = row * strides[0] - before[0] + i * dilation[0];
            if (y < 0 || y >= height) continue;
            for (let j = 0; j < kernelColumns; j++) {
              const x = column * strides[1] - before[1] + j * dilation[1];
              if (x < 0 || x >= width) continue;
              const from = (y * width + x) * channels, at = (i * kernelColumns + j) * depth;
              for (let c = 0; c < channels; c++) {
                const value = values[from + c];
                if (value === 0) continue; // paper, and half of what a ReLU returns
                const first = Math.floor(c / depth) * perGroup;
                const w = (at + (c % depth)) * filters + first;
                for (let f = 0; f < perGroup; f++) out[to + first + f] += value * weights[w + f];
              }
            }
          }
        }
    };
  },

  pooling({ shape, size, strides, before, of }, [[height, width]]) {
    const [rows, columns, channels] = shape;
    return ([values], out) => {
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          const top = row * strides[0] - before[0], left = column * strides[1] - before[1];
          const y0 = Math.max(0, top), y1 = Math.min(height, top + size[0]);
          const x0 = Math.max(0, left), x1 = Math.min(width, left + size[1]);
          for (let c = 0; c < channels; c++) {
            let largest = -Infinity, sum = 0;
            for (let y = y0; y < y1; y++)
              for (let x = x0; x < x1; x++) {
                const value = values[(y * width + x) * channels + c];
                if (value > largest) largest = value;
                sum += value;
              }
            out[(row * columns + column) * channels + c] =
              of === "maximum" ? largest : sum / ((y1 - y0) * (x1 - x0));
          }
        }
    };
  },

  dense({ shape: [units] }, [[inputs]], { kernel, bias }) {
    return ([values], out) => {
      for (let u = 0; u < units; u++) out[u] = bias ? bias[u] : 0;
      for (let i = 0; i < inputs; i++) {
        const value = values[i], at = i * units;
        if (value !== 0) for (let u = 0; u < units; u++) out[u] += value * kernel[at + u];
      }
    };
  },

  scaling(step, inputs, { scale, shift }) {
    const channels = scale.length;
    return ([values], out) => {
      for (let i = 0; i < out.length; i += channels)
        for (let c = 0; c < channels; c++) out[i + c] = values[i + c] * scale[c] + shift[c];
    };
  },

  activation({ name, shape, ...settings }) {
    const channels = shape[shape.length - 1];
    if (name === "softmax")
      return ([values], out) => {
        for (let i = 0; i < out.length; i += channels) softmax(values, i, channels, out);
      };
    const activate = ACTIVATIONS[name](settings);
    return ([values], out) => {
      for (let i = 0; i < out.length; i++) out[i] = activate(values[i]);
    };
  },

  padding({ shape: [, width, depth], before }, [[rows, columns, channels]]) {
    return ([values], out) => {
      for (let y = 0; y < rows; y++)
        for (let x = 0; x < columns; x++)
          for (let c = 0; c < channels; c++)
            out[((y + before[0]) * width + x + before[1]) * depth + c + before[2]] =
              values[(y * columns + x) * channels + c];
    };
  },

  // Bilinear; the middles of pixels are half a pixel from their edges.
  resizing({ shape: [rows, columns, channels] }, [[height, width]]) {
    const places = (n, side) =>
      Array.from({ length: n }, (_, i) => {
        const place = Math.min(side - 1, Math.max(0, ((i + 0.5) * side) / n - 0.5));
        const low = Math.floor(place);
        return [low, Math.min(side - 1, low + 1), place - low];
      });
    const down = places(rows, height), across = places(columns, width);
    return ([values], out) => {
      down.forEach(([y0, y1, dy], row) =>
        across.forEach(([x0, x1, dx], column) => {
          for (let c = 0; c < channels; c++) {
            const at = (y, x) => values[(y * width + x) * channels + c];
            const above = at(y0, x0) * (1 - dx) + at(y0, x1) * dx;
            const below = at(y1, x0) * (1 - dx) + at(y1, x1) * dx;
            out[(row * columns + column) * channels + c] = above * (1 - dy) + below * dy;
          }
        }));
    };
  },

  addition: () => (inputs, out) => {
    out.set(inputs[0]);
    for (const values of inputs.slice(1)) for (let i = 0; i < out.length; i++) out[i] += values[i];
  },

  concatenation({ shape }, shapes) {
    const channels = shape[shape.length - 1];
    return (inputs, out) => {
      let first = 0;
      inputs.forEach((values, k) => {
        const depth = shapes[k][shapes[k].length - 1];
        for (let i = 0; i < values.length; i++)
          out[Math.floor(i / depth) * channels + first + (i % depth)] = values[i];
        first += depth;
      });
    };
  },

  copy: () => ([values], out) => out.set(values),
};

// Return the function from the numbers of an image to the network's outputs.
function networkOf({ imageShape, steps, output }, buffer) {
  const shapes = [imageShape, ...steps.map((step) => step.shape)];
  const values = shapes.map((shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const computations = steps.map((step, i) => {
    const named = Object.entries(step).filter(([, setting]) => setting.dtype);
    const tensors = Object.fromEntries(named.map(([name, t]) => [name, tensorOf(t, buffer)]));
    const compute = KINDS[step.kind](step, step.from.map((k) => shapes[k]), tensors);
    const inputs = step.from.map((k) => values[k]);
    return () => compute(inputs, values[i + 1]);
  });
  return (image) => {
    values[0].set(image);
    for (const compute of computations) compute();
    return values[output];
  };
}

// What `predict_proba` makes of the outputs: one probability per class, with the sum 1.
function probabilitiesOf(outputs, logits) {
  const n = outputs.length;
  if (n === 1) {
    const second = logits ? sigmoid(outputs[0]) : outputs[0];
    return Float64Array.of(1 - second, second);
  }
  const found = Float64Array.from(outputs);
  if (logits) softmax(found, 0, n, found);
  const total = found.reduce((a, b) => a + b, 0);
  return found.map((p) => (total > 0 ? p / total : 1 / n));
}
