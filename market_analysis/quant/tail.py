"""Value at risk and expected shortfall: of a loss sample, and of a normal book. A loss is positive."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, FloatND

__all__ = [
    "UnhedgeCheck",
    "book_normal_expected_shortfall",
    "expected_shortfall",
    "normal_expected_shortfall",
    "tail_count",
    "value_at_risk",
    "would_unhedge",
]


@dataclass(frozen=True, slots=True)
class UnhedgeCheck:
    """Normal expected shortfall of a book before and after a reduction; same currency as the exposures, positive
    loss."""

    expected_shortfall_before: float
    expected_shortfall_after: float
    would_unhedge: bool


def tail_count(observations: int, confidence: float) -> int:
    """Number of observations in the tail: ceil((1 - confidence) * n), at least one.

    The product is rounded to 9 decimals first: (1 - 0.95) * 20 is 1.0000000000000009 in floats, and would count 2.
    """
    _require_confidence(confidence)
    if observations < 1:
        raise QuantError(f"losses has {observations} values, at least 1 is needed", parameter="losses")
    return max(1, math.ceil(round((1.0 - confidence) * observations, 9)))


def value_at_risk(losses: ArrayLike, confidence: float) -> float:
    """The k-th largest loss of the sample (n,), k = `tail_count`. Positive is a loss; NaN or infinity raises
    QuantError."""
    sample = _losses(losses)
    k = tail_count(sample.size, confidence)
    return float(np.partition(sample, sample.size - k)[sample.size - k])


def expected_shortfall(losses: ArrayLike, confidence: float) -> float:
    """Mean of the k largest losses of the sample (n,), k = `tail_count`; never below `value_at_risk`."""
    sample = _losses(losses)
    k = tail_count(sample.size, confidence)
    # Sorted, so that the sum does not depend on the order in which the scenarios came.
    return float(np.sort(np.partition(sample, sample.size - k)[sample.size - k :]).mean())


def normal_expected_shortfall(sigma: float, confidence: float = 0.99) -> float:
    """Expected shortfall of a normal loss with mean zero: sigma * phi(z) / (1 - confidence), z the standard normal
    quantile."""
    _require_confidence(confidence)
    if not (math.isfinite(sigma) and sigma >= 0.0):
        raise QuantError(f"sigma is {sigma}, must be finite and at least 0", parameter="sigma")
    standard = NormalDist()
    return sigma * standard.pdf(standard.inv_cdf(confidence)) / (1.0 - confidence)


def book_normal_expected_shortfall(exposures: ArrayLike, covariance: ArrayLike, confidence: float = 0.99) -> float:
    """Normal expected shortfall of a book, a positive loss in the currency of the exposures.

    `exposures` (n,) are signed notionals (short negative), `covariance` (n, n) of their simple returns over the horizon
    wanted (one day for ruling 11): ES = sqrt(w' S w) * phi(z) / (1 - confidence).
    """
    w, s = _book("exposures", exposures, covariance)
    return normal_expected_shortfall(_deviation(w, s), confidence)


def would_unhedge(
    exposures: ArrayLike, covariance: ArrayLike, reduced_exposures: ArrayLike, confidence: float = 0.99
) -> UnhedgeCheck:
    """Whether going from `exposures` to `reduced_exposures` raises the book's normal expected shortfall (ruling 11).

    Arguments as `book_normal_expected_shortfall`. A difference within 1e-9 of the figure itself is rounding, not risk.
    """
    before = book_normal_expected_shortfall(exposures, covariance, confidence)
    w, s = _book("reduced_exposures", reduced_exposures, covariance)
    after = normal_expected_shortfall(_deviation(w, s), confidence)
    return UnhedgeCheck(before, after, after > before + 1e-9 * max(before, after))


def _deviation(w: Float1D, s: Float2D) -> float:
    return math.sqrt(max(float(w @ s @ w), 0.0))


def _book(name: str, exposures: ArrayLike, covariance: ArrayLike) -> tuple[Float1D, Float2D]:
    w = _finite(name, exposures)
    s = _finite("covariance", covariance)
    if w.ndim != 1 or s.shape != (w.size, w.size):
        raise QuantError(f"{name} {w.shape} and covariance {s.shape} must be (n,) and (n, n)", parameter=name)
    return w, s


def _losses(values: ArrayLike) -> Float1D:
    sample = _finite("losses", values)
    if sample.ndim != 1:
        raise QuantError(f"losses has rank {sample.ndim}, must have rank 1", parameter="losses")
    return sample


def _finite(name: str, values: ArrayLike) -> FloatND:
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise QuantError(f"{name} contains NaN or infinity", parameter=name)
    return array


def _require_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise QuantError(f"confidence is {confidence}, must lie strictly between 0 and 1", parameter="confidence")
