"""Variance forecasts of hourly bars: one call, no fitting of the pooled model at run time.

forecast        forecast_variance, forecast_variances: the public front
bar_arrays      what the bars must offer
measure         the realised variance of an hour, from its range, at the level of squared returns
features        what the pooled model looks at, as of any bar, from that bar and those before
panel           the pooled model: coefficients shipped in panel.json, fitted by benchmarks/fit_panel.py
members         the symbol's own models: log-HAR and GARCH-t
recalibration   the recent ratio of what came to what was said
past            what the same forecast would have said as of earlier bars
curve           cumulative variance between the fitted horizons, and the per-bar path
"""

from market_analysis.quant.forecast.forecast import (
    VarianceForecast,
    forecast_variance,
    forecast_variances,
    why_not_forecast,
)
from market_analysis.quant.forecast.past import past_variances

__all__ = ["VarianceForecast", "forecast_variance", "forecast_variances", "past_variances", "why_not_forecast"]
