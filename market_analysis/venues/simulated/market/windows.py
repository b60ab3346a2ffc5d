"""Reading bars of any length off a tape: closed ones, and the one still forming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.venues.simulated.market.intervals import MINUTE_MS, Interval, bar_open_ms, next_open, open_of
from market_analysis.venues.simulated.market.rows import BarRows, aggregate, join, to_rows
from market_analysis.venues.simulated.market.tape import HOUR, Tape
from market_analysis.venues.simulated.market.ticks import PriceKind, TickBars

_UNDER_AN_HOUR = (1, 3, 5, 15, 30)


@dataclass(frozen=True, slots=True)
class BarWindow:
    """Bars of `interval` that open in [start_ms, end_ms], as seen at `now_ms`."""

    interval: Interval
    start_ms: int
    end_ms: int
    now_ms: int


def read_bars(tape: Tape, window: BarWindow, origin_ms: int, first_ms: int, kind: PriceKind) -> BarRows:
    """The bars of `window`, oldest first; `origin_ms` is the tape's first minute, `first_ms` the instrument's."""
    minute_ms = window.now_ms // MINUTE_MS * MINUTE_MS
    begin_ms = max(_first_open(window, first_ms), first_ms)
    end_ms = next_open(open_of(window.end_ms, window.interval), window.interval)
    if begin_ms > minute_ms or begin_ms >= end_ms:
        return to_rows(tape.spec, np.empty(0, dtype=np.int64), tape.none())
    begin, until = (begin_ms - origin_ms) // MINUTE_MS, (min(end_ms, minute_ms) - origin_ms) // MINUTE_MS
    minutes, bars = _stretch(tape, kind, begin, until, by_hours=window.interval not in _UNDER_AN_HOUR)
    if end_ms > minute_ms:
        # The minute that holds now has not traded yet: it stands at the price it opened with.
        minutes = np.append(minutes, until)
        bars = join([bars, tape.standing(kind, until)])
    opens = bar_open_ms(origin_ms + minutes * MINUTE_MS, window.interval)
    first = np.flatnonzero(np.append(True, opens[1:] != opens[:-1]))
    return to_rows(tape.spec, opens[first], aggregate(bars, first))


def _first_open(window: BarWindow, first_ms: int) -> int:
    """The opening time of the first bar that opens in the window and reaches the instrument's first minute."""
    opens = open_of(max(window.start_ms, first_ms), window.interval)
    return opens if opens >= window.start_ms else next_open(opens, window.interval)


def _stretch(tape: Tape, kind: PriceKind, begin: int, until: int, *, by_hours: bool) -> tuple[NDArray[np.int64], TickBars]:
    """Short bars covering minutes [begin, until) and the minute each opens at: whole hours where allowed, else minutes."""
    hour_begin, hour_end = -(-begin // HOUR), until // HOUR
    if not by_hours or hour_begin >= hour_end:
        return np.arange(begin, until, dtype=np.int64), tape.minutes(kind, begin, until)
    from_minute, to_minute = hour_begin * HOUR, hour_end * HOUR
    opens = (
        np.arange(begin, from_minute, dtype=np.int64),
        np.arange(from_minute, to_minute, HOUR, dtype=np.int64),
        np.arange(to_minute, until, dtype=np.int64),
    )
    parts = [
        tape.minutes(kind, begin, from_minute),
        tape.hours(kind, hour_begin, hour_end),
        tape.minutes(kind, to_minute, until),
    ]
    return np.concatenate(opens), join(parts)
