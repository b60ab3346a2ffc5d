"""The JSON Schema of `risk_analysis.json`, made from its types: `python -m market_analysis.report.schema` prints it.

The copy shipped beside this file is what `risk-manager` users validate with; a test keeps the two the same.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from typing import Any

import msgspec
import msgspec.inspect

from market_analysis.report.document import SCHEMA_VERSION, Document

FILE_NAME = "risk_analysis.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DECIMAL_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"


def document_schema() -> dict[str, Any]:
    """The schema as draft 2020-12. Every field is always present; readers should allow more, which a later version may add."""
    schema = msgspec.json.schema(Document)
    for owner, name in _moments(msgspec.inspect.type_info(Document)):
        _date(schema["$defs"][owner]["properties"][name])
    return {
        "$schema": _DIALECT,
        "$id": f"urn:risk-manager:risk_analysis:{SCHEMA_VERSION}",
        "title": "risk_analysis.json",
        **{key: _completed(value) for key, value in schema.items()},
    }


def schema_bytes() -> bytes:
    """The schema as it is shipped."""
    return msgspec.json.format(msgspec.json.encode(document_schema()), indent=2) + b"\n"


def shipped_schema() -> bytes:
    """The copy in the package."""
    return files("market_analysis.report").joinpath(FILE_NAME).read_bytes()


def _moments(node: Any) -> set[tuple[str, str]]:
    """(class, field) of every moment in the types reachable from a msgspec type."""
    if isinstance(node, msgspec.inspect.DataclassType):
        found = {(node.cls.__name__, field.encode_name) for field in node.fields if _is_moment(field.type)}
        return found.union(*(_moments(field.type) for field in node.fields))
    parts = [getattr(node, name) for name in ("item_type", "value_type") if hasattr(node, name)] + list(getattr(node, "types", ()))
    return set().union(*(_moments(part) for part in parts))


def _is_moment(node: Any) -> bool:
    choices = getattr(node, "types", (node,))
    return any(isinstance(choice, msgspec.inspect.DateTimeType) for choice in choices)


def _date(node: dict[str, Any]) -> None:
    """Moments are ISO 8601 with their zone, which is always UTC."""
    for choice in node.get("anyOf", [node]):
        if choice.get("type") == "string":
            choice["format"] = "date-time"


def _completed(node: Any) -> Any:
    """All properties required, decimals with their pattern, descriptions on one line and without defaults."""
    if isinstance(node, list):
        return [_completed(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    done = {key: _completed(value) for key, value in node.items() if key != "default"}
    if node.get("format") == "decimal":
        done = {"type": "string", "pattern": _DECIMAL_PATTERN}
    if isinstance(node.get("properties"), dict):
        done["required"] = list(node["properties"])
    if isinstance(node.get("description"), str):
        done["description"] = " ".join(node["description"].split())
    return done


if __name__ == "__main__":
    sys.stdout.write(schema_bytes().decode())
