"""What earlier outcomes say: how often each came, alone and pooled with the printed odds, from those known at the origin only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from market_analysis.desk.evaluation.odds.cases import OUTCOMES, PRINTED, OddsCase
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS
from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.opinion_pool import pool_with_recent, recent_frequencies

__all__ = ["PAST", "RECALIBRATED", "SAMPLE", "OddsTable", "matured_before", "past_frequencies", "table_of", "with_past"]

PAST, SAMPLE, RECALIBRATED = "climatology_past", "climatology_sample", "recalibrated"
"""past: frequencies of the outcomes that were known at the origin, of all symbols and both sides. sample: frequencies of the very
cases that are scored, which no forecaster could have known. recalibrated: the printed odds, pooled with recent outcomes of the past
(`quant.opinion_pool`)."""


@dataclass(frozen=True, slots=True, eq=False)
class OddsTable:
    """Cases of one kind in order of time. origin_ms, outcome, side_sign (cases,); said: by model (cases, outcomes)."""

    kind: str
    horizon_hours: int
    origin_ms: Int1D
    outcome: Int1D
    side_sign: Int1D
    said: dict[str, Float2D]

    def part(self, kept: NDArray[np.bool_]) -> OddsTable:
        """The cases of a mask."""
        said = {name: values[kept] for name, values in self.said.items()}
        return OddsTable(self.kind, self.horizon_hours, self.origin_ms[kept], self.outcome[kept], self.side_sign[kept], said)


def table_of(kind: str, cases: Sequence[OddsCase]) -> OddsTable:
    """The cases of one kind as arrays, by time; at least one case."""
    chosen = _in_order(kind, cases)
    return OddsTable(
        kind=kind,
        horizon_hours=chosen[0].horizon_hours,
        origin_ms=np.array([case.origin_ms for case in chosen], dtype=np.int64),
        outcome=np.array([case.outcome for case in chosen], dtype=np.int64),
        side_sign=np.array([case.side.sign for case in chosen], dtype=np.int64),
        said={name: np.array([case.said[name] for case in chosen]) for name in chosen[0].said},
    )


def matured_before(origin_ms: Int1D, horizon_hours: int) -> Int1D:
    """How many cases, from the first on, had ended by each case's origin (cases,); origins ascend."""
    found: Int1D = np.searchsorted(origin_ms + horizon_hours * HOUR_MS, origin_ms, side="right")
    return found


def past_frequencies(table: OddsTable) -> Float2D:
    """(count + 1/K) / (n + 1) of each outcome among the n cases that had ended by the origin (cases, outcomes).

    K: the outcomes that the product gives any chance at all in this kind of case; the others have none here either.
    """
    ended = matured_before(table.origin_ms, table.horizon_hours)
    came = np.eye(len(OUTCOMES))[table.outcome]
    counts = np.concatenate([np.zeros((1, len(OUTCOMES))), np.cumsum(came, axis=0)])[ended]
    possible = np.max([values.max(axis=0) for values in table.said.values()], axis=0) > 0.0
    prior: Float1D = possible / possible.sum()
    frequencies: Float2D = (counts + prior) / (ended[:, None] + 1.0)
    return frequencies


def recalibrated(table: OddsTable) -> Float2D:
    """The printed odds pooled with the outcomes that had come by each origin, all symbols and both sides (cases, outcomes)."""
    pooled = np.empty_like(table.said[PRINTED])
    ended_ms = table.origin_ms + table.horizon_hours * HOUR_MS
    for origin in np.unique(table.origin_ms):
        now, known = table.origin_ms == origin, ended_ms <= origin
        ages_hours = (origin - ended_ms[known]) / HOUR_MS
        recent = recent_frequencies(table.outcome[known], ages_hours, len(OUTCOMES))
        pooled[now] = pool_with_recent(table.said[PRINTED][now], recent)
    return pooled


def with_past(cases: Sequence[OddsCase]) -> list[OddsCase]:
    """The cases by kind and time, with what earlier outcomes say added to what the models said."""
    taught = []
    for kind in dict.fromkeys(case.kind for case in cases):
        table = table_of(kind, cases)
        more = {RECALIBRATED: recalibrated(table), PAST: past_frequencies(table)}
        for at, case in enumerate(_in_order(kind, cases)):
            rows = {name: tuple(values[at].tolist()) for name, values in more.items()}
            taught.append(replace(case, said={**case.said, **rows}))
    return taught


def _in_order(kind: str, cases: Sequence[OddsCase]) -> list[OddsCase]:
    return sorted((case for case in cases if case.kind == kind), key=lambda case: case.origin_ms)
