"""The plugin ``netdsl`` of MkDocs: a fenced block ``netdsl`` becomes a diagram, and numbers where they are asked for.

In ``mkdocs.yml``::

    plugins:
      - search
      - netdsl
"""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, get_plugin_logger
from mkdocs.structure.files import File
from mkdocs.utils import get_relative_url

from netdsl.embed.asked import asked, words
from netdsl.embed.fences import Fence, replaced
from netdsl.embed.figure import Figure, Place, Problem, figure
from netdsl.embed.markup import numbers, opening, picture

_log: logging.LoggerAdapter[logging.Logger] = get_plugin_logger("netdsl")


class NetdslConfig(Config):
    """``defaults`` are options that every block has; ``cache`` is a folder, and empty for none."""

    defaults = config_options.Type(dict, default={})
    cache = config_options.Type(str, default=".cache/netdsl")


class NetdslPlugin(BasePlugin[NetdslConfig]):
    """Replaces blocks by marks before Markdown is read, and the marks by HTML after it."""

    def on_config(self, config: Any) -> Any:
        """Reads the options of the site."""
        defaults = {
            str(name): {True: "", False: "no"}.get(value, str(value)) for name, value in self.config.defaults.items()
        }
        try:
            asked({}, defaults)
        except ValueError as error:
            raise PluginError(f"netdsl: in the defaults, {error}") from None
        self.defaults = defaults
        folder = Path(config.config_file_path or ".").parent
        self.cache = folder / self.config.cache if self.config.cache else None
        self.marks: dict[str, str] = {}
        self.files: set[str] = set()
        self.problems: list[str] = []
        return config

    def on_page_markdown(self, markdown: str, *, page: Any, config: Any, files: Any) -> str:
        """Makes the blocks of a page; what is wrong with one is kept until all are read."""
        path = Path(page.file.abs_src_path or Path(config.docs_dir) / page.file.src_uri)
        name = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
        # Other plugins may have changed the page, and its front matter is gone: a block is found by its text.
        raw = page.file.content_string
        seen: Counter[str] = Counter()

        def change(fence: Fence) -> list[str]:
            line = _line(raw, fence, seen)
            try:
                chosen = asked(words(fence.head), self.defaults)
                shown = figure(fence.text, chosen, Place(path, name, line + 1), self.cache)
            except ValueError as error:
                self.problems.append(f"{name}:{line}: {error}")
                return []
            except Problem as problem:
                self.problems.append(str(problem))
                return []
            if shown.warned:
                _log.warning(f"{name}:{line}: {shown.warned}")
            self.files.update(shown.files)
            drawn = picture(shown, self._file(shown, page, config, files), chosen.caption)
            return self._lines(shown, drawn, chosen.source, chosen.title)

        return replaced(markdown, change)

    def on_env(self, env: Any, *, config: Any, files: Any) -> Any:
        """Raises ``PluginError``, which ends the build, where there were blocks with errors."""
        if self.problems:
            raise PluginError("\n\n".join(self.problems))
        return env

    def on_page_content(self, html: str, *, page: Any, config: Any, files: Any) -> str:
        """Puts what was made in the place of the marks."""
        for mark, made in self.marks.items():
            if mark in html:
                html = html.replace(f"<p>{mark}</p>", made).replace(mark, made)
        return html

    def on_serve(self, server: Any, *, config: Any, builder: Any) -> Any:
        """Builds again where a spec changes that a page names."""
        for name in sorted(self.files):
            server.watch(name)
        return server

    def _file(self, shown: Figure, page: Any, config: Any, files: Any) -> str:
        """Puts the drawing among the site's files; gives the link to it from the page."""
        if not shown.svg:
            return ""
        name = f"assets/netdsl/{shown.stem}.svg"
        file = files.get_file_from_path(name)
        if file is None:
            file = File.generated(config, name, content=shown.svg)
            files.append(file)
        return str(get_relative_url(file.url, page.url))

    def _lines(self, shown: Figure, drawn: str, source: bool, title: str) -> list[str]:
        """A block's lines: marks, and between them the spec where it is shown, as a block of its own."""
        below = f"{drawn}\n{numbers(shown)}".strip()
        if not source:
            return ["", self._mark(f"{opening(shown)}\n{below}\n</div>"), ""]
        # The one form of a title that every reader of fences knows.
        head = f'```{{ .net title="{title}" }}' if title else "```net"
        code = [head, *shown.spec.rstrip("\n").split("\n"), "```"]
        return ["", self._mark(opening(shown)), "", *code, "", self._mark(f"{below}\n</div>"), ""]

    def _mark(self, made: str) -> str:
        mark = f"netdsl-mark-{len(self.marks)}-"
        self.marks[mark] = made
        return mark


def _line(raw: str, fence: Fence, seen: Counter[str]) -> int:
    """The line of a block in its file, counted from 1."""
    at = -1
    for _ in range(seen[fence.whole] + 1):
        at = raw.find(fence.whole, at + 1)
    seen[fence.whole] += 1
    return raw.count("\n", 0, at) + 1 if at >= 0 else fence.first + 1
