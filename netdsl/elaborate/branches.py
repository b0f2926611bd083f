"""Groups, joins, choices and tables."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.context import Context
from netdsl.elaborate.expressions import truth
from netdsl.elaborate.helps.declarations import OF_A_BLOCK, choosing, unlike
from netdsl.elaborate.helps.joins import arm, explain
from netdsl.elaborate.helps.mending import Mender
from netdsl.elaborate.layers import LayerMaker
from netdsl.elaborate.values import POISON, Env, Stop, Tensor, stop
from netdsl.ir.graph import ScopeKind
from netdsl.ir.types import plural
from netdsl.syntax import tree


class BranchMaker(LayerMaker):
    """The part of the elaborator for what stands around several items."""

    def body(
        self, body: tree.Body, context: Context, flow: Tensor | None, where: str, around: tree.If | None = None
    ) -> Tensor | None:
        """The lines of a body that may hold no styles: that of an output, or of the ``if`` that is ``around``."""
        for line in body.lines:
            if isinstance(line, tree.Style):
                message = f"a style belongs to a file or a block, not to {where}"
                help = choosing(line, body, around, self.text_of) if around is not None else OF_A_BLOCK
                self.report(Diagnostic("ND223", message, line.span, help))
            else:
                flow = self.rows((line,), context, flow)
        return flow

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

    def join(self, join: tree.Join, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """Branches from one tensor, joined."""
        if label is None:
            return self.joined(join, context, flow)
        with self.scoped("join", context, None, label, join.span, flow) as (inside, done):
            return done(self.joined(join, inside, flow))

    def joined(self, join: tree.Join, context: Context, flow: Tensor | None) -> Tensor | None:
        """The node that joins what the branches give; what gives nothing to join passes the tensor on."""
        if not join.branches:
            help = f"branches stand between the braces: `{join.word.text} {{ {self.branches_of(flow)} }}`"
            raise stop("ND232", f"`{join.word.text}` has no branch to join", join.span, help=help)
        results: list[Tensor] = []
        written: list[tuple[int, tree.Branch, int]] = []
        joined = context.joined
        if join.word.text.lower() in ("add", "sub") and len(join.branches) > 1:
            env = Env(context.env, entering=flow)
            joined = sum(not self.absent(branch, env) for branch in join.branches) > 1 or joined is True
        for number, branch in enumerate(join.branches, 1):
            inside = context.at(env=Env(context.env, entering=flow), joined=joined)
            if self.absent(branch, inside.env):
                continue
            written.append((number, branch, len(self.drafts)))
            result = self.rows(branch.rows, inside, flow)
            results.append(self.need(result, branch.span))
        if not results:
            return flow
        if len(results) == 1:
            return results[0]
        try:
            return self.emit_op(join.word.text.lower(), tuple(results), context, join.word.span)
        except Stop as problem:
            if problem.diagnostic is not None and problem.diagnostic.code == "ND204":
                inner = Env(context.env, entering=flow)
                arms = [
                    arm(number, branch, first, result.node, self.drafts, self.last(branch.rows, inner))
                    for (number, branch, first), result in zip(written, results, strict=True)
                ]
                word, tensors = join.word.text.lower(), context.labels.nodes()
                mender = Mender(word, arms, self.drafts, self.sources, tensors, called=bool(self.calls))
                problem.diagnostic = explain(problem.diagnostic, mender)
                if self.assumed is not None:
                    self.forgive(problem)
                    return results[self.assumed]
            raise

    def branches_of(self, flow: Tensor | None) -> str:
        """Two branches that a join may have where this tensor enters it."""
        if flow is None:
            return " | ".join(f"@{declared.name.text}" for declared in self.program.inputs[:2] if declared.name)
        shape = flow.shape or ()
        layer = f"conv3-{shape[0]}" if 2 <= len(shape) <= 4 else f"fc-{shape[0]}" if len(shape) == 1 else "relu"
        return f"{layer} | id"

    def last(self, rows: Sequence[tree.Row], env: Env) -> Span:
        """Where the item stands that gives what rows give: in an ``if`` that of the body which is taken."""
        item = rows[-1].items[-1]
        plain = item.label is None and item.repeat is None
        body = self.chosen(item.core, env) if isinstance(item.core, tree.If) and plain else None
        inside = [line for line in body.lines if isinstance(line, tree.Row)] if body is not None else []
        return self.last(inside, env) if inside else item.span

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
            return self.body(body, context, flow, "an `if`", node)
        with self.scoped("group", context, None, label, node.span, flow, numbered=True) as (inside, done):
            return done(self.body(body, inside, flow, "an `if`", node))

    def table(self, table: tree.Table, label: str | None, context: Context, flow: Tensor | None) -> Tensor | None:
        """The column of the variant, row by row."""
        places: dict[str, int] = {}
        for index, column in enumerate(table.columns):
            first = places.setdefault(column.text, index)
            if first != index:
                note = (Note(table.columns[first].span, "first here"),)
                help = f"a column is a variant of its own: call this one otherwise, as `{unlike(column.text, places)}`"
                self.report(Diagnostic("ND223", f"the column `{column.text}` stands twice", column.span, help, note))
        place = places.get(self.column, 0) if self.column is not None else 0
        if self.column is not None and self.column not in places:
            self.check_column(table, self.column)
        if label is None:
            return self.cells(table, place, context, flow)
        with self.scoped("table", context, None, label, table.span, flow, numbered=True) as (inside, done):
            return done(self.cells(table, place, inside, flow))

    def check_column(self, table: tree.Table, wanted: str) -> None:
        """Reports a column that is called almost as the one that is wanted: a slip, and the first would be taken."""
        if not self.program.is_variant(wanted):
            return  # the base of a variant that there is not, which is said there
        for column in table.columns:
            if isinstance(did_you_mean(wanted, [column.text], column.span), Advice):
                message = f"this table has no column `{wanted}`, and would take its first for it"
                help = Advice(f"did you mean `{wanted}`?", Edit(column.span, wanted))
                self.report(Diagnostic("ND003", message, column.span, help))

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
            message = f"this row has {len(cells)} cells, and the table {columns} {plural(columns, 'column')}"
            above = next((place for place in row.breaks if 0 < place < len(row.cells)), 0)
            help = _other_cells(cells, columns, above if len(row.cells) == len(cells) else 0)
            here = [cell.span for cell in cells if cell is not None]
            span = here[0].to(here[-1]) if here else row.span
            self.report(Diagnostic("ND222", message, span, help))
            return POISON
        cell = cells[place if len(cells) > 1 else 0]
        first = cells[0]
        label = row.label if first is None and cells[1:] == list(row.cells[1 : len(cells)]) else None
        if len(cells) > 1 and first is not None:
            label = first.items[0].label
        wanted = of_row(cells) if len(cells) > 1 and place < len(cells) - 1 else None
        if cell is None:
            return flow
        items = cell.items
        if label is not None:
            if cell is first:
                items = (items[0]._replace(label=None), *items[1:])
            if items[0].label is not None:
                message = "the row has a label, and so has its cell"
                note = (Note(label.span, "the row's"),)
                help = f"`{tree.show_path(label)}` is the label of each cell of its row: take this one out"
                self.report(Diagnostic("ND212", message, items[0].label.span, help, note))
                context.labels.tensors.setdefault(tree.show_path(label), POISON)
            elif len(items) == 1:
                items = (items[0]._replace(label=label),)
            else:
                group = tree.Group((tree.Row(items, cell.span),), cell.span)
                items = (tree.Item(label, group, (), None, None, None, (), cell.span),)
        for item in items:
            flow = self.item(item, context, flow)
        return flow if wanted is None else self.asserted(wanted, flow, context)

    def asserted(self, wanted: tree.Sizes, flow: Tensor | None, context: Context) -> Tensor | None:
        """A tensor, once it is held against what stands behind a whole row."""
        try:
            return flow if flow is None else self.held(wanted, flow, context, flow)
        except Stop as problem:
            self.forgive(problem, context, flow)
            return POISON


def _other_cells(cells: Sequence[tree.Row | None], columns: int, above: int = 0) -> str:
    """What helps where a row has too few cells, or too many: ``above`` stand on the first of its lines, or 0."""
    if 1 < above < columns < len(cells):
        lacks = f"{columns - above} of its cells {'is' if columns - above == 1 else 'are'} missing"
        return f"the line below begins with `|` and goes on with this one, of {above} cells: {lacks} here"
    if len(cells) < columns:
        missing = columns - len(cells)
        return f"a cell that is empty has its `|` too: {missing} {'is' if missing == 1 else 'are'} missing here"
    if cells[0] is None:
        return "the `|` at its beginning has an empty cell before it; where the row above is full, a row begins anew"
    return f"a row has a cell for each column, so {columns - 1} `|`; a line for each row"


def of_row(cells: Sequence[tree.Row | None]) -> tree.Sizes | None:
    """The shape that is asserted behind a row whose cells are all filled and but the last end in none: the row's."""
    if any(cell is None for cell in cells):
        return None
    ends = [cell.items[-1].assertion for cell in cells if cell is not None]
    return ends[-1] if not any(ends[:-1]) else None


def split_rows(row: tree.TableRow, columns: int) -> list[list[tree.Row | None]]:
    """The rows of a table in a stretch whose later lines begin with ``|``: such a line fills the row above first."""
    rows: list[list[tree.Row | None]] = [[]]
    breaks = set(row.breaks)
    for index, cell in enumerate(row.cells):
        if index in breaks and len(rows[-1]) == columns:
            rows.append([None])
        rows[-1].append(cell)
    return rows
