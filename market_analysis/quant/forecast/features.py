"""What the pooled model looks at. Every figure is a ratio to the symbol's own trailing level, so that coefficients are universal.

Groups: log mean variance over trailing windows (HAR); squared returns against ranges (jumps, bounce); downside semivariance;
standardised returns and their size (leverage, momentum); volume; mean and spread of the log variance (volatility of
volatility); the largest hour of the day; the same hour of the past week; the level against longer levels; hour of day and
weekday of the next hour; and the market: the cross-sectional mean of some of these, absent where symbols are too few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.forecast.measure import HOUR_MS, HourlyMeasure, Trailing

__all__ = ["FEATURE_NAMES", "MARKET_NAMES", "FeatureRows", "SymbolFeatures", "market_terms"]

LEVEL_BARS: Final = 720
LONGER_BARS: Final = (2000, 4000)
SOFT_FLOOR: Final = 0.02
"""Added to every variance, as a share of the level, before its logarithm: an hour that did not move is a quiet hour."""
LARGEST_RETURN: Final = 6.0
LEAST_MARKET: Final = 3
"""Fewer symbols than this are no market."""

_VARIANCE_WINDOWS = (1, 2, 4, 8, 24, 72, 168, 336)
_JUMP_WINDOWS = (1, 4, 24, 168)
_SIGN_WINDOWS = (4, 24, 168)
_RETURN_WINDOWS = (1, 4, 24, 168)
_LOG_WINDOWS = (4, 24, 168)
_SPREAD_WINDOWS = (24, 168)
_WEEK = tuple(23 + 24 * day for day in range(7))
_NAMES: Final = (
    *(f"variance_{window}" for window in _VARIANCE_WINDOWS),
    *(f"jump_{window}" for window in _JUMP_WINDOWS),
    *(f"downside_{window}" for window in _SIGN_WINDOWS),
    *(f"return_{window}" for window in _RETURN_WINDOWS),
    *(f"return_size_{window}" for window in _RETURN_WINDOWS),
    *(f"volume_{window}" for window in _RETURN_WINDOWS),
    *(f"log_variance_{window}" for window in _LOG_WINDOWS),
    *(f"log_variance_spread_{window}" for window in _SPREAD_WINDOWS),
    "largest_24",
    "same_hour_week",
    *(f"level_{window}" for window in LONGER_BARS),
)
MARKET_NAMES: Final = ("variance_1", "variance_4", "variance_24", "variance_168", "return_1", "return_24", "volume_1")
FEATURE_NAMES: Final = (
    *_NAMES,
    *(f"hour_{hour}" for hour in range(1, 24)),
    *(f"weekday_{day}" for day in range(1, 7)),
    *(f"market_{name}" for name in MARKET_NAMES),
    "market_known",
)
_MARKET_COLUMNS = [_NAMES.index(name) for name in MARKET_NAMES]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureRows:
    """own (rows, k): the features but those of the market; log_level (rows,): log of the trailing level of variance per hour."""

    open_time_ms: Int1D
    own: Float2D
    log_level: Float1D

    @property
    def market_inputs(self) -> Float2D:
        """The columns whose cross-sectional means are the market's (rows, market terms)."""
        return self.own[:, _MARKET_COLUMNS]


class SymbolFeatures:
    """Features of one symbol as of any of its bars. Row t uses bars up to t only; running sums are shared by all rows."""

    __slots__ = (
        "_downside",
        "_log_squared",
        "_log_variance",
        "_measure",
        "_ranges",
        "_returns",
        "_squared",
        "_variance",
        "_volume",
    )

    def __init__(self, measure: HourlyMeasure) -> None:
        self._measure = measure
        self._variance = measure.variance
        self._ranges = Trailing(measure.range_variance)
        self._squared = Trailing(measure.squared)
        self._downside = Trailing(np.where(measure.returns < 0.0, measure.squared, 0.0))
        self._returns = Trailing(measure.returns)
        self._volume = Trailing(measure.volume)
        level = self._level(np.arange(self._variance.size))
        logs = np.log((self._variance + SOFT_FLOOR * level) / level)
        self._log_variance, self._log_squared = Trailing(logs), Trailing(logs**2)

    def at(self, rows: Int1D) -> FeatureRows:
        """The features as of each of `rows` (bar numbers)."""
        level = self._level(rows)
        floor = SOFT_FLOOR * level
        ratio = self._measure.ratio[rows]
        means = {window: self._mean_variance(window, rows, ratio) for window in _VARIANCE_WINDOWS}
        columns = [np.log((means[window] + floor) / level) for window in _VARIANCE_WINDOWS]
        columns += [np.log((self._squared_mean(window, rows) + floor) / (means[window] + floor)) for window in _JUMP_WINDOWS]
        columns += self._signs(rows, floor, means[24])
        columns += self._activity(rows)
        columns += self._shape(rows, level)
        trailing = Trailing(self._variance)
        columns += [np.log(level / np.maximum(trailing.mean(window, rows), floor)) for window in LONGER_BARS]
        times = self._measure.open_time_ms[rows]
        own = np.concatenate([np.stack(columns, axis=1), _calendar(times)], axis=1)
        return FeatureRows(times, own, np.log(level))

    def _level(self, rows: Int1D) -> Float1D:
        return np.maximum(self._mean_variance(LEVEL_BARS, rows, self._measure.ratio[rows]), 1e-14)

    def _mean_variance(self, window: int, rows: Int1D, ratio: Float1D) -> Float1D:
        return np.maximum(self._ranges.mean(window, rows), 0.0) * ratio

    def _squared_mean(self, window: int, rows: Int1D) -> Float1D:
        return np.maximum(self._squared.mean(window, rows), 0.0)

    def _signs(self, rows: Int1D, floor: Float1D, day_variance: Float1D) -> list[Float1D]:
        downside = [
            np.maximum(self._downside.mean(window, rows), 0.0) / (self._squared_mean(window, rows) + floor) - 0.5
            for window in _SIGN_WINDOWS
        ]
        sigma = np.sqrt(day_variance + floor)
        standardised = [self._returns.mean(window, rows) * np.sqrt(window) / sigma for window in _RETURN_WINDOWS]
        clipped = [np.clip(values, -LARGEST_RETURN, LARGEST_RETURN) for values in standardised]
        return [*downside, *clipped, *(np.abs(values) for values in clipped)]

    def _activity(self, rows: Int1D) -> list[Float1D]:
        usual = np.maximum(self._volume.mean(LEVEL_BARS, rows), 1e-300)
        return [np.log(np.maximum(self._volume.mean(window, rows), 0.0) / usual + SOFT_FLOOR) for window in _RETURN_WINDOWS]

    def _shape(self, rows: Int1D, level: Float1D) -> list[Float1D]:
        means = {window: self._log_variance.mean(window, rows) for window in _LOG_WINDOWS}
        squares = {window: self._log_squared.mean(window, rows) for window in _SPREAD_WINDOWS}
        spreads = [np.sqrt(np.maximum(squares[window] - means[window] ** 2, 0.0)) for window in _SPREAD_WINDOWS]
        day = self._variance[np.maximum(rows[:, None] - np.arange(24), 0)].max(axis=1)
        week = self._variance[np.maximum(rows[:, None] - np.array(_WEEK), 0)].mean(axis=1)
        recent = [np.log(values / level + SOFT_FLOOR) for values in (day, week)]
        return [*means.values(), *spreads, *recent]


def market_terms(symbols: Sequence[FeatureRows]) -> list[Float2D]:
    """Per symbol (rows, market terms + 1): the mean over the symbols that have that same hour, and 1 for known.

    Where fewer than LEAST_MARKET symbols have the hour the row is zero, and 0 for unknown.
    """
    times, place = np.unique(np.concatenate([rows.open_time_ms for rows in symbols]), return_inverse=True)
    inputs = np.concatenate([rows.market_inputs for rows in symbols])
    count = np.bincount(place, minlength=times.size)
    known = count >= LEAST_MARKET
    means = [np.bincount(place, weights=column, minlength=times.size) / np.maximum(count, 1) for column in inputs.T]
    table = np.column_stack([*means, np.ones(times.size)]) * known[:, None]
    cuts = np.cumsum([rows.open_time_ms.size for rows in symbols])[:-1]
    return np.split(table[place], cuts)


def _calendar(open_time_ms: Int1D) -> Float2D:
    """Hour of day and weekday (Monday 0) of the hour after each bar, one column for each but the first."""
    following = open_time_ms // HOUR_MS + 1
    hour, weekday = following % 24, (following // 24 + 3) % 7
    return np.concatenate([hour[:, None] == np.arange(1, 24), weekday[:, None] == np.arange(1, 7)], axis=1).astype(np.float64)
