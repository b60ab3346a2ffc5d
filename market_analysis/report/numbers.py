"""How numbers look: tick-correct prices, money with separators, probabilities no finer than 1 %, and `--` for unknown."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

UNKNOWN = "--"
_SIGNIFICANT = 8
_DIRECTION_MARKS = {ord(bad): "?" for bad in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"}


def plain(text: str) -> str:
    """Text from outside (symbols, a venue's words) that cannot drive a terminal: no control or direction characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text.translate(_DIRECTION_MARKS))


def price(value: Decimal | float | None, tick_size: Decimal | None) -> str:
    """A price with the digits of its tick, never an exponent; where the tick is unknown, 8 significant digits."""
    if value is None:
        return UNKNOWN
    exact = Decimal(str(value))
    if tick_size is None:
        return _without_trailing_zeros(_significant(exact, _SIGNIFICANT))
    return f"{exact:.{tick_digits(tick_size)}f}"


def tick_digits(tick_size: Decimal) -> int:
    """Digits behind the point that a multiple of the tick needs."""
    return max(0, -int(tick_size.normalize().as_tuple().exponent))


def short_price(value: Decimal | float | None, tick_size: Decimal | None) -> str:
    """A price as the screen shows it: `.1530` instead of `0.1530`."""
    return price(value, tick_size).removeprefix("0") if value is not None and 0 < value < 1 else price(value, tick_size)


def money(value: Decimal | float | None, *, sign: bool = False, digits: int | None = None) -> str:
    """An amount with thousands separators. digits: None shows cents below 10, whole units above."""
    if value is None:
        return UNKNOWN
    amount = Decimal(str(value))
    places = (2 if 0 < abs(amount) < 10 else 0) if digits is None else digits
    rounded = _unsigned_zero(amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN))
    return f"{rounded:{'+' if sign and rounded else ''},f}"


def quantity(value: Decimal | None) -> str:
    """A size as it is, without trailing zeros or exponents."""
    return UNKNOWN if value is None else _without_trailing_zeros(value)


def percent(value: float | Decimal | None, digits: int = 1, *, sign: bool = False) -> str:
    """A fraction as percent."""
    if value is None:
        return UNKNOWN
    rounded = round(float(value) * 100, digits) + 0.0
    return f"{rounded:{'+' if sign and rounded else ''}.{digits}f}%"


def probability(value: float | None) -> str:
    """A probability to the nearest hundredth, as `.24`; 0 and 1 only where it is exactly that (ruling 1)."""
    if value is None:
        return UNKNOWN
    if 0 < value < 0.005:
        return "<.01"
    if 0.995 <= value < 1:
        return ">.99"
    return f"{value:.2f}".removeprefix("0")


def multiple(value: float | None, digits: int = 1) -> str:
    """A signed multiple of R, as `+.6` or `-1.2`."""
    if value is None:
        return UNKNOWN
    text = f"{round(value, digits) + 0.0:+.{digits}f}"
    return text[0] + text[2:] if text[1] == "0" and digits > 0 else text


def ratio(value: Decimal | float | None, digits: int = 2) -> str:
    """A plain number: a ratio, a leverage, a multiple of sigma."""
    return UNKNOWN if value is None else f"{round(float(value), digits) + 0.0:.{digits}f}"


def age(seconds: float | None) -> str:
    """A length of time as `2s`, `14m`, `09:56h` or `3d`."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 48 * 3600:
        return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}h"
    return f"{whole // 86_400}d"


def until(moment: datetime, now: datetime) -> str:
    """The time from `now` to `moment`."""
    return age((moment - now) / timedelta(seconds=1))


def when(moment: datetime | None) -> str:
    """A moment in UTC to the second."""
    return UNKNOWN if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def clipped(text: str, width: int) -> str:
    """At most `width` characters; what is cut ends in `..`."""
    return text if len(text) <= width else text[: max(width - 2, 0)].rstrip() + ".."[:width]


def _significant(value: Decimal, digits: int) -> Decimal:
    return value if not value else value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), rounding=ROUND_HALF_EVEN)


def _without_trailing_zeros(value: Decimal) -> str:
    text = f"{_unsigned_zero(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unsigned_zero(value: Decimal) -> Decimal:
    return abs(value) if value == 0 else value
