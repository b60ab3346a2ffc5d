"""The bars that the pooled model is fitted on: Parquet folders beside the repository, as hourly arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from market_analysis.quant.resample import aggregate_bars

__all__ = ["DATA", "HourlyBars", "read_folder", "span"]

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, eq=False)
class HourlyBars:
    """Closed hourly bars, as the forecasts read them."""

    open_time_ms: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    @property
    def bar_minutes(self) -> int:
        return 60


def read_folder(folder: Path) -> dict[str, HourlyBars]:
    """Every file of `folder` by the first part of its name; bars finer than an hour are aggregated."""
    return {path.stem.split("-")[0].split("_")[0]: _read(path) for path in sorted(folder.glob("*.parquet"))}


def span(bars: HourlyBars, first: str | None = None, before: str | None = None) -> HourlyBars:
    """The bars from `first` on that open before `before` (dates, UTC)."""
    kept = np.ones(bars.open_time_ms.size, dtype=np.bool_)
    if first is not None:
        kept &= bars.open_time_ms >= _ms(first)
    if before is not None:
        kept &= bars.open_time_ms < _ms(before)
    return HourlyBars(*(getattr(bars, field.name)[kept] for field in fields(bars)))


def usable(symbols: Mapping[str, HourlyBars], least_bars: int) -> dict[str, HourlyBars]:
    """Those with at least so many bars."""
    return {name: bars for name, bars in symbols.items() if bars.open_time_ms.size >= least_bars}


def _ms(date: str) -> int:
    return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp() * 1000)


def _read(path: Path) -> HourlyBars:
    import pyarrow.parquet as parquet

    table = parquet.read_table(path)
    times = np.asarray(table["ts"].cast("timestamp[ms]").cast("int64"))
    prices = [np.asarray(table[name], dtype=np.float64) for name in ("open", "high", "low", "close", "volume")]
    minutes = int(np.median(np.diff(times))) // 60_000
    if minutes == 60:
        return HourlyBars(times, *prices)
    hourly = aggregate_bars(times, *prices, bar_minutes_in=minutes, bar_minutes_out=60)
    return HourlyBars(hourly.ts_ms, hourly.open, hourly.high, hourly.low, hourly.close, hourly.volume)
