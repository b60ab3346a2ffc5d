"""One request as the handlers see it: merged parameters with typed, bounded access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl

import msgspec

from market_analysis.venues.simulated.ledger.model import ApiKey
from market_analysis.venues.simulated.ledger.refusals import parameter_error

DERIVATIVES = ("linear", "inverse")
CATEGORIES = ("spot", "linear", "inverse", "option")


@dataclass(frozen=True, slots=True)
class Call:
    """A decoded request. `params` holds the query of a GET or the JSON body of a POST; `key` is None
    and `uid` empty on public paths.

    `now_ms` is market time at the moment of the call (a staleness fault may set it back).
    """

    method: str
    path: str
    params: Mapping[str, object]
    now_ms: int
    uid: str = ""
    key: ApiKey | None = None

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text; absent, null and empty are `default`."""
        value = self.params.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    def required(self, name: str) -> str:
        """A parameter that must be there; else 10001."""
        value = self.text(name)
        if not value:
            raise parameter_error(f"params error: {name} is required")
        return value

    def category(self, allowed: tuple[str, ...] = CATEGORIES) -> str:
        """The required product type, one of `allowed`."""
        value = self.text("category")
        if value not in allowed:
            raise parameter_error(f"Illegal category: [{value}], expected one of {', '.join(allowed)}")
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        """An integer parameter, or `default`; 10001 if it is not one."""
        value = self.text(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            raise parameter_error(f"params error: {name} must be an integer, got [{value}]") from None

    def limit(self, default: int, largest: int) -> int:
        """Page size within [1, largest]; 10001 outside."""
        value = self.integer("limit", default)
        if value is None or not 1 <= value <= largest:
            raise parameter_error(f"params error: limit must be within [1, {largest}], got [{value}]")
        return value

    def decimal(self, name: str) -> Decimal | None:
        """A decimal parameter, or None where absent or empty; 10001 if it is not a finite number."""
        value = self.text(name)
        if not value:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise parameter_error(f"params error: {name} must be a number, got [{value}]") from None
        if not number.is_finite():
            raise parameter_error(f"params error: {name} must be finite, got [{value}]")
        return number

    def required_decimal(self, name: str) -> Decimal:
        """A decimal parameter that must be there; else 10001."""
        value = self.decimal(name)
        if value is None:
            raise parameter_error(f"params error: {name} is required")
        return value

    def flag(self, name: str) -> bool:
        """A boolean parameter; absent is False."""
        return self.text(name).lower() in {"true", "1"}

    def with_params(self, params: Mapping[str, object]) -> Call:
        """The same call with other parameters (one order of a batch)."""
        return Call(self.method, self.path, params, self.now_ms, self.uid, self.key)


def query_params(raw_query: str) -> dict[str, object]:
    """Decoded query string; of a repeated name the last one counts."""
    return dict(parse_qsl(raw_query, keep_blank_values=True))


def body_params(body: bytes) -> dict[str, object]:
    """Decoded JSON body; 10001 if it is not an object."""
    if not body:
        return {}
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise parameter_error("Request parameter error: the body is not JSON") from None
    if not isinstance(decoded, dict):
        raise parameter_error("Request parameter error: the body is not an object")
    return decoded
