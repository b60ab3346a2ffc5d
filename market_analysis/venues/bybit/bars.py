"""Closed price bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import Bars, InstrumentId
from market_analysis.errors import MalformedAnswerError, UsageError
from market_analysis.venues.bybit.concurrent import together
from market_analysis.venues.bybit.endpoints import KLINES
from market_analysis.venues.bybit.reader import Answer, Reader
from market_analysis.venues.bybit.wire.convert import parse
from market_analysis.venues.bybit.wire.market import KlineResult

INTERVALS: Mapping[int, str] = MappingProxyType(
    {1: "1", 3: "3", 5: "5", 15: "15", 30: "30", 60: "60", 120: "120", 240: "240", 360: "360", 720: "720", 1440: "D"}
)
"""Bybit's interval by bar length in minutes."""

_MINUTE_MS = 60_000
_COLUMNS = 6
Window = tuple[int, int]
Table = NDArray[np.float64]


async def read_bars(reader: Reader, instrument: InstrumentId, bar_minutes: int, since_ms: int, now_ms: int) -> Bars:
    """Closed bars that opened at or after `since_ms` (Unix milliseconds), ascending; missing ones stay missing.

    A bar counts as closed when market time `now_ms` says so and the venue has begun a later one, so that a clock which runs
    ahead of the venue's cannot take a forming bar for a closed one. Nothing is asked while no new bar can have closed.

    Raises:
        UsageError: `bar_minutes` is no length that the venue offers.
        MalformedAnswerError: rows of another symbol, out of the window or off the grid, impossible prices, no bars where there
            must be some, or a newest bar that is older than the last one closed (stale).
    """
    if bar_minutes not in INTERVALS:
        raise UsageError(f"bar_minutes is {bar_minutes}, must be one of {', '.join(map(str, INTERVALS))}")
    step = bar_minutes * _MINUTE_MS
    first = -(-since_ms // step) * step
    forming = now_ms // step * step
    if first >= forming:
        return _bars(bar_minutes, np.empty((0, _COLUMNS)))
    windows = _windows(first, forming, step)
    tables = await together(_read_window(reader, instrument, bar_minutes, window) for window in windows)
    _check_windows(instrument, tables, forming - step)
    table = np.concatenate(tables)
    newest = table[-1, 0]
    return _bars(bar_minutes, table[(table[:, 0] < newest) & (table[:, 0] < forming)])


def _windows(first: int, last: int, step: int) -> list[Window]:
    """Opening times [start, end] of one page each, which together reach from `first` to `last`."""
    span = (KLINES.page_limit - 1) * step
    return [(start, min(start + span, last)) for start in range(first, last + 1, span + step)]


async def _read_window(reader: Reader, instrument: InstrumentId, bar_minutes: int, window: Window) -> Table:
    params = {
        "category": instrument.category.value,
        "symbol": instrument.symbol,
        "interval": INTERVALS[bar_minutes],
        "start": window[0],
        "end": window[1],
        "limit": KLINES.page_limit,
    }
    return await reader.parsed(KLINES, params, lambda answer: table_of(answer, instrument, window, bar_minutes * _MINUTE_MS))


def table_of(answer: Answer, instrument: InstrumentId, window: Window, step: int) -> Table:
    """One page as ascending rows of open time, open, high, low, close, volume."""
    result = parse(KlineResult, answer.result, KLINES.path)
    if (result.symbol, result.category) != (instrument.symbol, instrument.category.value):
        raise MalformedAnswerError(f"{KLINES.path}: answered {result.category} {result.symbol}, asked for {instrument}")
    table = _floats(instrument, result.rows)[::-1]
    opens = table[:, 0]
    if len(table) and (opens[0] < window[0] or opens[-1] > window[1] or bool((opens % step).any())):
        raise MalformedAnswerError(f"{KLINES.path}: {instrument.symbol} has bars outside of the window or off the {step} ms grid")
    if not bool((np.diff(opens) > 0).all()):
        raise MalformedAnswerError(f"{KLINES.path}: {instrument.symbol} bars are not in descending order of time")
    _check_prices(instrument, table)
    return table


def _floats(instrument: InstrumentId, rows: Sequence[tuple[float, ...]]) -> Table:
    table = np.array(rows, dtype=np.float64).reshape(len(rows), -1)[:, :_COLUMNS] if rows else np.empty((0, _COLUMNS))
    if not bool(np.isfinite(table).all()):
        raise MalformedAnswerError(f"{KLINES.path}: {instrument.symbol} has a number that is not finite")
    return table


def _check_prices(instrument: InstrumentId, table: Table) -> None:
    _, opening, high, low, close, volume = table.T
    sound = (low > 0) & (high >= np.maximum(opening, close)) & (low <= np.minimum(opening, close)) & (volume >= 0)
    if not bool(sound.all()):
        at = int(table[int(np.argmin(sound)), 0])
        raise MalformedAnswerError(f"{KLINES.path}: {instrument.symbol} bar {at} has impossible prices or volume")


def _check_windows(instrument: InstrumentId, tables: Sequence[Table], last_closed_ms: int) -> None:
    """Bars may begin late (a young listing), but must then go on to the last closed one."""
    filled = [len(table) > 0 for table in tables]
    if True in filled and not all(filled[filled.index(True) :]):
        raise MalformedAnswerError(f"{KLINES.path}: {instrument.symbol} has a page without bars between others")
    if not filled[-1] or tables[-1][-1, 0] < last_closed_ms:
        newest = int(tables[-1][-1, 0]) if filled[-1] else "missing"
        raise MalformedAnswerError(
            f"{KLINES.path}: {instrument.symbol}'s newest bar is {newest}, must be at least {last_closed_ms}: stale",
            venue_code="stale",
        )


def _bars(bar_minutes: int, table: Table) -> Bars:
    opens = table[:, 0].astype(np.int64)
    return Bars(bar_minutes, opens, *(np.ascontiguousarray(table[:, column]) for column in range(1, _COLUMNS)))
