"""How good the odds were: one score per kind of case and model, every ratio with its interval by blocks of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from market_analysis.desk.evaluation.odds.cases import BROWNIAN, OUTCOMES, PRINTED, SIMULATED, STATIC_STOP, OddsCase
from market_analysis.desk.evaluation.odds.references import PAST, SAMPLE, OddsTable, matured_before, table_of
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS
from market_analysis.errors import UsageError
from market_analysis.quant.arrays import Float1D, Float2D, FloatND, Int1D
from market_analysis.quant.scoring.probability import (
    ReliabilityBin,
    brier_scores,
    expected_calibration_error,
    log_scores,
    reliability_bins,
    two_outcomes,
)

__all__ = ["Comparison", "Figure", "KindScore", "OddsScore", "score_odds"]

LEAST_PAST = 100
"""Outcomes that must have been known at an origin for its cases to be scored: a climatology of less is no opponent."""
BLOCK_HORIZONS = 5
"""A block of the bootstrap is this many horizons, at least a day: long enough for the horizons of two blocks to overlap little."""
DRAWS, COVERAGE = 2000, 0.9
BINS = 10
REFERENCES = (PAST, SAMPLE, BROWNIAN, SIMULATED)
MODELS = (PRINTED, SIMULATED, STATIC_STOP, BROWNIAN, PAST, SAMPLE)
TARGET = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 90 % interval: percentiles of a bootstrap over blocks of time, all symbols and sides of a block together."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Against one reference on the same cases. Ratios of mean Brier scores: below 1 is better; skill is 1 - ratio.

    target: of the one event "target before stop"; outcomes: of all four. log_score_difference: own less the reference's, below 0 is
    better.
    """

    reference: str
    brier_target_ratio: Figure
    brier_target_skill: float
    brier_outcomes_ratio: Figure
    brier_outcomes_skill: float
    log_score_difference: Figure


@dataclass(frozen=True, slots=True)
class OddsScore:
    """One model. brier_target: mean of (p - y)^2 summed over the event and its complement (twice what some call the Brier score).

    mean_probability: by outcome. ece_target: expected calibration error of P(target), ten bins of equal width; ece_by_outcome: of
    each outcome. reliability: the bins of P(target) that hold any case.
    """

    model: str
    mean_probability: dict[str, float]
    brier_target: float
    brier_outcomes: float
    log_score: float
    ece_target: Figure
    ece_by_outcome: dict[str, float]
    versus: tuple[Comparison, ...]
    reliability: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class KindScore:
    """One kind of case. cases: scored, half of them long; learned_from: earlier ones that only taught the climatology.

    frequency: how often each outcome came; target_frequency_long, _short: of the target by side, the sample's own drift.
    """

    kind: str
    horizon_hours: int
    cases: int
    learned_from: int
    origins: int
    blocks: int
    frequency: dict[str, float]
    target_frequency_long: float
    target_frequency_short: float
    models: tuple[OddsScore, ...]


def score_odds(cases: Sequence[OddsCase], seed: int) -> tuple[KindScore, ...]:
    """Every kind that has enough cases; `cases` as `with_past` gives them. Raises UsageError when no kind has."""
    kinds = dict.fromkeys(case.kind for case in cases)
    scores = tuple(score for kind in kinds if (score := _score_kind(table_of(kind, cases), seed)) is not None)
    if not scores:
        raise UsageError(
            f"{len(cases)} cases; at no origin had {LEAST_PAST} outcomes come before",
            remedy="score a longer span or a smaller --every",
        )
    return scores


def _score_kind(table: OddsTable, seed: int) -> KindScore | None:
    known = matured_before(table.origin_ms, table.horizon_hours) >= LEAST_PAST
    if not known.any():
        return None
    scored = table.part(known)
    frequency = np.bincount(scored.outcome, minlength=len(OUTCOMES)) / scored.outcome.size
    scored = _with(scored, {SAMPLE: np.tile(frequency, (scored.outcome.size, 1))})
    resample = _Resampling(scored.origin_ms, scored.horizon_hours, seed)
    hit = scored.outcome == TARGET
    return KindScore(
        kind=scored.kind,
        horizon_hours=scored.horizon_hours,
        cases=int(known.sum()),
        learned_from=int((~known).sum()),
        origins=np.unique(scored.origin_ms).size,
        blocks=resample.blocks,
        frequency=_named(frequency),
        target_frequency_long=float(hit[scored.side_sign > 0].mean()),
        target_frequency_short=float(hit[scored.side_sign < 0].mean()),
        models=tuple(_score_model(scored, name, resample) for name in MODELS),
    )


def _with(table: OddsTable, more: Mapping[str, Float2D]) -> OddsTable:
    said = {**table.said, **more}
    return OddsTable(table.kind, table.horizon_hours, table.origin_ms, table.outcome, table.side_sign, said)


class _Resampling:
    """Blocks of time drawn with replacement, the same draws for every figure."""

    def __init__(self, origin_ms: Int1D, horizon_hours: int, seed: int) -> None:
        length = max(24, BLOCK_HORIZONS * horizon_hours) * HOUR_MS
        names, self._place = np.unique(origin_ms // length, return_inverse=True)
        self.blocks = names.size
        generator = np.random.Generator(np.random.PCG64(seed))
        self._counts = generator.multinomial(self.blocks, np.full(self.blocks, 1.0 / self.blocks), size=DRAWS)

    def sums(self, values: FloatND) -> FloatND:
        """Sum of `values` (cases, ...) over each draw's cases (draws, ...)."""
        by_block = np.zeros((self.blocks, *values.shape[1:]))
        np.add.at(by_block, self._place, values)
        sums: FloatND = np.tensordot(self._counts.astype(np.float64), by_block, axes=1)
        return sums

    def ratio(self, own: Float1D, other: Float1D) -> Figure:
        """sum(own) / sum(other)."""
        return _figure(float(own.sum() / other.sum()), self.sums(own) / self.sums(other))


def _figure(value: float, draws: FloatND) -> Figure:
    low, high = np.quantile(draws, (0.5 - COVERAGE / 2, 0.5 + COVERAGE / 2))
    return Figure(value, float(low), float(high))


def _score_model(table: OddsTable, model: str, resample: _Resampling) -> OddsScore:
    said = table.said[model]
    target, outcomes, logs = _losses(table, model)
    ece = [expected_calibration_error(said[:, at], table.outcome == at, BINS) for at in range(len(OUTCOMES))]
    return OddsScore(
        model=model,
        mean_probability=_named(said.mean(axis=0)),
        brier_target=float(target.mean()),
        brier_outcomes=float(outcomes.mean()),
        log_score=float(logs.mean()),
        ece_target=_figure(ece[TARGET], _calibration_draws(said[:, TARGET], table.outcome == TARGET, resample)),
        ece_by_outcome=_named(np.array(ece)),
        versus=tuple(_compared(table, model, other, resample) for other in REFERENCES if other != model),
        reliability=reliability_bins(said[:, TARGET], table.outcome == TARGET, BINS),
    )


def _losses(table: OddsTable, model: str) -> tuple[Float1D, Float1D, Float1D]:
    """Brier score of the target alone, of all outcomes, and log score, per case (cases,)."""
    said = table.said[model]
    event = np.where(table.outcome == TARGET, 0, 1)
    return brier_scores(two_outcomes(said[:, TARGET]), event), brier_scores(said, table.outcome), log_scores(said, table.outcome)


def _compared(table: OddsTable, model: str, other: str, resample: _Resampling) -> Comparison:
    own, theirs = _losses(table, model), _losses(table, other)
    target, outcomes = (resample.ratio(own[at], theirs[at]) for at in (0, 1))
    lead = own[2] - theirs[2]
    return Comparison(
        reference=other,
        brier_target_ratio=target,
        brier_target_skill=1.0 - target.value,
        brier_outcomes_ratio=outcomes,
        brier_outcomes_skill=1.0 - outcomes.value,
        log_score_difference=_figure(float(lead.mean()), resample.sums(lead) / resample.sums(np.ones_like(lead))),
    )


def _calibration_draws(said: Float1D, came: FloatND, resample: _Resampling) -> FloatND:
    """The calibration error of each draw (draws,). A draw's error is larger than the sample's: noise adds to every bin."""
    place = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    inside = np.eye(BINS)[place]
    gaps = resample.sums(inside * (came - said)[:, None])
    result: FloatND = np.abs(gaps).sum(axis=1) / resample.sums(np.ones(said.size))
    return result


def _named(values: FloatND) -> dict[str, float]:
    return dict(zip((str(outcome.value) for outcome in OUTCOMES), values.tolist(), strict=True))
