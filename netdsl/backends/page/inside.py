"""What is inside of a block, layer by layer, with nothing around it."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.analyses.structure import Layer, structure
from netdsl.analyses.view import see
from netdsl.backends.block.build import Builder
from netdsl.backends.block.pieces import Pen
from netdsl.backends.canvas.palette import GREY
from netdsl.backends.canvas.scene import Scene
from netdsl.backends.overview.cells import UNMARKED, Mark
from netdsl.ir.graph import Graph
from netdsl.ir.types import View

#: Room beside the drawing.
_EDGE = 6.0


def inside(graph: Graph, view: View) -> tuple[Scene, dict[str, list[int]]]:
    """All layers of a small graph, and for the id of each box the nodes that it stands for.

    What stands several times is drawn as often, and blocks are open.
    """
    found = structure(graph, see(graph, view))
    builder = Builder(
        graph, found.heads, graph.scopes[0], opened=True, shares=False, mark=lambda _: UNMARKED, each=True
    )
    drawn = builder.series(found.items, None, ends=True)
    boxes: dict[str, list[int]] = {}

    def mark(every: Sequence[Layer]) -> Mark:
        name = every[0].head.name
        boxes[name] = [node.index for layer in every for node in layer.nodes]
        return Mark(name)

    scene = Scene(graph.name, w=drawn.left + drawn.right + 2 * _EDGE)
    pen = Pen(scene, mark)
    axis = _EDGE + drawn.left
    drawn.enters(pen, (axis, 0.0))
    tail = drawn.draw(pen, axis, 0.0)
    pen.line(tail, (tail[0], drawn.high))
    scene.text(tail[0], drawn.high + 8, builder.whole(found.items[-1].shape), 10, ink=GREY, align="c")
    scene.h = drawn.high + 16
    scene.w = max([scene.w, *(box.x + box.w + _EDGE for box in scene.boxes)])
    # What is written beside an arrow belongs to the layer before.
    home = {index: name for name, members in boxes.items() for index in members}
    first = next((name for name in boxes if name.startswith("n")), None)
    for node in graph.nodes:
        if node.index in home or not node.inputs:
            continue
        near = home.get(node.inputs[0], "")
        name = near if near.startswith("n") else first
        if name is not None:
            home[node.index] = name
            boxes[name].append(node.index)
    return scene, boxes
