"""Do losses exceed the value at risk as often as they should, and independently of each other and of what was known?

Breach I_t = 1 where the loss of day t is above its VaR; p = 1 - confidence; n days, x breaches.

    Kupiec (1995):          LR_uc = -2 ln[(1-p)^(n-x) p^x / ((1-x/n)^(n-x) (x/n)^x)]                     chi2(1)
    Christoffersen (1998):  LR_ind = -2 ln[L(pi) / L(pi_01, pi_11)], first-order Markov alternative      chi2(1)
                            LR_cc = LR_uc + LR_ind                                                       chi2(2)
    Engle, Manganelli (2004), dynamic quantile: regress I_t - p on a constant, four lags of it and VaR_t;
                            b' X'X b / (p (1-p))                                                         chi2(6)
    Basel Committee (1996), traffic light: cumulative binomial probability of x breaches, green below .95, yellow below .9999, red
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, chdtrc, xlogy

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D

__all__ = [
    "LikelihoodRatio",
    "Zone",
    "christoffersen_conditional",
    "christoffersen_independence",
    "dynamic_quantile",
    "kupiec",
    "traffic_light",
]

Zone = Literal["green", "yellow", "red"]
YELLOW_FROM: Final = 0.95
RED_FROM: Final = 0.9999
LAGS: Final = 4


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A test statistic and the probability of one at least as large when the VaR is right. p_value None: cannot be said, because
    the days are too few or none or all are breaches."""

    statistic: float
    p_value: float | None


def kupiec(breaches: NDArray[np.bool_], confidence: float) -> LikelihoodRatio:
    """Unconditional coverage. QuantError on no days or a confidence outside (0, 1)."""
    n, x, p = *_counted(breaches), _tail(confidence)
    statistic = 2.0 * (_log_likelihood(n, x, x / n) - _log_likelihood(n, x, p))
    return _ratio(statistic, 1)


def christoffersen_independence(breaches: NDArray[np.bool_]) -> LikelihoodRatio:
    """Whether a breach makes another on the next day more (or less) likely."""
    _counted(breaches)
    before, after = breaches[:-1], breaches[1:]
    n01, n00 = int((~before & after).sum()), int((~before & ~after).sum())
    n11, n10 = int((before & after).sum()), int((before & ~after).sum())
    if n01 + n11 == 0 or n00 + n10 == 0 or n10 + n11 == 0:
        return LikelihoodRatio(0.0, None)
    pooled = (n01 + n11) / (n00 + n01 + n10 + n11)
    free = _log_likelihood(n00 + n01, n01, n01 / (n00 + n01)) + _log_likelihood(n10 + n11, n11, n11 / (n10 + n11))
    return _ratio(2.0 * (free - _log_likelihood(n00 + n01 + n10 + n11, n01 + n11, pooled)), 1)


def christoffersen_conditional(breaches: NDArray[np.bool_], confidence: float) -> LikelihoodRatio:
    """Coverage and independence together."""
    coverage, independence = kupiec(breaches, confidence), christoffersen_independence(breaches)
    if independence.p_value is None:
        return LikelihoodRatio(coverage.statistic, None)
    return _ratio(coverage.statistic + independence.statistic, 2)


def dynamic_quantile(breaches: NDArray[np.bool_], value_at_risk: Float1D, confidence: float) -> LikelihoodRatio:
    """Whether breaches can be foretold from earlier ones or from the VaR itself; `value_at_risk` (days,)."""
    n, x, p = *_counted(breaches), _tail(confidence)
    if value_at_risk.shape != breaches.shape:
        raise QuantError(f"value_at_risk has {value_at_risk.size} days, breaches {n}", parameter="value_at_risk")
    if x == 0 or n < 10 * (LAGS + 2):
        return LikelihoodRatio(0.0, None)
    hits = breaches.astype(np.float64) - p
    columns = [np.ones(n - LAGS), *(hits[LAGS - lag : n - lag] for lag in range(1, LAGS + 1)), value_at_risk[LAGS:]]
    design = np.stack(columns, axis=1)
    fitted, _, rank, _ = np.linalg.lstsq(design, hits[LAGS:], rcond=None)
    return _ratio(float(((design @ fitted) ** 2).sum()) / (p * (1.0 - p)), int(rank))


def traffic_light(breaches: NDArray[np.bool_], confidence: float = 0.99) -> tuple[Zone, float]:
    """Zone, and the probability of at most as many breaches when the VaR is right. 250 days at 99 %: green to 4, yellow to 9."""
    n, x = _counted(breaches)
    probability = float(bdtr(x, n, _tail(confidence)))
    zone: Zone = "green" if probability < YELLOW_FROM else "yellow" if probability < RED_FROM else "red"
    return zone, probability


def _counted(breaches: NDArray[np.bool_]) -> tuple[int, int]:
    if breaches.ndim != 1 or breaches.size == 0 or breaches.dtype != np.bool_:
        raise QuantError("breaches must be a vector of at least one truth value", parameter="breaches")
    return breaches.size, int(breaches.sum())


def _tail(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise QuantError(f"confidence is {confidence}; it must lie between 0 and 1", parameter="confidence")
    return 1.0 - confidence


def _log_likelihood(n: int, x: int, p: float) -> float:
    return float(xlogy(n - x, 1.0 - p) + xlogy(x, p))


def _ratio(statistic: float, degrees: int) -> LikelihoodRatio:
    statistic = max(statistic, 0.0)
    return LikelihoodRatio(statistic, float(chdtrc(degrees, statistic)))
