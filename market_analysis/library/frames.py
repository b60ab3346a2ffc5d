"""pandas frames to arrays and bars, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from market_analysis.domain import Bars
from market_analysis.library.arguments import ArgumentError
from market_analysis.quant.arrays import Float1D

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
MINUTE_MS = 60_000


def column(df: pd.DataFrame, name: str) -> Float1D:
    """A float64 copy of one column; ArgumentError when it is missing or not numeric."""
    if name not in df.columns:
        known = ", ".join(map(str, df.columns)) or "none"
        raise ArgumentError(f"df has no column {name!r}; it has {known}", parameter="df")
    try:
        return np.array(df[name], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"df[{name!r}] is not numeric: {error}", parameter="df") from None


def values_of(name: str, values: pd.Series[float] | NDArray[np.float64]) -> Float1D:
    """A float64 copy of a series of numbers; ArgumentError unless it has one dimension."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{name} is not numeric: {error}", parameter=name) from None
    if array.ndim != 1:
        raise ArgumentError(f"{name} has {array.ndim} dimensions; it must be one series of numbers", parameter=name)
    return array


def milliseconds(index: pd.Index) -> NDArray[np.int64] | None:
    """Unix milliseconds of a time index, None for any other. An index without a zone is UTC, as document 003's frames were."""
    if not isinstance(index, pd.DatetimeIndex):
        return None
    utc = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    return np.asarray(utc, dtype="datetime64[ms]").astype(np.int64)


def bars_from_frame(df: pd.DataFrame, default_minutes: int) -> Bars:
    """Bars out of columns open, high, low, close (volume, if there), oldest first.

    The bar length is the smallest step of the time index. Without a time index bars are numbered, `default_minutes` apart.
    """
    rows = len(df)
    times = milliseconds(df.index)
    if times is None:
        minutes, times = default_minutes, np.arange(rows, dtype=np.int64) * (default_minutes * MINUTE_MS)
    else:
        steps = np.diff(times)
        if (steps <= 0).any():
            raise ArgumentError("df's index must ascend strictly", parameter="df", remedy="sort it and drop duplicates")
        minutes = int(steps.min()) // MINUTE_MS if steps.size else default_minutes
    if minutes < 1:
        raise ArgumentError("df has bars of less than a minute", parameter="df")
    prices = {name: column(df, name) for name in PRICES}
    opened, high, low, close = prices.values()
    sound = (low > 0.0) & (high >= np.maximum(opened, close)) & (low <= np.minimum(opened, close)) & (high < np.inf)
    if not sound.all():
        row = int(np.argmin(sound))
        raise ArgumentError(
            f"bar {row} is no bar: " + ", ".join(f"{name} {values[row]}" for name, values in prices.items()),
            parameter="df",
            remedy="repair or drop it",
        )
    volume = column(df, "volume") if "volume" in df.columns else np.zeros(rows)
    return Bars(minutes, times, opened, high, low, close, volume)


def frame_of(table: NDArray[np.float64]) -> pd.DataFrame:
    """Rows of open time (Unix milliseconds), open, high, low, close, volume as a frame; index aware UTC, named timestamp."""
    index = pd.DatetimeIndex(pd.to_datetime(table[:, 0].astype(np.int64), unit="ms", utc=True), name="timestamp")
    return pd.DataFrame(table[:, 1:], index=index, columns=list(COLUMNS))
