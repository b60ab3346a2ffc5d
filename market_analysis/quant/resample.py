"""Longer bars out of shorter ones, aligned to the UTC epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Int1D, as_float_1d, at_least, same_length

__all__ = ["AggregatedBars", "aggregate_bars"]

MILLISECONDS_PER_MINUTE = 60_000


@dataclass(frozen=True, slots=True, eq=False)
class AggregatedBars:
    """Complete bars only; `ts_ms` is the open time. `volume` is summed.

    `follows_gap` marks bars whose predecessor in time is missing (never the first); `incomplete_ts_ms` lists the open
    times of the groups that were dropped because a bar was missing, the still-forming last group included.
    """

    ts_ms: Int1D
    open: Float1D
    high: Float1D
    low: Float1D
    close: Float1D
    volume: Float1D
    follows_gap: NDArray[np.bool_]
    incomplete_ts_ms: Int1D


def aggregate_bars(
    ts_ms: Int1D,
    open_: Float1D,
    high: Float1D,
    low: Float1D,
    close: Float1D,
    volume: Float1D,
    *,
    bar_minutes_in: int,
    bar_minutes_out: int,
) -> AggregatedBars:
    """First open, highest high, lowest low, last close, summed volume of each aligned group; shape (groups,).

    `ts_ms` (bars,) are open times in epoch milliseconds, strictly increasing multiples of the input length. A group that
    lacks a bar is dropped, never patched. Raises QuantError on misaligned or unsorted times, unequal lengths, NaN, or an
    output length that is no multiple of the input length.
    """
    times = _checked_times(ts_ms, at_least("bar_minutes_in", bar_minutes_in, 1), bar_minutes_out)
    columns = {
        "open": as_float_1d("open", open_, 0),
        "high": as_float_1d("high", high, 0),
        "low": as_float_1d("low", low, 0),
        "close": as_float_1d("close", close, 0),
        "volume": as_float_1d("volume", volume, 0),
    }
    same_length(ts_ms=times, **columns)
    length = bar_minutes_out * MILLISECONDS_PER_MINUTE
    size = bar_minutes_out // bar_minutes_in
    groups, place, counts = np.unique(times // length, return_inverse=True, return_counts=True)
    complete = counts == size
    kept = complete[place]
    grouped = {name: values[kept].reshape(-1, size) for name, values in columns.items()}
    starts = groups[complete] * length
    return AggregatedBars(
        ts_ms=starts,
        open=grouped["open"][:, 0],
        high=grouped["high"].max(axis=1),
        low=grouped["low"].min(axis=1),
        close=grouped["close"][:, -1],
        volume=grouped["volume"].sum(axis=1),
        follows_gap=np.diff(starts, prepend=starts[:1] - length) != length,
        incomplete_ts_ms=groups[~complete] * length,
    )


def _checked_times(ts_ms: Int1D, minutes_in: int, minutes_out: int) -> Int1D:
    if minutes_out < minutes_in or minutes_out % minutes_in:
        message = f"bar_minutes_out is {minutes_out}; it must be a multiple of bar_minutes_in {minutes_in}"
        raise QuantError(message, parameter="bar_minutes_out")
    times = np.asarray(ts_ms)
    if times.ndim != 1 or not np.issubdtype(times.dtype, np.integer):
        message = f"ts_ms has dtype {times.dtype} and rank {times.ndim}; it must be an integer vector"
        raise QuantError(message, parameter="ts_ms")
    times = times.astype(np.int64)
    if (times % (minutes_in * MILLISECONDS_PER_MINUTE)).any():
        raise QuantError(f"ts_ms is not aligned to bars of {minutes_in} minutes", parameter="ts_ms")
    if (np.diff(times) <= 0).any():
        raise QuantError("ts_ms must be strictly increasing", parameter="ts_ms", remedy="sort and remove duplicates")
    return times
