"""Recalibration of a probability by what came: the model's opinion and that of recent outcomes, pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, as_float_1d, as_float_2d, same_length

__all__ = ["HALF_LIFE_HOURS", "RecentFrequencies", "pool_with_recent", "recent_frequencies"]

HALF_LIFE_HOURS: Final = 180.0 * 24.0
"""Outcomes of half a year ago count half. From 90 days to a year it makes no difference that can be measured."""
LARGEST_WEIGHT: Final = 0.5
"""Both opinions alike, the usual choice where weights cannot be told apart from noise: they were not fitted."""
PRIOR_CASES: Final = 100.0
"""With this many recent cases the frequencies have half of their largest weight; with none the model speaks alone."""


@dataclass(frozen=True, slots=True, eq=False)
class RecentFrequencies:
    """shares (outcomes,): how often each came, aged, summing to one; cases: the aged number behind them, 0 when there is none."""

    shares: Float1D
    cases: float

    @property
    def weight(self) -> float:
        """Of the frequencies in the pool, 0 to LARGEST_WEIGHT."""
        return LARGEST_WEIGHT * self.cases / (self.cases + PRIOR_CASES)


def recent_frequencies(came: NDArray[np.int64], ages_hours: Float1D, outcomes: int) -> RecentFrequencies:
    """sum_i d_i 1{came_i = k} / sum_i d_i with d_i = 2^(-age_i / HALF_LIFE_HOURS), for each outcome k.

    came (cases,): column numbers of outcomes that were known. ages_hours (cases,): since they were, at least 0. Long and short
    entries in pairs make it blind to direction. Raises QuantError on unequal lengths, an age below 0 or a column that is none.
    """
    ages = as_float_1d("ages_hours", ages_hours, 0)
    columns = np.asarray(came, dtype=np.int64)
    same_length(came=columns, ages_hours=ages)
    if columns.size and not (ages.min() >= 0.0 and columns.min() >= 0 and columns.max() < outcomes):
        raise QuantError(
            f"ages reach down to {ages.min()} and outcomes from {columns.min()} to {columns.max()}; ages must be at least 0 and "
            f"outcomes within 0 to {outcomes - 1}",
            parameter="came",
        )
    counts = np.bincount(columns, weights=0.5 ** (ages / HALF_LIFE_HOURS), minlength=outcomes)
    cases = float(counts.sum())
    return RecentFrequencies(counts / cases if cases > 0.0 else np.full(outcomes, 1.0 / outcomes), cases)


def pool_with_recent(probabilities: Float2D, recent: RecentFrequencies) -> Float2D:
    """(1 - w) p + w f for each row of `probabilities` (rows, outcomes): rows still sum to one, and their order is kept.

    w is 1/2 n / (n + 100) for n recent cases. A linear pool hedges: where the model's level is off, half of the error is taken out;
    where the market changes, half of the model's answer remains. Source: Stone (1961), "The opinion pool".
    Raises QuantError when rows and frequencies differ in outcomes.
    """
    said = as_float_2d("probabilities", probabilities)
    if said.shape[1] != recent.shares.size:
        raise QuantError(f"probabilities has {said.shape[1]} outcomes, recent has {recent.shares.size}", parameter="probabilities")
    pooled: Float2D = (1.0 - recent.weight) * said + recent.weight * recent.shares
    return pooled
