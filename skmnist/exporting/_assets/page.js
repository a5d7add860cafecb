// The page: what is drawn or photographed, the network's answer, and corrections.

const model = JSON.parse(document.getElementById("model").textContent);
const [height, width, nChannels] = model.imageShape;
const { ink, picture } = model; // numbers of paper and ink, and of black and white
const outputsOf = networkOf(model, Uint8Array.from(atob(model.weights), (c) => c.charCodeAt(0)).buffer);
const predict = (pixels) =>
  probabilitiesOf(outputsOf(Float64Array.from(pixels, (p) => (p - model.offset) / model.scale)), model.logits);

const element = (id) => document.getElementById(id);
const paper = element("paper");
const percent = (p) => (p > 0 && p < 0.0005 ? "< 0.1 %" : `${(100 * p).toFixed(1)} %`);
function made(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children); // texts stay texts, whatever is in them
  return node;
}

// -- what is on the paper -----------------------------------------------------------------

let actions = []; // strokes, photographs and clearings: undoing takes the last one away
let shown = null; // the image as pixels in the training images' unit, and the probabilities
let milliseconds = 0;

function content() {
  const start = actions.findLastIndex((action) => action.kind !== "stroke");
  const photo = actions[start]?.kind === "photo" ? actions[start] : null;
  return { photo: start === actions.length - 1 ? photo : null, strokes: actions.slice(start + 1).map((a) => a.points) };
}

const between = ([from, to], values) => Float64Array.from(values, (value) => from + value * (to - from));

function imageOf({ photo, strokes }) {
  if (strokes.length) return between(ink, drawn(strokes, model.drawing).values);
  if (!photo) return null;
  if (!element("finds-ink").checked) return between(picture, fitted(photo.pixels, height, width, nChannels));
  const character = characterIn(photo.pixels, model.drawing);
  if (!character) say("No character was found: it should be whole, in focus, and not touch the picture’s border.");
  return character && between(ink, character.values);
}

let frame = 0;
function changed(event) {
  const began = event?.timeStamp || performance.now();
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    update();
    milliseconds = performance.now() - began;
  });
}

function act(action, event) {
  actions.push(action);
  say("");
  changed(event);
}

function undo() {
  actions.pop();
  pen.stroke = null;
  say("");
  changed();
}

const isEmpty = ({ photo, strokes }) => !photo && !strokes.length;

function clear() {
  pen.stroke = null;
  if (!isEmpty(content())) act({ kind: "clear" });
}

function update() {
  const now = content();
  drawPaper(now);
  const pixels = imageOf(now);
  shown = pixels && { pixels, probabilities: predict(pixels) };
  element("undo").disabled = !actions.length;
  element("clear").disabled = isEmpty(now);
  element("invitation").hidden = !isEmpty(now);
  showAnswer();
  drawImage(element("prepared"), shown?.pixels);
  element("prepared").ariaLabel = shown ? `The image of ${height} by ${width} pixels that the network gets` : "Nothing yet";
  later();
}

const say = (text) => { element("message").textContent = text; };

// -- pen, finger, mouse and keyboard ------------------------------------------------------

const pen = { stroke: null, place: [0.5, 0.5], byKey: false };

function placeOf(event) {
  const box = paper.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

paper.addEventListener("pointerdown", (event) => {
  if (!model.draws || event.button > 0 || !event.isPrimary) return;
  paper.setPointerCapture(event.pointerId);
  pen.byKey = false;
  pen.stroke = { kind: "stroke", points: [placeOf(event)] };
  act(pen.stroke, event);
});
paper.addEventListener("pointermove", (event) => {
  if (!pen.stroke || pen.byKey || !paper.hasPointerCapture(event.pointerId)) return;
  const passed = event.getCoalescedEvents?.() ?? [];
  pen.stroke.points.push(...(passed.length ? passed : [event]).map(placeOf));
  changed(event);
});
for (const name of ["pointerup", "pointercancel"]) paper.addEventListener(name, () => { if (!pen.byKey) pen.stroke = null; });

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 1 / 28;

function movePen([x, y], event) {
  const within = (place) => Math.min(0.98, Math.max(0.02, place));
  pen.place = [within(pen.place[0] + x * STEP), within(pen.place[1] + y * STEP)];
  pen.byKey = true;
  if (!pen.stroke) return drawPaper(content());
  pen.stroke.points.push(pen.place);
  changed(event);
}

function togglePen(event) {
  pen.byKey = true;
  pen.stroke = pen.stroke ? null : { kind: "stroke", points: [pen.place] };
  if (pen.stroke) act(pen.stroke, event);
  else drawPaper(content());
  say(pen.stroke ? "The pen is down." : "The pen is up.");
}

paper.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const label = model.classes.indexOf(event.key);
  if (model.draws && event.key in ARROWS) movePen(ARROWS[event.key], event);
  else if (model.draws && event.key === " ") togglePen(event);
  else if (event.key === "Backspace") undo();
  else if (event.key === "Delete") clear();
  else if (label >= 0) keep(label);
  else return;
  event.preventDefault();
});
paper.addEventListener("blur", () => {
  if (pen.byKey) pen.stroke = null;
  pen.byKey = false;
  drawPaper(content());
});
paper.addEventListener("focus", () => drawPaper(content()));
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z") undo(), event.preventDefault();
});
element("undo").addEventListener("click", undo);
element("clear").addEventListener("click", clear);

// -- photographs --------------------------------------------------------------------------

const LARGEST = 800; // pixels of a photograph's side that are looked at

async function takePhoto(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    say("This file is no picture that the browser can read.");
    return;
  }
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = made("canvas", {
    width: Math.max(1, Math.round(bitmap.width * scale)),
    height: Math.max(1, Math.round(bitmap.height * scale)),
  });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff"; // under what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const channels = [0, 1, 2].map((c) =>
    Float32Array.from({ length: canvas.width * canvas.height }, (_, i) => data[4 * i + c] / 255));
  act({ kind: "photo", canvas, pixels: { height: canvas.height, width: canvas.width, channels } });
}

const takeFirst = (files) => {
  const file = [...files].find(({ type }) => type.startsWith("image/"));
  if (file) takePhoto(file);
  else if (files.length) say("This file is no picture that the browser can read.");
};
element("file").addEventListener("change", ({ target }) => {
  takeFirst(target.files);
  target.value = ""; // so that the same file can be chosen again
});
document.addEventListener("paste", ({ clipboardData }) => takeFirst(clipboardData.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  takeFirst(event.dataTransfer.files);
});
element("finds-ink").checked = model.findsInk;
element("finding").hidden = !model.draws;
element("finds-ink").addEventListener("change", () => { say(""); changed(); });

// -- pictures -----------------------------------------------------------------------------

function drawPaper({ photo, strokes }) {
  const side = Math.round(paper.clientWidth * devicePixelRatio);
  if (paper.width !== side) paper.width = paper.height = side;
  const context = paper.getContext("2d");
  context.clearRect(0, 0, side, side);
  if (photo) {
    const scale = side / Math.max(photo.canvas.width, photo.canvas.height);
    const [w, h] = [photo.canvas.width * scale, photo.canvas.height * scale];
    context.drawImage(photo.canvas, (side - w) / 2, (side - h) / 2, w, h);
  }
  Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: 0.055 * side });
  context.strokeStyle = getComputedStyle(paper).color;
  for (const points of strokes) {
    context.beginPath();
    points.forEach(([x, y], i) => {
      const [nextX, nextY] = points[i + 1] ?? [x, y];
      if (i === 0) context.moveTo(x * side, y * side);
      context.quadraticCurveTo(x * side, y * side, ((x + nextX) / 2) * side, ((y + nextY) / 2) * side);
    });
    context.stroke();
  }
  if (pen.byKey && document.activeElement === paper) {
    context.lineWidth = 0.008 * side;
    context.beginPath();
    context.arc(pen.place[0] * side, pen.place[1] * side, (pen.stroke ? 0.03 : 0.045) * side, 0, 2 * Math.PI);
    context.stroke();
  }
}

const bytesOf = (pixels) => Uint8Array.from(pixels, (p) =>
  Math.max(0, Math.min(255, Math.round((255 * (p - picture[0])) / (picture[1] - picture[0])))));

const FOR = [255, 138, 40], AGAINST = [64, 150, 240], DIMMED = 0.45; // as in page.css

// Draw pixels as they are, in grey or in colour, and over them what speaks for the answer.
function drawImage(canvas, pixels, evidence) {
  canvas.width = width, canvas.height = height;
  if (!pixels) return;
  const context = canvas.getContext("2d"), bytes = bytesOf(pixels), image = context.createImageData(width, height);
  const strongest = Math.max(...(evidence ?? [0]).map(Math.abs)) || 1;
  for (let i = 0; i < height * width; i++) {
    const share = evidence ? Math.abs(evidence[i]) / strongest : 0, colour = evidence?.[i] < 0 ? AGAINST : FOR;
    for (let c = 0; c < 3; c++) {
      const value = bytes[i * nChannels + (nChannels === 3 ? c : 0)];
      image.data[4 * i + c] = (evidence ? DIMMED : 1) * value * (1 - share) + share * colour[c];
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// -- the answer ---------------------------------------------------------------------------

const SHOWN = 10, MOST_BUTTONS = 12;
const isFixed = model.classes.length <= MOST_BUTTONS;
const areWords = model.classes.some((label) => label.length > 2);
const rows = model.classes.slice(0, isFixed ? MOST_BUTTONS : SHOWN).map((label) => {
  const name = made("span", { className: "name", textContent: label, title: label });
  const bar = made("div", { className: "bar" }), number = made("span", { className: "percent" });
  const row = made("li", {}, name, made("div", { className: "track" }, bar), number);
  element("bars").append(row);
  return { row, name, bar, number };
});
element("bars").classList.toggle("words", areWords);

const ranked = (probabilities) => [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);

function showAnswer() {
  const order = shown ? ranked(shown.probabilities) : [];
  const label = shown ? model.classes[order[0]] : "–";
  element("label").textContent = label;
  element("label").classList.toggle("word", label.length > 3);
  element("label").classList.toggle("empty", !shown);
  element("confidence").textContent = shown ? percent(shown.probabilities[order[0]]) : "";
  element("next").textContent = shown ? nextOf(order) : model.hint;
  const numbers = isFixed || !shown ? [...rows.keys()] : order;
  rows.forEach(({ row, name, bar, number }, i) => {
    const p = shown ? shown.probabilities[numbers[i]] : 0;
    row.classList.toggle("first", shown !== null && numbers[i] === order[0]);
    name.textContent = name.title = model.classes[numbers[i]];
    bar.style.width = `${100 * p}%`;
    number.textContent = shown ? percent(p) : "";
  });
}

const nextOf = (order) =>
  "Next: " + order.slice(1, 4).map((k) => `${model.classes[k]} (${percent(shown.probabilities[k])})`).join(", ");

// -- which pixels decided -----------------------------------------------------------------

let timer = 0, task = 0;
const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 4));

// When the drawing rests: read the answer aloud, and look for what decided.
function later() {
  clearTimeout(timer);
  task += 1;
  element("decisive").textContent = "";
  drawImage(element("decided"), null);
  element("decided").ariaLabel = "Nothing yet";
  timer = setTimeout(() => {
    if (!shown) { element("spoken").textContent = ""; return; }
    const order = ranked(shown.probabilities);
    element("spoken").textContent = `${model.classes[order[0]]}, ${percent(shown.probabilities[order[0]])}. ${nextOf(order)}`;
    explain(shown, order[0], task);
  }, 350);
}

const logOdds = (p) => Math.log(Math.max(p, 1e-9) / Math.max(1 - p, 1e-9));

function explain({ pixels, probabilities }, answer, mine) {
  const evidence = new Float64Array(height * width), before = logOdds(probabilities[answer]);
  const squares = squaresOn(pixels);
  let decisive = { effect: 0 };
  const work = () => {
    if (mine !== task) return; // the drawing has changed
    for (const until = performance.now() + 8; performance.now() < until; ) {
      const { value, done } = squares.next();
      if (done) return showEvidence(pixels, evidence, decisive);
      const after = predict(value.covered), effect = before - logOdds(after[answer]);
      for (const i of value.places) evidence[i] += effect;
      if (effect > decisive.effect) decisive = { effect, middle: value.middle, after };
    }
    whenIdle(work);
  };
  whenIdle(work);
}

// Squares that overlap by half, each with the image in which it is covered by paper.
function* squaresOn(pixels) {
  const size = Math.max(2, Math.round(Math.min(height, width) / 7)), step = size >> 1;
  const cover = coverOf(pixels);
  for (let top = -step; top < height; top += step)
    for (let left = -step; left < width; left += step) {
      const covered = Float64Array.from(pixels), places = [];
      let differs = false;
      for (let y = Math.max(0, top); y < Math.min(height, top + size); y++)
        for (let x = Math.max(0, left); x < Math.min(width, left + size); x++) {
          const i = y * width + x;
          places.push(i);
          for (let c = 0; c < nChannels; c++) {
            differs ||= covered[i * nChannels + c] !== cover[c];
            covered[i * nChannels + c] = cover[c];
          }
        }
      if (differs) yield { covered, places, middle: [top + size / 2, left + size / 2] };
    }
}

// Paper, or in other pictures their mean colour.
function coverOf(pixels) {
  if (model.draws) return [ink[0]];
  return [0, 1, 2].slice(0, nChannels).map((c) => {
    const values = pixels.filter((_, i) => i % nChannels === c);
    return values.reduce((a, b) => a + b, 0) / values.length;
  });
}

function showEvidence(pixels, evidence, { effect, middle, after }) {
  drawImage(element("decided"), pixels, evidence);
  const places = [["top left", "top", "top right"], ["left", "middle", "right"], ["bottom left", "bottom", "bottom right"]];
  const third = (place, side) => Math.min(2, Math.max(0, Math.floor((3 * place) / side)));
  let text = "No single part decided.";
  if (effect > 0) {
    const [best] = ranked(after), where = places[third(middle[0], height)][third(middle[1], width)];
    const same = model.classes[best] === element("label").textContent;
    const answer = `${same ? "still " : ""}${model.classes[best]} (${percent(after[best])})`;
    text = `Most decisive: the ${where}. Without it, the answer is ${answer}.`;
  }
  element("decisive").textContent = text;
  element("decided").ariaLabel = text;
}

// -- corrections --------------------------------------------------------------------------

let kept = [], isSaved = true;

function keep(number) {
  if (!shown) {
    say("There is nothing to keep yet.");
    return;
  }
  kept.push({ number, pixels: shown.pixels });
  isSaved = false;
  clear();
  say(`Kept as ${model.classes[number]}.`);
  showKept();
}

function showKept() {
  element("kept").replaceChildren(...kept.map((correction) => {
    const canvas = made("canvas"), label = model.classes[correction.number];
    drawImage(canvas, correction.pixels);
    const button = made("button", { type: "button", title: "Remove", ariaLabel: `Remove: kept as ${label}` }, canvas, label);
    button.addEventListener("click", () => {
      kept = kept.filter((other) => other !== correction);
      showKept();
      (kept.length ? element("download") : paper).focus();
    });
    return made("li", {}, button);
  }));
  element("download").disabled = !kept.length;
  element("download").textContent = kept.length ? `Download ${kept.length} as .zip` : "Download corrections";
}

function archive() {
  const files = kept.map(({ number, pixels }, i) =>
    [`${model.folders[number]}/${i + 1}.png`, pngOf(bytesOf(pixels), height, width, nChannels)]);
  const table = files.map(([path], i) => [path, model.classes[kept[i].number]]);
  files.push(["labels.csv", csvOf([["filename", "label"], ...table])], ["README.txt", model.readme]);
  return zipOf(files.map(([path, bytes]) => [`corrections/${path}`, bytes]));
}

element("download").addEventListener("click", () => {
  const url = URL.createObjectURL(new Blob([archive()], { type: "application/zip" }));
  made("a", { href: url, download: "corrections.zip" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  isSaved = true;
});
window.addEventListener("beforeunload", (event) => { if (kept.length && !isSaved) event.preventDefault(); });

if (isFixed)
  element("classes").append(...model.classes.map((label, number) => {
    const button = made("button", { type: "button", textContent: label, title: label });
    button.addEventListener("click", () => keep(number));
    return button;
  }));
else {
  const options = model.classes.map((label, value) => made("option", { value, textContent: label }));
  const select = made("select", { ariaLabel: "Class" }, ...options);
  const button = made("button", { type: "button", textContent: "Keep" });
  button.addEventListener("click", () => keep(Number(select.value)));
  element("classes").append(select, button);
}

// -- the beginning, and other sizes and colours -------------------------------------------

new ResizeObserver(() => drawPaper(content())).observe(paper);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changed());
update();
// Browsers compile what has run some times: before the first stroke, not while it is drawn.
const warmUp = (n) => n && whenIdle(() => { predict(between(ink, Array(height * width * nChannels).fill(0.5))); warmUp(n - 1); });
warmUp(12);

// For the console: the probabilities of an image, whose pixels are as the training images' are.
window.skmnist = {
  predict: (pixels) => Array.from(predict(pixels)),
  get shown() { return shown; },
  get milliseconds() { return milliseconds; },
};
