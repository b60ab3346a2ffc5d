"""A folder of SYMBOL-*.parquet files: ts (open time, UTC), open, high, low, close, volume; any bar length that divides an hour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import Bars
from market_analysis.errors import DataUnknownError, UsageError
from market_analysis.quant.arrays import Float1D, Int1D
from market_analysis.quant.resample import aggregate_bars

__all__ = ["MarketSeries", "read_market_folder"]

HOUR_MS = 3_600_000
MINUTES = 60
COLUMNS = ("open", "high", "low", "close", "volume")
MOST_DECIMALS = 12


@dataclass(frozen=True, slots=True, eq=False)
class MarketSeries:
    """One symbol. hourly: complete hours. fine_variance (hours,): sum of squared log returns of the finer bars of each hour, from
    close to close, NaN for the first; None where the file is hourly. fine_minutes: their length. tick: one unit of the last digit
    in use, price units."""

    symbol: str
    hourly: Bars
    fine_variance: Float1D | None
    fine_minutes: int
    tick: float


def read_market_folder(folder: Path, symbols: frozenset[str] | None = None) -> dict[str, MarketSeries]:
    """Every file, by the part of its name before the first hyphen.

    Raises:
        UsageError: no such folder, no file in it, two files of one symbol, or pyarrow is not installed.
        DataUnknownError: a file has not the columns, or its bars are not of one length that divides an hour.
    """
    paths = sorted(folder.glob("*-*.parquet")) if folder.is_dir() else []
    chosen: dict[str, Path] = {}
    for path in paths:
        symbol = path.name.split("-")[0]
        if symbols is not None and symbol not in symbols:
            continue
        if symbol in chosen:
            raise UsageError(f"{chosen[symbol].name} and {path.name} are both {symbol}", remedy="keep one file for a symbol")
        chosen[symbol] = path
    if not chosen:
        raise UsageError(f"{folder} holds no SYMBOL-*.parquet that was asked for", remedy="name a folder of OHLCV Parquet files")
    return {symbol: _read(symbol, path) for symbol, path in chosen.items()}


def _read(symbol: str, path: Path) -> MarketSeries:
    times, prices = _columns(path)
    steps = np.diff(times)
    minutes = int(np.median(steps)) // 60_000 if steps.size else 0
    aligned = minutes > 0 and MINUTES % minutes == 0 and (steps > 0).all() and not (times % (minutes * 60_000)).any()
    if not aligned:
        raise DataUnknownError(
            f"{path.name}: bars must ascend, aligned, in one length that divides an hour; the median step is {minutes} min",
            remedy="sort, deduplicate and align the file",
        )
    if minutes == MINUTES:
        return MarketSeries(symbol, Bars(MINUTES, times, *prices), None, minutes, last_digit(prices[3]))
    hourly = aggregate_bars(times, *prices, bar_minutes_in=minutes, bar_minutes_out=MINUTES)
    bars = Bars(MINUTES, hourly.ts_ms, hourly.open, hourly.high, hourly.low, hourly.close, hourly.volume)
    return MarketSeries(symbol, bars, _fine_variance(times, prices[3], hourly.ts_ms), minutes, last_digit(prices[3]))


def _columns(path: Path) -> tuple[Int1D, list[Float1D]]:
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise UsageError("reading Parquet files needs pyarrow", remedy="pip install 'risk-manager[data]'") from error
    try:
        table = parquet.read_table(path, columns=["ts", *COLUMNS])
        times = np.array(table["ts"].cast(arrow.timestamp("ms", tz="UTC")).cast("int64"), dtype=np.int64)
        prices = [np.array(table[name], dtype=np.float64) for name in COLUMNS]
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataUnknownError(
            f"{path.name} cannot be read as OHLCV: {error}", remedy=f"give the columns ts, {', '.join(COLUMNS)}"
        ) from error
    if times.size < 2 or not all(np.isfinite(values).all() for values in prices):
        raise DataUnknownError(f"{path.name} holds no bars, or some that are not finite", remedy="repair or leave out the file")
    return times, prices


def _fine_variance(times: Int1D, close: Float1D, hours_ms: Int1D) -> Float1D:
    """Sum of squared returns of the finer bars that end within each hour; the return into a bar is taken from the close before it,
    so that nothing between hours is lost. NaN for the hour of the first bar."""
    squared = np.concatenate([[np.nan], np.diff(np.log(close)) ** 2])
    hours, place = np.unique(times // HOUR_MS, return_inverse=True)
    sums = np.asarray(np.bincount(place, weights=squared, minlength=hours.size), dtype=np.float64)
    result: Float1D = sums[np.searchsorted(hours, hours_ms // HOUR_MS)]
    return result


def last_digit(prices: Float1D) -> float:
    """The unit of the last decimal in use: the least power of ten of which every price is a multiple."""
    for decimals in range(MOST_DECIMALS):
        scaled = prices * 10.0**decimals
        off: NDArray[np.float64] = np.abs(scaled - np.round(scaled))
        if (off <= 1e-9 + 1e-13 * scaled).all():
            return float(10.0**-decimals)
    return float(10.0**-MOST_DECIMALS)
