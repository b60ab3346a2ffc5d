"""Prices made to order: moves added to a coin's own path, and stretches where its price is given outright.

A script acts on the coin (the index), so every instrument of that coin follows. It is part of what makes the market,
fixed before anything is asked, so the market stays a pure function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from market_analysis.errors import UsageError


@dataclass(frozen=True, slots=True)
class PriceMove:
    """A log move added to the coin's own path, spread evenly over `over` from `at`.

    Unless `persist`, it is undone in the same time after that.
    """

    base: str
    at: datetime
    log_move: float
    over: timedelta = timedelta(minutes=1)
    persist: bool = True

    def __post_init__(self) -> None:
        if self.over < timedelta(minutes=1):
            raise UsageError(f"over={self.over} is shorter than the market's minute", remedy="use one minute or more")


@dataclass(frozen=True, slots=True)
class PricePath:
    """Given index prices at given times, log-linear between them; afterwards the coin's own path goes on from there.

    In the stretch index, mark and last price are the same and bars have no wicks, so a test can do the sums by hand.
    Before it the coin's own path stands: the first point is a jump in the minute before it.
    """

    base: str
    points: tuple[tuple[datetime, float], ...]

    def __post_init__(self) -> None:
        times = [moment for moment, _ in self.points]
        if len(times) < 2 or any(later <= earlier for earlier, later in pairwise(times)):
            raise UsageError(f"points of the {self.base} path must be two or more, in rising time order", remedy="sort the points")
        if any(not (price > 0.0 and math.isfinite(price)) for _, price in self.points):
            raise UsageError(f"points of the {self.base} path must have prices above 0", remedy="give positive prices")


ScriptItem = PriceMove | PricePath
