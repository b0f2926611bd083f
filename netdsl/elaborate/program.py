"""A file's declarations, gathered before its rows are elaborated: parameters, variants, blocks, styles, used files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from netdsl.diagnostics import CODES, Advice, Diagnostic, Edit, Note, Span
from netdsl.diagnostics.nearest import did_you_mean, nearest
from netdsl.elaborate.expressions import evaluate, show
from netdsl.elaborate.helps.declarations import at_file_level, circle, listed, named, renamed
from netdsl.elaborate.helps.meant import DECLARATIONS, elsewhere
from netdsl.elaborate.settings import fits, read_given, unlike
from netdsl.elaborate.values import UNKNOWN, Env, Stop, Unknown
from netdsl.elaborate.words import RESERVED, like_layer, reserved, split_word
from netdsl.ir.op import lookup, names
from netdsl.ir.types import Scalar
from netdsl.syntax import tree
from netdsl.syntax.node import Node
from netdsl.syntax.walk import walk, walk_items

#: How many rows that begin with no layer are looked at for a misspelt statement.
MAX_MISSPELT = 100
#: Words at which a call of a block so named would begin another statement or item.
_STATEMENTS = frozenset(
    [
        "net", "input", "param", "variant", "default", "style", "block", "use", "expect", "init", "allow", "output",
        "if", "table", "reuse",
    ]
)  # fmt: skip


class Block:
    """A block and the file that wrote it, whose parameters and styles it sees."""

    __slots__ = ("parameters", "program", "rows", "styles", "syntax", "used")

    def __init__(self, syntax: tree.Block, program: Program) -> None:
        self.syntax = syntax
        self.program = program
        self.used = False
        self.rows = [line for line in syntax.body.lines if isinstance(line, tree.Row)]
        self.styles = [line for line in syntax.body.lines if isinstance(line, tree.Style)]
        self.parameters = {parameter.name.text: parameter for parameter in syntax.parameters}


@lru_cache(maxsize=16)
def _words_in(holes: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """All words of stretches that could not be read, and those of them that may be the names of blocks.

    Among these is an empty one where a block may have any name.
    """
    words: set[str] = set()
    heads: set[str] = set()
    for hole in holes:
        words.update(re.findall(r"\w+", hole))
        words.update(re.findall(r"^[ \t]*(?:param|input|block|style)(\w+)", hole, re.MULTILINE))
        heads.update(re.findall(r"^[ \t]*\w+[ \t]+(\w+)[ \t]*+(?:[({]|$)", hole, re.MULTILINE))
        heads.update(re.findall(r"^[ \t]*block[ \t]+(\w+)", hole, re.MULTILINE))
        heads.update(re.findall(r"^(\w+)$", hole, re.MULTILINE))
        if not re.match(r"[ \t]*block\b", hole) and hole.endswith("\n}") and hole.count("{") < hole.count("}"):
            heads.add("")  # the body of a block without its head
        heads.update(re.findall(r"^[ \t]*(\w+)[ \t]*\([^()\n]*\)[ \t]*\{", hole, re.MULTILINE))
        for glued in re.findall(r"^[ \t]*block[ \t]+(\w+)[^(\n]*\)", hole, re.MULTILINE):
            heads.update(glued[:end] for end in range(1, min(len(glued), 100)))
        for taken in re.findall(r"\buse\b(.*)", hole):
            heads.update(re.findall(r"\w+", taken))
    return frozenset(words), frozenset(heads)


class Program:
    """The declarations of one file."""

    def __init__(self, path: Path | None, report: Callable[[Diagnostic], None]) -> None:
        self.path = path
        self.report = report
        self.net: tree.Net | None = None
        self.inputs: list[tree.Input] = []
        self.params: dict[str, tree.Setting] = {}
        self.declared: list[tree.Param] = []
        self.variants: dict[str, tree.Variant] = {}
        self.default: tree.Name | None = None
        self.columns: dict[str, Span] = {}
        self.blocks: dict[str, Block] = {}
        self.styles: dict[str, tree.Style] = {}
        self.expects: list[tree.Expect] = []
        self.inits: list[tree.InitRule] = []
        self.allowed: list[tree.Name] = []
        self.rows: list[tree.Row | tree.Output] = []
        self.holes: tuple[str, ...] = ()
        #: whether a file could not be read whose blocks are all used: what they are called is not known
        self.unseen = False
        #: blocks that are called like a layer, and so are none
        self.misnamed: set[str] = set()
        #: blocks that stand twice, perhaps with other parameters
        self.doubled: set[str] = set()
        self.statements: tuple[Node, ...] = ()
        self.env = Env(None, {}, opaque=True)
        #: where parameters have their values from, unless that is outside
        self.given_at: dict[str, Span] = {}
        #: where tensors get their names, by the names, in the file (None) and in the block at each place
        self.givers: dict[Span | None, dict[str, list[Span]]] = {}

    @cached_property
    def calls(self) -> dict[str, list[Span]]:
        """Where blocks are called in this file, by their names."""
        found: dict[str, list[Span]] = {}
        for node in walk(*self.statements):
            if isinstance(node, tree.Call):
                found.setdefault(node.name.text, []).append(node.name.span)
        return found

    def broken(self, name: str, *, block: bool = False) -> bool:
        """Whether a statement that could not be read may define ``name``: then its absence is no second mistake.

        A ``block`` is defined at the head of a line, or by ``use``.
        """
        if not re.fullmatch(r"\w+", name):
            return not block and any(re.search(rf"\b{re.escape(name)}\b", hole) for hole in self.holes)
        words, heads = _words_in(self.holes)
        return name in (heads if block else words)

    def broken_like(self, name: str) -> str | None:
        """The input of a statement that could not be read whose name is like ``name``."""
        inputs = [found[1] for hole in self.holes if (found := re.match(r"[ \t]*input[ \t]+([A-Za-z_]\w*)", hole))]
        return nearest(name, inputs)

    def headless(self) -> bool:
        """Whether there is the body of a block whose head is missing: it may have any name."""
        return "" in _words_in(self.holes)[1]

    # -- gathering

    def gather(self, file: tree.File, use: Callable[[Program, tree.Use], None]) -> None:
        """Sorts the statements of a file. ``use`` takes the blocks of another file in."""
        self.holes = file.holes
        self.statements = file.statements
        for statement in file.statements:
            if isinstance(statement, (tree.Input, tree.Param, tree.Block)):
                for code in statement.allow:
                    self.check_code(code)
            if isinstance(statement, (tree.Row, tree.Output)):
                self.rows.append(statement)
                self.find_columns(statement)
            elif isinstance(statement, tree.Net):
                if self.net is not None:
                    self.twice("the net's name", statement.span, self.net.span)
                else:
                    self.net = statement
            elif isinstance(statement, tree.Input):
                self.inputs.append(statement)
            elif isinstance(statement, tree.Param):
                self.declared.append(statement)
                for setting in statement.settings:
                    self.declare_param(setting)
            elif isinstance(statement, tree.Variant):
                self.declare_variant(statement)
            elif isinstance(statement, tree.Default):
                if self.default is not None:
                    self.twice("the default variant", statement.name.span, self.default.span)
                else:
                    self.default = statement.name
            elif isinstance(statement, tree.Block):
                self.declare_block(statement)
            elif isinstance(statement, tree.Style):
                self.declare_style(self.styles, statement)
            elif isinstance(statement, tree.Use):
                use(self, statement)
            elif isinstance(statement, tree.Expect):
                self.expects.append(statement)
            elif isinstance(statement, tree.InitRule):
                self.inits.append(statement)
            else:
                self.allow(statement.codes)
        for block in self.blocks.values():
            self.find_columns(block.syntax)
        self.find_misspelt()

    def find_misspelt(self) -> None:
        """Takes rows whose first word is like a statement's for statements that could not be read."""
        unknown = 0
        known: set[str] = set()
        for row in self.rows:
            first = row.items[0].core if isinstance(row, tree.Row) else None
            if not isinstance(first, tree.Layer) or first.word.text in known:
                continue
            written = first.word.text in DECLARATIONS or first.word.text.lower() not in DECLARATIONS
            if first.word.text in self.blocks or (written and like_layer(first.word.text)):
                known.add(first.word.text)
                continue
            unknown += 1
            if unknown > MAX_MISSPELT:
                break
            meant = nearest(first.word.text, DECLARATIONS)
            if meant is not None:
                names = [node.text for node in walk(row) if isinstance(node, tree.Name)]
                self.holes += (meant, *(name for name in names if name != first.word.text))

    def twice(self, what: str, span: Span, first: Span) -> None:
        """Reports a declaration that stands twice."""
        named = re.match(r"(?:the (?:parameter|variant|block|input|output) )`", what)
        help = "take one of them out" + (", or name it otherwise" if named is not None else "")
        self.report(Diagnostic("ND223", f"{what} stands twice", span, help, (Note(first, "first here"),)))

    def declare_param(self, setting: tree.Setting) -> None:
        """Adds a parameter of the file."""
        name = setting.name.text
        first = self.params.get(name)
        if first is not None:
            self.twice(f"the parameter `{name}`", setting.name.span, first.name.span)
        elif name in RESERVED:
            self.report(reserved(setting.name))
        else:
            self.params[name] = setting

    def declare_variant(self, variant: tree.Variant) -> None:
        """Adds a variant."""
        first = self.variants.get(variant.name.text)
        if first is not None:
            self.twice(f"the variant `{variant.name.text}`", variant.name.span, first.name.span)
        else:
            self.variants[variant.name.text] = variant
        seen: dict[str, Span] = {}
        for setting in variant.settings:
            if setting.name.text in seen:
                self.twice(f"`{setting.name.text}`", setting.name.span, seen[setting.name.text])
            seen[setting.name.text] = setting.name.span

    def declare_block(self, syntax: tree.Block) -> None:
        """Adds a block."""
        name = syntax.name.text
        if name in self.blocks:
            self.twice(f"the block `{name}`", syntax.name.span, self.blocks[name].syntax.name.span)
            self.doubled.add(name)
        elif name in RESERVED:
            self.report(reserved(syntax.name))
        elif like_layer(name):
            message = f"`{name}` would be read as a layer"
            self.report(Diagnostic("ND223", message, syntax.name.span, renamed(syntax, self.calls)))
            self.misnamed.add(name)
        elif name in _STATEMENTS and syntax.name.span.file == 0 and not (name in self.calls or self.broken(name)):
            # behind a label it can be called, and from another file
            other = "unit" if name == "block" else f"{name}_block"
            message = f"`{name}` is a word of the language and cannot name this"
            self.report(Diagnostic("ND223", message, syntax.name.span, f"call the block otherwise, as `{other}`"))
        else:
            self.blocks[name] = Block(syntax, self)
        seen: dict[str, Span] = {}
        for parameter in syntax.parameters:
            if parameter.name.text in RESERVED:
                self.report(reserved(parameter.name))
            elif parameter.name.text in seen:
                self.twice(f"the parameter `{parameter.name.text}`", parameter.name.span, seen[parameter.name.text])
            seen[parameter.name.text] = parameter.name.span

    def declare_style(self, styles: dict[str, tree.Style], style: tree.Style) -> None:
        """Adds a style to those of its file or block."""
        word = style.word.text
        op = lookup(word)
        if op is None:
            help = elsewhere(style.word) or did_you_mean(word, names(), style.word.span)
            stem = split_word(word)[0]
            if stem != word and lookup(stem) is not None:
                text = f"a style is of a kind of layer, whatever its kernel: `{stem}`"
                help = Advice(text, Edit(style.word.span, stem))
            elif word in ("all", "any", "every", "each", "layers"):
                help = "a style is of one kind of layer, a line for each: `style conv = _, relu`"
            if any(isinstance(line, tree.Block) and line.name.text == word for line in self.statements):
                help = "a style is of a kind of layer; what a block's layers have stands in the block: `style conv = …`"
            help = help or "a style is of one kind of layer, such as `conv`, `fc` or `bn`"
            self.report(Diagnostic("ND201", f"there is no layer called `{word}`", style.word.span, help))
        elif op.variadic or not op.writable or op.keyword == "id":
            message = f"`{op.keyword}` takes no style"
            help = f"what follows stands behind each: `{op.keyword}{' { … }' if op.variadic else ''}, relu`"
            self.report(Diagnostic("ND223", message, style.word.span, help))
        elif op.keyword in styles:
            self.twice(f"a style for `{op.keyword}`", style.word.span, styles[op.keyword].word.span)
        else:
            styles[op.keyword] = style
            for item in walk_items(style.row):
                if isinstance(item.core, tree.Table):
                    message = "a style holds no table: its columns would be no variants"
                    help = "an `if` over a parameter, which `variant` sets, decides in a style"
                    self.report(Diagnostic("ND223", message, item.core.span, help))

    def allow(self, codes: tuple[tree.Name, ...]) -> None:
        """Silences warnings for the whole file."""
        for code in codes:
            self.check_code(code)
        self.allowed += codes

    def check_code(self, code: tree.Name) -> None:
        """Reports a code in ``allow`` that is none, or one of an error."""
        warnings = [known for known in CODES if known.startswith("ND3")]
        if code.text not in warnings:
            known = code.text in CODES
            message = f"`{code.text}` is an error and cannot be allowed" if known else f"there is no code `{code.text}`"
            listed = f"the warnings are `{warnings[0]}` to `{warnings[-1]}`"
            help = listed if known else did_you_mean(code.text, warnings, code.span) or listed
            self.report(Diagnostic("ND233", message, code.span, help))

    def find_columns(self, root: tree.Row | tree.Output | tree.Block) -> None:
        """Collects the columns of every table in a row, in order: they are variants."""
        for item in walk_items(root):
            if isinstance(item.core, tree.Table):
                for column in item.core.columns:
                    self.columns.setdefault(column.text, column.span)

    # -- parameters and variants

    def variant_names(self) -> tuple[str, ...]:
        """Every variant: columns of tables first, then those declared, in file order."""
        return tuple(dict.fromkeys([*self.columns, *self.variants]))

    def is_variant(self, name: str) -> bool:
        """Whether a variant or a column is called so."""
        return name in self.columns or name in self.variants

    def near_variant(self, name: tree.Name, besides: str | None = None) -> str:
        """A help for a variant that there is not: the nearest, or all that there are ``besides`` one."""
        known = [variant for variant in self.variant_names() if variant != besides]
        if self.broken("table"):
            return "mend the table first: its columns are variants too"
        near = did_you_mean(name.text, known, name.span)
        if near is None and known and name.text.isidentifier() and len(name.text) <= 40 and besides is None:
            return f"{listed(known, '')}; `variant {name.text}` declares another"
        return near or listed(known, "the file has no variants: `variant small: …` declares one")

    def default_variant(self) -> str | None:
        """The variant that is taken when none is named: ``default``'s, else the first column, else none."""
        if self.default is not None:
            return self.default.text
        return next(iter(self.columns), None)

    def built_on(self, variant: str | None) -> list[str]:
        """The variant, the one that it is built on, and so on."""
        chain: dict[str, None] = {}
        while variant is not None and variant not in chain:
            chain[variant] = None
            declared = self.variants.get(variant)
            variant = declared.base.text if declared is not None and declared.base is not None else None
        return list(chain)

    def settings(self, variant: str | None, given: Mapping[str, object]) -> tuple[str | None, bool]:
        """Computes the parameters for a variant and for what was set from outside.

        Returns the column that tables take (None: their first) and whether ``given`` changed anything.
        Raises :class:`Stop` for an unknown variant or parameter.
        """
        overrides: dict[str, tree.Setting] = {}
        column = variant
        self.check_settings()
        for declared in self.variants.values():
            if declared.base is not None and not self.is_variant(declared.base.text):
                message = f"there is no variant or column called `{declared.base.text}`"
                help = self.near_variant(declared.base, declared.name.text)
                self.report(Diagnostic("ND003", message, declared.base.span, help))
        if variant is not None:
            chain: dict[str, tree.Variant] = {}
            current: str | None = variant
            while current is not None and current in self.variants:
                if current in chain:
                    raise circle(list(chain.values()), current)
                chain[current] = self.variants[current]
                base = chain[current].base
                column, current = current, None if base is None else base.text
                if current is not None:
                    column = current
            for link in reversed(chain.values()):
                overrides.update({setting.name.text: setting for setting in link.settings})
        if given and not self.params:
            name = next(iter(given))
            message = f"there is no parameter called `{name}`: the file has none"
            raise Stop(Diagnostic("ND004", message, None, f"`param {name} = 1` in the file declares it"))
        for key in given:
            if key not in self.params:
                help = did_you_mean(key, self.params) or listed(sorted(self.params), "")
                raise Stop(Diagnostic("ND004", f"there is no parameter called `{key}`", None, help))
        changed = False
        for setting in self.params.values():
            key = setting.name.text
            default = self.compute(setting.value)
            value = default
            self.given_at[key] = overrides[key].value.span if key in overrides else setting.value.span
            if key in overrides:
                value = self.same_kind(default, self.compute(overrides[key].value), overrides[key].value.span, key)
            if key in given:
                outside = read_given(key, given[key], default)
                changed = changed or outside != value
                del self.given_at[key]
                value = outside
            self.env.names[key] = value
        return column, changed

    def check_settings(self) -> None:
        """Reports what variants set and the file does not declare: a misspelt name each time, a missing one once."""
        missing: dict[str, list[tree.Setting]] = {}
        for declared in self.variants.values():
            for setting in declared.settings:
                name = setting.name.text
                if name in self.params or self.broken(name):
                    continue
                help = did_you_mean(name, self.params, setting.name.span)
                if help is None:
                    missing.setdefault(name, []).append(setting)
                else:
                    message = f"there is no parameter called `{name}`"
                    self.report(Diagnostic("ND203", message, setting.name.span, help))
        for name, settings in missing.items():
            value = settings[0].value
            shown = show(value.value) if isinstance(value, tree.Literal) and value.bad is None else "1"
            help = f"`param {name} = {shown}` declares it"
            if self.params:
                help += f"; the file has {named(self.params)}"
            notes = tuple(Note(setting.name.span, "and here") for setting in settings[1:4])
            message = f"there is no parameter called `{name}`"
            self.report(Diagnostic("ND203", message, settings[0].name.span, help, notes))
            self.env.names[name] = UNKNOWN

    def compute(self, expression: tree.Expression) -> Scalar | Unknown:
        """The value of an expression at file level; UNKNOWN after a report where it has none."""
        try:
            return evaluate(expression, self.env)
        except Stop as problem:
            if problem.diagnostic is not None:
                later = {name: setting.name.span for name, setting in self.params.items()}
                self.report(at_file_level(expression, problem.diagnostic, later))
            return UNKNOWN

    def same_kind(self, default: object, value: Scalar | Unknown, span: Span, name: str) -> Scalar | Unknown:
        """A value that a variant gives a parameter, UNKNOWN after a report where it is of another kind."""
        if isinstance(value, Unknown) or isinstance(default, Unknown) or fits(default, value):
            return value
        self.report(unlike(default, value, span, name))
        return UNKNOWN
