"""The extension ``netdsl.embed.sphinx`` of Sphinx: a directive ``netdsl``, in reStructuredText and in MyST.

In ``conf.py``::

    extensions = ["netdsl.embed.sphinx"]
    netdsl_defaults = {"numbers": ""}  # options that every block has
    myst_fence_as_directive = ["netdsl"]  # with MyST: ```netdsl in place of ```{netdsl}
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import netdsl
from netdsl.embed.asked import OPTIONS, Asked, asked, words
from netdsl.embed.figure import Figure, Place, Problem, as_pdf, figure

_log = logging.getLogger(__name__)


class NetdslDirective(SphinxDirective):
    """The options stand as fields, or in one line as ``as="layers" stats``."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = dict.fromkeys(OPTIONS, directives.unchanged)

    def run(self) -> list[nodes.Node]:
        """The nodes of the block. One of which nothing can be made is an error, with which the build will fail."""
        page = Path(self.env.doc2path(self.env.docname))
        name = str(page.relative_to(Path.cwd())) if page.is_relative_to(Path.cwd()) else str(page)
        text = "".join(f"{line}\n" for line in self.content)
        place = Place(page, name, self._line(page))
        folder = Path(self.env.doctreedir) / "netdsl"
        try:
            given = {name: value or "" for name, value in self.options.items()}
            given |= words(self.arguments[0]) if self.arguments else {}
            chosen = asked(given, self.config.netdsl_defaults)
            shown = figure(text, chosen, place, folder)
        except (ValueError, Problem) as error:
            said = error.words if isinstance(error, Problem) else str(error)
            _log.error("%s", said, location=(self.env.docname, place.line), type="netdsl")
            _failed(self.env).add(self.env.docname)
            self.env.note_reread()
            return []
        if shown.warned:
            _log.warning("%s", shown.warned, location=(self.env.docname, place.line), type="netdsl")
        for path in shown.files:
            self.env.note_dependency(os.path.abspath(path))
        block = nodes.container(classes=["netdsl"])
        block += self._source(shown, chosen) if chosen.source else []
        block += self._picture(shown, chosen, folder, page) if shown.svg else []
        if shown.said:
            block += nodes.literal_block(shown.said, shown.said, language="none", classes=["netdsl-said"])
        block += [_rows(shown.rows)] if shown.rows else []
        block += [nodes.paragraph(shown.numbers, shown.numbers, classes=["netdsl-numbers"])] if shown.numbers else []
        self.set_source_info(block)
        return [block]

    def _line(self, page: Path) -> int:
        """The line of the page on which the block's text begins. Parsers count differently, so it is looked for."""
        wanted = [line.strip() for line in self.content]
        lines = [line.strip() for line in page.read_text(encoding="utf-8", errors="replace").splitlines()]
        places = range(max(self.lineno - 1, 0), len(lines))
        return next((at + 1 for at in places if wanted and lines[at : at + len(wanted)] == wanted), self.lineno)

    def _source(self, shown: Figure, chosen: Asked) -> list[nodes.Node]:
        code = nodes.literal_block(shown.spec.rstrip("\n"), shown.spec.rstrip("\n"), language="net")
        title = [nodes.paragraph(chosen.title, chosen.title, classes=["netdsl-title"])] if chosen.title else []
        return [*title, code]

    def _picture(self, shown: Figure, chosen: Asked, folder: Path, page: Path) -> list[nodes.Node]:
        """The diagram as SVG, and as PDF for LaTeX, beside what the build keeps; each builder takes what it knows."""
        for ending, data in ((".svg", shown.svg.encode()), (".pdf", as_pdf(shown))):
            path = folder / f"{shown.stem}{ending}"
            if data is not None and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        uri = os.path.relpath(folder / f"{shown.stem}.*", page.parent).replace(os.sep, "/")
        image = nodes.image(uri=uri, alt=shown.alt, width=f"{shown.width:.0f}px")
        made = nodes.figure("", image, align="default")
        if chosen.caption:
            made += nodes.caption(chosen.caption, "", nodes.Text(chosen.caption))
        return [made]


def _rows(rows: list[list[str]]) -> nodes.table:
    """Rows as a table, the first of them its head."""
    group = nodes.tgroup(cols=len(rows[0]))
    group += [nodes.colspec(colwidth=max(len(row[place]) for row in rows)) for place in range(len(rows[0]))]
    head, body = nodes.thead(), nodes.tbody()
    for part, some in ((head, rows[:1]), (body, rows[1:])):
        for row in some:
            line = nodes.row()
            line += [nodes.entry("", nodes.paragraph(cell, cell)) for cell in row]
            part += line
    group += [head, body]
    return nodes.table("", group, classes=["netdsl-rows"])


def _failed(env: Any) -> set[str]:
    """The pages that have a block with errors."""
    if not hasattr(env, "netdsl_failed"):
        env.netdsl_failed = set()
    found: set[str] = env.netdsl_failed
    return found


def _purge(app: Any, env: Any, docname: str) -> None:
    _failed(env).discard(docname)


def _merge(app: Any, env: Any, docnames: Any, other: Any) -> None:
    _failed(env).update(_failed(other))


def _finish(app: Any, exception: Exception | None) -> None:
    """Whatever Sphinx makes of errors: a build in which a spec is wrong has failed."""
    if _failed(app.env):
        app.statuscode = 1


def setup(app: Any) -> dict[str, Any]:
    """Offers the directive, and colours for specs."""
    from netdsl.highlight import SpecLexer

    app.add_directive("netdsl", NetdslDirective)
    app.add_lexer("net", SpecLexer)
    app.add_config_value("netdsl_defaults", {}, "env", [dict])
    app.connect("env-purge-doc", _purge)
    app.connect("env-merge-info", _merge)
    app.connect("build-finished", _finish)
    return {"version": netdsl.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
