"""Frozen domain values as JSON and back, exactly: every type says what it is, so that nothing is guessed when it is read.

A dataclass becomes {"$": name, field: value, ...}; decimals, times, dates, enums, tuples, sets and mappings (also with keys that
are no text) carry a tag of one letter. Plain text, whole numbers, booleans and null are themselves. Floats are refused: money has
none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from market_analysis.errors import StateError

_SECOND = timedelta(seconds=1)


class Codec:
    """Encodes and decodes the dataclasses and enums that it was given; any other is refused, in both directions."""

    def __init__(self, types: Iterable[type]) -> None:
        self._types = {kind.__name__: kind for kind in types}
        self._fields = {name: tuple(f.name for f in fields(kind)) for name, kind in self._types.items() if is_dataclass(kind)}

    def dumps(self, value: object) -> str:
        """Canonical JSON: the same value gives the same text.

        Raises:
            StateError: a type that this codec does not know.
        """
        return json.dumps(self._plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def loads(self, text: str) -> Any:
        """The value of a text that `dumps` made.

        Raises:
            StateError: it is none, or of a version that had other types.
        """
        try:
            return self._value(json.loads(text, parse_float=_no_float))
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise StateError(f"a stored record cannot be read: {error!r}", remedy="run `risk-manager journal verify`") from error

    def _plain(self, value: Any) -> Any:
        if value is None or isinstance(value, bool) or type(value) in (str, int):
            return value
        if isinstance(value, Enum):
            return {"e": [self._known(type(value)), value.value]}
        if isinstance(value, Decimal):
            return {"d": str(value)}
        if isinstance(value, datetime):
            return {"t": value.isoformat()}
        if isinstance(value, date):
            return {"y": value.isoformat()}
        if isinstance(value, tuple):
            return [self._plain(item) for item in value]
        if isinstance(value, frozenset):
            return {"s": sorted((self._plain(item) for item in value), key=json.dumps)}
        if isinstance(value, Mapping):
            pairs = [[self._plain(key), self._plain(item)] for key, item in value.items()]
            return {"m": sorted(pairs, key=lambda pair: json.dumps(pair[0], sort_keys=True))}
        if is_dataclass(value) and not isinstance(value, type):
            name = self._known(type(value))
            return {"$": name, **{field: self._plain(getattr(value, field)) for field in self._fields[name]}}
        raise StateError(f"{type(value).__name__} cannot be stored", remedy="report this: the guard must not hold it")

    def _known(self, kind: type) -> str:
        if self._types.get(kind.__name__) is not kind:
            raise StateError(f"{kind.__name__} cannot be stored", remedy="report this: the guard must not hold it")
        return kind.__name__

    def _value(self, plain: Any) -> Any:
        if isinstance(plain, list):
            return tuple(self._value(item) for item in plain)
        if not isinstance(plain, dict):
            return plain
        if "$" in plain:
            return self._types[plain["$"]](**{name: self._value(item) for name, item in plain.items() if name != "$"})
        ((tag, inner),) = plain.items()
        return self._tagged(tag, inner)

    def _tagged(self, tag: str, inner: Any) -> Any:
        if tag == "d":
            return Decimal(inner)
        if tag == "t":
            return datetime.fromisoformat(inner)
        if tag == "y":
            return date.fromisoformat(inner)
        if tag == "e":
            return self._types[inner[0]](inner[1])
        if tag == "s":
            return frozenset(self._value(item) for item in inner)
        if tag == "m":
            return {self._value(key): self._value(item) for key, item in inner}
        raise ValueError(f"unknown tag {tag!r}")


def _no_float(text: str) -> float:
    raise ValueError(f"a float, {text}, where none belongs")
