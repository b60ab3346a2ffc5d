"""Softening of a probability in log odds, and the choice of the target multiple (rulings 5 and 6)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import FloatND

__all__ = ["choose_target_multiple", "expit", "logit", "soften"]


def expit(log_odds: ArrayLike) -> FloatND:
    """1 / (1 + exp(-x)), elementwise; exact 0 and 1 at -inf and +inf, no overflow. NaN raises QuantError."""
    x = _without_nan("log_odds", log_odds)
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, decay) / (1.0 + decay)


def logit(probability: ArrayLike) -> FloatND:
    """ln(p / (1 - p)), elementwise; -inf at 0 and +inf at 1. Raises QuantError outside [0, 1] and for NaN."""
    p = _probability("probability", probability)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p) - np.log1p(-p))


def soften(probability: ArrayLike, prob_alpha: float) -> FloatND:
    """expit(logit(p) / prob_alpha): prob_alpha > 1 pulls towards one half, < 1 away from it; 0, 1/2 and 1 stay.

    At prob_alpha = 1 the probability itself is returned, so that a threshold met exactly stays met.
    """
    if not (math.isfinite(prob_alpha) and prob_alpha > 0.0):
        raise QuantError(f"prob_alpha is {prob_alpha}, must be positive and finite", parameter="prob_alpha")
    if prob_alpha == 1.0:
        return _probability("probability", probability)
    return expit(logit(probability) / prob_alpha)


def choose_target_multiple(
    grid: ArrayLike,
    probability: ArrayLike,
    reward_to_risk: ArrayLike,
    *,
    prob_target: float,
    min_reward_risk: float,
    prob_alpha: float = 1.0,
) -> int | None:
    """Index of the largest multiple m with soften(p(m)) >= prob_target and reward to risk >= min_reward_risk; None if
    there is none.

    `grid`, `probability` and `reward_to_risk` have one shape (n,); the grid need not be sorted. Probabilities are the
    unsoftened ones and reward to risk is money after costs at the current distances. NaN in any of them raises
    QuantError.
    """
    m = _without_nan("grid", grid)
    softened = soften(probability, prob_alpha)
    ratio = _without_nan("reward_to_risk", reward_to_risk)
    if m.ndim != 1 or m.shape != softened.shape or m.shape != ratio.shape:
        raise QuantError(
            f"grid, probability and reward_to_risk have shapes {m.shape}, {softened.shape}, {ratio.shape}; they must be one (n,)",
            parameter="grid",
        )
    admissible = np.flatnonzero((softened >= prob_target) & (ratio >= min_reward_risk))
    if admissible.size == 0:
        return None
    return int(admissible[np.argmax(m[admissible])])


def _without_nan(name: str, values: ArrayLike) -> FloatND:
    array = np.asarray(values, dtype=np.float64)
    if np.isnan(array).any():
        raise QuantError(f"{name} contains NaN", parameter=name)
    return array


def _probability(name: str, values: ArrayLike) -> FloatND:
    p = _without_nan(name, values)
    outside = (p < 0.0) | (p > 1.0)
    if outside.any():
        raise QuantError(f"{name} is {p[outside].flat[0]}, must lie in [0, 1]", parameter=name)
    return p
