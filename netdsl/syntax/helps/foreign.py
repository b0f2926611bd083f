"""Files that are no specs: source and configuration of other tools, which are said to be so in one sentence."""

from __future__ import annotations

import re

#: What a file is, by lines that only such files have; each must be found.
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Python source",
        (r"^(?:import|from)[ \t]+\w", r"^(?:class[ \t]+\w.*:|def[ \t]+\w+\(|\w+[ \t]*=[ \t]*\w|\w+\.\w+\()"),
    ),
    ("Python source", (r"^class[ \t]+\w+\(.*\):", r"^[ \t]+def[ \t]+\w+\(")),
    ("Python source", (r"^\w+[ \t]*=[ \t]*(?:\w+\.)*(?:Sequential|Model)\(", r"^\w+\.(?:add|compile)\(")),
    ("what PyTorch prints of a module", (r"^\w+\([ \t]*$", r"^[ \t]+\(\w+\):[ \t]*\w+\(")),
    ("a table of layers that another tool printed", (r"^[-=_]{20,}[ \t]*$", r"\bParam\b.*#|Output Shape")),
    ("a net of Caffe", (r"^layers?[ \t]*\{", r"^[ \t]+(?:type|bottom|top)[ \t]*:")),
    ("a configuration of Darknet", (r"^\[(?:net|network|convolutional)\]", r"^\w+[ \t]*=[ \t]*\S+")),
    ("YAML", (r"^[ \t]*-[ \t]+(?:\[.*\]|\w+[ \t]*:.*)[ \t]*$", r"^[A-Za-z_]\w*:[ \t]*$")),
    ("JSON", (r"\A\s*[{\[]", r"^[ \t]*[{\[]?[ \t]*\"\w+\"[ \t]*:")),
    ("a graph of ONNX", (r"^graph\b.*[({]", r"%\w+[ \t]*=")),
    ("HTML or XML", (r"\A\s*<(?:!|\?|html|svg|xml)", r">")),
)
#: How much of a file is looked at.
_MOST = 20_000
#: A line that a spec alone has.
_OURS = re.compile(
    r"^(?:net[ \t]+[\w.-]+[ \t]*(?:\"|$)|input[ \t]+\w+[ \t]+\d|input[ \t(\[:=]+[\d{])|\bconv\d+(?:x\d+)?-[\w{]",
    re.MULTILINE,
)


def foreign(text: str) -> str | None:
    """What a text is that is no spec (``"Python source"``), or None where it may be one."""
    head = text[:_MOST]
    if _OURS.search(head) is not None:
        return None
    for kind, patterns in _KINDS:
        if all(re.search(pattern, head, re.MULTILINE) is not None for pattern in patterns):
            return kind
    return None
