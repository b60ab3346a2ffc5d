"""Comparing the shape of a payload with recorded examples: the same names, the same JSON types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures" / "bybit"


def load_example(name: str) -> Any:
    """A recorded document by its path below the fixture folder."""
    return json.loads((FIXTURES / name).read_text())


def json_type(value: Any) -> str:
    """JSON's name of a value's type."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def shape_differences(given: Any, example: Any, path: str = "") -> set[str]:
    """What `given` lacks, adds or types differently, one line each: `-path` missing, `+path` extra, `!path given/example`.

    Rows of a list are compared with the union of the example's rows. Empty lists and null prove nothing about content.
    """
    if json_type(given) != json_type(example):
        return {f"!{path} {json_type(given)}/{json_type(example)}"}
    if isinstance(given, dict):
        return _object_differences(given, example, path)
    if isinstance(given, list):
        return _list_differences(given, example, path)
    return set()


def _object_differences(given: dict[str, Any], example: dict[str, Any], path: str) -> set[str]:
    found = {f"-{path}.{name}" for name in example.keys() - given.keys()}
    found |= {f"+{path}.{name}" for name in given.keys() - example.keys()}
    for name in example.keys() & given.keys():
        found |= shape_differences(given[name], example[name], f"{path}.{name}")
    return found


def _list_differences(given: list[Any], example: list[Any], path: str) -> set[str]:
    if not example:
        return set()
    model: Any = example[0]
    if all(isinstance(row, dict) for row in example):
        model = {}
        for row in example:
            model |= row
    elif all(isinstance(row, list) for row in example):
        lengths = {len(row) for row in example}
        wrong = {f"!{path}[] length {len(row)}" for row in given if len(row) not in lengths}
        return wrong | {line for row in given for line in shape_differences(row, model, f"{path}[]")}
    return {line for row in given for line in shape_differences(row, model, f"{path}[]")}
