"""Python values as TOML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_SPECIAL = {"\\": "\\\\", '"': '\\"'}


def toml_value(value: Any) -> str:
    """A value as TOML, on one line; what TOML has no type for (Decimal, too: its digits are kept) as a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:_}" if isinstance(value, int) and abs(value) >= 10_000 else repr(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, BaseModel):
        return toml_value(dict(value))
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {toml_value(inner)}" for key, inner in value.items()) + " }" if value else "{}"
    return str(value.isoformat()) if hasattr(value, "isoformat") else _quoted(str(value))


def toml_lines(values: Mapping[str, Any]) -> list[str]:
    """A table's keys, each on a line."""
    return [f"{_key(key)} = {toml_value(value)}" for key, value in values.items()]


def _key(key: object) -> str:
    text = str(key)
    return text if text and text.replace("_", "").replace("-", "").isalnum() and text.isascii() else _quoted(text)


def _quoted(text: str) -> str:
    """A TOML string; what is not printable as its number."""
    return '"' + "".join(_SPECIAL.get(letter, letter if letter.isprintable() else f"\\U{ord(letter):08x}") for letter in text) + '"'
