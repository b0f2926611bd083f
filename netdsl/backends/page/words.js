/* What the page knows, and numbers in words. Text from the spec comes in as text nodes alone. */

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
