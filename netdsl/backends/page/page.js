/* The page: what is open, what is held, and the numbers of both. Text from the spec comes in as text nodes alone. */

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const root = document.documentElement;
const [NAME, OP, TINT, WORDS, SHAPE, INPUTS, COUNTS, RF, JUMP, OFFSET, MODE, MODULE, SCOPE, LINE, ATTRS] = Array(15).keys();
const [PARAMS, WEIGHTS, FROZEN, BUFFERS, MACS, FLOPS, ACTIVATIONS, DEPTH] = Array(8).keys();
const HEATS = ["kind", "macs", "params", "activations", "memory"];
const HEAT_WORDS = { macs: "MACs", params: "parameters", activations: "activations", memory: "memory" };

let model = null;
let byName = new Map();
let parts = new Map();
let partOf = new Map();
/** What the drawing on the stage stands for: `{id, words, layers, part, card, tint, hit, element}`. */
let mentions = [];
/** The place of the open part, -1 for the overview; what is held, and what the pointer or the focus is on. */
let opened = -1;
let held = null;
let pointed = null;
let heat = HEATS.includes(root.dataset.heat) ? root.dataset.heat : "kind";
let sorted = { column: 0, down: false };

const view = new View($("stage"), (k) => ($("scale").textContent = `${Math.round(k * 100)}%`));

// -- words ------------------------------------------------------------------------------------------------------------

function make(tag, attributes = {}, ...inside) {
  const found = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) found.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) found.setAttribute(key, value === true ? "" : value);
  }
  found.append(...inside.filter((one) => one != null && one !== false));
  return found;
}

const whole = (number) => number.toLocaleString("en-GB", { maximumFractionDigits: 4 }).replace("-", "−");
const times = (axes) => axes.map((one) => whole(one).replaceAll(",", "")).join("×");
const axes = (found) => (found ? times(new Set(found).size === 1 ? found.slice(0, 1) : found) : "–");

function metric(number, units = [" k", " M", " G", " T"]) {
  for (let at = 3; at >= 0; at--) {
    const value = number / 1000 ** (at + 1);
    if (value >= 0.9995) return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + units[at];
  }
  return String(number) + (units[4] ?? "");
}

const bytes = (number) => metric(number, [" kB", " MB", " GB", " TB", " B"]);

function percent(part, all) {
  if (!part || !all) return "–";
  const share = (100 * part) / all;
  return share < 0.05 ? "< 0.1 %" : `${share.toFixed(1)} %`;
}

function kindOf(tint) {
  return model.kinds[tint] ?? tint;
}

// -- numbers ----------------------------------------------------------------------------------------------------------

/** The numbers of several layers together, in the order of a layer's. */
function sum(layers) {
  const total = Array(8).fill(0);
  for (const at of layers) {
    const counts = model.layers[at][COUNTS];
    for (let one = 0; one < DEPTH; one++) total[one] += counts[one];
  }
  return total;
}

const memory = (counts) => model.totals.bytes * (counts[PARAMS] + counts[FROZEN] + counts[BUFFERS] + counts[ACTIVATIONS]);

function amount(counts, kind) {
  return kind === "memory" ? memory(counts) : counts[{ macs: MACS, params: PARAMS, activations: ACTIVATIONS }[kind]];
}

function totals() {
  const t = model.totals;
  return [t.params, t.params_no_bias, t.frozen, t.buffers, t.macs, t.flops, t.activations, t.depth];
}

// -- the drawing ------------------------------------------------------------------------------------------------------

/** Puts a drawing on the stage, and over it what can be pointed at. */
function draw(svg, found) {
  $("drawing").replaceChildren(svg);
  view.take(svg);
  mentions = found;
  const paper = svg.querySelector("g");
  paper.setAttribute("aria-hidden", "true");
  const hits = document.createElementNS(SVG, "g");
  hits.setAttribute("class", "hits");
  if (paper.hasAttribute("transform")) hits.setAttribute("transform", paper.getAttribute("transform"));
  for (const one of mentions) {
    one.element = svg.querySelector(`#${CSS.escape(one.id)}`);
    if (one.element) hits.append(hitOf(one));
  }
  svg.append(hits);
}

function hitOf(one) {
  const shape = one.card ? one.element : one.element.querySelector("rect,path,polygon,ellipse") ?? one.element;
  const box = shape.getBBox();
  const link = document.createElementNS(SVG, "a");
  const rect = document.createElementNS(SVG, "rect");
  const room = one.card ? 3 : 0;
  for (const [key, value] of Object.entries({
    x: box.x - room, y: box.y - room, width: box.width + 2 * room, height: box.height + 2 * room, rx: one.card ? 5 : 3,
  })) rect.setAttribute(key, value);
  link.append(rect);
  link.setAttribute("class", one.card ? "hit card" : "hit");
  link.setAttribute("href", `#/${encodeURIComponent(targetOf(one))}`);
  link.setAttribute("aria-label", spoken(one));
  if (one.part < 0) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-pressed", "false");
  }
  link.addEventListener("pointerenter", () => point(one));
  link.addEventListener("pointerleave", () => point(null));
  link.addEventListener("focus", () => {
    point(one);
    if (link.matches(":focus-visible")) view.reveal(link.getBoundingClientRect());
  });
  link.addEventListener("blur", () => point(null));
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (one.part >= 0) openFrom(one);
    else hold(held === one ? null : one);
  });
  one.hit = link;
  return link;
}

/** What a link to something of a drawing says. */
function targetOf(one) {
  return one.part >= 0 && one.card ? model.parts[one.part].name : model.layers[headOf(one)][NAME];
}

/** The layer that something is called after: that of its id, or the last of an overview's row. */
function headOf(one) {
  return one.head ?? one.layers.find((at) => model.layers[at][TINT] === one.tint) ?? one.layers[0];
}

function spoken(one) {
  const counts = sum(one.layers);
  const last = model.layers[one.layers.at(-1)];
  const words = [one.words, model.layers[headOf(one)][NAME], `output ${times(last[SHAPE])}`];
  if (counts[PARAMS]) words.push(`${metric(counts[PARAMS])} parameters`);
  if (counts[MACS]) words.push(`${metric(counts[MACS])} MACs`);
  return words.join(", ") + (one.part >= 0 ? "; opens" : "");
}

function overview() {
  const kept = $("overview").content.firstElementChild;
  draw(kept.cloneNode(true), model.overview.map(([id, words, layers, part, tint]) => ({ id, words, layers, part, card: !tint, tint })));
}

function inside(at) {
  const part = model.parts[at];
  const kept = part.drawing === null ? null : $(`inside${part.drawing}`).content.firstElementChild;
  if (!kept) {
    const words = make("p", { class: "large" }, `${whole(part.layers.length)} layers: the table below lists them.`);
    $("drawing").replaceChildren(words);
    mentions = [];
    return;
  }
  draw(kept.cloneNode(true), part.drawn.map(([id, head, layers]) => {
    const layer = model.layers[head];
    return { id, words: layer[WORDS], layers, part: -1, card: false, tint: layer[TINT], head };
  }));
}

// -- going about ------------------------------------------------------------------------------------------------------

/** Opens a part, or the overview (-1). `how` is `push`, `replace` or null for the browser's history. */
function open(at, how = "push", place = null) {
  const same = opened === at && mentions.length > 0;
  held = pointed = null;
  if (!same) {
    opened = at;
    if (at < 0) overview();
    else inside(at);
    if (place) view.go(place.x, place.y, place.k, false), (view.free = place.free);
    else if (!still.matches) animate();
  }
  const hash = at < 0 ? "#/" : `#/${encodeURIComponent(model.parts[at].name)}`;
  if (how === "push" && location.hash !== hash) history.pushState(null, "", hash);
  else if (how === "replace") history.replaceState(null, "", hash);
  way();
  repeats();
  colour();
  show();
  for (const one of mentions) press(one);
}

function animate() {
  const drawing = $("drawing");
  drawing.classList.remove("opening");
  void drawing.offsetWidth;
  drawing.classList.add("opening");
}

/** Opens what a row or a card of the overview stands for; of a row, its layer is held. */
function openFrom(one) {
  const keyboard = one.hit.matches(":focus-visible");
  open(one.part);
  if (!one.card) {
    const own = new Set(one.layers);
    const found = mentions.find((other) => other.layers.some((at) => own.has(at)));
    if (found) hold(found);
  }
  if (keyboard) (held ?? mentions[0])?.hit?.focus();
  say(`${model.parts[one.part].name} is open, ${mentions.length} layers`);
}

/** Goes to a layer wherever it is drawn, and holds it. */
function goTo(at, how = "push", focus = false) {
  const part = partOf.get(at);
  if (part === undefined) open(-1, how);
  else open(part, how);
  const found = mentions.find((one) => !one.card && one.layers.includes(at)) ?? mentions.find((one) => one.layers.includes(at));
  if (!found) {
    show({ layers: [at], words: model.layers[at][WORDS], tint: model.layers[at][TINT], part: -1, undrawn: true });
    return;
  }
  hold(found, at);
  view.reveal(found.hit.getBoundingClientRect());
  found.hit.classList.remove("found");
  void found.hit.getBoundingClientRect();
  found.hit.classList.add("found");
  if (focus) found.hit.focus({ preventScroll: true });
}

/** Keeps the numbers of something in sight until it is let go. */
function hold(one, at = one ? headOf(one) : -1) {
  const before = held;
  held = one;
  if (before) press(before);
  if (one) {
    press(one);
    history.replaceState(null, "", `#/${encodeURIComponent(model.layers[at][NAME])}`);
  } else {
    const name = opened < 0 ? "" : encodeURIComponent(model.parts[opened].name);
    history.replaceState(null, "", `#/${name}`);
  }
  show();
}

function press(one) {
  one.hit?.classList.toggle("held", one === held);
  if (one.hit?.hasAttribute("aria-pressed")) one.hit.setAttribute("aria-pressed", String(one === held));
}

function point(one) {
  if (pointed === one) return;
  pointed = one;
  show();
}

/** Goes to what the address says. */
function follow() {
  let name = "";
  try {
    name = decodeURIComponent(location.hash.replace(/^#\/?/, ""));
  } catch {
    // An address that nobody made.
  }
  if (parts.has(name)) open(parts.get(name), null);
  else if (byName.has(name)) goTo(byName.get(name), null);
  else open(-1, null);
}

function back() {
  if (held) {
    hold(null);
    point(null);
  } else if (opened >= 0) {
    const from = model.parts[opened].card;
    open(-1);
    mentions.find((one) => one.card && one.part >= 0 && model.parts[one.part].card === from)?.hit?.focus({ preventScroll: true });
  }
}

function step(by) {
  if (opened < 0) return;
  const here = model.parts[opened];
  const next = model.parts[opened + by];
  if (next && next.card === here.card) {
    const which = held ? mentions.indexOf(held) : -1;
    const same = here.drawing === next.drawing ? { x: view.x, y: view.y, k: view.k, free: view.free } : null;
    open(opened + by, "replace", same);
    if (which >= 0 && mentions[which]) hold(mentions[which]);
    say(`${next.name}, ${next.number + 1} of ${next.count}`);
  }
}

function say(words) {
  $("said").textContent = words;
}

// -- around the drawing -----------------------------------------------------------------------------------------------

/** Where the reader is: the net, and what is open of it. */
function way() {
  const home = model.variant ? `${model.name} ${model.variant}` : model.name;
  const list = make("ol");
  if (opened < 0) {
    list.append(make("li", { "aria-current": "page" }, "overview"));
  } else {
    const part = model.parts[opened];
    const link = make("a", { href: "#/", onclick: (event) => {
      event.preventDefault();
      held = null;
      back();
    } }, make("span", { class: "chevron", "aria-hidden": "true" }, "‹"), home);
    const title = part.title === part.name || part.title === "layers" ? "" : part.title;
    list.append(make("li", {}, link), make("li", { "aria-current": "page" }, part.name, title && make("small", {}, title)));
  }
  $("way").replaceChildren(list);
  document.title = opened < 0 ? home : `${model.parts[opened].name} · ${home}`;
}

/** The repeats of the block that is open, each a button. */
function repeats() {
  const bar = $("repeats");
  const part = model.parts[opened];
  bar.hidden = !part || part.count < 2;
  if (bar.hidden) {
    bar.replaceChildren();
    return;
  }
  const first = opened - part.number;
  const many = make("div", { class: "many" });
  for (let at = first; at < first + part.count; at++) {
    const one = model.parts[at];
    const usual = one.drawing === model.parts[first + part.count - 1].drawing;
    many.append(make("button", {
      type: "button", class: usual ? null : "other", "aria-label": one.name, title: one.name,
      "aria-current": at === opened ? "true" : false, onclick: () => step(at - opened),
    }, String(one.number + 1)));
  }
  const arrow = (by, sign, words, off) => make("button", { type: "button", class: "arrow", "aria-label": words, title: `${words} (${by < 0 ? "[" : "]"})`,
    disabled: off, onclick: () => step(by) }, sign);
  bar.replaceChildren(
    arrow(-1, "‹", "Previous repeat", part.number === 0),
    many,
    arrow(1, "›", "Next repeat", part.number === part.count - 1),
    make("span", {}, `${part.number + 1} of ${part.count}`),
  );
  const current = many.querySelector("[aria-current]");
  many.scrollLeft = current.offsetLeft - many.offsetLeft - many.clientWidth / 2;
}

/** Colours the rows of the drawing by kind, or by their shares of what the net costs. */
function colour() {
  for (const radio of document.querySelectorAll("#heat input")) radio.checked = radio.value === heat;
  const rows = mentions.filter((one) => !one.card && one.element);
  const all = heat === "kind" ? 0 : amount(totals(), heat);
  const shares = rows.map((one) => (all ? amount(sum(one.layers), heat) / all : 0));
  const most = Math.max(0, ...shares);
  $("drawing").classList.toggle("by-heat", heat !== "kind");
  rows.forEach((one, at) => {
    one.element.querySelector("text.share")?.remove();
    one.element.querySelector("text[transform]")?.removeAttribute("transform");
    one.element.classList.remove("heated", "cold", ...Array.from({ length: 7 }, (_, bin) => `heat${bin}`));
    if (heat === "kind") return;
    const bin = Math.min(Math.floor((shares[at] / most) * 7), 6);
    one.element.classList.add(...(shares[at] ? ["heated", `heat${bin}`] : ["cold"]));
    if (shares[at]) share(one.element, shares[at]);
  });
  legend(most);
}

/** Writes a share into the right end of a row, where there is room; the row's own words make some. */
function share(element, part) {
  const shape = element.querySelector("rect,path,polygon");
  const text = element.querySelector("text");
  if (!shape || !text || element.querySelectorAll("text,rect,path,polygon").length > 2) return;
  const [around, within] = [shape.getBBox(), text.getBBox()];
  const words = part < 0.0005 ? "0.0%" : `${(100 * part).toFixed(1)}%`;
  const room = 3.7 * words.length + 5;
  const free = around.width - within.width - room - 4;
  if (free < 0) return;
  const shift = Math.min(0, around.x + around.width - room - 2 - (within.x + within.width));
  if (shift) text.setAttribute("transform", `translate(${shift} 0)`);
  const said = document.createElementNS(SVG, "text");
  for (const [key, value] of Object.entries({
    class: "share", x: around.x + around.width - 3, y: around.y + around.height / 2 + 2.2, "text-anchor": "end",
    "font-size": 6.5, fill: "#222222",
  })) said.setAttribute(key, value);
  said.textContent = words;
  element.append(said);
}

function legend(most) {
  const box = $("legend");
  if (heat !== "kind") {
    const steps = make("span", { class: "steps", "aria-hidden": "true" });
    for (let bin = 0; bin < 7; bin++) steps.append(make("i", { class: `heat${bin}` }));
    box.replaceChildren(make("span", {}, "0"), steps, make("span", {}, `${percent(most, 1)} of the net’s ${HEAT_WORDS[heat]}`));
    return;
  }
  const found = new Set(mentions.filter((one) => !one.card).map((one) => one.tint));
  const order = Object.keys(model.kinds).filter((tint) => found.has(tint) && tint !== "input" && tint !== "merge");
  box.replaceChildren(...order.map((tint) => make("span", { class: "kind" }, make("i", { class: `tint ${tint}` }), kindOf(tint))));
  if (opened < 0 && model.quiet.length) {
    const verb = model.quiet.length > 1 ? "are" : "is";
    box.append(make("small", {}, `${model.quiet.join(", ")} ${verb} drawn into the layer beside`));
  }
}

// -- the numbers of what is pointed at --------------------------------------------------------------------------------

/** Shows the numbers of what is pointed at, else of what is held, of what is open, or of the net. */
function show(one = pointed ?? held) {
  const aside = $("numbers");
  aside.classList.toggle("idle", !one);
  if (one) aside.replaceChildren(...described(one));
  else if (opened >= 0) aside.replaceChildren(...ofPart(model.parts[opened]));
  else aside.replaceChildren(...ofNet());
}

function bar(label, number, all, words) {
  const part = all ? Math.min(number / all, 1) : 0;
  const meter = make("span", { class: "meter", "aria-hidden": "true" }, make("i"));
  meter.firstChild.style.width = `${100 * part}%`;
  return make("div", { class: "big" }, make("dt", {}, label), make("dd", {}, make("b", { title: words }, words),
    part && all !== number ? make("small", {}, `${percent(number, all)} of the net`) : null), part && all !== number ? meter : null);
}

function pairs(found) {
  const list = make("dl", { class: "pairs" });
  for (const [label, value, title] of found) {
    if (value == null || value === "") continue;
    list.append(make("div", {}, make("dt", { title }, label), make("dd", {}, value)));
  }
  return list;
}

function head(tint, kind, words, names, plain = false) {
  return make("div", { class: "head" },
    make("p", { class: "what" }, tint ? make("i", { class: `tint ${tint}` }) : null, kind),
    make("h2", {}, words), names ? make("p", { class: plain ? "sub" : "path" }, names) : null);
}

function bigs(layers, shape) {
  const counts = sum(layers);
  const all = totals();
  return make("dl", { class: "bigs" },
    shape ? bar("output", 0, 0, times(shape)) : null,
    bar("parameters", counts[PARAMS], all[PARAMS], whole(counts[PARAMS])),
    bar("MACs", counts[MACS], all[MACS], whole(counts[MACS])));
}

function further(layers) {
  const counts = sum(layers);
  return [
    ["without biases", counts[WEIGHTS] !== counts[PARAMS] ? whole(counts[WEIGHTS]) : null, "parameters that are no biases"],
    ["frozen", counts[FROZEN] ? whole(counts[FROZEN]) : null, "parameters that are not trained"],
    ["buffers", counts[BUFFERS] ? whole(counts[BUFFERS]) : null, "saved with the module, and no parameters"],
    ["FLOPs", whole(counts[FLOPS]), "twice the multiply-adds, and the arithmetic beside them"],
    ["activations", whole(counts[ACTIVATIONS]), "elements of outputs that are kept, for one image"],
    ["memory", bytes(memory(counts)), "parameters, buffers and activations as 32-bit floats"],
  ];
}

function described(one) {
  const layers = one.layers.map((at) => model.layers[at]);
  const first = layers[0];
  const last = layers.at(-1);
  const main = model.layers[headOf(one)];
  const mains = one.layers.filter((at) => model.layers[at][TINT] === one.tint).map((at) => model.layers[at]);
  const repeated = one.part >= 0 && !one.card && (model.parts[one.part].count > 1 || mains.length > 1);
  const [begin, end] = mains.length && !one.card ? [mains[0], mains.at(-1)] : [first, last];
  const names = (one.card || repeated) && begin !== end ? `${begin[NAME]} … ${end[NAME]}` : main[NAME];
  const several = repeated || (one.card && model.parts[one.part]?.count > 1);
  const kind = one.card ? (one.part >= 0 ? `${one.layers.length} layers` : "layer") : kindOf(one.tint);
  const enter = [...new Set(first[INPUTS].map((at) => `${times(model.layers[at][SHAPE])}`))].join(", ");
  const modes = new Set(layers.map((layer) => layer[MODE]));
  const found = [
    [several ? "input of the first" : "input", enter],
    ...further(one.layers),
    ["receptive field", last[RF] ? axes(last[RF]) : null, "of the output, in elements of the net's input"],
    ["jump", last[JUMP] ? axes(last[JUMP]) : null, "elements of the net's input between two of the output"],
    ["offset", last[OFFSET] ? axes(last[OFFSET]) : null, "where the first window begins in the net's input"],
    ["depth", whole(last[COUNTS][DEPTH]), "layers with weights on the longest path up to here"],
    ["attributes", one.card || repeated ? null : main[ATTRS]],
    ["module", one.card || repeated ? null : main[MODULE], "the prefix of its keys in a checkpoint"],
    ["acts in", modes.size === 1 && first[MODE] ? { train: "training alone", eval: "inference alone" }[first[MODE]] : null],
  ];
  const inside = [head(one.card ? null : one.tint, kind, one.words, names), bigs(one.layers, last[SHAPE]), pairs(found)];
  if (one.undrawn) inside.splice(1, 0, make("p", { class: "hint" }, "No drawing has it."));
  if (one.part >= 0) inside.push(make("p", { class: "hint" }, "Click or Enter opens it"));
  if (layers.length > 1 && !repeated && !one.card) inside.push(members(one.layers));
  if (one.card) inside.push(source(layers, true));
  else inside.push(source(repeated && mains.length ? mains : [main], false));
  return inside;
}

/** What a box consists of, layer by layer. */
function members(layers) {
  const body = make("tbody");
  for (const at of layers.slice(0, 40)) {
    const layer = model.layers[at];
    body.append(make("tr", {}, make("th", { scope: "row", title: layer[NAME] }, layer[NAME].split(".").at(-1)), make("td", {}, layer[OP]),
      make("td", {}, layer[COUNTS][PARAMS] ? whole(layer[COUNTS][PARAMS]) : "–"), make("td", {}, whole(layer[COUNTS][FLOPS]))));
  }
  const titles = ["layer", "kind", "parameters", "FLOPs"].map((title) => make("th", { scope: "col" }, title));
  return make("section", {}, make("h3", {}, "Consists of"), make("table", { class: "members" }, make("thead", {}, make("tr", {}, ...titles)), body));
}

/** The chain of calls that leads to all of some layers, and the lines of the spec; theirs too, unless it is of a `whole`. */
function source(layers, whole) {
  const chain = [];
  const common = (layer) => {
    const found = [];
    for (let at = layer[SCOPE]; at >= 0; at = model.scopes[at][0]) found.unshift(at);
    return found;
  };
  // Calls of repeats are others, and stand on the same line.
  const alike = (a, b) => a === b || String(model.scopes[a]?.slice(2)) === String(model.scopes[b]?.slice(2));
  let shared = common(layers[0]);
  for (const layer of layers.slice(1)) {
    const other = common(layer);
    const end = shared.findIndex((at, place) => !alike(at, other[place]));
    if (end >= 0) shared = shared.slice(0, end);
  }
  for (const at of shared) {
    const [, path, words, line, block] = model.scopes[at];
    chain.push([path, block ? words : path.split(".").at(-1), line, block]);
  }
  // Brackets inside of a block say nothing of all of it.
  while (whole && chain.length > 1 && !chain.at(-1)[3] && chain.some((one) => one[3])) chain.pop();
  const lines = new Set(layers.map((layer) => String(layer[LINE])));
  if (!whole && layers[0][LINE] && lines.size === 1) chain.push([layers[0][NAME], layers[0][OP], layers[0][LINE]]);
  const list = make("ol", { class: "chain" });
  const same = (a, b) => a && b && a[0] === b[0] && a[1] === b[1];
  // A repeat and what is repeated, a call and its only layer are often on one line.
  const own = chain.filter(([, , line], at) => at === chain.length - 1 || !same(line, chain[at + 1][2]));
  own.forEach(([path, words, line, block], at) => {
    const last = at === own.length - 1 && block === undefined;
    const where = line ? `${model.files[line[0]]}:${line[1]}` : "";
    list.append(make("li", {}, make("span", { class: "call" }, last ? path.split(".").at(-1) : words), make("span", { class: "where" }, where),
      line ? make("code", { title: model.lines[line.join(":")] }, model.lines[line.join(":")]) : null));
  });
  return chain.length ? make("section", {}, make("h3", {}, "From the spec"), list) : "";
}

function ofPart(part) {
  const layers = part.layers.map((at) => model.layers[at]);
  const last = layers.at(-1);
  const own = new Set(part.layers);
  const enter = new Set(part.layers.flatMap((at) => model.layers[at][INPUTS]).filter((at) => !own.has(at)));
  const found = [
    ["input", [...new Set([...enter].map((at) => times(model.layers[at][SHAPE])))].join(", ")],
    ...further(part.layers),
    ["receptive field", last[RF] ? axes(last[RF]) : null],
    ["jump", last[JUMP] ? axes(last[JUMP]) : null],
    ["depth", whole(last[COUNTS][DEPTH])],
  ];
  const kind = part.count > 1 ? `block ${part.number + 1} of ${part.count} in a row` : `${part.layers.length} layers`;
  const inside = [head(null, kind, part.name, part.title === part.name || part.title === "layers" ? "" : part.title), bigs(part.layers, last[SHAPE]), pairs(found)];
  inside.push(costly(part.layers, "Most of it"), source(layers, true));
  return inside;
}

function ofNet() {
  const t = model.totals;
  const all = model.layers.map((_, at) => at);
  const shapes = (list) => list.map(([name, shape]) => (list.length > 1 ? `${name} ${times(shape)}` : times(shape))).join(", ");
  const found = [
    ["input", shapes(model.inputs)],
    ["output", shapes(model.outputs)],
    ["layers", whole(model.layers.length)],
    ...further(all),
    ["depth", whole(t.depth), "layers with weights on the longest path"],
    ["receptive field", t.rf ? `${axes(t.rf)}, at ${t.last}` : null, "of the last map before global pooling or fc"],
    ["downsampling", t.jump ? `×${axes(t.jump)}` : null],
    ...Object.entries(model.settings),
  ];
  const training = model.view === "train" && model.layers.some((layer) => layer[MODE] === "train");
  const kind = training ? "the whole net, with what acts in training alone" : "the whole net";
  return [
    head(null, kind, model.variant ? `${model.name} ${model.variant}` : model.name, model.title, true),
    make("p", { class: "hint" }, "Point at a layer for its numbers; click a block to open it."),
    bigs(all, null), pairs(found), where(),
  ];
}

/** The largest of several `[name, amount, act]`, as bars. */
function bars(title, rows, all) {
  rows = rows.filter(([, number]) => number).sort((a, b) => b[1] - a[1]);
  if (rows.length < 2) return "";
  const list = make("ol", { class: "costly" });
  for (const [name, number, target, act] of rows.slice(0, 6)) {
    const meter = make("span", { class: "meter" }, make("i"));
    meter.firstChild.style.width = `${(100 * number) / rows[0][1]}%`;
    list.append(make("li", {}, make("a", { href: `#/${encodeURIComponent(target)}`, onclick: (event) => {
      event.preventDefault();
      act();
    } }, make("span", {}, name), make("small", {}, percent(number, all)), meter)));
  }
  return make("section", {}, make("h3", {}, title), list);
}

/** The layers with the largest shares. */
function costly(layers, title) {
  const by = heat === "kind" ? "macs" : heat;
  const rows = layers.map((at) => {
    const name = model.layers[at][NAME];
    const around = opened >= 0 ? `${model.parts[opened].name}.` : "";
    return [name.startsWith(around) ? name.slice(around.length) : name, amount(model.layers[at][COUNTS], by), name, () => goTo(at, "push", true)];
  });
  return bars(`${title} in ${HEAT_WORDS[by]}`, rows, amount(totals(), by));
}

/** The parts of the overview with the largest shares. */
function where() {
  const by = heat === "kind" ? "macs" : heat;
  const whole = mentions.filter((one) => one.card || !mentions.some((card) => card.card && card.part >= 0 && card.part === one.part));
  const named = (one) => (whole.some((other) => other !== one && other.words === one.words) ? `${one.words} · ${targetOf(one)}` : one.words);
  const rows = whole.map((one) => [named(one), amount(sum(one.layers), by), targetOf(one), () => {
    if (one.part >= 0) openFrom(one);
    else goTo(headOf(one), "push", true);
  }]);
  return bars(`Where the ${HEAT_WORDS[by]} ${by === "memory" ? "is" : "are"}`, rows, amount(totals(), by));
}

function topline() {
  const t = model.totals;
  const found = [["parameters", metric(t.params), t.params], ["MACs", metric(t.macs), t.macs], ["activations", metric(t.activations), t.activations], ["depth", t.depth, t.depth]];
  $("totals").replaceChildren(...found.map(([label, value, exact]) => make("div", { title: `${whole(exact)} ${label}` }, make("dt", {}, label), make("dd", {}, String(value)))));
}

// -- search -----------------------------------------------------------------------------------------------------------

let listed = [];
let chosen = -1;

function matches(words, text) {
  return words.every((word) => text.includes(word));
}

function search() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const list = $("found");
  listed = [];
  chosen = -1;
  $("search").removeAttribute("aria-activedescendant");
  for (const one of mentions) one.hit?.classList.remove("match");
  $("drawing").classList.toggle("searching", words.length > 0);
  if (words.length && model) {
    const score = (name) => (name === words[0] ? 0 : name.startsWith(words[0]) ? 1 : name.includes(words[0]) ? 2 : 3);
    model.parts.forEach((part, at) => {
      const text = `${part.name} ${part.title}`.toLowerCase();
      if (matches(words, text)) listed.push({ part: at, rank: score(part.name.toLowerCase()) - 0.5 });
    });
    const hits = new Set();
    model.layers.forEach((layer, at) => {
      const text = `${layer[NAME]} ${layer[OP]} ${layer[WORDS]} ${kindOf(layer[TINT])}`.toLowerCase();
      if (matches(words, text)) {
        hits.add(at);
        listed.push({ layer: at, rank: score(layer[NAME].toLowerCase()) });
      }
    });
    for (const one of mentions) one.hit?.classList.toggle("match", !one.card && one.layers.some((at) => hits.has(at)));
    listed.sort((a, b) => a.rank - b.rank);
  }
  const shown = listed.slice(0, 60);
  const items = shown.map((one, at) => {
    const part = model.parts[one.part];
    const layer = model.layers[one.layer];
    const item = make("li", { id: `found${at}`, role: "option", "aria-selected": "false" },
      make("i", { class: part ? "tint block" : `tint ${layer[TINT]}` }),
      make("span", { class: "name" }, part ? part.name : layer[NAME]),
      make("small", {}, part ? (part.title === "layers" ? `${part.layers.length} layers` : part.title) : `${layer[WORDS] === layer[OP] ? kindOf(layer[TINT]) : layer[WORDS]} · ${times(layer[SHAPE])}`));
    item.addEventListener("pointerdown", (event) => event.preventDefault());
    item.addEventListener("click", () => take(one));
    return item;
  });
  if (words.length && !items.length) items.push(make("li", { class: "none", role: "option", "aria-disabled": "true" }, "Nothing is called so."));
  if (listed.length > shown.length) items.push(make("li", { class: "none", role: "option", "aria-disabled": "true" }, `and ${whole(listed.length - shown.length)} more`));
  list.replaceChildren(...items);
  listed = shown;
  list.hidden = !words.length;
  $("search").setAttribute("aria-expanded", String(words.length > 0));
  if (shown.length) choose(0);
}

function choose(at) {
  if (!listed.length) return;
  chosen = (at + listed.length) % listed.length;
  [...$("found").children].forEach((item, place) => {
    item.setAttribute("aria-selected", String(place === chosen));
    if (place === chosen) item.scrollIntoView({ block: "nearest" });
  });
  $("search").setAttribute("aria-activedescendant", `found${chosen}`);
}

function take(one) {
  closeSearch(true);
  if (one.part !== undefined) {
    open(one.part);
    mentions[0]?.hit?.focus({ preventScroll: true });
  } else goTo(one.layer, "push", true);
}

function closeSearch(clear) {
  $("found").hidden = true;
  $("search").setAttribute("aria-expanded", "false");
  if (clear) {
    $("search").value = "";
    search();
  }
}

// -- the table --------------------------------------------------------------------------------------------------------

/** Title, value to sort by, text, and whether it is a number. */
const COLUMNS = [
  ["#", (layer, at) => at, (layer, at) => String(at + 1), true],
  ["name", (layer) => layer[NAME], (layer) => layer[NAME], false],
  ["kind", (layer) => layer[OP], (layer) => layer[OP], false],
  ["layer", (layer) => layer[WORDS], (layer) => layer[WORDS], false],
  ["output", (layer) => layer[SHAPE].reduce((a, b) => a * b, 1), (layer) => times(layer[SHAPE]), true],
  ["parameters", (layer) => layer[COUNTS][PARAMS], (layer) => dash(layer[COUNTS][PARAMS]), true],
  ["MACs", (layer) => layer[COUNTS][MACS], (layer) => dash(layer[COUNTS][MACS]), true],
  ["FLOPs", (layer) => layer[COUNTS][FLOPS], (layer) => dash(layer[COUNTS][FLOPS]), true],
  ["activations", (layer) => layer[COUNTS][ACTIVATIONS], (layer) => dash(layer[COUNTS][ACTIVATIONS]), true],
  ["memory", (layer) => memory(layer[COUNTS]), (layer) => (memory(layer[COUNTS]) ? bytes(memory(layer[COUNTS])) : "–"), true],
  ["receptive field", (layer) => (layer[RF] ? layer[RF][0] : -1), (layer) => axes(layer[RF]), true],
  ["depth", (layer) => layer[COUNTS][DEPTH], (layer) => String(layer[COUNTS][DEPTH]), true],
  ["line", (layer) => (layer[LINE] ? layer[LINE][0] * 1e7 + layer[LINE][1] : -1), (layer) => (layer[LINE] ? `${model.files[layer[LINE][0]]}:${layer[LINE][1]}` : "–"), false],
];
const ROWS = 1500;
const dash = (number) => (number ? whole(number) : "–");

function table(most = ROWS) {
  const order = model.layers.map((_, at) => at);
  const value = COLUMNS[sorted.column][1];
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
  order.sort((a, b) => (sorted.down ? -1 : 1) * compare(value(model.layers[a], a), value(model.layers[b], b)) || a - b);
  const titles = COLUMNS.map(([title, , , number], at) => {
    const button = make("button", { type: "button", onclick: () => {
      // Numbers are most telling from the largest down.
      sorted = { column: at, down: sorted.column === at ? !sorted.down : number && at > 0 };
      table(most);
      $("rows").querySelectorAll("th button")[at].focus();
    } }, title, make("span", { class: "order", "aria-hidden": "true" }));
    const state = sorted.column === at ? (sorted.down ? "descending" : "ascending") : "none";
    return make("th", { scope: "col", class: number ? "number" : null, "aria-sort": state }, button);
  });
  const body = make("tbody");
  for (const at of order.slice(0, most)) {
    const layer = model.layers[at];
    body.append(make("tr", {}, ...COLUMNS.map(([title, , text, number]) => {
      if (title !== "name") return make("td", { class: number ? "number" : null }, text(layer, at));
      const link = make("a", { href: `#/${encodeURIComponent(layer[NAME])}`, onclick: (event) => {
        event.preventDefault();
        goTo(at, "push", true);
      } }, layer[NAME]);
      return make("th", { scope: "row" }, make("i", { class: `tint ${layer[TINT]}` }), link);
    })));
  }
  const caption = make("caption", {}, `All ${whole(model.layers.length)} layers of ${model.name}, for one image${model.view === "train" ? ", in training" : ""}`);
  const found = [make("table", {}, caption, make("thead", {}, make("tr", {}, ...titles)), body)];
  if (order.length > most) {
    found.push(make("button", { type: "button", class: "rest", onclick: () => table(Infinity) }, `Show all ${whole(order.length)} rows`));
  }
  $("rows").replaceChildren(...found);
}

function unfold(wanted = $("rows").hidden) {
  if (!model) return;
  if (wanted && !$("rows").firstChild) table();
  $("rows").hidden = !wanted;
  $("unfold").setAttribute("aria-expanded", String(wanted));
}

// -- theme and heat ---------------------------------------------------------------------------------------------------

const THEMES = { auto: ["◐", "as the system"], light: ["☀", "light"], dark: ["☾", "dark"] };

function theme(next) {
  root.dataset.theme = next;
  const [sign, words] = THEMES[next];
  $("theme").textContent = sign;
  $("theme").setAttribute("aria-label", `Theme: ${words}`);
  $("theme").title = `Theme: ${words} (D)`;
}

function nextTheme() {
  const order = Object.keys(THEMES);
  const next = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
  theme(next);
  try {
    localStorage.setItem("netdsl-theme", next);
  } catch {
    // Pages that are opened as files may keep nothing.
  }
  say(`Theme ${THEMES[next][1]}`);
}

function setHeat(next) {
  heat = next;
  colour();
  show();
  say(next === "kind" ? "Coloured by kind" : `Coloured by ${HEAT_WORDS[next]}`);
}

// -- keys -------------------------------------------------------------------------------------------------------------

const PAN = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
const KEYS = {
  "/": () => $("search").focus(),
  "+": () => view.zoom(1.25),
  "=": () => view.zoom(1.25),
  "-": () => view.zoom(0.8),
  "−": () => view.zoom(0.8),
  0: () => view.fit(),
  "[": () => step(-1),
  "]": () => step(1),
  h: () => setHeat(HEATS[(HEATS.indexOf(heat) + 1) % HEATS.length]),
  t: () => unfold(),
  d: nextTheme,
  "?": () => $("help").showModal(),
  Escape: back,
};

addEventListener("keydown", (event) => {
  const at = event.target;
  if (!model || event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (at === $("search")) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    else if (event.key === "Enter" && listed[chosen]) take(listed[chosen]);
    else if (event.key === "Escape") {
      closeSearch(true);
      $("stage").focus();
    } else return;
    event.preventDefault();
    return;
  }
  if (at.matches?.("input[type=radio]") && event.key.startsWith("Arrow")) return;
  if (event.key in PAN && (at === document.body || $("stage").contains(at))) {
    view.pan(...PAN[event.key]);
    event.preventDefault();
    return;
  }
  const found = KEYS[event.key] ?? KEYS[event.key.length === 1 ? event.key.toLowerCase() : ""];
  if (found) {
    found();
    event.preventDefault();
  } else if ((event.key === " " || event.key === "Enter") && at.classList?.contains("hit")) {
    at.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    event.preventDefault();
  }
});

// -- beginning --------------------------------------------------------------------------------------------------------

/** Takes the numbers and drawings of a document: this one, or one that has come since. */
function read(from) {
  model = JSON.parse(from.getElementById("data").textContent);
  if (!model) return false;
  byName = new Map(model.layers.map((layer, at) => [layer[NAME], at]));
  parts = new Map(model.parts.map((part, at) => [part.name, at]));
  partOf = new Map();
  model.parts.forEach((part, at) => part.layers.forEach((layer) => partOf.has(layer) || partOf.set(layer, at)));
  mentions = [];
  opened = -2;
  topline();
  return true;
}

/** The overview is in the page as it comes, for readers without scripts; from here on it is kept aside. */
function keep(svg) {
  const kept = $("overview") ?? document.body.appendChild(make("template", { id: "overview" }));
  kept.content.replaceChildren(svg);
}

theme(root.dataset.theme);
if (root.dataset.theme === "auto") {
  try {
    const before = localStorage.getItem("netdsl-theme");
    if (before in THEMES) theme(before);
  } catch {
    // As above.
  }
}
$("theme").addEventListener("click", nextTheme);
$("keys").addEventListener("click", () => $("help").showModal());
$("help").querySelector("button").addEventListener("click", () => $("help").close());
$("smaller").addEventListener("click", () => view.zoom(0.8));
$("larger").addEventListener("click", () => view.zoom(1.25));
$("scale").addEventListener("click", () => view.fit());
$("unfold").addEventListener("click", () => unfold());
$("heat").addEventListener("change", (event) => setHeat(event.target.value));
$("search").addEventListener("input", search);
$("search").addEventListener("focus", () => $("search").value && search());
$("search").addEventListener("blur", () => closeSearch(false));
$("stage").addEventListener("click", () => held && hold(null));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  unfold(true);
  $("unfold").focus();
});
addEventListener("popstate", () => model && follow());
addEventListener("beforeprint", () => model && table(Infinity));
if (read(document)) {
  keep($("drawing").firstElementChild);
  follow();
}
