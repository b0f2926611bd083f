/* The search, and the table of layers. */

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
