"""Random specs that compile: joins, blocks, groups, repeats, references, modes, reuse and styles in one another."""

from __future__ import annotations

import random

_STYLES = (
    "",
    "style conv = _, relu",
    "style conv = _, bn, relu",
    "style conv = [_, bn, relu]",
    "style conv = [conv: _, bn: bn, relu]",
    "style conv = bn, relu, _",
)

_BLOCKS = """\
block plain(k) { conv{k}-4, relu }
block residual(k, flag=false) { add { conv1-{k}, conv3-4 | if flag { down: conv1-4 } else { id } }, relu }
block fire(c) { concat { conv1-c, conv3-4 | plain(3) | id }, squeeze: conv1-4 }
block pair(t) { add { id | @t } }
"""

_CONVS = ("conv3-4", "conv1-4", "conv1x3-4", "conv3-4 +bn", "conv3-4 plain", "conv3-4 groups=2", "sepconv3-4")
_PASSES = ("conv3-4", "conv3-4, relu", "add { conv3-4 | id }", "plain(3)", "conv3-4 +bn, sigmoid")
_CALLS = ("plain(1)", "plain(3)", "residual(2)", "residual(4, flag=true)", "fire(4)", "fire(8)")


class _Spec:
    """Every item takes and gives 4×6×6, so that any item may follow any."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.labels = 0
        self.limited = False
        self.tensors: list[str] = []
        self.modules: list[str] = []

    def label(self) -> str:
        self.labels += 1
        return f"l{self.labels}"

    def several(self, most: int, depth: int) -> str:
        return ", ".join(self.item(depth) for _ in range(self.choose.randint(1, most)))

    def item(self, depth: int) -> str:
        """An item that may stand anywhere: it refers to nothing and is referred to by nothing."""
        pick = self.choose.random()
        if depth <= 0 or pick < 0.4:
            return self.choose.choice([*_CONVS, "relu", "sigmoid", "silu", "bn", "scale init=0.5"])
        if pick < 0.5:
            other = self.choose.choice(["id", "id | id", self.several(2, depth - 1)])
            return f"add {{ {self.several(3, depth - 1)} | {other} }}"
        if pick < 0.6:
            branches = [self.several(2, depth - 1) for _ in range(self.choose.randint(1, 3))]
            return f"concat {{ {' | '.join(branches)} | id }}, conv1-4"
        if pick < 0.65:
            return "mul { id | gap, conv1-4, sigmoid }"
        if pick < 0.75:
            return f"{self.label()}: [{self.several(4, depth - 1)}]"
        if pick < 0.8:
            return f"{self.label()}: add {{ {self.several(2, depth - 1)} | id }}"
        if pick < 0.87:
            return f"{self.label()}: [{self.choose.choice(_PASSES)}] ×{self.choose.randint(2, 4)}"
        if pick < 0.95:
            return self.choose.choice(_CALLS)
        if self.limited:
            return "tanh"
        # What acts in one mode cannot hold what acts in the other alone.
        self.limited = True
        inside = self.several(2, depth - 1)
        self.limited = False
        return f"[{inside}] {self.choose.choice(['train', 'eval'])}"

    def row(self) -> str:
        """A row of the file, which may name a tensor or a module and refer to earlier ones."""
        pick = self.choose.random()
        if pick < 0.15 and self.tensors:
            other = self.choose.choice(self.tensors)
            rows = [f"add {{ id | @{other} }}", f"concat {{ @{other} | id }}, conv1-4", f"pair(@{other})"]
            return self.choose.choice(rows)
        if pick < 0.25 and self.modules:
            return f"reuse {self.choose.choice(self.modules)}"
        if pick < 0.45:
            name = self.label()
            self.tensors.append(name)
            self.modules.append(name)
            return f"{name}: " + self.choose.choice(["conv3-4", "plain(3)", "residual(3)", f"[{self.several(3, 2)}]"])
        if pick < 0.5:
            name = self.label()
            self.tensors.append(name)
            return f"relu as {name}"
        if pick < 0.6:
            return f"{self.choose.choice(['p', 'q.r'])}.{self.label()}: conv3-4"
        return self.item(3)

    def text(self) -> str:
        rows = [self.row() for _ in range(self.choose.randint(2, 7))]
        ends = [self.choose.choice(["gap, fc-5", "fc-5", "conv1-4"]), self.choose.choice(["", "soft-max eval"])]
        if self.tensors and self.choose.random() < 0.5:
            mode = self.choose.choice(["train ", "eval ", ""])
            ends.append(f"output aux {mode}{{ @{self.choose.choice(self.tensors)}, gap, fc-3 }}")
        style = self.choose.choice(_STYLES)
        return "\n".join(["net random", "input 4x6x6", style, _BLOCKS, *rows, *ends, ""])


def spec(choose: random.Random) -> str:
    """A spec of a few dozen layers."""
    return _Spec(choose).text()
