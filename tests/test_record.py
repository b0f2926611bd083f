"""Records: what pydantic does for them, and what they do without it."""

from __future__ import annotations

import copy
import pickle

import pytest
from pydantic import ValidationError

import netdsl
from netdsl.ir.record import Record, field
from netdsl.ir.types import Mode


class Size(Record):
    length: int = field(ge=1, le=9, description="how long")
    mode: Mode = "both"


class Box(Size):
    """A record with records in it."""

    inside: tuple[Size, ...] = ()


def test_construction_validates() -> None:
    assert Size(length=3) == Size.trusted(length=3, mode="both") == Size.model_construct(length=3)
    with pytest.raises(ValidationError, match="less than or equal to 9"):
        Size(length=10)
    with pytest.raises(ValidationError, match="Field required"):
        Size(mode="both")  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Size(length=3, width=3)  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="valid dictionary or instance of Size"):
        Box(length=3, inside=(3,))  # type: ignore[arg-type]


def test_without_validation_a_missing_field_is_an_error_all_the_same() -> None:
    with pytest.raises(KeyError):
        Size.model_construct(mode="both")


def test_a_record_is_frozen_and_a_value() -> None:
    box = Box(length=3, inside=(Size(length=1),))
    with pytest.raises(AttributeError, match="Box is frozen"):
        box.length = 4  # type: ignore[misc]
    with pytest.raises(AttributeError, match="Box is frozen"):
        del box.length
    assert box != Size(length=3)
    assert box.model_copy(update={"length": 4}).length == 4
    assert box.length == 3
    assert {box: 1}[Box(length=3, inside=(Size(length=1),))] == 1
    assert repr(box) == "Box(length=3, mode='both', inside=(Size(length=1, mode='both'),))"


def test_json_and_back() -> None:
    box = Box(length=3, mode="eval", inside=(Size(length=1),))
    assert box.model_dump_json() == '{"length":3,"mode":"eval","inside":[{"length":1,"mode":"both"}]}'
    assert Box.model_validate_json(box.model_dump_json()) == box
    assert Box.model_validate(box.model_dump()) == box
    assert box.model_dump() == {"length": 3, "mode": "eval", "inside": ({"length": 1, "mode": "both"},)}
    assert vars(Box.model_validate({"length": 3})) == {"length": 3, "mode": "both", "inside": ()}


def test_the_schema_says_limits_and_descriptions() -> None:
    schema = Box.model_json_schema()
    assert schema["description"] == "A record with records in it."
    assert schema["required"] == ["length"]
    assert schema["additionalProperties"] is False
    length = {"description": "how long", "maximum": 9, "minimum": 1, "title": "Length", "type": "integer"}
    assert schema["properties"]["length"] == length
    assert schema["$defs"]["Size"]["properties"]["length"] == length


def test_graphs_are_copied_and_pickled() -> None:
    graph = netdsl.compile("input 3x8x8\nadd { conv3-3 +bn | id }\n")
    for again in (copy.copy(graph), copy.deepcopy(graph), pickle.loads(pickle.dumps(graph))):
        assert again == graph
        assert hash(again) == hash(graph)
