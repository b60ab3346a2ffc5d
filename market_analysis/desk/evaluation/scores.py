"""How good the forecasts were: one score per proxy, horizon and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from market_analysis.desk.evaluation.confidence_set import model_confidence_set
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS, MarketSeries
from market_analysis.desk.evaluation.targets import realised_over
from market_analysis.desk.evaluation.walk_forward import BASELINE, MODELS, Plan, SymbolForecasts
from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Int1D
from market_analysis.quant.scoring.equal_accuracy import diebold_mariano, giacomini_white
from market_analysis.quant.scoring.losses import qlike, squared_error
from market_analysis.quant.scoring.mincer_zarnowitz import mean_ratio, mincer_zarnowitz

__all__ = ["Calibration", "ModelScore", "SymbolScore", "score"]

DECILES = 10
LEAST_CASES = 50
SIGNIFICANT = 1.96


@dataclass(frozen=True, slots=True)
class Calibration:
    """Mean of realised over forecast within a tenth of the cases, ordered by the forecast, with its 95 % interval."""

    decile: int
    mean_forecast: float
    mean_ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SymbolScore:
    """One symbol: losses, their ratios to the baseline's, the calibration slope, and tests against the baseline.

    dm_statistic: Diebold-Mariano, below zero is better than the baseline. gw_p_value: Giacomini-White. None: the baseline itself,
    or the test is not defined. in_confidence_set None: not asked for.
    """

    symbol: str
    cases: int
    qlike: float
    qlike_ratio: float
    mse_ratio: float
    slope: float
    slope_low: float
    slope_high: float
    dm_statistic: float | None
    gw_p_value: float | None
    in_confidence_set: bool | None


@dataclass(frozen=True, slots=True)
class ModelScore:
    """One model at one horizon on one proxy. Medians and shares are over symbols; the ratio of mean losses is over all cases.

    dm_pooled: Diebold-Mariano on the mean loss of all symbols at each origin.
    """

    proxy: str
    horizon_hours: int
    model: str
    cases: int
    qlike_mean: float
    qlike_ratio_median: float
    qlike_ratio_of_means: float
    mse_ratio_median: float
    better_share: float
    dm_median: float | None
    dm_better_share: float | None
    dm_worse_share: float | None
    dm_pooled: float | None
    gw_rejected_share: float | None
    slope_covers_one_share: float
    decile_covers_one_share: float
    confidence_set_share: float | None
    deciles: tuple[Calibration, ...]
    symbols: tuple[SymbolScore, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Cases:
    """One symbol at one horizon: origins, what came, and what each model said, complete cases only."""

    symbol: str
    origin_ms: Int1D
    came: Float1D
    said: Mapping[str, Float1D]


def score(
    market: Mapping[str, MarketSeries], forecasts: Mapping[str, SymbolForecasts], plan: Plan, *, confidence_set: bool, seed: int
) -> tuple[ModelScore, ...]:
    """Score every model on every proxy that the data offer, over the cases that all models share."""
    outcomes = {name: realised_over(market[name], made.rows, plan.horizons) for name, made in forecasts.items()}
    proxies = sorted({proxy for table in outcomes.values() for proxy in table})
    scores: list[ModelScore] = []
    for proxy in proxies:
        for place, horizon in enumerate(plan.horizons):
            cases = [
                _cases(made, outcomes[name][proxy][:, place], place) for name, made in forecasts.items() if proxy in outcomes[name]
            ]
            enough = [case for case in cases if _can_be_tested(case, horizon, plan)]
            if enough:
                scores.extend(_score_horizon(enough, proxy, horizon, plan, confidence_set, seed))
    return tuple(scores)


def _cases(made: SymbolForecasts, came: Float1D, place: int) -> _Cases:
    """garch_t has no forecast where its fit is not sound: the baseline's stands in for it there, so that cases stay the same."""
    base = made.forecasts[BASELINE][:, place]
    said = {name: np.where(np.isfinite(table[:, place]), table[:, place], base) for name, table in made.forecasts.items()}
    whole = np.isfinite(came) & np.isfinite(base)
    return _Cases(made.symbol, made.origin_ms[whole], came[whole], {name: values[whole] for name, values in said.items()})


def _can_be_tested(case: _Cases, horizon: int, plan: Plan) -> bool:
    """Enough cases for the overlap of the horizon, and more than one block of time."""
    least = max(LEAST_CASES, 3 * _overlap(horizon, plan))
    return case.came.size >= least and np.unique(_blocks(case.origin_ms, horizon)).size > 1


def _overlap(horizon: int, plan: Plan) -> int:
    """How many forecasts are made before the horizon of the first has ended."""
    return max(1, -(-horizon // plan.every_hours))


def _score_horizon(
    cases: Sequence[_Cases], proxy: str, horizon: int, plan: Plan, confidence_set: bool, seed: int
) -> list[ModelScore]:
    overlap = _overlap(horizon, plan)
    block = max(overlap, 24 // plan.every_hours, 1)
    losses = [{name: qlike(case.came, case.said[name]) for name in MODELS} for case in cases]
    sets = [model_confidence_set(loss, block, seed) if confidence_set else None for loss in losses]
    result = []
    for model in MODELS:
        symbols = tuple(
            _score_symbol(case, loss, model, horizon, overlap, inside)
            for case, loss, inside in zip(cases, losses, sets, strict=True)
        )
        result.append(_summary(cases, losses, symbols, proxy, horizon, model, overlap))
    return result


def _blocks(origin_ms: Int1D, horizon: int) -> Int1D:
    """Days, or five horizons where that is longer, so that horizons overlap blocks little."""
    return origin_ms // (max(24, 5 * horizon) * HOUR_MS)


def _score_symbol(
    case: _Cases, loss: Mapping[str, Float1D], model: str, horizon: int, overlap: int, inside: frozenset[str] | None
) -> SymbolScore:
    fit = mincer_zarnowitz(case.came, case.said[model], blocks=_blocks(case.origin_ms, horizon))
    errors = {name: float(squared_error(case.came, case.said[name]).mean()) for name in (model, BASELINE)}
    is_baseline = model == BASELINE
    return SymbolScore(
        symbol=case.symbol,
        cases=case.came.size,
        qlike=float(loss[model].mean()),
        qlike_ratio=float(loss[model].mean() / loss[BASELINE].mean()),
        mse_ratio=errors[model] / errors[BASELINE],
        slope=fit.slope,
        slope_low=fit.slope_low,
        slope_high=fit.slope_high,
        dm_statistic=None if is_baseline else diebold_mariano(loss[model], loss[BASELINE], overlap).statistic,
        gw_p_value=None if is_baseline else _conditional(loss[model], loss[BASELINE], overlap),
        in_confidence_set=None if inside is None else model in inside,
    )


def _conditional(own: Float1D, base: Float1D, overlap: int) -> float | None:
    try:
        return giacomini_white(own, base, overlap).p_value
    except QuantError:
        return None


def _summary(
    cases: Sequence[_Cases],
    losses: Sequence[Mapping[str, Float1D]],
    symbols: tuple[SymbolScore, ...],
    proxy: str,
    horizon: int,
    model: str,
    overlap: int,
) -> ModelScore:
    own, base = np.concatenate([loss[model] for loss in losses]), np.concatenate([loss[BASELINE] for loss in losses])
    ratios = np.array([symbol.qlike_ratio for symbol in symbols])
    tests = np.array([symbol.dm_statistic for symbol in symbols if symbol.dm_statistic is not None])
    conditional = [symbol.gw_p_value < 0.05 for symbol in symbols if symbol.gw_p_value is not None]
    inside = [symbol.in_confidence_set for symbol in symbols if symbol.in_confidence_set is not None]
    deciles = _deciles(cases, model, horizon)
    return ModelScore(
        proxy=proxy,
        horizon_hours=horizon,
        model=model,
        cases=own.size,
        qlike_mean=float(own.mean()),
        qlike_ratio_median=float(np.median(ratios)),
        qlike_ratio_of_means=float(own.mean() / base.mean()),
        mse_ratio_median=float(np.median([symbol.mse_ratio for symbol in symbols])),
        better_share=float((ratios < 1.0).mean()),
        dm_median=float(np.median(tests)) if tests.size else None,
        dm_better_share=float((tests < -SIGNIFICANT).mean()) if tests.size else None,
        dm_worse_share=float((tests > SIGNIFICANT).mean()) if tests.size else None,
        dm_pooled=_pooled(cases, losses, model, overlap) if model != BASELINE else None,
        gw_rejected_share=float(np.mean(conditional)) if conditional else None,
        slope_covers_one_share=float(np.mean([symbol.slope_low <= 1.0 <= symbol.slope_high for symbol in symbols])),
        decile_covers_one_share=float(np.mean([part.low <= 1.0 <= part.high for part in deciles])),
        confidence_set_share=float(np.mean(inside)) if inside else None,
        deciles=deciles,
        symbols=symbols,
    )


def _pooled(cases: Sequence[_Cases], losses: Sequence[Mapping[str, Float1D]], model: str, overlap: int) -> float:
    moments, place = np.unique(np.concatenate([case.origin_ms for case in cases]), return_inverse=True)
    difference = np.concatenate([loss[model] - loss[BASELINE] for loss in losses])
    means = np.bincount(place, weights=difference) / np.bincount(place)
    return diebold_mariano(means, np.zeros(moments.size), overlap).statistic


def _deciles(cases: Sequence[_Cases], model: str, horizon: int) -> tuple[Calibration, ...]:
    """Calibration by tenths of the forecast, all symbols together, blocks of time shared by them."""
    came = np.concatenate([case.came for case in cases])
    said = np.concatenate([case.said[model] for case in cases])
    blocks = np.concatenate([_blocks(case.origin_ms, horizon) for case in cases])
    tenths = np.array_split(np.argsort(said, kind="stable"), DECILES)
    result = []
    for decile, rows in enumerate(tenths, 1):
        if np.unique(blocks[rows]).size > 1:
            result.append(Calibration(decile, float(said[rows].mean()), *mean_ratio(came[rows], said[rows], blocks[rows])))
    return tuple(result)
