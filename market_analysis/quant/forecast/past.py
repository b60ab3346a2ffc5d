"""The combined forecast as of past bars, with the parameters of one forecast: what it would have said then, fitted once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.forecast.bar_arrays import BarArrays
from market_analysis.quant.forecast.curve import cumulative_curve
from market_analysis.quant.forecast.features import SymbolFeatures, market_terms
from market_analysis.quant.forecast.forecast import VarianceForecast, combine_totals, panel_totals
from market_analysis.quant.forecast.measure import HourlyMeasure, Trailing, hourly_measure
from market_analysis.quant.forecast.panel import PanelModel, load_panel
from market_analysis.quant.garch import GarchFit, filter_variance, forecast_variance_lines
from market_analysis.quant.har import HarFit

__all__ = ["past_variances"]


def past_variances(
    forecast: VarianceForecast, bars: BarArrays, rows: Sequence[int], horizon: int, *, panel: PanelModel | None = None
) -> Float1D:
    """Variance over the next `horizon` hours as of the close of each bar number in `rows` (rows,), squared log-return fractions.

    Row t uses bars up to t, and from `forecast` what was fitted or measured at its last bar: GARCH and HAR parameters,
    recalibration. The market term is absent. At the last bar of the bars that a forecast of one symbol was made from it is that
    forecast, to rounding. `bars` must begin where those of `forecast` begin, for trailing windows and filters to be the same.
    Raises QuantError on rows outside the bars.
    """
    places = np.asarray(rows, dtype=np.int64)
    if places.size and not (places.min() >= 0 and places.max() < len(bars.open_time_ms)):
        raise QuantError(f"rows reach from {places.min()} to {places.max()} in {len(bars.open_time_ms)} bars", parameter="rows")
    model = panel or load_panel()
    measure = hourly_measure(bars)
    features = SymbolFeatures(measure).at(places)
    alone = market_terms([features])[0]
    answers: dict[str, Float2D] = {"panel": panel_totals(model, features, alone)}
    if forecast.har is not None:
        answers["har"] = _har_totals(forecast.har, measure, places)
    if "garch_t" in forecast.members and forecast.garch is not None:
        answers["garch_t"] = _garch_totals(forecast.garch, measure, places, forecast.knots)
    members = np.stack([answers[name] for name in forecast.members], axis=2)
    totals = combine_totals(members, forecast.weights, forecast.recalibration)
    return np.array([cumulative_curve(forecast.knots, row, horizon)[-1] for row in totals])


def _har_totals(fit: HarFit, measure: HourlyMeasure, rows: Int1D) -> Float2D:
    """h exp(c_0 + sum_w c_w log m_w) times the bias factor (rows, horizons)."""
    trailing = Trailing(measure.variance)
    logs = np.log(np.maximum(np.stack([trailing.mean(window, rows) for window in fit.windows], axis=1), fit.floor))
    coefficients = np.array(fit.coefficients)
    exponent = coefficients[:, 0] + logs @ coefficients[:, 1:].T
    result: Float2D = np.array(fit.horizons) * np.exp(exponent) * np.array(fit.bias_factors)
    return result


def _garch_totals(fit: GarchFit, measure: HourlyMeasure, rows: Int1D, knots: tuple[int, ...]) -> Float2D:
    """The forecast is linear in the variance of the next bar: level + slope * h (rows, horizons)."""
    following = filter_variance(measure.returns[1:], fit)[rows]
    level, slope = forecast_variance_lines(fit, knots)
    result: Float2D = level + slope * following[:, None]
    return result
