/* The numbers of what is pointed at, held or open, beside the drawing. */

/** Shows the numbers of what is pointed at, else of what is held, of what is open, or of the net. */
function show(one = pointed ?? held) {
  const aside = $("numbers");
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
