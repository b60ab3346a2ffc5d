"""The rolling day of one instrument, as tickers show it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from market_analysis.venues.simulated.catalogue import InstrumentSpec
from market_analysis.venues.simulated.market.rows import join
from market_analysis.venues.simulated.market.tape import Tape
from market_analysis.venues.simulated.market.ticks import turnover_step

_HOUR_MINUTES = 60
_DAY_MINUTES = 24 * _HOUR_MINUTES
_CHANGE_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """The rolling day up to now; `change_frac` is last over the price 24 hours ago, less one."""

    last_price: Decimal
    price_24h_ago: Decimal
    price_1h_ago: Decimal
    high_24h: Decimal
    low_24h: Decimal
    volume_24h: Decimal
    turnover_24h: Decimal
    change_frac: Decimal


def day_statistics(spec: InstrumentSpec, tape: Tape, first: int, now: int) -> DayStatistics:
    """Statistics of the day of minutes before minute `now`, shorter where the instrument's `first` minute is later."""
    tick = spec.tick_size
    since = max(now - _DAY_MINUTES, first)
    day = join([tape.minutes("last", since, now), tape.standing("last", now)])
    last, before = int(day.close[-1]) * tick, int(day.open[0]) * tick
    return DayStatistics(
        last_price=last,
        price_24h_ago=before,
        price_1h_ago=int(day.open[max(0, len(day.open) - 1 - _HOUR_MINUTES)]) * tick,
        high_24h=int(day.high.max()) * tick,
        low_24h=int(day.low.min()) * tick,
        volume_24h=int(day.volume.sum()) * spec.qty_step,
        turnover_24h=int(day.turnover.sum()) * turnover_step(spec),
        change_frac=(last / before - 1).quantize(_CHANGE_STEP, ROUND_HALF_EVEN),
    )
