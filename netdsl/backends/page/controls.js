/* Theme, heat and keys, and how the page begins. */

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
