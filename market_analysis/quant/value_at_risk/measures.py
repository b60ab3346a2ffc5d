"""Value at risk and expected shortfall of summed losses, and what each line has to do with them.

With k = ceil((1 - confidence) n) scenarios in the tail (`quant.tail.tail_count`):

    VaR = the k-th largest loss          ES = mean of the k largest losses
    component ES_i  = mean of line i's loss over those same k scenarios
    component VaR_i = mean of line i's loss over the scenarios next to the k-th, brought to the sum VaR

Both sum to the total. They are the derivatives of the measure by the size of the line, times the size (Euler; Tasche 1999), where
no cap binds. marginal = component over delta: dollars of risk per dollar more of the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D
from market_analysis.quant.tail import tail_count

__all__ = ["TailMeasure", "tail_measure"]

NEIGHBOUR_SHARE: Final = 0.5
"""Scenarios on either side of the quantile that speak for it, as a share of the tail's count."""


@dataclass(frozen=True, slots=True, eq=False)
class TailMeasure:
    """Positive losses. component_value_at_risk, component_expected_shortfall (lines,) sum to the totals; scenarios: how many."""

    confidence: float
    scenarios: int
    value_at_risk: float
    expected_shortfall: float
    component_value_at_risk: Float1D
    component_expected_shortfall: Float1D


def tail_measure(losses: Float2D, confidence: float) -> TailMeasure:
    """VaR and ES of the rows' sums; `losses` (scenarios, lines). A figure below zero is a profit even in the tail.

    Raises QuantError on no scenarios, NaN, or a confidence outside (0, 1).
    """
    if losses.ndim != 2 or not np.isfinite(losses).all():
        raise QuantError("losses must be a finite matrix (scenarios, lines)", parameter="losses")
    total = losses.sum(axis=1)
    k = tail_count(total.size, confidence)
    order = np.argsort(-total, kind="stable")
    tail = losses[order[:k]]
    reach = max(int(NEIGHBOUR_SHARE * k), 1)
    near = losses[order[max(k - 1 - reach, 0) : k + reach]].mean(axis=0)
    value_at_risk = float(total[order[k - 1]])
    components = tail.mean(axis=0)
    return TailMeasure(
        confidence=confidence,
        scenarios=total.size,
        value_at_risk=value_at_risk,
        expected_shortfall=float(components.sum()),
        component_value_at_risk=_summing_to(near, value_at_risk),
        component_expected_shortfall=components,
    )


def _summing_to(parts: Float1D, total: float) -> Float1D:
    """`parts` plus the difference, spread by their sizes: a proportion would blow up where a hedged book's sum is near zero."""
    sizes = np.abs(parts)
    weights = sizes / sizes.sum() if sizes.sum() > 0.0 else np.full(parts.size, 1.0 / max(parts.size, 1))
    result: Float1D = parts + (total - parts.sum()) * weights
    return result
