"""Closed hourly bars as candles of a few hours, and the cone of the forecast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from market_analysis.domain import Bars

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle: open time (Unix ms) and prices. Made of closed bars only; a group that lacks bars is drawn from those it has."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float


def candles(bars: Bars, since_ms: int, until_ms: int, hours: int) -> list[Candle]:
    """Bars that opened at `since_ms` or later and closed by `until_ms`, grouped by `hours` aligned to the UTC epoch."""
    step, length = hours * HOUR_MS, bars.bar_minutes * 60_000
    columns = (bars.open_time_ms, bars.open, bars.high, bars.low, bars.close)
    made: list[Candle] = []
    for opened, first, high, low, close in zip(*(column.tolist() for column in columns), strict=True):
        if opened < since_ms or opened + length > until_ms:
            continue
        start = opened // step * step
        if made and made[-1].open_ms == start:
            last = made[-1]
            made[-1] = Candle(start, last.open, max(last.high, high), min(last.low, low), close)
        else:
            made.append(Candle(start, first, high, low, close))
    return made


def cone(price: float, term_structure: Mapping[int, float], horizon_hours: int, sigmas: float) -> list[tuple[float, float, float]]:
    """(hours ahead, lower, upper) price at `sigmas` standard deviations: price * exp(-/+ z sigma(t)).

    sigma(t)^2 is linear in time between the hours of `term_structure` (and 0 at 0), so that variances add up.
    """
    knots = [(0, 0.0), *((hours, sigma**2) for hours, sigma in sorted(term_structure.items()) if hours <= horizon_hours)]
    points = []
    for (before, start), (after, end) in pairwise(knots):
        parts = max(1, min(6, after - before))
        for part in range(1, parts + 1):
            hours = before + (after - before) * part / parts
            spread = sigmas * math.sqrt(start + (end - start) * part / parts)
            points.append((hours, price * math.exp(-spread), price * math.exp(spread)))
    return [(0.0, price, price), *points]
