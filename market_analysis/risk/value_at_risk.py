"""The book's value at risk and expected shortfall: joint past days, rescaled to today's volatility of each asset (ruling 18)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from weakref import WeakKeyDictionary

import numpy as np

from market_analysis.domain import Account, InstrumentId, MarginMode, PositionKey, Snapshot, Unknown
from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.tail import value_at_risk as sample_value_at_risk
from market_analysis.quant.value_at_risk.losses import line_losses, path_returns
from market_analysis.quant.value_at_risk.measures import TailMeasure, tail_measure
from market_analysis.quant.value_at_risk.residuals import (
    DAY_HOURS,
    DayResiduals,
    day_residuals,
    day_starts,
    joint_residuals,
    to_draw_from,
)
from market_analysis.risk.assets import asset_of_instrument, usd_rate
from market_analysis.risk.exposure import Line
from market_analysis.risk.probability import seed_for
from market_analysis.risk.sigma_filter import horizon_sigmas
from market_analysis.risk.valuation import dollars
from market_analysis.risk.value_at_risk_backtest import book_backtests
from market_analysis.risk.value_at_risk_report import TailComponent, TailFigure, ValueAtRiskReport
from market_analysis.risk.volatility import VolatilityModel
from market_analysis.settings import Settings

METHOD = "filtered historical simulation of joint days"
CONFIDENCES = (0.95, 0.99)
LONG_DAYS = 5
LONGEST_DAYS = 250
"""Joint days drawn from, at most (benchmarks/value_at_risk.py)."""
LEAST_SCENARIOS = 120
"""Twenty days: below that the 99 % tail is one event."""
LONG_PATHS = 10_000
_ROWS_PER_DAY = 6

_RESIDUALS: WeakKeyDictionary[VolatilityModel, DayResiduals] = WeakKeyDictionary()
"""A pure function of a model, remembered as long as the model lives: it is needed at every look and changes with bars only."""


@dataclass(frozen=True, slots=True, eq=False)
class BookScenarios:
    """lines: those with history; deltas, caps (lines,). start_ms (days,), residuals as they came and sigmas (days, lines).
    day_sigmas (5, lines): forecasts for the coming days. assumed: lines without history, with the dollars that they count at."""

    lines: tuple[Line, ...]
    deltas: Float1D
    caps: Float1D
    start_ms: Int1D
    residuals: Float2D
    sigmas: Float2D
    day_sigmas: Float2D
    assumed: tuple[tuple[Line, float], ...]


def value_at_risk_report(
    snapshot: Snapshot,
    lines: Sequence[Line],
    models: Mapping[InstrumentId, VolatilityModel | Unknown[VolatilityModel]],
    settings: Settings,
) -> ValueAtRiskReport:
    """The tail of `lines`; without figures, and saying why, where a part of the book could not be read.

    A proven empty book loses nothing: figures of zero.
    """
    if isinstance(snapshot.positions, Unknown) or isinstance(snapshot.account, Unknown):
        return _without("the account or its positions could not be read")
    nameless = [line.subject for line in lines if line.delta_usd is None]
    if nameless:
        return _without(f"no value in dollars is known of {', '.join(nameless)}")
    scenarios = book_scenarios(snapshot, lines, models, settings)
    if isinstance(scenarios, str):
        return _without(scenarios)
    return _report(scenarios, snapshot.account, settings)


def book_scenarios(
    snapshot: Snapshot,
    lines: Sequence[Line],
    models: Mapping[InstrumentId, VolatilityModel | Unknown[VolatilityModel]],
    settings: Settings,
) -> BookScenarios | str:
    """Lines of one asset share its days; or why there are none: too few days in common."""
    by_asset = _models_by_asset(snapshot, models)
    known = tuple(line for line in lines if line.asset in by_asset)
    gap = settings.portfolio.stress_gap_frac
    assumed = tuple((line, abs(line.delta_usd or 0.0) * gap) for line in lines if line.asset not in by_asset)
    deltas = np.array([line.delta_usd or 0.0 for line in known])
    caps = np.array([isolated_margin_usd(line.key, snapshot) for line in known])
    if not known:
        empty = np.zeros((1, 0))
        return BookScenarios((), deltas, caps, np.zeros(1, np.int64), empty, empty, np.zeros((LONG_DAYS, 0)), assumed)
    assets = sorted({line.asset for line in known})
    days = [_day_residuals(by_asset[asset], settings) for asset in assets]
    start_ms, z, sigma = joint_residuals(days, LONGEST_DAYS * _ROWS_PER_DAY)
    if start_ms.size < LEAST_SCENARIOS:
        return f"{start_ms.size} days in common of {', '.join(assets)}; at least {LEAST_SCENARIOS} are needed"
    coming = np.stack([_day_sigmas(by_asset[asset]) for asset in assets], axis=1)
    columns = [assets.index(line.asset) for line in known]
    return BookScenarios(known, deltas, caps, start_ms, z[:, columns], sigma[:, columns], coming[:, columns], assumed)


def _report(book: BookScenarios, account: Account, settings: Settings) -> ValueAtRiskReport:
    equity = float(account.equity) if account.equity > 0 else None
    drawn = to_draw_from(book.residuals)
    day = _losses(book, drawn * book.day_sigmas[0])
    seed = seed_for(settings.seed, "value_at_risk", int(book.start_ms[-1]))
    days = _losses(book, path_returns(drawn, book.day_sigmas, LONG_PATHS, seed))
    measures = {
        (horizon, level): tail_measure(losses, level) for horizon, losses in ((1, day), (LONG_DAYS, days)) for level in CONFIDENCES
    }
    backtests, backtest_reason = book_backtests(book.start_ms, book.residuals, book.sigmas, book.deltas, book.caps, CONFIDENCES)
    assumed = sum(loss for _, loss in book.assumed)
    return ValueAtRiskReport(
        reason=None,
        method=METHOD,
        figures=tuple(_figure(horizon, measure, equity) for (horizon, _), measure in measures.items()),
        components=_components(book, measures[1, CONFIDENCES[-1]]),
        scenarios=book.start_ms.size if book.lines else 0,
        history_days=float(book.start_ms[-1] - book.start_ms[0]) / (DAY_HOURS * 3_600_000) + bool(book.lines),
        parametric_99_1d_usd=dollars(_parametric(book) + assumed),
        historical_99_1d_usd=dollars(_historical(book) + assumed),
        backtests=backtests,
        backtest_reason=backtest_reason,
    )


def _losses(book: BookScenarios, log_returns: Float2D) -> Float2D:
    """Losses of the lines with history, then those that are assumed, the same in every scenario."""
    known = line_losses(log_returns, book.deltas, book.caps)
    constant = np.tile([loss for _, loss in book.assumed], (len(known), 1)).reshape(len(known), -1)
    return np.concatenate([known, constant], axis=1)


def _figure(horizon: int, measure: TailMeasure, equity: float | None) -> TailFigure:
    return TailFigure(
        horizon_days=horizon,
        confidence=measure.confidence,
        value_at_risk_usd=_usd(measure.value_at_risk),
        expected_shortfall_usd=_usd(measure.expected_shortfall),
        value_at_risk_frac=measure.value_at_risk / equity if equity else None,
        expected_shortfall_frac=measure.expected_shortfall / equity if equity else None,
    )


def _components(book: BookScenarios, measure: TailMeasure) -> tuple[TailComponent, ...]:
    lines = (*book.lines, *(line for line, _ in book.assumed))
    return tuple(
        TailComponent(
            subject=line.subject,
            value_at_risk_usd=_usd(float(measure.component_value_at_risk[place])),
            expected_shortfall_usd=_usd(float(measure.component_expected_shortfall[place])),
            marginal_expected_shortfall=float(measure.component_expected_shortfall[place]) / line.delta_usd
            if line.delta_usd
            else None,
            assumed=place >= len(book.lines),
        )
        for place, line in enumerate(lines)
    )


def _parametric(book: BookScenarios) -> float:
    """2.326 sqrt(d' Sigma d): today's sigmas, the correlations of the residuals about zero."""
    if not book.lines:
        return 0.0
    scaled = book.deltas * book.day_sigmas[0]
    norms = np.sqrt(np.mean(book.residuals**2, axis=0))
    moves = book.residuals / np.where(norms > 0.0, norms, 1.0)
    return 2.3263478740408408 * math.sqrt(float(np.mean((moves @ scaled) ** 2)))


def _historical(book: BookScenarios) -> float:
    """The days as they came."""
    if not book.lines:
        return 0.0
    return sample_value_at_risk(line_losses(book.residuals * book.sigmas, book.deltas, book.caps).sum(axis=1), CONFIDENCES[-1])


def _models_by_asset(
    snapshot: Snapshot, models: Mapping[InstrumentId, VolatilityModel | Unknown[VolatilityModel]]
) -> dict[str, VolatilityModel]:
    """Of several instruments on one asset the one with the longest history; equally long: the first by name."""
    chosen: dict[str, VolatilityModel] = {}
    for instrument in sorted(models):
        model = models[instrument]
        if isinstance(model, Unknown):
            continue
        asset = asset_of_instrument(instrument, snapshot.instruments)
        if asset not in chosen or len(model.series.bars) > len(chosen[asset].series.bars):
            chosen[asset] = model
    return chosen


def _day_residuals(model: VolatilityModel, settings: Settings) -> DayResiduals:
    found = _RESIDUALS.get(model)
    if found is None:
        bars = model.series.bars
        starts = day_starts(bars.open_time_ms)
        one_day = settings.vol.model_copy(update={"horizon_hours": DAY_HOURS})
        sigma = horizon_sigmas(model, model.series, starts.tolist(), one_day) if starts.size else np.empty(0)
        found = day_residuals(bars.open_time_ms, bars.close, starts, sigma**2)
        _RESIDUALS[model] = found
    return found


def _day_sigmas(model: VolatilityModel) -> Float1D:
    """Forecast standard deviation of each of the coming days (LONG_DAYS,)."""
    hours = model.variance_path[: LONG_DAYS * DAY_HOURS]
    return np.asarray(np.sqrt(hours.reshape(LONG_DAYS, DAY_HOURS).sum(axis=1)))


def isolated_margin_usd(key: PositionKey | None, snapshot: Snapshot) -> float:
    """What an isolated position can lose at most: its margin and open profit; infinite for all else, or where it is not known."""
    if key is None or isinstance(snapshot.positions, Unknown):
        return math.inf
    position = next(held for held in snapshot.positions if held.key == key)
    terms = snapshot.instruments.get(position.instrument)
    rate = None if terms is None or isinstance(terms, Unknown) else usd_rate(snapshot, terms.settle)
    if position.margin_mode is not MarginMode.ISOLATED or position.initial_margin is None or rate is None:
        return math.inf
    return max(float((position.initial_margin + position.unrealized_pnl) * rate), 0.0)


def _usd(value: float) -> Decimal:
    return dollars(value) or Decimal(0)


def _without(reason: str) -> ValueAtRiskReport:
    return ValueAtRiskReport(reason, METHOD, (), (), 0, 0.0, None, None, (), reason)
