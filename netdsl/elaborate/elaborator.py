"""Rows → nodes. Walks a file's rows with the tensor that flows, and reports every mistake on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from netdsl.diagnostics import Diagnostic, Note, Span, did_you_mean
from netdsl.elaborate.context import Context, DraftScope, Styles
from netdsl.elaborate.expressions import evaluate, kind_of, show, truth, whole
from netdsl.elaborate.layers import LayerMaker
from netdsl.elaborate.names import Frame, Labels, check_label
from netdsl.elaborate.program import Block, Program, split_word
from netdsl.elaborate.values import POISON, UNKNOWN, Env, Stop, Tensor, Value, stop
from netdsl.ir.graph import ScopeKind
from netdsl.ir.op import OpError, lookup, names
from netdsl.ir.types import Mode, Scalar, show_shape
from netdsl.syntax import tree

#: How deep blocks may call one another.
MAX_CALLS = 200
#: How deep items of every kind may nest, calls included.
MAX_DEPTH = 1500
#: How many items may be elaborated for each node that a net may have: what makes no nodes must end too.
STEPS_A_NODE = 3


class Abort(Exception):
    """A bound that was passed: nothing more is elaborated."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__()
        self.diagnostic = diagnostic


class Reusable:
    """What ``reuse`` needs to apply a labelled item again: the item, its place, and the names as they stood before."""

    __slots__ = ("context", "item", "label", "state")

    def __init__(self, item: tree.Item, label: str, context: Context, state: Frame) -> None:
        self.item = item
        self.label = label
        self.context = context
        self.state = state


class Elaborator(LayerMaker):
    """One compilation of one variant. ``column`` is the one that tables take where they have it."""

    def __init__(self, program: Program, column: str | None, max_nodes: int, *, check_shapes: bool) -> None:
        super().__init__(max_nodes)
        self.program = program
        self.column = column
        self.check_shapes = check_shapes
        self.calls: list[tuple[str, Span]] = []
        self.depth = 0
        self.reusable: dict[tuple[int, str], Reusable] = {}
        self.named: list[tuple[tree.Name, Labels]] = []

    # -- reporting

    def report(self, diagnostic: Diagnostic) -> None:
        """Keeps a diagnostic, with the chain of calls that led to it."""
        if self.calls and not diagnostic.trace:
            trace = tuple(Note(span, f"in `{text}`") for text, span in reversed(self.calls[-8:]))
            diagnostic = diagnostic._replace(trace=trace)
        key = (diagnostic.code, diagnostic.span)
        if diagnostic.span is None or key not in self.reported:
            self.reported.add(key)
            self.diagnostics.append(diagnostic)

    def forgive(self, problem: Stop) -> None:
        """Reports what stopped one item; the rest goes on."""
        if problem.diagnostic is not None:
            self.report(problem.diagnostic)

    @contextmanager
    def deeper(self, span: Span) -> Iterator[None]:
        """One level of items further in: counts depth and steps, and holds them against their bounds."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Abort(Diagnostic("ND217", f"items nest over {MAX_DEPTH} deep here", span))
        self.step(span)
        try:
            yield
        finally:
            self.depth -= 1

    def step(self, span: Span) -> None:
        """Counts an item, or a pass of a repeat, against the bound of work."""
        self.steps += 1
        if self.steps > STEPS_A_NODE * self.max_nodes:
            message = f"this net takes over {STEPS_A_NODE * self.max_nodes:,} steps to write out"
            raise Abort(Diagnostic("ND218", message, span, help="`--max-nodes` raises the bound"))

    # -- rows and items

    def rows(self, rows: Sequence[tree.Row], context: Context, flow: Tensor | None) -> Tensor | None:
        """Rows one after another."""
        for row in rows:
            for item in row.items:
                flow = self.item(item, context, flow)
        return flow

    def body(self, body: tree.Body, context: Context, flow: Tensor | None, where: str) -> Tensor | None:
        """The lines of a body that may hold no styles."""
        for line in body.lines:
            if isinstance(line, tree.Style):
                message = f"a style belongs to a file or a block, not to {where}"
                self.report(Diagnostic("ND223", message, line.span))
            else:
                flow = self.rows((line,), context, flow)
        return flow

    def item(self, item: tree.Item, context: Context, flow: Tensor | None) -> Tensor | None:
        """One item with its label, repeat, mode and assertion. After a mistake the tensor is poisoned."""
        with self.deeper(item.span):
            for code in item.allow:
                context.program.check_code(code)
            place, label, labels = context, None, context.labels
            result: Tensor | None = POISON
            try:
                if item.label is not None:
                    place, label = self.open_label(item, context, flow)
                    labels = place.labels
                    place.frame.label_at = item.label.span
                result = self.moded(item, label, place, flow)
                if label is not None and result is not None and result.shape is not None:
                    self.take_label(label, place.frame, item)
                if item.assertion is not None and result is not None:
                    self.assert_shape(item.assertion, result, context.env)
            except Stop as problem:
                self.forgive(problem)
                result = POISON
            if result is not None:
                if label is not None:
                    self.name_tensor(label, result, labels, item)
                if item.alias is not None:
                    self.name_tensor(item.alias.text, result, context.labels, item)
                    self.named.append((item.alias, context.labels))
            return result

    def take_label(self, label: str, frame: Frame, item: tree.Item) -> None:
        """A label names one thing, also where that has no module whose name it would be."""
        assert item.label is not None
        if frame.taken.get(label) != item.label.span:
            frame.take(label, True, item.label.span)

    def name_tensor(self, name: str, tensor: Tensor, labels: Labels, item: tree.Item) -> None:
        """Gives a tensor a name; a node keeps the first."""
        labels.tensors[name] = tensor
        if tensor.node >= 0 and not isinstance(item.core, tree.Reference):
            draft = self.drafts[tensor.node]
            if draft.label is None:
                draft.label = name

    def open_label(self, item: tree.Item, context: Context, flow: Tensor | None) -> tuple[Context, str]:
        """Opens the scopes of a label's path; returns the place of the item and its own name."""
        assert item.label is not None
        parts: list[str] = []
        counted = False
        for part in item.label.parts:
            if isinstance(part, tree.Name):
                check_label(part.text, part.quoted, part.span)
                parts.append(part.text)
            else:
                counted = True
                value = evaluate(part, context.env)
                if isinstance(value, (bool, float)):
                    raise stop("ND213", f"{kind_of(value)} cannot be part of a name", part.span)
                check_label(str(value), True, part.span)
                parts.append(str(value))
        applies = not isinstance(item.core, (tree.Reference, tree.Hole))
        if context.loose and applies and not counted:
            message = f"the label `{'.'.join(parts)}` stands in a repeat and would name every pass alike"
            help = "label the repeat, or count in the name: `name.{i}: …`"
            raise stop("ND214", message, item.label.span, help=help)
        place = context
        for name in parts[:-1]:
            place = self.open_path(name, place, item.label.span, flow)
        return place, parts[-1]

    def open_path(self, name: str, context: Context, span: Span, flow: Tensor | None) -> Context:
        """The place inside the scope ``name``, opened or opened again."""
        frame = context.frame.children.get(name)
        if frame is None:
            frame = self.open("path", context, None, name, span, flow)
        return context.at(frame=frame, labels=context.labels.scope(name), loose=False)

    def open(
        self,
        kind: ScopeKind,
        context: Context,
        word: str | None,
        label: str | None,
        span: Span,
        flow: Tensor | None,
        *,
        numbered: bool = False,
    ) -> Frame:
        """A new scope among the members of the current one."""
        outer = context.frame
        name = outer.member(word, label, span)
        path = outer.join(name)
        index = len(self.scopes)
        draft = DraftScope(outer.scope, name, path, kind, span)
        draft.numbered = numbered
        draft.enters = flow.node if flow is not None and flow.node >= 0 else None
        draft.reuses = outer.replay
        draft.mode = context.mode
        self.scopes.append(draft)
        frame = Frame(index, path, numbered=numbered, replay=outer.replay)
        outer.children[name] = frame
        return frame

    def close(self, frame: Frame, result: Tensor | None) -> None:
        """Marks what a scope yields."""
        if result is not None and result.node >= 0:
            self.scopes[frame.scope].result = result.node

    def moded(self, item: tree.Item, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """An item that may act in one mode alone."""
        words = {word.text: word.span for word in item.words}
        layer = item.core
        if isinstance(layer, tree.Layer):
            for modifier in layer.modifiers:
                if isinstance(modifier, tree.Flag) and modifier.name.text in ("train", "eval"):
                    words[modifier.name.text] = modifier.span
        for word, span in words.items():
            if word not in ("train", "eval"):
                what = "after a repeat" if isinstance(layer, tree.Layer) else "here"
                help = "only `train` and `eval` stand there; write a layer's own flags before the repeat"
                raise stop("ND202", f"`{word}` cannot stand {what}", span, help=help)
        if not words:
            return self.repeated(item, label, context, flow)
        span = next(iter(words.values()))
        if len(words) > 1:
            raise stop("ND226", "an item acts in one mode or in both, and this names each", span)
        mode: Mode = "train" if "train" in words else "eval"
        if context.mode not in ("both", mode):
            raise stop("ND226", f"this stands in what acts in `{context.mode}` alone and would never act", span)
        enters = self.need(flow, item.span)
        before = len(self.drafts)
        result = self.repeated(item, label, context.at(mode=mode), flow)
        if result is None or result.shape is None or enters.shape is None:
            return POISON
        if result.shape != enters.shape:
            message = (
                f"an item for `{mode}` alone must keep the shape, and this makes {show_shape(result.shape)} "
                f"of {show_shape(enters.shape)}"
            )
            raise stop("ND226", message, span)
        if len(self.drafts) - before == 1 and self.drafts[result.node].inputs[:1] == (enters.node,):
            return result
        if len(self.drafts) == before:
            return result
        return self.emit_op("select", (enters, result), context.at(mode=mode), item.span)

    def repeated(self, item: tree.Item, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """An item as often as it says."""
        core = item.core
        if item.repeat is None:
            self.remember(item, label, context)
            return self.core(core, label, context, flow)
        if isinstance(core, tree.Layer) and self.is_size(core):
            return self.core(core, label, context, flow, times=item.repeat)
        count = whole(item.repeat, context.env, "a repeat")
        if count > self.max_nodes:
            message = f"{count:,} passes are beyond the bound of {self.max_nodes:,} nodes"
            raise Abort(Diagnostic("ND218", message, item.repeat.span, help="`--max-nodes` raises the bound"))
        self.remember(item, label, context)
        if label is None:
            env = context.env
            loose = True
            for index in range(count):
                self.step(item.span)
                passed = context.at(env=Env(env, entering=flow, index=index), loose=loose)
                flow = self.core(core, None, passed, flow)
            return flow
        frame = self.open("repeat", context, None, label, item.span, flow, numbered=True)
        inside = context.labels.scope(label)
        for index in range(count):
            self.step(item.span)
            env = Env(context.env, entering=flow, index=index)
            flow = self.core(core, None, context.at(env=env, frame=frame, labels=inside, loose=False), flow)
        self.close(frame, flow)
        return flow

    def is_size(self, layer: tree.Layer) -> bool:
        """Whether ``×2`` after this layer is its own number and no repeat (``upsample ×2``)."""
        op = lookup(layer.word.text)
        bare = any(isinstance(m, tree.Positional) for m in layer.modifiers)
        return op is not None and op.syntax.times is not None and not bare

    def remember(self, item: tree.Item, label: str | None, context: Context) -> None:
        """Keeps what ``reuse`` of this label would need."""
        if label is not None and not context.frame.replay and not isinstance(item.core, tree.Reuse):
            state = context.frame.again()
            self.reusable[id(context.labels), label] = Reusable(item, label, context, state)

    def core(
        self,
        core: tree.Core,
        label: str | None,
        context: Context,
        flow: Tensor | None,
        times: tree.Expression | None = None,
    ) -> Tensor | None:
        """One pass of an item."""
        if isinstance(core, tree.Layer):
            return self.layer(core, label, context, flow, times)
        if isinstance(core, tree.Call):
            return self.call(core, label, context, flow)
        if isinstance(core, tree.Group):
            return self.group("group", core.rows, core.span, label, context, flow)
        if isinstance(core, tree.Join):
            return self.join(core, label, context, flow)
        if isinstance(core, tree.If):
            return self.conditional(core, label, context, flow)
        if isinstance(core, tree.Table):
            return self.table(core, label, context, flow)
        if isinstance(core, tree.Reference):
            return self.reference(core, context)
        if isinstance(core, tree.Reuse):
            return self.reuse(core, label, context, flow)
        return POISON

    # -- groups, branches, choices

    def group(
        self,
        kind: ScopeKind,
        rows: Sequence[tree.Row],
        span: Span,
        label: str | None,
        context: Context,
        flow: Tensor | None,
    ) -> Tensor | None:
        """A bracket: a numbered scope where it has a label or stands in a numbered scope, else transparent."""
        if label is None and not context.frame.numbered:
            return self.rows(rows, context, flow)
        with self.scoped(kind, context, None, label, span, flow, numbered=True) as (inside, done):
            return done(self.rows(rows, inside, flow))

    @contextmanager
    def scoped(
        self,
        kind: ScopeKind,
        context: Context,
        word: str | None,
        label: str | None,
        span: Span,
        flow: Tensor | None,
        *,
        numbered: bool = False,
    ) -> Iterator[tuple[Context, Callable[[Tensor | None], Tensor | None]]]:
        """A place inside a new scope. What has no module takes no number of its own."""
        outer = context.frame
        state = outer.again()
        first, scope = len(self.drafts), len(self.scopes)
        frame = self.open(kind, context, word, label, span, flow, numbered=numbered)
        labels = context.labels.scope(self.scopes[scope].name if label is None else label)

        def done(result: Tensor | None) -> Tensor | None:
            self.close(frame, result)
            if label is None and outer.numbered and result is not None:
                context.labels.tensors[self.scopes[scope].name] = result
            return result

        yield context.at(frame=frame, labels=labels, loose=False), done
        bare = label is None and outer.numbered
        if bare and all(draft.module is None for draft in self.drafts[first:]):
            name = self.scopes[scope].name
            outer.restore(state)
            outer.taken.pop(name, None)
            self.rename(scope, first, outer.join(name), outer.functional(kind))

    def rename(self, scope: int, first: int, old: str, new: str) -> None:
        """Gives the scopes and nodes made since another prefix."""
        self.scopes[scope].name = new.rsplit(".", 1)[-1]
        for draft_scope in self.scopes[scope:]:
            draft_scope.path = new + draft_scope.path[len(old) :]
        for draft in self.drafts[first:]:
            draft.name = new + draft.name[len(old) :]

    def join(self, join: tree.Join, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """Branches from one tensor, joined."""
        if label is None:
            return self.joined(join, context, flow)
        with self.scoped("join", context, None, label, join.span, flow) as (inside, done):
            return done(self.joined(join, inside, flow))

    def joined(self, join: tree.Join, context: Context, flow: Tensor | None) -> Tensor | None:
        """The node that joins what the branches give; what gives nothing to join passes the tensor on."""
        if not join.branches:
            raise stop("ND232", f"`{join.word.text}` has no branch to join", join.span)
        results: list[Tensor] = []
        spans: list[Span] = []
        for branch in join.branches:
            inside = context.at(env=Env(context.env, entering=flow))
            if self.absent(branch, inside.env):
                continue
            result = self.rows(branch.rows, inside, flow)
            results.append(self.need(result, branch.span))
            spans.append(branch.rows[-1].items[-1].span)
        if not results:
            return flow
        if len(results) == 1:
            return results[0]
        try:
            return self.emit_op(join.word.text.lower(), tuple(results), context, join.word.span)
        except Stop as problem:
            if problem.diagnostic is not None:
                shapes = [show_shape(r.shape) for r in results if r.shape is not None]
                notes = tuple(Note(span, f"gives {shape}") for span, shape in zip(spans, shapes, strict=True))
                problem.diagnostic = problem.diagnostic._replace(notes=notes)
            raise

    def absent(self, branch: tree.Branch, env: Env) -> bool:
        """Whether a branch is only an ``if`` that is false."""
        if len(branch.rows) != 1 or len(branch.rows[0].items) != 1:
            return False
        item = branch.rows[0].items[0]
        return isinstance(item.core, tree.If) and item.label is None and self.chosen(item.core, env) is None

    def chosen(self, node: tree.If, env: Env) -> tree.Body | None:
        """The body that an ``if`` takes."""
        while not truth(node.condition, env):
            if not isinstance(node.otherwise, tree.If):
                return node.otherwise
            node = node.otherwise
        return node.then

    def conditional(self, node: tree.If, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """An ``if``: the body that it takes, or nothing."""
        body = self.chosen(node, context.env)
        if body is None:
            return flow
        if label is None:
            return self.body(body, context, flow, "an `if`")
        with self.scoped("group", context, None, label, node.span, flow, numbered=True) as (inside, done):
            return done(self.body(body, inside, flow, "an `if`"))

    def table(self, table: tree.Table, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """The column of the variant, row by row."""
        columns = [column.text for column in table.columns]
        for index, column in enumerate(table.columns):
            if column.text in columns[:index]:
                first = table.columns[columns.index(column.text)].span
                note = (Note(first, "first here"),)
                self.report(Diagnostic("ND223", f"the column `{column.text}` stands twice", column.span, note))
        wanted = self.column if self.column is not None and self.column in columns else columns[0]
        place = columns.index(wanted)
        if label is None:
            return self.cells(table, place, context, flow)
        with self.scoped("table", context, None, label, table.span, flow, numbered=True) as (inside, done):
            return done(self.cells(table, place, inside, flow))

    def cells(self, table: tree.Table, place: int, context: Context, flow: Tensor | None) -> Tensor | None:
        """The rows of a table, in the column at ``place``."""
        for row in table.rows:
            for cells in split_rows(row, len(table.columns)):
                flow = self.cell(row, cells, len(table.columns), place, context, flow)
        return flow

    def cell(
        self,
        row: tree.TableRow,
        cells: list[tree.Row | None],
        columns: int,
        place: int,
        context: Context,
        flow: Tensor | None,
    ) -> Tensor | None:
        """One row's cell of the chosen column. The label of a row is that of each of its cells."""
        if len(cells) not in (1, columns):
            message = f"this row has {len(cells)} cells, and the table {columns} columns"
            help = "a line that begins with `|` goes on with the row above until that is full"
            here = [cell.span for cell in cells if cell is not None]
            span = here[0].to(here[-1]) if here else row.span
            self.report(Diagnostic("ND222", message, span, help=help))
            return POISON
        cell = cells[place if len(cells) > 1 else 0]
        first = cells[0]
        label = row.label if first is None and cells[1:] == list(row.cells[1 : len(cells)]) else None
        if len(cells) > 1 and first is not None:
            label = first.items[0].label
        if cell is None:
            return flow
        items = cell.items
        if label is not None:
            if cell is first:
                items = (items[0]._replace(label=None), *items[1:])
            if items[0].label is not None:
                message = "the row has a label, and so has its cell"
                note = (Note(label.span, "the row's"),)
                self.report(Diagnostic("ND212", message, items[0].label.span, note))
            elif len(items) == 1:
                items = (items[0]._replace(label=label),)
            else:
                group = tree.Group((tree.Row(items, cell.span),), cell.span)
                items = (tree.Item(label, group, (), None, None, None, (), cell.span),)
        for item in items:
            flow = self.item(item, context, flow)
        return flow

    # -- names of tensors

    def path(self, path: tree.Path, env: Env) -> list[str]:
        """A dotted name with its expressions computed."""
        parts = []
        for part in path.parts:
            parts.append(part.text if isinstance(part, tree.Name) else str(evaluate(part, env)))
        return parts

    def reference(self, reference: tree.Reference, context: Context) -> Tensor:
        """The tensor of a name."""
        name = self.path(reference.path, context.env)
        try:
            return context.labels.find(name, reference.span)
        except Stop as problem:
            if context.program.broken(name[0]):
                raise Stop from None
            if problem.diagnostic is not None and context.env.lookup(name[0]) is not None and len(name) == 1:
                message = f"`{name[0]}` is a value, no tensor"
                raise stop("ND215", message, reference.span) from None
            raise

    def reuse(self, reuse: tree.Reuse, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """A labelled item once more, with the same modules."""
        name = self.path(reuse.path, context.env)
        labels: Labels | None = context.labels
        found: Reusable | None = None
        while labels is not None and found is None:
            below: Labels | None = labels
            for part in name[:-1]:
                below = below.inner.get(part) if below is not None else None
            if below is not None:
                found = self.reusable.get((id(below), name[-1]))
            labels = labels.outer
        if found is None:
            known = [label for _, label in self.reusable]
            help = did_you_mean(".".join(name), known)
            raise stop("ND228", f"no module before this is labelled `{'.'.join(name)}`", reuse.path.span, help=help)
        place = found.context.at(frame=found.state.again(), labels=Labels(), mode=context.mode)
        if label is not None:
            self.reusable[id(context.labels), label] = found
        item = found.item
        before = len(self.diagnostics)
        try:
            if item.repeat is None:
                return self.core(item.core, found.label, place, flow)
            return self.repeated(item, found.label, place, flow)
        except Stop as problem:
            if problem.diagnostic is not None and problem.diagnostic.span is not None:
                note = Note(problem.diagnostic.span, "made here")
                problem.diagnostic = problem.diagnostic._replace(span=reuse.span, notes=(note,))
            raise
        finally:
            for place_of, said in enumerate(self.diagnostics[before:], before):
                if said.code == "ND228" and said.span is not None and said.span != reuse.span:
                    notes = (Note(said.span, "made here"),)
                    self.diagnostics[place_of] = said._replace(span=reuse.span, notes=notes)

    # -- blocks

    def find_block(self, name: tree.Name, context: Context) -> Block:
        """The block of a name. Raises where there is none."""
        block = context.program.blocks.get(name.text)
        if block is not None:
            block.used = True
            return block
        if context.program.broken(name.text):
            raise Stop
        word, _ = split_word(name.text)
        op = lookup(word)
        if op is not None:
            message = f"`{name.text}` is a layer and takes no parentheses"
            raise stop("ND201", message, name.span, help=f"it is written `{op.example.line}`")
        candidates = [*context.program.blocks, *names()]
        raise stop(
            "ND201", f"there is no block called `{name.text}`", name.span, help=did_you_mean(name.text, candidates)
        )

    def call(self, call: tree.Call, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """A block's body, with its parameters bound."""
        block = self.find_block(call.name, context)
        bound, scalars = self.bind(block, call, context, flow)
        text = f"{call.name.text}({', '.join(f'{k}={show(v)}' if i else show(v) for i, (k, v) in enumerate(scalars))})"
        if len(self.calls) >= MAX_CALLS:
            message = f"blocks call one another over {MAX_CALLS} deep here"
            help = f"`{call.name.text}` needs an `if` that ends its recursion"
            raise Abort(Diagnostic("ND217", message, call.span, help=help))
        env = Env(block.program.env, bound, entering=flow, opaque=True)
        self.defaults(block, env, bound, scalars)
        labels = Labels()
        for name, value in bound.items():
            if isinstance(value, Tensor):
                labels.tensors[name] = value
        styles: dict[str, tree.Style] = {}
        for style in block.styles:
            block.program.declare_style(styles, style)
        with self.scoped("block", context, call.name.text, label, call.span, flow) as (inside, done):
            scope = self.scopes[inside.frame.scope]
            scope.block = call.name.text
            scope.arguments = tuple(scalars)
            context.labels.inner[label if label is not None else scope.name] = labels
            own: tuple[Styles, ...] = ((styles, env), (block.program.styles, block.program.env))
            place = Context(block.program, env, inside.frame, labels, own, context.mode)
            self.calls.append((text, call.span))
            try:
                rows = [line for line in block.syntax.body.lines if isinstance(line, tree.Row)]
                return done(self.rows(rows, place, flow))
            finally:
                self.calls.pop()

    def bind(
        self, block: Block, call: tree.Call, context: Context, flow: Tensor | None
    ) -> tuple[dict[str, Value], list[tuple[str, Scalar]]]:
        """The arguments of a call by the names of the block's parameters: all, and those that are no tensors."""
        parameters = {parameter.name.text: parameter for parameter in block.syntax.parameters}
        order = list(parameters)
        bound: dict[str, Value] = {}
        signature = f"`{call.name.text}({', '.join(order)})`"
        for place, argument in enumerate(call.arguments):
            if argument.name is not None:
                name = argument.name.text
                if name not in parameters:
                    help = did_you_mean(name, order) or f"it is {signature}"
                    message = f"`{call.name.text}` has no parameter `{name}`"
                    raise stop("ND216", message, argument.name.span, help=help)
            elif any(earlier.name is not None for earlier in call.arguments[:place]):
                raise stop("ND216", "an argument without a name stands after one with a name", argument.span)
            elif place >= len(order):
                message = f"`{call.name.text}` takes {len(order)} argument{'s' * (len(order) != 1)}, and here are more"
                raise stop("ND216", message, argument.span, help=f"it is {signature}")
            else:
                name = order[place]
            if name in bound:
                raise stop("ND216", f"`{name}` is given twice", argument.span)
            value = argument.value
            if isinstance(value, tree.Reference):
                bound[name] = self.reference(value, context)
            else:
                try:
                    bound[name] = evaluate(value, context.env)
                except Stop as problem:
                    self.forgive(problem)
                    bound[name] = UNKNOWN
        missing = [n for n, p in parameters.items() if n not in bound and p.default is None]
        if missing:
            what = ", ".join(f"`{name}`" for name in missing)
            raise stop("ND216", f"`{call.name.text}` needs {what}", call.span, help=f"it is {signature}")
        scalars = [(n, bound[n]) for n in order if n in bound and isinstance(bound[n], (bool, int, float, str))]
        return bound, scalars  # type: ignore[return-value]

    def defaults(self, block: Block, env: Env, bound: dict[str, Value], scalars: list[tuple[str, Scalar]]) -> None:
        """Computes the defaults of what a call left out: they see ``in`` and the parameters before them."""
        given = dict(scalars)
        for parameter in block.syntax.parameters:
            name = parameter.name.text
            if name in bound or parameter.default is None:
                continue
            try:
                bound[name] = given[name] = evaluate(parameter.default, env)
            except Stop as problem:
                self.forgive(problem)
                bound[name] = UNKNOWN
        order = [parameter.name.text for parameter in block.syntax.parameters]
        scalars[:] = [(name, given[name]) for name in order if name in given]

    # -- assertions

    def assert_shape(self, wanted: tree.Sizes, result: Tensor, env: Env) -> None:
        """Holds ``-> 64x112x112`` against the tensor; two numbers of three are the spatial ones."""
        sizes = tuple(whole(part, env, "a size", least=1) for part in wanted.parts)
        shape = result.shape
        if shape is None or not self.check_shapes:
            return
        if sizes not in (shape, shape[1:]):
            message = f"the output here is {show_shape(shape)}, not {show_shape(sizes)}"
            raise stop("ND210", message, wanted.span)

    def need(self, flow: Tensor | None, span: Span) -> Tensor:
        """The tensor that flows. Raises where none does yet."""
        if flow is None:
            inputs = [declared.name.text for declared in self.program.inputs if declared.name is not None]
            help = "begin with one of them: " + ", ".join(f"`@{name}, …`" for name in inputs) if inputs else None
            raise stop("ND227", "the net has several inputs, and this says not which", span, help=help)
        return flow


def split_rows(row: tree.TableRow, columns: int) -> list[list[tree.Row | None]]:
    """The rows of a table in a stretch whose later lines begin with ``|``: such a line fills the row above first."""
    rows: list[list[tree.Row | None]] = [[]]
    for index, cell in enumerate(row.cells):
        if index in row.breaks and len(rows[-1]) == columns:
            rows.append([None])
        rows[-1].append(cell)
    return rows


def op_problem(error: OpError, spans: dict[str, Span], fallback: Span) -> Stop:
    """An operator's complaint at the attribute to blame, or at the layer."""
    span: Any = spans.get(error.field, fallback) if error.field is not None else fallback
    return stop(error.code, error.message, span, help=error.help)
