/* Pages of `netdsl watch`: what is saved comes in here, and what is wrong with it is said above the last good picture. */
{
  let shown = root.dataset.live;
  let wanted = shown;
  let coming = false;

  const place = () => ({ x: view.x, y: view.y, k: view.k, free: view.free });

  /** Takes a newer page into this one: what was open, held, moved and unfolded stays so, if it is still there. */
  function exchange(text) {
    const next = new DOMParser().parseFromString(text, "text/html");
    const before = model && {
      part: opened >= 0 ? model.parts[opened] : null,
      held: held ? model.layers[headOf(held)][NAME] : null,
      size: view.svg ? [view.w, view.h] : null,
      at: place(),
    };
    for (const old of document.querySelectorAll("template[id^=inside]")) old.remove();
    for (const one of next.querySelectorAll("template[id^=inside]")) document.body.append(document.adoptNode(one));
    for (const id of ["data", "summary"]) $(id).textContent = next.getElementById(id).textContent;
    for (const part of ["h1", ".title p"]) document.querySelector(part).textContent = next.querySelector(part).textContent;
    if (!read(document)) return;
    keep(document.adoptNode(next.getElementById("drawing").firstElementChild));
    if (!before) {
      follow();
      return;
    }
    const at = before.part ? parts.get(before.part.name) ?? -1 : -1;
    open(at, "replace");
    const same = before.size && Math.abs(view.w - before.size[0]) < 1 && Math.abs(view.h - before.size[1]) < 1;
    // A drawing of another size moves under a reader who had moved it; what is in the middle stays there.
    if (before.at.free || same) view.go(before.at.x, before.at.y, before.at.k, false);
    view.free = before.at.free;
    const name = before.held;
    const found = name !== null && byName.has(name) && mentions.find((one) => !one.card && one.layers.includes(byName.get(name)));
    if (found) hold(found, byName.get(name));
    if ($("search").value) search();
    if ($("rows").firstChild) table();
    say("The diagram has changed");
  }

  /** Fetches the page until it is the one that was said last. */
  async function fetchPage() {
    if (coming) return;
    coming = true;
    try {
      while (shown !== wanted) {
        const goal = wanted;
        const answer = await fetch("/");
        if (!answer.ok) break;
        exchange(await answer.text());
        shown = goal;
      }
    } catch {
      // The server has ended, or does so soon: the events say it.
    } finally {
      coming = false;
    }
  }

  function trouble(found) {
    const box = $("trouble");
    const errors = found.filter((one) => one.severity === "error").length;
    box.hidden = !found.length;
    document.body.classList.toggle("broken", errors > 0);
    if (!found.length) {
      box.replaceChildren();
      return;
    }
    const count = (number, word) => (number ? `${number} ${word}${number > 1 ? "s" : ""}` : "");
    const words = [count(errors, "error"), count(found.length - errors, "warning")].filter(Boolean).join(", ");
    const rest = errors && model ? "the picture is of the last version without one" : errors ? "nothing is drawn yet" : "";
    const list = make("ol");
    for (const one of found) {
      list.append(make("li", { class: one.severity },
        make("span", { class: "code" }, `${one.severity}${one.code ? `[${one.code}]` : ""}`), make("span", { class: "message" }, ...ticked(one.message)),
        one.excerpt ? make("pre", {}, ...marked(one.excerpt)) : null,
        one.help ? make("p", { class: "help" }, make("b", {}, "help: "), ...ticked(one.help)) : null));
    }
    // Warnings let the picture be seen.
    const head = make("summary", {}, make("h2", { class: errors ? null : "only-warnings" }, words, " ", make("small", {}, rest)));
    box.replaceChildren(make("details", { open: errors > 0 }, head, list));
  }

  /** Words in which what stands between backticks is code. */
  function ticked(text) {
    return text.split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));
  }

  /** An excerpt of the spec; what points at the place is marked. */
  function marked(text) {
    return text.split("\n").flatMap((line, at) => {
      const ahead = at ? ["\n"] : [];
      const found = /^(\s*\|\s*)(\^+)(.*)$/.exec(line);
      return found ? [...ahead, found[1], make("mark", {}, found[2]), found[3]] : [...ahead, line];
    });
  }

  const source = new EventSource("/events");
  source.addEventListener("message", (event) => {
    const now = JSON.parse(event.data);
    trouble(now.problems);
    wanted = now.page;
    if (wanted !== shown && wanted) fetchPage();
  });
  source.addEventListener("open", () => document.body.classList.remove("lost"));
  source.addEventListener("error", () => document.body.classList.add("lost"));
  addEventListener("pagehide", () => source.close());
}
