"""Horizon sigma at past bars with parameters fitted once, as of the anchor: no look-ahead and no refit per bar.

Where the model is the combined forecast, sigma_H at bar t is what `quant.forecast.past_variances` says. Else it is the blend of
(a) GARCH filtered to t with the anchor's omega, alpha, beta (or EWMA), summed over the horizon;
(b) the anchor's HAR coefficients on the realised variance up to t; (c) the ATR at t. Only bars up to t enter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from market_analysis.quant.arrays import Float1D
from market_analysis.quant.blend import blend
from market_analysis.quant.ewma import ewma_variance
from market_analysis.quant.forecast import past_variances
from market_analysis.quant.garch import GarchFit, filter_variance, forecast_variance_lines
from market_analysis.quant.har import HarFit
from market_analysis.risk.bar_series import BarSeries
from market_analysis.risk.variance_mixture import ATR, EWMA, GARCH, HAR, blend_weights
from market_analysis.risk.volatility import VolatilityModel
from market_analysis.settings import VolSettings


def horizon_sigmas(model: VolatilityModel, series: BarSeries, rows: Sequence[int], settings: VolSettings) -> Float1D:
    """sigma_H as of the close of each bar number in `rows` (after the model's first bar), parameters of `model`; shape (rows,).

    Where no component sees any movement the model's own sigma_H is kept.
    """
    horizon = settings.horizon_hours
    place = np.asarray(rows, dtype=np.intp)
    clustered = EWMA if model.garch is None else GARCH
    begin = int(np.searchsorted(series.bars.open_time_ms, model.series.bars.open_time_ms[0]))
    if model.forecast is not None:
        past = past_variances(model.forecast, series.bars[begin:], (place - begin).tolist(), horizon, panel=model.panel)
        return np.sqrt(past)
    sigmas = {
        clustered: np.sqrt(_clustered_variance(model.garch, series.returns[begin:], settings)[place - begin]),
        ATR: np.sqrt(horizon * series.atr_variance(settings.atr_to_sigma_factor)[place]),
    }
    if model.har is not None:
        sigmas[HAR] = np.array([math.sqrt(_har_variance(model.har, series.realised_variance[:row], horizon)) for row in place])
    weights = blend_weights(settings, clustered)
    result = np.empty(place.size)
    for at in range(place.size):
        present = {name: float(values[at]) for name, values in sigmas.items() if values[at] > 0.0}
        known = sum(weights[name] for name in present) > 0.0
        result[at] = blend(present, weights, settings.garch_har_outlier_ratio).sigma if known else model.report.sigma_h
    return result


def _clustered_variance(garch: GarchFit | None, returns: Float1D, settings: VolSettings) -> Float1D:
    """Variance over the horizon as of each bar (returns + 1,): the one-step variance after bar t is element t of the filter.

    The filter starts where the model's own bars do, not where the history happens to: a longer history changes nothing.
    """
    if garch is None:
        return settings.horizon_hours * ewma_variance(returns, settings.ewma_decay)
    following = filter_variance(returns, garch)
    level, slope = forecast_variance_lines(garch, (settings.horizon_hours,))
    return np.asarray(level[0] + slope[0] * following)


def _har_variance(har: HarFit, past: Float1D, horizon: int) -> float:
    """exp(c_0 + sum c_w log m_w) * bias, summed over the horizon, from the realised variance up to the bar."""
    at = har.horizons.index(horizon)
    constant, *slopes = har.coefficients[at]
    means = [max(float(past[-window:].mean()), har.floor) for window in har.windows]
    exponent = constant + sum(slope * math.log(mean) for slope, mean in zip(slopes, means, strict=True))
    return horizon * math.exp(exponent) * har.bias_factors[at]
