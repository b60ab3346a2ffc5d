"""The record of one instrument: minutes lately used, and every hour asked for once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from market_analysis.venues.simulated.catalogue.instrument import InstrumentSpec
from market_analysis.venues.simulated.market import rows
from market_analysis.venues.simulated.market.coins import CoinPaths
from market_analysis.venues.simulated.market.recent import Recent
from market_analysis.venues.simulated.market.streams import HOURS_PER_BLOCK, MINUTES_PER_BLOCK, MINUTES_PER_HOUR
from market_analysis.venues.simulated.market.ticks import InstrumentTicks, PriceKind, TickBars

HOUR = MINUTES_PER_HOUR
_BLOCKS_KEPT = 4
_NO_PRICES, _NO_AMOUNTS = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
_NONE = TickBars(_NO_PRICES, _NO_PRICES, _NO_PRICES, _NO_PRICES, _NO_AMOUNTS, _NO_AMOUNTS)
_HOUR_STARTS = np.arange(0, MINUTES_PER_BLOCK, MINUTES_PER_HOUR, dtype=np.int64)


class Tape:
    """Minutes and hours of one instrument by position since the market's start."""

    def __init__(self, spec: InstrumentSpec, coins: CoinPaths, seed: int, daily_turnover_usd: float) -> None:
        self.spec = spec
        self._ticks = InstrumentTicks(spec, coins, seed, daily_turnover_usd)
        self._minutes: Recent[tuple[PriceKind, int], TickBars] = Recent(_BLOCKS_KEPT)
        self._hours: dict[tuple[PriceKind, int], TickBars] = {}

    def minutes(self, kind: PriceKind, first: int, end: int) -> TickBars:
        """Minutes first to end - 1."""
        return _gather(lambda number: self._minute_block(kind, number), MINUTES_PER_BLOCK, first, end)

    def hours(self, kind: PriceKind, first: int, end: int) -> TickBars:
        """Hours first to end - 1, each the exact aggregate of its minutes."""
        return _gather(lambda number: self._hour_block(kind, number), HOURS_PER_BLOCK, first, end)

    def standing(self, kind: PriceKind, minute: int) -> TickBars:
        """A bar standing at the opening price of `minute`, nothing traded: all that is known when the minute begins."""
        price = self.minutes(kind, minute, minute + 1).open
        nothing = np.zeros(1, dtype=np.int64)
        return TickBars(price, price, price, price, nothing, nothing)

    def none(self) -> TickBars:
        """No bars."""
        return _NONE

    def _minute_block(self, kind: PriceKind, number: int) -> TickBars:
        return self._minutes.get((kind, number), lambda: self._ticks.bars(kind, number))

    def _hour_block(self, kind: PriceKind, number: int) -> TickBars:
        key = (kind, number)
        if key not in self._hours:
            self._hours[key] = rows.aggregate(self._minute_block(kind, number), _HOUR_STARTS)
        return self._hours[key]


def _gather(block: Callable[[int], TickBars], size: int, first: int, end: int) -> TickBars:
    if end <= first:
        return _NONE
    numbers = range(first // size, (end - 1) // size + 1)
    return rows.join([block(n).between(max(first - n * size, 0), end - n * size) for n in numbers])
