"""Aligned return panels, their correlation, Ledoit-Wolf shrinkage, and the exponentially weighted covariance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float2D

__all__ = [
    "AlignedReturns",
    "Correlation",
    "align",
    "ewma_covariance",
    "is_positive_semidefinite",
    "pearson_correlation",
    "shrunk_correlation",
]

_MINIMUM_OBSERVATIONS = 3
_EIGENVALUE_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class AlignedReturns:
    """Returns (T, N) on the timestamps (T,) that all N series share, in the order of `names`; `dropped` counts the rest
    per series."""

    names: tuple[str, ...]
    timestamps: NDArray[np.int64]
    returns: Float2D
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Correlation:
    """Correlation matrix (N, N) with unit diagonal, the weight of its shrinkage target, and the observations behind
    it."""

    matrix: Float2D
    shrinkage: float
    observations: int


def align(series: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> AlignedReturns:
    """Inner join of return series on their timestamps.

    Each value is (timestamps, returns), both (n,): strictly increasing whole numbers of one unit and finite returns.
    Series that share no timestamp give an empty panel. Raises QuantError on an empty mapping, unequal lengths,
    disorder, duplicates or NaN.
    """
    if not series:
        raise QuantError("series is empty, at least one is needed", parameter="series")
    checked = {name: _checked_series(name, *pair) for name, pair in series.items()}
    common = next(iter(checked.values()))[0]
    for stamps, _ in checked.values():
        common = np.intersect1d(common, stamps, assume_unique=True)
    columns = [values[np.searchsorted(stamps, common)] for stamps, values in checked.values()]
    return AlignedReturns(
        names=tuple(checked),
        timestamps=common,
        returns=np.column_stack(columns),
        dropped={name: int(stamps.size - common.size) for name, (stamps, _) in checked.items()},
    )


def pearson_correlation(returns: ArrayLike) -> Float2D:
    """Pearson correlation (N, N) of aligned returns (T, N): symmetric, unit diagonal, entries in [-1, 1].

    There is no pairwise deletion: NaN raises QuantError, as do fewer than 3 rows and a column without variation.
    """
    z = _standardised(returns)
    return _unit_diagonal(z.T @ z / z.shape[0])


def shrunk_correlation(returns: ArrayLike) -> Correlation:
    """Pearson correlation of aligned returns (T, N), shrunk to the identity by Ledoit and Wolf's intensity.

    With z the standardised columns and R = z'z/T: R* = (1 - d) R + d I, d = min(beta, delta)/delta, delta = ||R -
    I||^2/N and beta = (sum((z^2)'(z^2))/T - ||R||^2)/(N T). Standardising first makes the scaled-identity target the
    identity itself.
    Errors as `pearson_correlation`. Source: Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional
    covariance matrices".
    """
    z = _standardised(returns)
    t, n = z.shape
    raw = z.T @ z / t
    distance = float(np.sum((raw - np.eye(n)) ** 2)) / n
    fourth = float(np.sum(np.sum(z * z, axis=1) ** 2)) / t
    noise = (fourth - float(np.sum(raw * raw))) / (n * t)
    # One series, or exactly uncorrelated ones: there is nothing to shrink.
    shrinkage = 0.0 if distance <= 1e-24 or noise <= 0.0 else min(noise / distance, 1.0)
    matrix = _unit_diagonal((1.0 - shrinkage) * raw + shrinkage * np.eye(n))
    return Correlation(matrix=matrix, shrinkage=shrinkage, observations=t)


def ewma_covariance(returns: ArrayLike, decay: float = 0.94) -> Float2D:
    """Exponentially weighted second moment (N, N) of aligned returns (T, N), newest last, mean taken as zero.

    S = sum_k decay^k r_(T-k) r_(T-k)' / sum_k decay^k, 0 < decay <= 1 (RiskMetrics: .94 for days). NaN raises
    QuantError.
    """
    if not 0.0 < decay <= 1.0:
        raise QuantError(f"decay is {decay}, must lie in (0, 1]", parameter="decay")
    r = _panel(returns, minimum=1)
    weights = decay ** np.arange(r.shape[0] - 1, -1, -1, dtype=np.float64)
    weighted = r * np.sqrt(weights / weights.sum())[:, None]
    return np.asarray(weighted.T @ weighted)


def is_positive_semidefinite(matrix: ArrayLike, tolerance: float = _EIGENVALUE_TOLERANCE) -> bool:
    """Whether a symmetric finite matrix (N, N) has no eigenvalue below -tolerance * max(1, largest eigenvalue)."""
    m = np.asarray(matrix, dtype=np.float64)
    if m.ndim != 2 or m.shape[0] != m.shape[1] or not np.isfinite(m).all() or not np.allclose(m, m.T, rtol=0.0, atol=tolerance):
        return False
    eigenvalues = np.linalg.eigvalsh(m)
    return m.size == 0 or bool(eigenvalues[0] >= -tolerance * max(1.0, float(eigenvalues[-1])))


def _standardised(returns: ArrayLike) -> Float2D:
    r = _panel(returns, minimum=_MINIMUM_OBSERVATIONS)
    centred = r - r.mean(axis=0)
    deviation = np.sqrt(np.mean(centred * centred, axis=0))
    scale = np.max(np.abs(r), axis=0)
    still = np.flatnonzero(~(deviation > 1e-12 * scale))
    if still.size:
        raise QuantError(
            f"returns column {int(still[0])} does not vary, its correlation is undefined",
            parameter="returns",
            remedy="leave the instrument out of the correlation",
        )
    return np.asarray(centred / deviation)


def _unit_diagonal(matrix: Float2D) -> Float2D:
    bounded = np.clip(0.5 * (matrix + matrix.T), -1.0, 1.0)
    np.fill_diagonal(bounded, 1.0)
    return bounded


def _panel(returns: ArrayLike, minimum: int) -> Float2D:
    r = np.asarray(returns, dtype=np.float64)
    if r.ndim != 2 or r.shape[1] < 1:
        raise QuantError(f"returns has shape {r.shape}, must be (T, N) with N >= 1", parameter="returns")
    if r.shape[0] < minimum:
        raise QuantError(
            f"returns has {r.shape[0]} observations, at least {minimum} are needed",
            parameter="returns",
            remedy="read a longer history",
        )
    if not np.isfinite(r).all():
        raise QuantError("returns contains NaN or infinity", parameter="returns", remedy="align the series first")
    return r


def _checked_series(name: str, timestamps: ArrayLike, returns: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    parameter = f"series[{name!r}]"
    stamps = np.asarray(timestamps)
    values = np.asarray(returns, dtype=np.float64)
    if not np.issubdtype(stamps.dtype, np.integer) and stamps.size:
        raise QuantError(f"{parameter} timestamps have type {stamps.dtype}, must be whole numbers", parameter=parameter)
    if stamps.ndim != 1 or stamps.shape != values.shape:
        raise QuantError(f"{parameter} has timestamps {stamps.shape} and returns {values.shape}", parameter=parameter)
    if stamps.size > 1 and not np.all(np.diff(stamps) > 0):
        raise QuantError(f"{parameter} timestamps must be strictly increasing", parameter=parameter)
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise QuantError(f"{parameter} return {place} is {values[place]}, must be finite", parameter=parameter)
    return stamps.astype(np.int64), values
