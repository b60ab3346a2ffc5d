"""From the JSON of an answer to typed structs, strictly: garbage raises and names endpoint and field.

Bybit writes numbers as strings and "not applicable" as "". The latter is dropped before conversion, so that a field with a
default takes it and a required one is missing, which raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from market_analysis.errors import MalformedAnswerError


class WireStruct(msgspec.Struct, frozen=True, rename="camel"):
    """Base of all wire structs: unknown fields are ignored, for the venue adds some every month."""


T = TypeVar("T", bound=WireStruct)


def parse(kind: type[T], raw: object, endpoint: str) -> T:
    """`raw` as a `kind`.

    Raises:
        MalformedAnswerError: a required field is missing or empty, has the wrong type, or is no finite number.
    """
    try:
        value = msgspec.convert(_without_blanks(raw), kind, strict=False)
    except msgspec.ValidationError as error:
        raise MalformedAnswerError(f"{endpoint}: {error}") from None
    _require_finite(value, endpoint)
    return value


def _without_blanks(raw: object) -> object:
    if isinstance(raw, dict):
        return {name: _without_blanks(value) for name, value in raw.items() if value != "" and value is not None}
    if isinstance(raw, list):
        return raw if _is_text(raw) else [_without_blanks(item) for item in raw]
    return raw


def _is_text(items: Sequence[object]) -> bool:
    """Rows of text (bars) hold nothing to look into; there are thousands of them."""
    return bool(items) and isinstance(items[0], str)


def _require_finite(value: Any, path: str) -> None:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise MalformedAnswerError(f"{path} is {value}, must be a finite number")
    elif isinstance(value, msgspec.Struct):
        for name, encoded in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            _require_finite(getattr(value, name), f"{path}: {encoded}")
    elif isinstance(value, list | tuple) and not _is_text(value):
        for number, item in enumerate(value):
            _require_finite(item, f"{path}[{number}]")
