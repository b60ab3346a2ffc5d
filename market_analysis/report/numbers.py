"""How numbers look: tick-correct prices, money with separators, probabilities no finer than 1 %, and `--` for unknown."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

UNKNOWN = "--"


def price(value: Decimal | float | None, tick_size: Decimal | None) -> str:
    """A price with the digits of its tick; of an unknown tick, with up to 8 significant ones."""
    if value is None:
        return UNKNOWN
    if tick_size is None:
        return f"{float(value):.8g}"
    digits = max(0, -int(tick_size.normalize().as_tuple().exponent))
    return f"{Decimal(str(value)):,.{digits}f}".replace(",", "") if abs(value) < 100_000 else f"{Decimal(str(value)):,.{digits}f}"


def money(value: Decimal | float | None, *, sign: bool = False, digits: int | None = None) -> str:
    """An amount with thousands separators. digits: None shows cents below 10, whole units above."""
    if value is None:
        return UNKNOWN
    amount = Decimal(str(value))
    places = (2 if abs(amount) < 10 else 0) if digits is None else digits
    rounded = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    rounded = abs(rounded) if rounded == 0 else rounded
    return f"{rounded:{'+' if sign else ''},}"


def quantity(value: Decimal | None) -> str:
    """A size as it is, without trailing zeros or exponents."""
    return UNKNOWN if value is None else f"{value.normalize():f}"


def percent(value: float | None, digits: int = 1, *, sign: bool = False) -> str:
    """A fraction as percent."""
    if value is None:
        return UNKNOWN
    rounded = round(value * 100, digits) + 0.0
    return f"{rounded:{'+' if sign else ''}.{digits}f}%"


def probability(value: float | None) -> str:
    """A probability to the nearest hundredth, as `.24`; never shown as certain unless it is."""
    if value is None:
        return UNKNOWN
    if 0 < value < 0.005:
        return "<.01"
    if 0.995 <= value < 1:
        return ">.99"
    return f"{value:.2f}" if value >= 1 else f"{value:.2f}"[1:]


def multiple(value: float | None, digits: int = 1) -> str:
    """A signed multiple of R, as `+.6` or `-1.2`."""
    if value is None:
        return UNKNOWN
    text = f"{round(value, digits) + 0.0:+.{digits}f}"
    return text[0] + text[2:] if text[1] == "0" and digits > 0 else text


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
