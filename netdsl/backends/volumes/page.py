"""The volumes of a net on a page: in a row, kernels and the lines between them, sizes at their edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from netdsl.analyses.cost import Cost, costs_by_node
from netdsl.analyses.structure import Layer, layers, structure
from netdsl.analyses.titles import net_name
from netdsl.analyses.view import see
from netdsl.backends.canvas.metrics import width, wrap
from netdsl.backends.canvas.options import LEAST, Options
from netdsl.backends.canvas.palette import GREY, INK, LINE, colours
from netdsl.backends.canvas.scene import Line, Scene
from netdsl.backends.captions import Tint, caption
from netdsl.backends.costs import exact, total
from netdsl.backends.labels import metric, show, times
from netdsl.backends.overview import heat
from netdsl.backends.overview.cells import Mark
from netdsl.backends.overview.legend import bar, swatches
from netdsl.backends.volumes.maps import Lane, Volume, Way, lanes
from netdsl.backends.volumes.scale import Scale
from netdsl.backends.volumes.solid import Bar, Block, Planes, Solid, colour, solid
from netdsl.ir.graph import Graph
from netdsl.ir.types import View, show_shape

#: Maps of no more channels than this are drawn as planes, in a net that has no others.
_PLANES = 20
#: Room between volumes, less where there are many.
_GAP, _NARROW, _MANY = 20.0, 12.0, 20
#: Sizes of text: at edges, and in words below.
_EDGE, _WORDS, _ROW = 8.5, 8.0, 11.0
#: Room before a volume in which rows meet.
_MEET = 28.0
#: The least width of what is below, and of a bar of colours without its words.
_LEAST, _BAR = 260.0, 156.0
#: How much smaller boxes are drawn for a page, in turn.
_PARTS = (1.0, 0.75, 0.55, 0.4, 0.3)
#: Edges shorter than this have no number of their own.
_SHORT = 30.0


def volumes(
    graph: Graph, view: View = "train", options: Options | None = None, fits: Callable[[int], None] | None = None
) -> Scene:
    """The feature maps of a net as boxes, vectors as bars, and kernels with lines to what they make.

    ``fits`` is told, before anything is laid out, how many boxes it has at least.

    Of ``options`` it takes the heat, the theme and the page. Arms that begin at inputs of their own are rows one below
    another, and what they meet in stands after them. What is beside the way to the main output is left out.
    Where text would be too small on the page, boxes are drawn smaller beside it.
    """
    options = options or Options()
    best: Scene | None = None
    for part in _PARTS if options.page else _PARTS[:1]:
        scene = _Page(graph, view, options, part, fits).scene()
        if best is None or scene.smallest > best.smallest:
            best = scene
        if best.smallest >= LEAST:
            break
    assert best is not None
    return best


@dataclass
class _Row:
    """Volumes beside one another, their upper words, what goes over them, and the rows that meet in the first."""

    solids: list[Solid]
    tops: list[str]
    ways: list[Way]
    levels: list[int]
    before: list[_Row] = field(default_factory=list)
    middle: float = 0.0

    @property
    def highest(self) -> float:
        """The height of its highest volume."""
        return max(each.h for each in self.solids)

    def all(self) -> Iterator[_Row]:
        """The rows before it, then itself."""
        for each in self.before:
            yield from each.all()
        yield self


class _Page:
    def __init__(
        self, graph: Graph, view: View, options: Options, part: float, fits: Callable[[int], None] | None
    ) -> None:
        self.graph, self.options = graph, options
        seen = see(graph, view)
        built = structure(graph, seen)
        self.heads = built.heads
        lane = lanes(graph, built.items)
        self.volumes = list(_volumes(lane))
        if fits is not None:
            # Each has its faces and a number.
            fits(2 * len(self.volumes))
        self.costs = costs_by_node(graph, seen)
        self.scale = Scale(self.volumes, part)
        maps = [volume for volume in self.volumes if not volume.flat]
        self.planes = bool(maps) and max(volume.shape[0] for volume in maps) <= _PLANES
        self.row = self._made(lane)
        self.right = self._place(self.row)

    def scene(self) -> Scene:
        """The page."""
        name = net_name(self.graph)
        said = "; ".join(self._spoken(volume) for volume in self.volumes)
        scene = Scene(name, f"Volumes of {name}. {said}.", colours=colours(self.options.theme))
        top = self._title(scene, name)
        y = self._stand(self.row, top)
        most = self._draw(scene)
        for row in self.row.all():
            self._over(scene, row)
            self._below(scene, row)
        scene.w = max([self.right, _LEAST, *(box.x + box.w for box in scene.boxes)])
        if self.options.heat:
            scene.w = max(scene.w, _BAR + width(f"99.9% of the net's {heat.NAMES[self.options.heat]},", _WORDS))
        with scene.group("legend"):
            y += 8
            if self.options.heat:
                y = bar(scene, y, scene.w, self.options.heat, most, "of the net's", "all repeats together")
            else:
                kinds: set[Tint] = {volume.tint for volume in self.volumes}
                y = swatches(scene, kinds, y, scene.w)
            notes = [self.scale.said(self.volumes, planes=self.planes)]
            notes += [f"Left out: {', '.join(head.output.name for head in self.heads)}."] if self.heads else []
            notes += ["What comes over an arrow is white."] if self._over_white() else []
            for line in wrap(" ".join(notes), scene.w - 1, _WORDS):
                scene.text(0, y + 5.5, line, _WORDS, ink=GREY)
                y += _ROW
        scene.h = y
        scene.fit(self.options.page)
        return scene

    # -- places

    def _made(self, lane: Lane) -> _Row:
        """A lane's volumes with their sizes."""
        solids = [solid(volume, self.scale, planes=self.planes) for volume in lane.volumes]
        before = [self._made(each) for each in lane.before]
        return _Row(solids, [_top(each) for each in solids], lane.ways, _levels(lane.ways), before)

    def _place(self, row: _Row) -> float:
        """Gives each volume its place from left to right, after the rows before it; returns where the last ends."""
        x = max((self._place(each) for each in row.before), default=0.0)
        x = max([x, *(self._words(each)[1] for each in row.before)]) + (_MEET if row.before else 0)
        gap = _GAP if len(self.volumes) <= _MANY and self.scale.part == 1 else _NARROW
        for each, top in zip(row.solids, row.tops):
            edge = self._left(each)
            middle = each.w / 2
            words = max(width(top, _EDGE), width(self._channels(each.volume), _EDGE)) + 2
            beside = max(0.0, words / 2 - middle)
            each.x = x + max(edge, beside)
            x = each.x + each.w + max(gap, beside + 4)
        return x - gap

    def _stand(self, row: _Row, top: float) -> float:
        """Gives each row its height: those that meet below one another, what follows in their midst."""
        below = row.highest / 2 + 10 + 8 + (_ROW if self.options.heat else 0) + _ROW * self._words(row)[2] + 4
        above = 14 * (1 + max(row.levels, default=-1)) + 18 + row.highest / 2
        end = top
        for each in row.before:
            end = self._stand(each, end)
        row.middle = (row.before[0].middle + row.before[-1].middle) / 2 if row.before else top + above
        lower = top + above - row.middle
        if lower > 0:
            for each in row.all():
                each.middle += lower
            end += lower
        return max(end, row.middle + below)

    def _left(self, each: Solid) -> float:
        """The room for the numbers at the left edges of a box."""
        if not isinstance(each, Block) or each.front < _SHORT:
            return 0.0
        return width(str(each.volume.shape[-2] if len(each.volume.shape) > 2 else each.volume.shape[-1]), _EDGE) + 4

    # -- drawing

    def _draw(self, scene: Scene) -> float:
        """Draws the volumes with their sizes, and their kernels; gives the largest share."""
        kind = self.options.heat
        shares = [0.0] * len(self.volumes)
        if kind is not None:
            whole = sum(heat.amount(kind, cost) for cost in self.costs.values()) or 1
            shares = [
                sum(heat.amount(kind, cost) for cost in self._costs(volume.layers)) / whole for volume in self.volumes
            ]
        most = max(shares)
        places = ((row, each, top) for row in self.row.all() for each, top in zip(row.solids, row.tops))
        for (row, each, top), share in zip(places, shares):
            fill = colour(each.volume)
            if kind is not None:
                fill = heat.shade(share, most)[0] if share else colour(each.volume._replace(tint="input"))
            with scene.group(f"volume {each.volume.tint}", *self._mark(each.volume)):
                each.draw(scene, row.middle, fill)
                said = heat.percent(share, 1) if kind is not None and share else ""
                self._sizes(scene, row, each, top, said)
        for row in self.row.all():
            for arm in row.before:
                self._meet(scene, arm, row)
            for each, after in zip(row.solids, row.solids[1:]):
                self._between(scene, each, after, row.middle)
        return most

    def _sizes(self, scene: Scene, row: _Row, each: Solid, top: str, share: str) -> None:
        """The numbers of a volume at its edges, or above it where these are short, and below it its share."""
        shape, middle = each.volume.shape, row.middle
        bottom = middle + each.h / 2
        if isinstance(each, Block) and each.front >= _SHORT and not top:
            left = each.x - 3
            high = shape[-2] if len(shape) > 2 else shape[-1]
            scene.text(left, bottom - 0.25 * each.front, str(high), _EDGE, ink=INK, align="r")
            if each.dx:
                # At the middle of the edge that goes back, to its left.
                x, y = each.x + each.dx / 2 - 3, bottom - each.front - each.dy / 2 - 3
                scene.text(x, y, str(shape[-1]), _EDGE, ink=INK, align="r")
            centre = each.x + (each.w - each.dx) / 2
        else:
            scene.text(each.x + each.w / 2, middle + each.top - 7, top, _EDGE, ink=INK, align="c")
            centre = each.x + (each.w - (each.dx if isinstance(each, Block) else 0)) / 2
        if isinstance(each, Bar):
            # Lines come to its ends, and go from those of its neighbours.
            bottom = middle + max(other.h for other in row.solids if isinstance(other, Bar)) / 2
        scene.text(centre, bottom + 8, self._channels(each.volume), _EDGE, ink=INK, align="c")
        scene.text(centre, bottom + 8 + _ROW, share, _EDGE, ink=INK, align="c")

    def _channels(self, volume: Volume) -> str:
        if self.planes and not volume.flat:
            return ""
        words = "+".join(str(channels) for channels, _ in volume.parts) if volume.parts else str(volume.shape[0])
        return words + times(volume.times)

    def _between(self, scene: Scene, each: Solid, after: Solid, middle: float) -> None:
        """The kernel on one volume, and the lines from its corners to the next."""
        volume = after.volume
        window = each.window(volume.kernel)
        whole = isinstance(after, Bar) or isinstance(each, Bar)
        if volume.kernel is None and not whole:
            # Of blocks, joins and what else has no window: one arrow.
            goal = after.x - 1 - self._left(after)
            scene.lines.append(Line(((each.x + each.w + 1, middle), (goal, middle)), kind="edge"))
            return
        if volume.kernel is not None and not isinstance(each, Bar):
            with scene.group("kernel"):
                each.kernel(scene, middle, window)
        x, y = after.goal()
        ends = [(after.x, after.top), (after.x, -after.top)] if isinstance(after, Bar) else [(x, y), (x, y)]
        for start, end in zip(window[1:3], ends):
            points = (start[0], start[1] + middle), (end[0], end[1] + middle)
            scene.lines.append(Line(points, head=False, colour=LINE, pen=0.5, kind="edge kernel"))

    def _meet(self, scene: Scene, arm: _Row, row: _Row) -> None:
        """The arrow from the last volume of a row to the first of that where it meets others."""
        last, first = arm.solids[-1], row.solids[0]
        goal = first.x - 1 - self._left(first)
        turn = goal - _MEET / 2
        start = (last.x + last.w + 1, arm.middle)
        bend = () if arm.middle == row.middle else ((turn, arm.middle), (turn, row.middle))
        scene.lines.append(Line((start, *bend, (goal, row.middle)), kind="edge"))

    def _over(self, scene: Scene, row: _Row) -> None:
        """The tensors that go past others, above all volumes of a row."""
        middle = row.middle
        above = middle - row.highest / 2 - 16
        for way, level in zip(row.ways, row.levels):
            source, target = row.solids[way.source], row.solids[way.target]
            y = above - 14 * level
            start, end = source.x + source.w * 0.7, target.x + target.w * 0.7
            points = (
                (start, middle + source.top - (14 if row.tops[way.source] else 3)),
                (start, y),
                (end, y),
                (end, middle + target.top - (14 if row.tops[way.target] else 3)),
            )
            scene.lines.append(Line(points, kind="edge skip"))
            scene.text((start + end) / 2, y - 5, way.words, _WORDS, ink=GREY, align="c")

    def _below(self, scene: Scene, row: _Row) -> None:
        """What makes each volume."""
        y = row.middle + row.highest / 2 + 18 + (_ROW if self.options.heat else 0)
        for left, down, words in self._words(row)[0]:
            scene.text(left, y + 6 + _ROW * down, words, _WORDS, ink=GREY)

    def _words(self, row: _Row) -> tuple[list[tuple[float, int, str]], float, int]:
        """What makes each volume, in lines where words would be on one another; where they end; how many lines."""
        ends: list[float] = []
        found = []
        for each in row.solids:
            words = each.volume.words
            middle = each.x + each.w / 2
            left = max(0.0, middle - width(words, _WORDS) / 2)
            down = next((line for line, end in enumerate(ends) if end + 6 <= left), len(ends))
            ends[down : down + 1] = [left + width(words, _WORDS)]
            found.append((left, down, words))
        return found, max(ends), len(ends)

    def _over_white(self) -> bool:
        """Whether there are channels that come over an arrow."""
        return any(not along for volume in self.volumes for _, along in volume.parts)

    def _title(self, scene: Scene, name: str) -> float:
        aside = {node.index for head in self.heads for layer in layers(head.items) for node in layer.nodes}
        params, macs = total(cost for index, cost in self.costs.items() if index not in aside)
        words = f"{metric(params)} params · {metric(macs)} MACs"
        with scene.group("title"):
            scene.text(0, 10, name, 14, bold=True, ink=INK)
            scene.text(width(name, 14, bold=True) + 10, 11, words, 10.5, ink=INK)
            if self.graph.title and self.graph.title.strip():
                scene.text(0, 26, self.graph.title, 9, ink=GREY)
                return 40.0
        return 26.0

    # -- words

    def _costs(self, every: Iterable[Layer]) -> list[Cost]:
        return [self.costs[node.index] for layer in every for node in layer.nodes if node.index in self.costs]

    def _spoken(self, volume: Volume) -> str:
        return f"{volume.words}: {show(volume.shape)}{times(volume.times)}"

    def _mark(self, volume: Volume) -> Mark:
        """What an SVG says of a volume."""
        every = volume.layers
        heads = [layer for layer in every if not layer.minor] or every
        params, macs = total(self._costs(every))
        first, last = heads[0].head.name, heads[-1].head.name
        said = [first if first == last else f"{first} … {last}"]
        said[0] += f": {', '.join(caption(self.graph, node) for node in heads[0].nodes)}" if first == last else ""
        said += [show_shape(volume.shape), *exact(params, macs)]
        data = {"shape": show_shape(volume.shape), "params": str(params), "macs": str(macs)}
        data |= {"count": str(volume.times), "layers": " ".join(layer.head.name for layer in every)}
        return Mark(f"volume-{last}", "\n".join(said), data)


def _top(each: Solid) -> str:
    """What is written above a volume: its sides where its edges have no room, or where there are three."""
    shape = each.volume.shape
    if each.volume.flat:
        return ""
    if isinstance(each, Planes):
        return f"{shape[0]}@{show_shape(shape[1:])}"
    if isinstance(each, Block) and each.front >= _SHORT and len(shape) < 4:
        return ""
    return show_shape(shape[1:])


def _volumes(lane: Lane) -> Iterator[Volume]:
    """Those of the lanes before it, then its own."""
    for each in lane.before:
        yield from _volumes(each)
    yield from lane.volumes


def _levels(ways: list[Way]) -> list[int]:
    """How high above the volumes each way goes: the longer above the shorter."""
    chosen: dict[int, int] = {}
    for at in sorted(range(len(ways)), key=lambda at: ways[at].target - ways[at].source):
        way = ways[at]
        taken = {
            chosen[other] for other in chosen if ways[other].source < way.target and way.source < ways[other].target
        }
        chosen[at] = next(level for level in range(len(ways)) if level not in taken)
    return [chosen[at] for at in range(len(ways))]
