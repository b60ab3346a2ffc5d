"""What came of an entry: later bars, run through the backtest's own rules (the stop first inside a bar)."""

from __future__ import annotations

import math

import numpy as np

from market_analysis.desk.evaluation.odds.cases import OUTCOMES
from market_analysis.desk.evaluation.odds.entries import VirtualEntry
from market_analysis.domain import Bars
from market_analysis.quant.arrays import Float1D
from market_analysis.risk.anchoring import ANCHOR_FIT_BARS
from market_analysis.risk.backtest import follow_levels
from market_analysis.risk.bar_series import BarSeries, bar_series
from market_analysis.risk.sigma_filter import horizon_sigmas
from market_analysis.risk.volatility import VolatilityModel, fit_model
from market_analysis.settings import Settings

__all__ = ["LaterLevels", "followed_outcome", "held_outcome", "later_levels", "static_outcome"]

LaterLevels = tuple[Float1D, Float1D]
"""sigma_H and ATR as of the close of the entry bar and of each later one (1 + hours,), each from bars up to then."""


def held_outcome(entry: VirtualEntry, bars: Bars, settings: Settings) -> int:
    """Column of the outcome with the entry's ATR and target held, as in the simulated paths.

    bars: the entry bar, then those of the horizon.
    """
    sigma = abs(math.log(entry.target / entry.price)) / entry.m
    atr = np.full(len(bars), entry.atr)
    result = follow_levels(bars, entry.side, entry.stop, entry.target, entry.m, sigma, atr, settings.stops, entry.valuer)
    return OUTCOMES.index(result.outcome)


def followed_outcome(entry: VirtualEntry, bars: Bars, levels: LaterLevels, settings: Settings) -> int:
    """The same with trail and target moved at each close as the product moves them."""
    sigma, atr = levels
    result = follow_levels(bars, entry.side, entry.stop, entry.target, entry.m, sigma, atr, settings.stops, entry.valuer)
    return OUTCOMES.index(result.outcome)


def static_outcome(entry: VirtualEntry, bars: Bars, settings: Settings) -> int:
    """Column of the outcome with levels that never move."""
    unread = np.zeros(len(bars))
    result = follow_levels(bars, entry.side, entry.stop, entry.target, 1.0, 1.0, unread, settings.stops, entry.valuer, moves=False)
    return OUTCOMES.index(result.outcome)


def later_levels(model: VolatilityModel, seen: Bars, whole: Bars, settings: Settings) -> LaterLevels | None:
    """What moves the product's levels after an entry at the close of `seen`: parameters fitted at the entry, filtered forward.

    whole: the bars of `seen` and those of the horizon. None where these do not carry the series.
    """
    series = bar_series(whole, settings)
    anchor = fit_model(model.instrument, seen[-ANCHOR_FIT_BARS:], settings, seen.last_close_time, model.panel)
    if not isinstance(series, BarSeries) or not isinstance(anchor, VolatilityModel):
        return None
    rows = range(len(seen) - 1, len(whole))
    return horizon_sigmas(anchor, series, rows, settings.vol), series.atr[len(seen) - 1 :]
