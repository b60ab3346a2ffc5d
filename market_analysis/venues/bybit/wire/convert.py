"""From the JSON of an answer to typed structs, strictly: garbage raises and names endpoint and field.

Bybit writes numbers as strings and "not applicable" as "". The latter is dropped before conversion, so that a field with a
default takes it and a required one is missing, which raises.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, get_args

import msgspec
import msgspec.structs

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
    """Fields of objects, also of those in lists; a list in a list is a row of text (bars: thousands), with nothing to drop."""
    if isinstance(raw, dict):
        return {
            name: _without_blanks(value) if isinstance(value, dict | list) else value
            for name, value in raw.items()
            if value != "" and value is not None
        }
    if isinstance(raw, list):
        return [_without_blanks(item) if isinstance(item, dict) else item for item in raw]
    return raw


def _require_finite(value: object, path: str) -> None:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise MalformedAnswerError(f"{path} is {value}, must be a finite number")
    elif isinstance(value, msgspec.Struct):
        for name, encoded in _fields_with_numbers(type(value)):
            _require_finite(getattr(value, name), f"{path}: {encoded}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            _require_finite(item, f"{path}[{number}]")


@cache
def _fields_with_numbers(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """Name and JSON name of the fields in which a `Decimal` may lie, however deep; the others need no look."""
    return tuple((f.name, f.encode_name) for f in msgspec.structs.fields(kind) if _may_hold_decimal(f.type))


def _may_hold_decimal(annotation: Any) -> bool:
    if annotation is Decimal or (isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)):
        return True
    return any(_may_hold_decimal(part) for part in get_args(annotation))
