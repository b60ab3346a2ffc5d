"""The confidence score of document 003: trend and volatility votes. It may only lower risk (ruling 21)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market_analysis.quant.arrays import Float1D
from market_analysis.quant.indicators import donchian, exponential_mean, rolling_std, rsi
from market_analysis.quant.resample import AggregatedBars
from market_analysis.quant.returns import log_returns
from market_analysis.settings import RiskSettings

LOWEST_SCORE, HIGHEST_SCORE = -2, 5
FAST_SPAN, SLOW_SPAN = 20, 50
DONCHIAN_BARS = 20
RSI_PERIOD = 14
SHORT_WINDOW, LONG_WINDOW = 20, 100
CALM_RATIO, WILD_RATIO = 0.8, 1.5
ALIGNED_LOW, ALIGNED_HIGH, DISAGREE = 0.5, 2.0, 3.0
LEAST_BARS = LONG_WINDOW + 2


@dataclass(frozen=True, slots=True)
class Confidence:
    """score in [-2, 5] and the votes behind it, in document 003's words."""

    score: int
    factors: tuple[str, ...]


def confidence_score(bars: AggregatedBars, sign: int, garch_to_har: float | None) -> Confidence | None:
    """Votes on closed 4h bars for a position of direction `sign` (+1 long, -1 short); None with fewer than LEAST_BARS bars.

    EMA20 against EMA50; close beyond the previous 20-bar Donchian channel; 20-bar against median 100-bar deviation of log
    returns; RSI14 about 50; garch_to_har, the ratio of the two horizon sigmas (None: no vote). Bars that do not move vote
    neither way on volatility.
    """
    if bars.close.size < LEAST_BARS:
        return None
    votes = (
        _trend(bars.close, sign),
        _breakout(bars, sign),
        _regime(bars.close),
        _momentum(bars.close, sign),
        _agreement(garch_to_har),
    )
    cast = [vote for vote in votes if vote is not None]
    total = sum(points for points, _ in cast)
    return Confidence(max(LOWEST_SCORE, min(HIGHEST_SCORE, total)), tuple(text for _, text in cast))


def risk_multiplier(score: int | None, settings: RiskSettings) -> float:
    """min(1, document 003's table 1.2 / 1.0 / .9 / .8 at scores >= 4 / 2 / 0 / less); 1 without a score or with use_dynamic off."""
    if not settings.use_dynamic or score is None or score >= 2:
        return 1.0
    return 0.9 if score >= 0 else 0.8


def risk_fraction(score: int | None, settings: RiskSettings) -> float:
    """Fraction of the base (equity or notional) to risk: base fraction times the multiplier, clipped to its bounds."""
    if settings.base == "equity":
        low, base, high = settings.min_equity_risk_frac, settings.equity_risk_frac, settings.max_equity_risk_frac
    else:
        low, base, high = settings.min_target_pct, settings.base_target_pct, settings.max_target_pct
    return max(low, min(high, base * risk_multiplier(score, settings)))


def _trend(close: Float1D, sign: int) -> tuple[int, str] | None:
    fast, slow = exponential_mean(close, FAST_SPAN)[-1], exponential_mean(close, SLOW_SPAN)[-1]
    if sign * (fast - slow) <= 0:
        return None
    return 1, "Uptrend (EMA20 > EMA50)" if sign > 0 else "Downtrend (EMA20 < EMA50)"


def _breakout(bars: AggregatedBars, sign: int) -> tuple[int, str] | None:
    upper, lower = donchian(bars.high, bars.low, DONCHIAN_BARS)
    if sign > 0 and bars.close[-1] > upper[-1]:
        return 1, "Breakout above Donchian high"
    if sign < 0 and bars.close[-1] < lower[-1]:
        return 1, "Breakout below Donchian low"
    return None


def _regime(close: Float1D) -> tuple[int, str] | None:
    returns = log_returns(close)
    recent = rolling_std(returns, SHORT_WINDOW)[-1]
    usual = float(np.nanmedian(rolling_std(returns, LONG_WINDOW)))
    if recent < CALM_RATIO * usual:
        return 1, "Low volatility regime"
    if recent > WILD_RATIO * usual:
        return -1, "High volatility regime"
    return None


def _momentum(close: Float1D, sign: int) -> tuple[int, str] | None:
    if sign * (rsi(close, RSI_PERIOD)[-1] - 50.0) <= 0:
        return None
    return 1, "Positive momentum (RSI > 50)" if sign > 0 else "Negative momentum (RSI < 50)"


def _agreement(garch_to_har: float | None) -> tuple[int, str] | None:
    if garch_to_har is None:
        return None
    if ALIGNED_LOW <= garch_to_har <= ALIGNED_HIGH:
        return 1, "Volatility models aligned"
    return (-1, "Volatility models disagree") if garch_to_har > DISAGREE else None
