"""The symbol's own models beside the pooled one: log-HAR and GARCH-t, as cumulative variances at the panel's horizons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D
from market_analysis.quant.forecast.measure import HourlyMeasure
from market_analysis.quant.garch import RELIABLE_OBSERVATIONS, GarchFit, fit_garch_batch, forecast_variance_path
from market_analysis.quant.har import HarFit, fit_har

__all__ = ["LONGEST_HISTORY", "fit_garch_models", "fit_har_model", "garch_totals", "har_totals"]

LONGEST_HISTORY = 4000
"""Bars that the symbol's own models are fitted on (ruling 22)."""


def fit_har_model(measure: HourlyMeasure, horizons: Sequence[int]) -> HarFit | str:
    """Log-HAR at the panel's horizons, or why there is none."""
    try:
        return fit_har(measure.variance[-LONGEST_HISTORY:], horizons)
    except QuantError as error:
        return error.message


def har_totals(fit: HarFit | str) -> Float1D | str:
    """HAR forecasts (horizons,) from the last bar, or why there are none."""
    return fit if isinstance(fit, str) else np.array([fit.forecast_cumulative(horizon) for horizon in fit.horizons])


def fit_garch_models(measures: Mapping[str, HourlyMeasure], starts: Mapping[str, GarchFit] | None = None) -> dict[str, GarchFit]:
    """GARCH(1,1) with Student-t innovations for every symbol with RELIABLE_OBSERVATIONS returns, batched by length.

    `starts`: earlier fits, to start from.
    """
    groups: dict[int, list[str]] = {}
    for name, measure in measures.items():
        count = min(measure.returns.size - 1, LONGEST_HISTORY)
        if count >= RELIABLE_OBSERVATIONS:
            groups.setdefault(count, []).append(name)
    fits: dict[str, GarchFit] = {}
    for count, names in groups.items():
        returns = np.stack([measures[name].returns[-count:] for name in names])
        warm = None if starts is None else [starts.get(name) for name in names]
        fits.update(zip(names, fit_garch_batch(returns, "t", warm), strict=True))
    return fits


def garch_totals(fit: GarchFit | None, horizons: Sequence[int]) -> Float1D | str:
    """GARCH forecasts (horizons,) from the state of `fit`, or why there are none."""
    if fit is None:
        return f"fewer than {RELIABLE_OBSERVATIONS} returns"
    if fit.issues:
        return ", ".join(fit.issues)
    cumulative = np.cumsum(forecast_variance_path(fit, max(horizons)))
    result: Float1D = cumulative[np.asarray(horizons) - 1]
    return result
