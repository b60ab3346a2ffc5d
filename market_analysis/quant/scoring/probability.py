"""Scores of probabilities over outcomes that exclude each other: rows are cases, columns outcomes, rows sum to one.

A single event is two outcomes; `two_outcomes` makes the rows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, as_float_1d, as_float_2d, at_least, same_length

__all__ = [
    "ReliabilityBin",
    "brier_scores",
    "brier_skill",
    "expected_calibration_error",
    "log_scores",
    "reliability_bins",
    "two_outcomes",
]

LOWEST_PROBABILITY: Final = 1e-6
"""The log score counts a smaller probability as this one, so that one impossible event does not make the mean infinite."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Cases whose probability lies in one bin: their mean probability and how often the event came."""

    low: float
    high: float
    mean_probability: float
    frequency: float
    cases: int


def two_outcomes(probability: Float1D) -> Float2D:
    """Rows (p, 1 - p): the event is outcome 0."""
    event = as_float_1d("probability", probability)
    return np.stack([event, 1.0 - event], axis=1)


def brier_scores(probabilities: Float2D, outcomes: NDArray[np.int64]) -> Float1D:
    """sum_k (p_k - 1{outcome = k})^2 for each case (cases,): 0 when certain and right, 2 when certain and wrong.

    For one event (`two_outcomes`) this is twice the (p - y)^2 that some call the Brier score. `outcomes` (cases,) are column
    numbers. Source: Brier (1950). Raises QuantError on probabilities outside [0, 1] or rows that do not sum to one.
    """
    said, came = _checked(probabilities, outcomes)
    hits = np.zeros_like(said)
    hits[np.arange(came.size), came] = 1.0
    result: Float1D = ((said - hits) ** 2).sum(axis=1)
    return result


def log_scores(probabilities: Float2D, outcomes: NDArray[np.int64]) -> Float1D:
    """-log p of the outcome that came, natural logarithm, (cases,); p at least LOWEST_PROBABILITY. Source: Good (1952)."""
    said, came = _checked(probabilities, outcomes)
    result: Float1D = -np.log(np.maximum(said[np.arange(came.size), came], LOWEST_PROBABILITY))
    return result


def brier_skill(scores: Float1D, reference: Float1D) -> float:
    """1 - mean(scores) / mean(reference scores): above zero is better than the reference, at most 1.

    Raises QuantError on unequal lengths or a reference without any error.
    """
    own, other = as_float_1d("scores", scores), as_float_1d("reference", reference)
    same_length(scores=own, reference=other)
    if not other.mean() > 0.0:
        raise QuantError("the reference makes no error; no skill can be measured against it", parameter="reference")
    return 1.0 - float(own.mean() / other.mean())


def reliability_bins(probability: Float1D, happened: NDArray[np.bool_], bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Equal-width bins of [0, 1] that hold any case, in order; a probability of exactly 1 belongs to the last.

    Raises QuantError on probabilities outside [0, 1], unequal lengths or bins < 1.
    """
    said, came = _event(probability, happened)
    place = np.minimum((said * at_least("bins", bins, 1)).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins)
    total = np.bincount(place, weights=said, minlength=bins)
    events = np.bincount(place, weights=came, minlength=bins)
    return tuple(
        ReliabilityBin(at / bins, (at + 1) / bins, float(total[at] / count[at]), float(events[at] / count[at]), int(count[at]))
        for at in np.flatnonzero(count).tolist()
    )


def expected_calibration_error(probability: Float1D, happened: NDArray[np.bool_], bins: int = 10) -> float:
    """sum over bins of share |frequency - mean probability|, in [0, 1]. Says nothing about sharpness: show it with the skill.

    Source: Naeini, Cooper and Hauskrecht (2015). Errors as `reliability_bins`.
    """
    parts = reliability_bins(probability, happened, bins)
    cases = sum(part.cases for part in parts)
    return sum(part.cases * abs(part.frequency - part.mean_probability) for part in parts) / cases


def _checked(probabilities: Float2D, outcomes: NDArray[np.int64]) -> tuple[Float2D, NDArray[np.int64]]:
    said = as_float_2d("probabilities", probabilities, 2)
    came = np.asarray(outcomes, dtype=np.int64)
    if came.shape != (len(said),) or not len(said):
        raise QuantError(f"outcomes has shape {came.shape}; one per case, ({len(said)},)", parameter="outcomes")
    if came.min() < 0 or came.max() >= said.shape[1]:
        raise QuantError(f"outcomes must lie in 0 to {said.shape[1] - 1}", parameter="outcomes")
    if said.min() < 0.0 or np.abs(said.sum(axis=1) - 1.0).max() > 1e-9:
        raise QuantError("each row of probabilities must be at least 0 and sum to 1", parameter="probabilities")
    return said, came


def _event(probability: Float1D, happened: NDArray[np.bool_]) -> tuple[Float1D, Float1D]:
    said, came = as_float_1d("probability", probability), np.asarray(happened, dtype=np.float64)
    same_length(probability=said, happened=came)
    if said.min() < 0.0 or said.max() > 1.0:
        raise QuantError("a probability must lie in 0 to 1", parameter="probability")
    return said, came
