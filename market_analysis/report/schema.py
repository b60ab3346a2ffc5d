"""The JSON Schemas of `risk_analysis.json` and of the guard's status, made from their types.

`python -m market_analysis.report.schema` prints the first, with the argument `guard_status` the second. The copies shipped beside
this file are what `risk-manager` users validate with; a test keeps them the same.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from typing import Any

import msgspec
import msgspec.inspect

from market_analysis.report import guard_status
from market_analysis.report.document import SCHEMA_VERSION, Document

STATUS_FILE_NAME = "guard_status.schema.json"
FILE_NAME = "risk_analysis.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DECIMAL_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"


def document_schema() -> dict[str, Any]:
    """The schema as draft 2020-12. Every field is always present; readers should allow more, which a later version may add."""
    return _schema(Document, f"urn:risk-manager:risk_analysis:{SCHEMA_VERSION}", "risk_analysis.json")


def status_schema() -> dict[str, Any]:
    """The same of what `risk-manager status --json` prints."""
    return _schema(guard_status.GuardStatus, f"urn:risk-manager:guard_status:{guard_status.SCHEMA_VERSION}", "guard status")


def schema_bytes(schema: dict[str, Any] | None = None) -> bytes:
    """A schema as it is shipped; the report's unless another is given."""
    return msgspec.json.format(msgspec.json.encode(schema or document_schema()), indent=2) + b"\n"


def shipped_schema(name: str = FILE_NAME) -> bytes:
    """The copy in the package."""
    return files("market_analysis.report").joinpath(name).read_bytes()


def _schema(kind: type, identity: str, title: str) -> dict[str, Any]:
    schema = msgspec.json.schema(kind)
    for owner, name in _moments(msgspec.inspect.type_info(kind)):
        _date(schema["$defs"][owner]["properties"][name])
    head = {"$schema": _DIALECT, "$id": identity, "title": title}
    return {**head, **{key: _completed(value) for key, value in schema.items()}}


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
    wanted = status_schema() if sys.argv[1:] == ["guard_status"] else document_schema()
    sys.stdout.write(schema_bytes(wanted).decode())
