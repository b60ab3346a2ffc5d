"""The volatility of an instrument as of its last closed bar: the combined forecast or the blend, every fallback in the open."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from market_analysis.domain import Bars, History, InstrumentId, Unknown, to_milliseconds
from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D
from market_analysis.quant.ewma import ewma_variance
from market_analysis.quant.forecast import VarianceForecast, forecast_variances, why_not_forecast
from market_analysis.quant.forecast.panel import PanelModel
from market_analysis.quant.garch import GarchFit, filter_variance, fit_garch_batch, forecast_variance_path
from market_analysis.quant.har import HarFit, fit_har, har_variance_path
from market_analysis.quant.horizon_sigma import annualised, flat_variance_path, term_structure
from market_analysis.quant.past_windows import PastWindows
from market_analysis.quant.policy_inputs import GarchRecursion
from market_analysis.quant.residuals import MINIMUM_BARS as MINIMUM_RESIDUALS
from market_analysis.quant.residuals import standardised_bar_residuals
from market_analysis.risk.bar_series import BarSeries, bar_series
from market_analysis.risk.past_windows import pooled_windows
from market_analysis.risk.types import ModelReport, VolatilityReport
from market_analysis.risk.variance_mixture import (
    ATR,
    COMBINED,
    EWMA,
    GARCH,
    HAR,
    PANEL,
    VarianceMixture,
    blended,
    combined,
    knot_within,
)
from market_analysis.settings import Settings, VolSettings

HOURS_PER_DAY = 24
HOURS_PER_YEAR = 365 * HOURS_PER_DAY
TAIL_HOURS = 5 * HOURS_PER_DAY
"""The book's value at risk looks five days ahead."""
TERM_HOURS = (1, 4, 24, 72)
LARGEST_SIGMA = 3.0
"""Log sigma over the longest horizon in use above which nothing is forecast: in a collapse (LUNA, May 2022) the trailing ATR is
thousands of times the price, and levels from it would be no prices."""


SHOCK_SHARE = 0.25
"""Share of GARCH's alpha that the simulated paths keep; beta takes the rest, so that persistence stays.

The forecast path already carries the level. With the whole alpha of hourly crypto (.1 to .2) and resampled fat tails a few paths
hold nearly all the variance, and the typical one hardly moves: targets and stops were touched more often than said.
Measured by `python -m benchmarks.odds` (docs/evaluation.md).
"""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class VolatilityModel:
    """A fitted instrument. Variances are per hourly bar, squared log-return fractions.

    last_bar_ms: open time of the last bar seen. garch None: EWMA stands in for it. forecast: what made the path, None where the
    blend did. variance_path (hours,) covers every horizon in use; residuals (n, 3) are None when too few. atr_abs: trailing ATR in
    price units. series: the bars behind it. panel: coefficients of the pooled model, None for the shipped. windows: past windows of
    prob.horizon_hours of all instruments fitted together, None when too few. Nothing here saw a later bar.
    """

    instrument: InstrumentId
    last_bar_ms: int
    last_close: float
    report: VolatilityReport
    variance_path: Float1D
    residuals: Float2D | None
    recursion: GarchRecursion
    garch: GarchFit | None
    har: HarFit | None
    forecast: VarianceForecast | None
    atr_abs: float
    series: BarSeries
    panel: PanelModel | None = None
    windows: PastWindows | None = None

    @property
    def sigma_day(self) -> float:
        """Standard deviation of the log return over the next 24 hours."""
        return self.sigma_over(HOURS_PER_DAY)

    def sigma_over(self, hours: int) -> float:
        """Standard deviation of the log return over the next `hours`, within the path."""
        return math.sqrt(float(self.variance_path[:hours].sum()))

    @property
    def garch_to_har(self) -> float | None:
        """Ratio of the horizon sigmas of GARCH and HAR, None when either gave none."""
        sigma = {model.name: model.sigma_h for model in self.report.models if model.status != "dropped"}
        garch, har = sigma.get(GARCH), sigma.get(HAR)
        return garch / har if garch and har else None


def path_hours(settings: Settings) -> int:
    """Hours that a variance path must cover."""
    return max(settings.prob.horizon_hours, settings.vol.horizon_hours, TAIL_HOURS)


def fit_models(
    history: History,
    instruments: Iterable[InstrumentId],
    settings: Settings,
    as_of: datetime,
    panel: PanelModel | None = None,
) -> dict[InstrumentId, VolatilityModel | Unknown[VolatilityModel]]:
    """Fit every instrument on its closed hourly bars, all GARCH models of one length in one batch.

    With [vol] method "combined" each instrument's forecast also sees the mean of all instruments given here; `panel`: coefficients
    other than the shipped.

    What cannot be modelled is `Unknown` with its reason: the bars' own, `not_enough_bars`, `too_many_gaps`, `no_movement`,
    `bars_unusable`, `beyond_forecast`; `as_of` is its time. Bars that close after `as_of` are not looked at.
    """
    models: dict[InstrumentId, VolatilityModel | Unknown[VolatilityModel]] = {}
    usable: dict[InstrumentId, BarSeries] = {}
    for instrument in dict.fromkeys(instruments):
        bars = history.hourly.get(instrument)
        if bars is None or isinstance(bars, Unknown):
            reason, detail = ("not_read", "no hourly bars were read") if bars is None else (bars.reason, bars.detail)
            models[instrument] = Unknown(reason, detail, as_of)
            continue
        closed = bars.closed_before(to_milliseconds(as_of))
        series = bar_series(closed[-settings.vol.bars :], settings)
        if isinstance(series, BarSeries):
            usable[instrument] = series
        else:
            models[instrument] = Unknown(series.reason, f"{instrument.symbol}: {series.detail}", as_of)
    fits = _garch_batch(usable, settings.vol)
    forecasts = _forecasts(usable, fits, settings.vol, panel)
    for instrument, garch in fits.items():
        model = _assemble(instrument, usable[instrument], garch, forecasts[instrument], settings)
        models[instrument] = (
            replace(model, panel=panel) if isinstance(model, VolatilityModel) else Unknown(model[0], model[1], as_of)
        )
    return models | _with_windows(models, settings, panel)


def _with_windows(
    models: Mapping[InstrumentId, VolatilityModel | Unknown[VolatilityModel]], settings: Settings, panel: PanelModel | None
) -> dict[InstrumentId, VolatilityModel]:
    """The models with a combined forecast, given the past windows of them all; in order of instrument, so that no order matters."""
    found = {key: model for key, model in models.items() if isinstance(model, VolatilityModel)}
    forecasts = [(model.series, model.forecast) for _, model in sorted(found.items()) if model.forecast is not None]
    windows = pooled_windows(forecasts, settings.prob.horizon_hours, panel)
    return {key: replace(model, windows=windows) for key, model in found.items() if model.forecast is not None}


def fit_model(
    instrument: InstrumentId, bars: Bars, settings: Settings, as_of: datetime, panel: PanelModel | None = None
) -> VolatilityModel | Unknown[VolatilityModel]:
    """`fit_models` for one instrument's bars."""
    return fit_models(History({instrument: bars}, {}), (instrument,), settings, as_of, panel)[instrument]


def _garch_batch(usable: Mapping[InstrumentId, BarSeries], settings: VolSettings) -> dict[InstrumentId, GarchFit]:
    """One fit per instrument, instruments with equally many returns together."""
    by_length: dict[int, list[InstrumentId]] = {}
    for instrument, series in usable.items():
        by_length.setdefault(series.returns.size, []).append(instrument)
    fits: dict[InstrumentId, GarchFit] = {}
    for members in by_length.values():
        matrix = np.stack([usable[member].returns for member in members])
        fits.update(zip(members, fit_garch_batch(matrix, settings.garch_distribution), strict=True))
    return fits


def _forecasts(
    usable: Mapping[InstrumentId, BarSeries],
    fits: Mapping[InstrumentId, GarchFit],
    settings: VolSettings,
    panel: PanelModel | None,
) -> dict[InstrumentId, VarianceForecast | str]:
    """The combined forecasts, made together; or why an instrument has none (nothing to say where none was asked for)."""
    if settings.method == "blend":
        return dict.fromkeys(usable, "")
    refusals = {instrument: why_not_forecast(series.bars) for instrument, series in usable.items()}
    names = {str(instrument): instrument for instrument, refusal in refusals.items() if refusal is None}
    ready = {name: fits[instrument] for name, instrument in names.items() if settings.garch_distribution == "t"}
    bars = {name: usable[instrument].bars for name, instrument in names.items()}
    made = forecast_variances(bars, (), panel=panel, garch_fits=ready)
    found: dict[InstrumentId, VarianceForecast | str] = {names[name]: forecast for name, forecast in made.items()}
    return found | {instrument: refusal for instrument, refusal in refusals.items() if refusal is not None}


def _assemble(
    instrument: InstrumentId, series: BarSeries, garch: GarchFit, forecast: VarianceForecast | str, settings: Settings
) -> VolatilityModel | tuple[str, str]:
    """The model, or (reason, detail) where the bars do not carry one."""
    issues = _garch_issues(garch, settings.vol)
    sound = None if issues else garch
    ewma = ewma_variance(series.returns, settings.vol.ewma_decay)
    har, har_issues = _har(series, settings)
    mixture = _mixture(series, sound, ewma, har, forecast, settings)
    if mixture is None:
        return "no_movement", f"{instrument.symbol}: no weighted model sees any movement in {len(series.bars)} bars"
    if not float(mixture.variance_path.sum()) <= LARGEST_SIGMA**2:
        return (
            "beyond_forecast",
            f"{instrument.symbol}: sigma over {mixture.variance_path.size} h is above {LARGEST_SIGMA:g}; "
            "the price has collapsed or the bars are wrong",
        )
    variances = filter_variance(series.returns, sound) if sound else ewma
    return VolatilityModel(
        instrument=instrument,
        last_bar_ms=int(series.bars.open_time_ms[-1]),
        last_close=float(series.bars.close[-1]),
        report=_report(
            series, mixture, _model_reports(series, mixture, garch, issues, har, har_issues, forecast, settings), settings
        ),
        variance_path=mixture.variance_path,
        residuals=_residuals(series.bars, variances),
        recursion=_recursion(sound, float(variances[-1]), settings.vol),
        garch=sound,
        har=har,
        forecast=None if isinstance(forecast, str) else forecast,
        atr_abs=float(series.atr[-1]),
        series=series,
    )


def _mixture(
    series: BarSeries,
    garch: GarchFit | None,
    ewma: Float1D,
    har: HarFit | None,
    forecast: VarianceForecast | str,
    settings: Settings,
) -> VarianceMixture | None:
    """The combined forecast where there is one, else the blend, which then says that it stands in."""
    hours = path_hours(settings)
    clustered = GARCH if garch else EWMA
    paths = {
        clustered: forecast_variance_path(garch, hours) if garch else flat_variance_path(float(ewma[-1]), hours),
        ATR: flat_variance_path(series.atr_variance(settings.vol.atr_to_sigma_factor)[-1], hours),
    }
    if har is not None:
        paths[HAR] = har_variance_path(har, hours)
    if not isinstance(forecast, str):
        return combined(forecast, paths, hours, settings.vol)
    mixture = blended(paths, clustered, settings.vol)
    if mixture is None or settings.vol.method == "blend":
        return mixture
    return replace(mixture, chain=("combined", *mixture.chain))


def _garch_issues(garch: GarchFit, settings: VolSettings) -> tuple[str, ...]:
    """The fit's own issues, with `too_short` judged by [vol] min_bars."""
    others = tuple(issue for issue in garch.issues if issue != "too_short")
    return (*others, "too_short") if garch.observations < settings.min_bars - 1 else others


def _har(series: BarSeries, settings: Settings) -> tuple[HarFit | None, tuple[str, ...]]:
    horizons = sorted({settings.vol.horizon_hours, HOURS_PER_DAY, settings.prob.horizon_hours})
    try:
        return fit_har(series.realised_variance, horizons), ()
    except QuantError as error:
        return None, (error.message,)


def _residuals(bars: Bars, variances: Float1D) -> Float2D | None:
    """Standardised bars; sigma of the first bar is not used. None when too few or without movement."""
    sigma = np.sqrt(np.concatenate([variances[:1], variances[:-1]]))
    if len(bars) <= MINIMUM_RESIDUALS or not (sigma > 0.0).all():
        return None
    return standardised_bar_residuals(bars.close, bars.high, bars.low, sigma)


def _recursion(garch: GarchFit | None, variance: float, settings: VolSettings) -> GarchRecursion:
    if garch is None:
        return GarchRecursion(0.0, 1.0 - settings.ewma_decay, settings.ewma_decay, variance)
    kept = SHOCK_SHARE * garch.alpha
    return GarchRecursion(garch.omega, kept, garch.beta + garch.alpha - kept, variance)


def _model_reports(
    series: BarSeries,
    mixture: VarianceMixture,
    garch: GarchFit,
    garch_issues: Sequence[str],
    har: HarFit | None,
    har_issues: Sequence[str],
    forecast: VarianceForecast | str,
    settings: Settings,
) -> tuple[ModelReport, ...]:
    horizon = settings.vol.horizon_hours

    def report(name: str, issues: Sequence[str], count: int, parameters: Mapping[str, float]) -> ModelReport:
        sigma = mixture.sigmas.get(name)
        yearly = None if sigma is None else annualised(sigma, horizon, HOURS_PER_YEAR)
        weight = mixture.weights.get(name, 0.0)
        return ModelReport(name, _status(name, mixture), sigma, yearly, weight, count, tuple(issues), dict(parameters))

    reports = []
    if not isinstance(forecast, str):
        reports.append(report(PANEL, forecast.issues, forecast.bars, _panel_parameters(forecast, horizon)))
    elif forecast:
        reports.append(report(PANEL, (forecast,), len(series.bars), {}))
    reports.append(report(GARCH, garch_issues, series.returns.size, _garch_parameters(garch)))
    if EWMA in mixture.sigmas:
        reports.append(report(EWMA, (), series.returns.size, {}))
    reports.append(report(HAR, har_issues, series.realised_variance.size, _har_parameters(har)))
    reports.append(report(ATR, (), series.atr_bars, {"atr_abs": float(series.atr[-1])}))
    return tuple(reports)


def _status(name: str, mixture: VarianceMixture) -> str:
    if name in mixture.weights:
        return "fallback" if name == EWMA else "used"
    return "compared" if name in mixture.sigmas and mixture.formula == COMBINED else "dropped"


def _panel_parameters(forecast: VarianceForecast, horizon: int) -> dict[str, float]:
    place = knot_within(forecast.knots, horizon)
    return {"market_symbols": float(forecast.market_symbols), "recalibration": float(forecast.recalibration[place])}


def _garch_parameters(garch: GarchFit) -> dict[str, float]:
    values = {"omega": garch.omega, "alpha": garch.alpha, "beta": garch.beta, "persistence": garch.persistence}
    if garch.nu is not None:
        values["nu"] = garch.nu
    if garch.unconditional_variance is not None and garch.unconditional_variance >= 0.0:
        values["unconditional_sigma_ann"] = math.sqrt(garch.unconditional_variance * HOURS_PER_YEAR)
    return values


def _har_parameters(har: HarFit | None) -> dict[str, float]:
    if har is None:
        return {}
    names = ("constant", *(f"window_{window}" for window in har.windows))
    return dict(zip(names, har.coefficients[0], strict=True)) | {"bias_factor": har.bias_factors[0], "r_squared": har.r_squared[0]}


def _report(series: BarSeries, mixture: VarianceMixture, models: tuple[ModelReport, ...], settings: Settings) -> VolatilityReport:
    horizon, path = settings.vol.horizon_hours, mixture.variance_path
    used = [model.name for model in models if model.weight > 0.0]
    sigma_h = math.sqrt(float(path[:horizon].sum()))
    hours = sorted({*TERM_HOURS, horizon, settings.prob.horizon_hours} & set(range(1, path.size + 1)))
    return VolatilityReport(
        method=f"{mixture.formula}(" + "+".join(used) + ")",
        horizon_hours=horizon,
        sigma_h=sigma_h,
        sigma_ann=annualised(sigma_h, horizon, HOURS_PER_YEAR),
        term_structure=dict(zip(hours, (float(sigma) for sigma in term_structure(path, hours)), strict=True)),
        models=models,
        fallback_chain=mixture.chain,
        bars=len(series.bars),
        gaps=series.bars.gaps,
        last_bar_close=series.bars.last_close_time,
    )
