"""The title of a drawing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from netdsl.analyses.cost import Cost, costs_of
from netdsl.analyses.titles import net_name
from netdsl.analyses.view import see
from netdsl.backends.canvas.metrics import width, wrap
from netdsl.backends.canvas.palette import GREY, INK
from netdsl.backends.canvas.scene import Scene
from netdsl.backends.costs import total
from netdsl.backends.labels import metric
from netdsl.ir.graph import Graph
from netdsl.ir.types import View


def totals(graph: Graph, view: View, costs: Collection[Cost]) -> list[str]:
    """The costs of a net in inference, and where they are others in training, these: a line of a title each."""
    now = main = total(costs)
    if view == "train" and any(node.mode != "both" for node in graph.nodes):
        main = total(costs_of(graph, see(graph, "infer"), 1))
    words = [f"{metric(main[0])} params · {metric(main[1])} MACs"]
    # What is the same in three digits is not said again.
    pairs = zip(now, main, ("params", "MACs"))
    more = [(metric(with_), unit) for with_, without, unit in pairs if metric(with_) != metric(without)]
    said = [f"{number} {unit}" if len(more) == 1 else number for number, unit in more]
    return [*words, f"({' and '.join(said)} with what acts in training alone)"] if said else words


def draw_title(
    scene: Scene, graph: Graph, numbers: Sequence[str], room: float, *, narrow: bool, small: float = 9
) -> float:
    """Draws name, numbers and the title that the spec gives; gives the height. ``narrow``: in lines of ``room``."""
    name = net_name(graph)
    scene.text(0, 10, name, 14, bold=True, ink=INK)
    after = width(name, 14, bold=True) + 10
    y = 11.0
    narrow = narrow and after + width(" ".join(numbers), 10.5) > room
    if not narrow:
        scene.text(after, y, " ".join(numbers), 10.5, ink=INK)
    for words in numbers if narrow else ():
        for line in wrap(words, room, 10.5):
            y += 15
            scene.text(0, y, line, 10.5, ink=INK)
    if graph.title and graph.title.strip():
        for line in wrap(graph.title, room, small) if narrow else [graph.title]:
            y += 15
            scene.text(0, y, line, small, ink=GREY)
    return y + 16
