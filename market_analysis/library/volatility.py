"""Volatility out of pandas prices: ATR, realised variance, GARCH(1,1), HAR, the blend. Sigmas are log-return fractions."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

from market_analysis.library.arguments import ArgumentError, Config, above_zero, at_least_zero, settings_from
from market_analysis.quant.arrays import Float1D
from market_analysis.quant.average_true_range import average_true_range
from market_analysis.quant.blend import GARCH, HAR, blend
from market_analysis.quant.ewma import ewma_variance
from market_analysis.quant.garch import (
    RELIABLE_OBSERVATIONS,
    Distribution,
    GarchFit,
    fit_garch,
    forecast_variance_path,
    validation_issues,
)
from market_analysis.quant.har import fit_har, har_variance_path
from market_analysis.quant.horizon_sigma import annualised, atr_sigma
from market_analysis.quant.returns import log_returns
from market_analysis.settings import VolSettings

if TYPE_CHECKING:
    import pandas as pd

ATR: Final = "atr"
HOURS_PER_YEAR: Final = 365 * 24
INTERVAL_MINUTES: Final = {
    "1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480, "12h": 720, "1d": 1440,
}  # fmt: skip
HAR_WINDOW_HOURS: Final = (4, 24, 168)
"""Besides the last bar: four hours, a day, a week (the longer windows of `quant.har`)."""
LARGEST_SIGMA_FRAC: Final = 0.5
"""Document 003: a horizon sigma above this is implausible."""


class ModelFallbackWarning(UserWarning):
    """A model was not sound and another stands in for it; the message names both."""


def compute_atr(df: pd.DataFrame, period: int = 14) -> pd.Series[float]:
    """Wilder's ATR, price units, on df's index: atr_t = atr_{t-1} + (tr_t - atr_{t-1}) / period, seeded by the first high - low.

    df has columns high, low, close; closed bars, oldest first. NaN or impossible prices raise.
    """
    import pandas as pd

    from market_analysis.library.frames import column

    high, low, close = (column(df, name) for name in ("high", "low", "close"))
    values = average_true_range(high, low, close, period)
    return pd.Series(values, index=df.index, name="atr")


def bars_per_year_from_interval(interval: str) -> float:
    """Bars of `interval` in a year of 365 days. Raises ArgumentError (a ValueError) for an interval that is not known."""
    return HOURS_PER_YEAR / bar_hours_of(interval)


def bar_hours_of(interval: str) -> float:
    """Hours of one bar."""
    if interval not in INTERVAL_MINUTES:
        known = ", ".join(INTERVAL_MINUTES)
        raise ArgumentError(f"interval is {interval!r}; it must be one of {known}", parameter="interval")
    return INTERVAL_MINUTES[interval] / 60.0


def realized_variance_close_to_close(prices: pd.Series[float]) -> tuple[pd.Series[float], pd.Series[float]]:
    """(squared log returns, log returns) per bar, both without the first bar; fractions."""
    import pandas as pd

    returns = pd.Series(log_returns(np.array(prices, dtype=np.float64)), index=prices.index[1:], name="return")
    return (returns**2).rename("realized_variance"), returns


def realized_vol_annualized_from_bar_sigma(sigma_bar: float, bars_per_year: float) -> float:
    """sigma_bar * sqrt(bars_per_year)."""
    return annualised(sigma_bar, 1.0, bars_per_year)


def har_rv_nowcast(rv: pd.Series[float], interval: str = "1h") -> tuple[float, float]:
    """(variance, sigma) forecast for the next bar by a log-HAR on per-bar realised variances `rv`, oldest first.

    Windows: the last bar, 4 hours, a day, a week, in bars of `interval`; bias-corrected (see `quant.har`). Raises QuantError when
    the history is too short: a week and 200 bars are needed.
    """
    variance = float(_har_path(np.array(rv, dtype=np.float64), interval, 1.0)[0])
    return variance, math.sqrt(variance)


def sigma_ann_and_sigma_H_from_har(  # noqa: N802
    prices: pd.Series[float], interval: str = "1h", horizon_hours: float = 4
) -> tuple[float, float]:
    """(sigma_ann, sigma_H) of the log return over the next `horizon_hours`, by the log-HAR on squared close-to-close returns.

    sigma_ann is sigma_H annualised by sqrt(8760 / horizon_hours). Errors as `har_rv_nowcast`.
    """
    bars = _horizon_bars(horizon_hours, interval)
    squares = log_returns(np.array(prices, dtype=np.float64)) ** 2
    return _both(_sum_over(_har_path(squares, interval, bars), bars), horizon_hours)


def garch_fit(prices: pd.Series[float], distribution: Distribution = "normal") -> GarchFit:
    """GARCH(1,1) fitted to the log returns of `prices` (fractions), with its diagnostics in `issues`.

    Raises ArgumentError with fewer than 500 returns.
    """
    returns = log_returns(np.array(prices, dtype=np.float64))
    if returns.size < RELIABLE_OBSERVATIONS:
        raise ArgumentError(
            f"prices give {returns.size} returns; a GARCH fit needs at least {RELIABLE_OBSERVATIONS}",
            parameter="prices",
            remedy="read a longer history",
        )
    return fit_garch(returns, distribution)


def garch_sigma_ann_and_sigma_H(  # noqa: N802
    prices: pd.Series[float], interval: str = "1h", horizon_hours: float = 4
) -> tuple[float, float]:
    """(sigma_ann, sigma_H): sigma_H^2 is the sum of the GARCH(1,1) variances of the bars in the next `horizon_hours`.

    sigma_ann is sigma_H annualised by sqrt(8760 / horizon_hours), so that both say the same thing; the long-run level is in
    `garch_fit`. A fit that is not sound (`GarchFit.issues`) is replaced by EWMA with a ModelFallbackWarning.
    Raises ArgumentError with fewer than 500 returns, for an unknown interval, or prices that never move.
    """
    bars = _horizon_bars(horizon_hours, interval)
    fit = garch_fit(prices)
    if not fit.issues:
        return _both(_sum_over(forecast_variance_path(fit, math.ceil(bars)), bars), horizon_hours)
    decay = VolSettings().ewma_decay
    reasons = ", ".join(fit.issues)
    warnings.warn(f"GARCH is not sound ({reasons}): EWMA with decay {decay} stands in", ModelFallbackWarning, stacklevel=2)
    latest = float(ewma_variance(log_returns(np.array(prices, dtype=np.float64)), decay)[-1])
    return _both(above_zero("variance of prices", latest) * bars, horizon_hours)


def validate_garch_result(returns: pd.Series[float], res: GarchFit, sigma_ann: float, horizon_hours: float) -> list[str]:
    """Everything that speaks against a fit, as stable codes (`quant.garch.validation_issues`); empty when it is sound.

    returns: the log returns (fractions) it was fitted to; sigma_ann: its annualised sigma, judged over `horizon_hours`:
    `sigma_implausible` unless sigma_ann * sqrt(horizon_hours / 8760) lies in (0, .5].
    """
    codes = [code for code in validation_issues(res, np.array(returns, dtype=np.float64)) if code != "sigma_implausible"]
    if not math.isfinite(sigma_ann):
        return list(dict.fromkeys((*codes, "not_finite")))
    sigma_h = sigma_ann * math.sqrt(above_zero("horizon_hours", horizon_hours) / HOURS_PER_YEAR)
    return codes if 0.0 < sigma_h <= LARGEST_SIGMA_FRAC else [*codes, "sigma_implausible"]


def blended_sigma_h(
    sigma_ann_garch: float | None,
    sigma_ann_har: float | None,
    atr_abs: float | None,
    price: float,
    cfg: Config,
    *,
    bar_hours: float | None = None,
) -> float:
    """Sigma over [vol] horizon_hours, a fraction (times the price it is an amount), out of up to three models.

    Each part in the same unit: sigma_ann * sqrt(H / 8760), and atr_abs / price * atr_to_sigma_factor * sqrt(H / bar_hours),
    weighted by blend_w_garch, blend_w_har, blend_w_atr over what is present. None, NaN or zero is absent. bar_hours: length of
    the ATR's bars; by default [vol] timeframe. cfg: full settings, the [vol] table, or {}.
    Raises ArgumentError for a negative part or a price that is not above zero, QuantError when nothing weighted is left.
    """
    vol = settings_from(cfg, "vol").vol
    hours = float(vol.horizon_hours)
    at = above_zero("price", price)
    parts: dict[str, float] = {}
    for name, sigma_ann in ((GARCH, sigma_ann_garch), (HAR, sigma_ann_har)):
        if sigma_ann is not None and not math.isnan(sigma_ann):
            parts[name] = annualised(at_least_zero(f"sigma_ann_{name}", sigma_ann), HOURS_PER_YEAR, hours)
    if atr_abs is not None and not math.isnan(atr_abs):
        bar = bar_hours_of(vol.timeframe) if bar_hours is None else above_zero("bar_hours", bar_hours)
        parts[ATR] = atr_sigma(at_least_zero("atr_abs", atr_abs) / at, hours / bar, vol.atr_to_sigma_factor)
    present = {name: sigma for name, sigma in parts.items() if sigma > 0.0}
    weights = {GARCH: vol.blend_w_garch, HAR: vol.blend_w_har, ATR: vol.blend_w_atr}
    return blend(present, weights, vol.garch_har_outlier_ratio).sigma


def _har_path(variances: Float1D, interval: str, bars: float) -> Float1D:
    """Per-bar forecast variances up to `bars` ahead."""
    length = bar_hours_of(interval)
    windows = sorted({1, *(max(round(hours / length), 1) for hours in HAR_WINDOW_HOURS)})
    steps = math.ceil(bars)
    return har_variance_path(fit_har(variances, sorted({1, steps}), windows), steps)


def _horizon_bars(horizon_hours: float, interval: str) -> float:
    """The horizon in bars, not necessarily whole."""
    return above_zero("horizon_hours", horizon_hours) / bar_hours_of(interval)


def _sum_over(path: Float1D, bars: float) -> float:
    """Sum of the first `bars` variances; of the last one only the part that lies within."""
    whole = math.floor(bars)
    rest = bars - whole
    return float(path[:whole].sum()) + (rest * float(path[whole]) if rest > 0.0 else 0.0)


def _both(variance: float, horizon_hours: float) -> tuple[float, float]:
    sigma_h = math.sqrt(variance)
    return annualised(sigma_h, horizon_hours, HOURS_PER_YEAR), sigma_h
