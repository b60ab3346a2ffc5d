"""Correlation of closed 4h log price returns between assets (ruling 11): now, and daily for the clusters' hysteresis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import Bars, to_milliseconds
from market_analysis.quant.covariance import align, shrunk_correlation
from market_analysis.quant.resample import aggregate_bars

DAY_MS = 86_400_000
BAR_MINUTES = 240
REPLAY_DAYS = 30
MINIMUM_OBSERVATIONS = 60
"""Ten days of 4h returns: the least settings allow as a look-back, and the least from which a correlation is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """4h log returns (n,) and the Unix milliseconds (n,) at which their bars closed; bars after a gap give no return."""

    closed_ms: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationView:
    """What is known of how the assets move together.

    matrix: (N, N) over `assets`, Ledoit-Wolf shrunk, unit diagonal; the rows of `missing` assets are those of the identity.
    daily: the same at each 00:00 UTC of the replay, oldest first, the last today's. observations: common 4h returns behind
    `matrix`. dropped: returns of each asset in the window that others lack.
    """

    assets: tuple[str, ...]
    matrix: NDArray[np.float64]
    missing: frozenset[str]
    observations: int
    dropped: Mapping[str, int]
    daily: tuple[NDArray[np.float64], ...]

    def rows(self, assets: Sequence[str]) -> NDArray[np.int64]:
        """Row of each asset."""
        place = {asset: index for index, asset in enumerate(self.assets)}
        return np.array([place[asset] for asset in assets], dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    matrix: NDArray[np.float64]
    known: frozenset[str]
    observations: int
    dropped: Mapping[str, int]


def four_hour_returns(bars: Bars) -> Returns:
    """Log returns of complete, UTC-aligned 4h bars; none where prices are not positive and finite."""
    usable = len(bars) > 0 and bool(np.isfinite(bars.close).all()) and bool((bars.close > 0).all())
    if not usable:
        return Returns(np.empty(0, dtype=np.int64), np.empty(0))
    grouped = aggregate_bars(
        bars.open_time_ms,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
        bar_minutes_in=bars.bar_minutes,
        bar_minutes_out=BAR_MINUTES,
    )
    values = np.diff(np.log(grouped.close))
    follows = ~grouped.follows_gap[1:]
    return Returns((grouped.ts_ms + BAR_MINUTES * 60_000)[1:][follows], values[follows])


def correlation_view(assets: Sequence[str], returns: Mapping[str, Returns], as_of: datetime, lookback_days: int) -> CorrelationView:
    """Correlations over the last `lookback_days` at `as_of`, and at 00:00 UTC of today and of the 30 days before it."""
    names = tuple(assets)
    now = to_milliseconds(as_of)
    midnight = now - now % DAY_MS
    present = _window(names, returns, now, lookback_days)
    daily = tuple(_window(names, returns, midnight - back * DAY_MS, lookback_days).matrix for back in range(REPLAY_DAYS, -1, -1))
    return CorrelationView(names, present.matrix, frozenset(names) - present.known, present.observations, present.dropped, daily)


def _window(assets: tuple[str, ...], returns: Mapping[str, Returns], end_ms: int, lookback_days: int) -> _Window:
    inside: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
    for asset in assets:
        series = returns.get(asset)
        if series is None:
            continue
        rows = (series.closed_ms <= end_ms) & (series.closed_ms > end_ms - lookback_days * DAY_MS)
        values = series.values[rows]
        if values.size >= MINIMUM_OBSERVATIONS and float(np.ptp(values)) > 0.0:
            inside[asset] = (series.closed_ms[rows], values)
    matrix = np.eye(len(assets))
    while inside:
        panel = align(inside)
        still = [
            name for name, column in zip(panel.names, panel.returns.T, strict=True) if column.size and not np.ptp(column) > 0.0
        ]
        if panel.timestamps.size >= MINIMUM_OBSERVATIONS and not still:
            estimate = shrunk_correlation(panel.returns)
            place = [assets.index(name) for name in panel.names]
            matrix[np.ix_(place, place)] = estimate.matrix
            return _Window(matrix, frozenset(panel.names), estimate.observations, dict(panel.dropped))
        # One young or broken series must not take the history of all the others away: the shortest leaves.
        del inside[still[0] if still else min(inside, key=lambda name: (inside[name][0].size, name))]
    return _Window(matrix, frozenset(), 0, {})
