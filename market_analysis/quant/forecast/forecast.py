"""forecast_variance: the variance of the log return over the next hours, of one symbol or of many together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, FloatND, Int1D, at_least
from market_analysis.quant.forecast.bar_arrays import BarArrays
from market_analysis.quant.forecast.curve import cumulative_curve
from market_analysis.quant.forecast.features import LEAST_MARKET, LEVEL_BARS, FeatureRows, SymbolFeatures, market_terms
from market_analysis.quant.forecast.measure import HOUR_MS, HourlyMeasure, Trailing, hourly_measure
from market_analysis.quant.forecast.members import fit_garch_models, fit_har_model, garch_totals, har_totals
from market_analysis.quant.forecast.panel import MEMBERS, PanelModel, load_panel
from market_analysis.quant.forecast.recalibration import RECALIBRATION_HOURS, half_pooled, recent_ratio
from market_analysis.quant.garch import GarchFit
from market_analysis.quant.har import HarFit

__all__ = [
    "MINIMUM_BARS",
    "VarianceForecast",
    "combine_totals",
    "forecast_variance",
    "forecast_variances",
    "panel_totals",
    "why_not_forecast",
]

MINIMUM_BARS = 200
RECALIBRATION_SPACING = 4
_ONE_SYMBOL = ""


@dataclass(frozen=True, slots=True, eq=False)
class VarianceForecast:
    """Cumulative variance of the log return from the close of the last bar, squared fractions; horizons in hours.

    cumulative (horizons,): over each of `horizons`. knots, totals: the combined forecasts all else is interpolated from.
    members: each model's own totals at the knots; dropped: why a model is missing. weights (knots, members present): shares in
    the geometric mean, in the order of `members`. recalibration (knots,): the factor applied. market_symbols: how many symbols the
    market term saw, 0 when it was absent. issues: `short_history` below 720 bars, `no_market`.
    """

    horizons: tuple[int, ...]
    cumulative: Float1D
    knots: tuple[int, ...]
    totals: Float1D
    members: Mapping[str, Float1D]
    weights: Float2D
    dropped: Mapping[str, str]
    recalibration: Float1D
    market_symbols: int
    bars: int
    last_open_time_ms: int
    garch: GarchFit | None
    har: HarFit | None
    issues: tuple[str, ...]

    def path(self, hours: int) -> Float1D:
        """Per-hour variances (hours,), above zero; their sums up to a horizon are `cumulative`. QuantError when hours < 1."""
        return np.diff(cumulative_curve(self.knots, self.totals, at_least("hours", hours, 1)), prepend=0.0)


def forecast_variance(bars: BarArrays, horizons: Sequence[int], *, panel: PanelModel | None = None) -> VarianceForecast:
    """Forecast one symbol from its closed hourly bars, 4,000 where present; the market term is absent.

    Raises as `forecast_variances`.
    """
    return forecast_variances({_ONE_SYMBOL: bars}, horizons, panel=panel)[_ONE_SYMBOL]


def forecast_variances(
    bars: Mapping[str, BarArrays],
    horizons: Sequence[int],
    *,
    panel: PanelModel | None = None,
    garch_fits: Mapping[str, GarchFit] | None = None,
) -> dict[str, VarianceForecast]:
    """Forecast many symbols together: each also sees the mean of all, hour by hour.

    variance = recalibration times the geometric mean of the pooled model, log-HAR and GARCH-t with the weights that the
    coefficient file states for each horizon, renormalised over the models that have a forecast. Only the given bars are looked at:
    the last of each symbol must be its last closed one. `panel`: other coefficients than the shipped. `garch_fits`: fits whose
    state is as of the last bar (`garch.advance`); they are made here where absent, which is nearly all of the cost.
    Raises QuantError on fewer than MINIMUM_BARS bars, bars that are not hourly or contradict themselves, a price that never moves,
    or horizons that are not positive.
    """
    model = panel or load_panel()
    hours = tuple(at_least("horizons", int(horizon), 1) for horizon in horizons)
    measures = {name: _measured(name, series) for name, series in bars.items()}
    rows = {name: _rows(measure) for name, measure in measures.items()}
    features = {name: SymbolFeatures(measure).at(rows[name]) for name, measure in measures.items()}
    fits = dict(garch_fits or {})
    fits.update(fit_garch_models({name: measure for name, measure in measures.items() if name not in fits}))
    market = dict(zip(features, market_terms(list(features.values())), strict=True)) if features else {}
    said = {name: panel_totals(model, features[name], market[name]) for name in measures}
    ratios = np.array([_recent_ratios(model, measures[name], rows[name], said[name]) for name in measures])
    factors = np.apply_along_axis(half_pooled, 0, ratios) ** model.recalibration_strength if measures else ratios
    known = {name: bool(market[name][-1, -1]) for name in measures}
    newest = [int(measure.open_time_ms[-1]) for measure in measures.values()]
    return {
        name: _combined(
            model,
            hours,
            measure,
            said[name][-1],
            fits.get(name),
            factors[place],
            newest.count(newest[place]) if known[name] else 0,
        )
        for place, (name, measure) in enumerate(measures.items())
    }


def _measured(name: str, bars: BarArrays) -> HourlyMeasure:
    where = f"bars of {name}" if name else "bars"
    if len(bars.open_time_ms) < MINIMUM_BARS:
        raise QuantError(
            f"{where}: {len(bars.open_time_ms)} hours; at least {MINIMUM_BARS} are needed",
            parameter="bars",
            remedy="read a longer history",
        )
    measure = hourly_measure(bars)
    if not measure.squared[-LEVEL_BARS:].any():
        raise QuantError(f"{where}: the price did not move in the last {LEVEL_BARS} hours", parameter="bars")
    return measure


def _rows(measure: HourlyMeasure) -> Int1D:
    """Past rows to recalibrate on and the last row, oldest first; the past ones on hours of the day shared by all symbols."""
    count = measure.open_time_ms.size
    past = np.arange(max(count - 1 - RECALIBRATION_HOURS, MINIMUM_BARS - 1), count - 1)
    shared = (measure.open_time_ms[past] // HOUR_MS) % RECALIBRATION_SPACING == 0
    return np.append(past[shared], count - 1)


def panel_totals(model: PanelModel, features: FeatureRows, market: Float2D) -> Float2D:
    """The pooled model's cumulative variances (rows, knots)."""
    relative = model.relative_variance(np.concatenate([features.own, market], axis=1))
    result: Float2D = relative * np.exp(features.log_level)[:, None] * np.array(model.horizons)
    return result


def combine_totals(members: FloatND, weights: Float2D, recalibration: Float1D) -> FloatND:
    """recalibration times the weighted geometric mean over the last axis of `members` (..., knots, members)."""
    result: FloatND = recalibration * np.exp(np.sum(weights * np.log(members), axis=-1))
    return result


def why_not_forecast(bars: BarArrays) -> str | None:
    """Why `forecast_variances` would refuse these bars; None where it would not."""
    try:
        _measured("", bars)
    except QuantError as error:
        return error.message
    return None


def _recent_ratios(model: PanelModel, measure: HourlyMeasure, rows: Int1D, said: Float2D) -> Float1D:
    """Ratio of realised to forecast variance at each knot (knots,), from the rows whose horizon has ended."""
    last = measure.open_time_ms.size - 1
    realised = Trailing(measure.variance)
    ratios = np.ones(len(model.horizons))
    for place, horizon in enumerate(model.horizons):
        ended = rows <= last - horizon
        if model.recalibration_strength[place] > 0.0 and ended.any():
            came = horizon * realised.mean(horizon, rows[ended] + horizon)
            ratios[place] = recent_ratio(came, said[ended, place], last - rows[ended], RECALIBRATION_SPACING)
    return ratios


def _combined(
    model: PanelModel,
    hours: tuple[int, ...],
    measure: HourlyMeasure,
    pooled: Float1D,
    fit: GarchFit | None,
    factor: Float1D,
    market_symbols: int,
) -> VarianceForecast:
    har = fit_har_model(measure, model.horizons)
    answers = dict(zip(MEMBERS, (pooled, har_totals(har), garch_totals(fit, model.horizons)), strict=True))
    members = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
    weights = model.member_weights[:, [MEMBERS.index(name) for name in members]]
    weights = weights / weights.sum(axis=1, keepdims=True)
    totals = combine_totals(np.stack(list(members.values()), axis=1), weights, factor)
    count = measure.open_time_ms.size
    issues = {"short_history": count < LEVEL_BARS, "no_market": market_symbols < LEAST_MARKET}
    return VarianceForecast(
        horizons=hours,
        cumulative=cumulative_curve(model.horizons, totals, max(hours))[np.array(hours) - 1] if hours else np.empty(0),
        knots=model.horizons,
        totals=totals,
        members=members,
        weights=weights,
        dropped={name: answer for name, answer in answers.items() if isinstance(answer, str)},
        recalibration=factor,
        market_symbols=market_symbols,
        bars=count,
        last_open_time_ms=int(measure.open_time_ms[-1]),
        garch=fit,
        har=None if isinstance(har, str) else har,
        issues=tuple(code for code, holds in issues.items() if holds),
    )
