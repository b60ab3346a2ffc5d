"""Tests and scores of value at risk together with expected shortfall.

y: profit and loss (negative: loss), VaR and ES positive, I_t = 1 where y_t < -VaR_t, p = 1 - confidence, n days.

    Z1 = 1 + sum(I_t y_t / ES_t) / sum(I_t)          given that breaches happen: are they as large as said
    Z2 = 1 + sum(I_t y_t / ES_t) / (n p)             frequency and size together
    expected 0 when right, negative when the risk was understated      Acerbi and Szekely (2014)

    FZ0 = -1{y <= v} (v - y) / (p e) + v / e + ln(-e) - 1,   v = -VaR, e = -ES < 0       Patton, Ziegel and Chen (2019)

FZ0 is a strictly consistent loss, lower is better; y, v and e must be in the same units (ruling 18: returns on gross exposure).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, FloatND

__all__ = ["AcerbiSzekely", "acerbi_szekely", "fz0"]

CRITICAL_Z2_5_PERCENT = -0.70
"""Z2 below this happens to a right model once in twenty samples of 250 days, nearly whatever the tails (the paper's table)."""


@dataclass(frozen=True, slots=True)
class AcerbiSzekely:
    """z1 None: no breach to judge by."""

    z1: float | None
    z2: float
    breaches: int


def acerbi_szekely(profit: Float1D, value_at_risk: Float1D, expected_shortfall: Float1D, confidence: float) -> AcerbiSzekely:
    """Z1 and Z2; all (days,). QuantError on unequal lengths or an expected shortfall that is not above zero."""
    if not profit.shape == value_at_risk.shape == expected_shortfall.shape or profit.size == 0:
        raise QuantError("profit, value_at_risk and expected_shortfall must be of one length, at least 1", parameter="profit")
    if not (expected_shortfall > 0.0).all():
        raise QuantError("expected_shortfall must be above 0 on every day", parameter="expected_shortfall")
    breach = profit < -value_at_risk
    severity = float((profit[breach] / expected_shortfall[breach]).sum())
    count = int(breach.sum())
    z2 = 1.0 + severity / (profit.size * (1.0 - confidence))
    return AcerbiSzekely(1.0 + severity / count if count else None, z2, count)


def fz0(profit: FloatND, value_at_risk: FloatND, expected_shortfall: FloatND, confidence: float) -> FloatND:
    """The joint loss of each day, of the arguments' common shape. QuantError on an expected shortfall that is not above zero."""
    if not (np.asarray(expected_shortfall) > 0.0).all():
        raise QuantError("expected_shortfall must be above 0", parameter="expected_shortfall")
    quantile, shortfall = -np.asarray(value_at_risk), -np.asarray(expected_shortfall)
    beyond = np.where(profit <= quantile, quantile - profit, 0.0)
    result: FloatND = -beyond / ((1.0 - confidence) * shortfall) + quantile / shortfall + np.log(-shortfall) - 1.0
    return result
