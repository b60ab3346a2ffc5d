"""Forecasts at past moments. At each origin the models are handed read-only bars that end there: they cannot look ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from market_analysis.desk.evaluation.parquet_bars import HOUR_MS, MarketSeries
from market_analysis.domain import Bars
from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.forecast.curve import cumulative_curve
from market_analysis.quant.forecast.features import LEVEL_BARS
from market_analysis.quant.forecast.forecast import VarianceForecast, forecast_variances
from market_analysis.quant.forecast.measure import hourly_measure
from market_analysis.quant.forecast.members import LONGEST_HISTORY, fit_garch_models
from market_analysis.quant.forecast.panel import MEMBERS, PanelModel
from market_analysis.quant.garch import GarchFit, advance, fit_garch_batch, forecast_variance_path

__all__ = ["BASELINE", "COMBINED", "MODELS", "Plan", "SymbolForecasts", "walk_forward"]

BASELINE = "garch_normal_1000"
COMBINED = "combined"
MODELS = (BASELINE, "garch_t", "har", "panel", COMBINED)
BASELINE_RETURNS = 1000
REFIT_HOURS = 24


@dataclass(frozen=True, slots=True)
class Plan:
    """Origins every `every_hours` from first_ms to last_ms (closing times, Unix milliseconds); horizons in hours."""

    horizons: tuple[int, ...]
    every_hours: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class SymbolForecasts:
    """rows (origins,): number of the last bar seen. origin_ms: when it closed. forecasts: cumulative variance by model (origins,
    horizons), NaN where a model had none."""

    symbol: str
    rows: Int1D
    origin_ms: Int1D
    forecasts: Mapping[str, Float2D]


@dataclass(slots=True)
class _GarchState:
    """Fits of one kind, moved on bar by bar and fitted anew once a day."""

    refit: Callable[[Mapping[str, Bars], Mapping[str, GarchFit]], Mapping[str, GarchFit]]
    fits: dict[str, GarchFit] = field(default_factory=dict)
    seen_ms: dict[str, int] = field(default_factory=dict)
    fitted_ms: dict[str, int] = field(default_factory=dict)

    def at(self, bars: Mapping[str, Bars]) -> dict[str, GarchFit]:
        """The fits as of the last of `bars`."""
        newest = {name: int(series.open_time_ms[-1]) for name, series in bars.items()}
        due = {name: bars[name] for name, last in newest.items() if last - self.fitted_ms.get(name, -1) >= REFIT_HOURS * HOUR_MS}
        for name, series in bars.items():
            if name not in due and name in self.fits:
                first = int(np.searchsorted(series.open_time_ms, self.seen_ms[name], side="right"))
                for step in np.diff(np.log(series.close[first - 1 :])).tolist():
                    self.fits[name] = advance(self.fits[name], step)
        if due:
            self.fits.update(self.refit(due, self.fits))
            self.fitted_ms.update({name: newest[name] for name in due})
        self.seen_ms.update(newest)
        return {name: self.fits[name] for name in bars if name in self.fits}


def walk_forward(
    market: Mapping[str, MarketSeries],
    plan: Plan,
    panel: PanelModel | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, SymbolForecasts]:
    """Forecast every symbol at every origin that its last bar closes at and that BASELINE_RETURNS returns precede."""
    baseline, student = _GarchState(_refit_baseline), _GarchState(_refit_student)
    rows: dict[str, list[int]] = {name: [] for name in market}
    said: dict[str, list[Float2D]] = {name: [] for name in market}
    for share, bars in _origins(market, plan):
        if progress is not None:
            progress(share)
        plain = baseline.at(bars)
        together = forecast_variances(bars, plan.horizons, panel=panel, garch_fits=student.at(bars))
        for name, forecast in together.items():
            rows[name].append(int(np.searchsorted(market[name].hourly.open_time_ms, forecast.last_open_time_ms)))
            said[name].append(_by_model(forecast, plain[name], plan.horizons))
    return {name: _collected(market[name], rows[name], said[name]) for name in market if rows[name]}


def _origins(market: Mapping[str, MarketSeries], plan: Plan) -> Iterator[tuple[float, dict[str, Bars]]]:
    """Each origin's share of the way and the bars closed by then, of the symbols that move and whose last bar closes there."""
    step = plan.every_hours * HOUR_MS
    first = -(-plan.first_ms // step) * step
    for moment in range(first, plan.last_ms + 1, step):
        bars = {}
        for name, series in market.items():
            times = series.hourly.open_time_ms
            end = int(np.searchsorted(times, moment - HOUR_MS, side="right"))
            if end > BASELINE_RETURNS and times[end - 1] == moment - HOUR_MS:
                past = series.hourly[max(0, end - LONGEST_HISTORY) : end]
                if np.ptp(past.close[-LEVEL_BARS:]) > 0.0:
                    bars[name] = past
        if bars:
            yield (moment - first) / max(plan.last_ms - first, 1), bars


def _refit_baseline(bars: Mapping[str, Bars], starts: Mapping[str, GarchFit]) -> dict[str, GarchFit]:
    returns = np.stack([np.diff(np.log(series.close[-BASELINE_RETURNS - 1 :])) for series in bars.values()])
    return dict(zip(bars, fit_garch_batch(returns, "normal", [starts.get(name) for name in bars]), strict=True))


def _refit_student(bars: Mapping[str, Bars], starts: Mapping[str, GarchFit]) -> dict[str, GarchFit]:
    return fit_garch_models({name: hourly_measure(series) for name, series in bars.items()}, starts)


def _by_model(forecast: VarianceForecast, plain: GarchFit, horizons: Sequence[int]) -> Float2D:
    """Cumulative variances (models, horizons) in the order of MODELS."""
    at, longest = np.asarray(horizons) - 1, max(horizons)
    answers: dict[str, Float1D] = {
        BASELINE: np.cumsum(forecast_variance_path(plain, longest))[at],
        COMBINED: forecast.cumulative,
    }
    for name in MEMBERS:
        if name in forecast.members:
            answers[name] = cumulative_curve(forecast.knots, forecast.members[name], longest)[at]
    missing = np.full(at.size, np.nan)
    return np.stack([answers.get(name, missing) for name in MODELS])


def _collected(series: MarketSeries, rows: list[int], said: list[Float2D]) -> SymbolForecasts:
    places = np.array(rows, dtype=np.int64)
    table = np.stack(said)
    return SymbolForecasts(
        symbol=series.symbol,
        rows=places,
        origin_ms=series.hourly.open_time_ms[places] + HOUR_MS,
        forecasts={name: table[:, at] for at, name in enumerate(MODELS)},
    )
