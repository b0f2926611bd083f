/* The drawing on the stage, what is open of the net, what is held, and what stands around. */

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
  const words = part < 0.0005 ? "<0.1%" : `${(100 * part).toFixed(1)}%`;
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
    const [verb, them] = model.quiet.length > 1 ? ["are", "them"] : ["is", "it"];
    box.append(make("small", {}, `${model.quiet.join(", ")} ${verb} drawn into the layer beside ${them}`));
  }
}
