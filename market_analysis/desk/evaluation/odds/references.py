"""What knows no market: how often each outcome came, among those known by then and in the very sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from market_analysis.desk.evaluation.odds.cases import OUTCOMES, OddsCase
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS
from market_analysis.quant.arrays import Float1D, Float2D, Int1D

__all__ = ["PAST", "SAMPLE", "OddsTable", "matured_before", "past_frequencies", "table_of", "with_past"]

PAST, SAMPLE = "climatology_past", "climatology_sample"
"""past: frequencies of the outcomes that were known at the origin, of all symbols and both sides. sample: frequencies of the very
cases that are scored, which no forecaster could have known."""


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


def with_past(cases: Sequence[OddsCase]) -> list[OddsCase]:
    """The cases by kind and time, with the climatology of the past added to what the models said."""
    taught = []
    for kind in dict.fromkeys(case.kind for case in cases):
        table = table_of(kind, cases)
        for case, row in zip(_in_order(kind, cases), past_frequencies(table).tolist(), strict=True):
            taught.append(replace(case, said={**case.said, PAST: tuple(row)}))
    return taught


def _in_order(kind: str, cases: Sequence[OddsCase]) -> list[OddsCase]:
    return sorted((case for case in cases if case.kind == kind), key=lambda case: case.origin_ms)
