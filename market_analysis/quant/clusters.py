"""Correlation clusters by average linkage, their hysteresis over days, and the risk of a cluster (rulings 11 and
12)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D

__all__ = ["ClusterRisk", "Clusters", "cluster", "cluster_risk", "cluster_with_hysteresis", "correlation_distance"]

Clusters = tuple[tuple[int, ...], ...]
"""A partition of the indices 0..N-1: members ascending, clusters by their first member; singletons included."""

# Distances closer than this are ties: they merge together, so that the result does not depend on the order of the
# instruments.
_TIE = 1e-10


@dataclass(frozen=True, slots=True)
class ClusterRisk:
    """Risk of a cluster in account currency: `net` = sqrt(r' C r) of the signed risks, `gross` = sum |r|."""

    net: float
    gross: float


def correlation_distance(correlation: ArrayLike) -> Float2D:
    """d = sqrt((1 - rho) / 2), in [0, 1]: 0 for rho = 1, .387 for rho = .7, 1 for rho = -1. A hedge stays near its
    hedge."""
    rho = np.asarray(correlation, dtype=np.float64)
    return np.sqrt(np.clip((1.0 - rho) / 2.0, 0.0, 1.0))


def cluster(correlation: ArrayLike, threshold: float) -> Clusters:
    """Average-linkage clusters of a correlation matrix (N, N), cut where the mean distance exceeds that of `threshold`.

    Equal smallest distances merge at once, even where the joint cluster is then wider than the cut: the partition is the
    same whatever the order of the instruments, and a tie counts as more risk, not less.
    Raises QuantError on a matrix that is not square, symmetric and finite with unit diagonal, or a threshold outside
    (-1, 1].
    """
    rho = _checked_correlation("correlation", correlation)
    _require_threshold("threshold", threshold)
    return _agglomerate(rho, threshold, [(i,) for i in range(rho.shape[0])])


def cluster_with_hysteresis(correlations_by_day: Sequence[ArrayLike], join: float, release: float) -> Clusters:
    """Today's clusters, replayed over daily correlation matrices (oldest first, last is today, all of the same N
    instruments).

    The first day is cut at `join`. On each later day yesterday's cluster stays whole while the mean of its pairwise
    correlations is at least `release`; average linkage then starts from the clusters kept and the single rest, and is
    cut at `join`. release <= join.
    """
    if not correlations_by_day:
        raise QuantError("correlations_by_day is empty, today's matrix is needed", parameter="correlations_by_day")
    _require_threshold("join", join)
    _require_threshold("release", release)
    if release > join:
        raise QuantError(f"release is {release}, must not exceed join ({join})", parameter="release")
    days = [_checked_correlation(f"correlations_by_day[{k}]", matrix) for k, matrix in enumerate(correlations_by_day)]
    count = days[0].shape[0]
    clusters: Clusters = tuple((i,) for i in range(count))
    for k, rho in enumerate(days):
        if rho.shape[0] != count:
            raise QuantError(
                f"correlations_by_day[{k}] has {rho.shape[0]} instruments, the first day has {count}",
                parameter="correlations_by_day",
            )
        kept = [members for members in clusters if len(members) > 1 and _mean_pairwise(rho, members) >= release]
        grouped = {i for members in kept for i in members}
        clusters = _agglomerate(rho, join, kept + [(i,) for i in range(count) if i not in grouped])
    return clusters


def cluster_risk(signed_risk: ArrayLike, correlation: ArrayLike) -> ClusterRisk:
    """sqrt(r' C r) and sum |r| of signed risks (n,), short negative, under the correlation (n, n) of price returns.

    A perfect hedge has net 0; equal signs and correlation one give the gross sum.
    """
    r: Float1D = np.asarray(signed_risk, dtype=np.float64)
    c = _checked_correlation("correlation", correlation)
    if r.shape != (c.shape[0],):
        raise QuantError(f"signed_risk has shape {r.shape}, must be ({c.shape[0]},)", parameter="signed_risk")
    if not np.isfinite(r).all():
        raise QuantError("signed_risk contains NaN or infinity", parameter="signed_risk")
    return ClusterRisk(net=math.sqrt(max(float(r @ c @ r), 0.0)), gross=float(np.abs(r).sum()))


def _agglomerate(rho: Float2D, threshold: float, groups: Sequence[tuple[int, ...]]) -> Clusters:
    cut = float(correlation_distance(threshold))
    members = [list(group) for group in groups]
    size = np.array([len(group) for group in members], dtype=np.float64)
    belongs = np.zeros((rho.shape[0], len(members)))
    for column, group in enumerate(members):
        belongs[group, column] = 1.0
    total = belongs.T @ correlation_distance(rho) @ belongs
    mean = total / np.outer(size, size)
    np.fill_diagonal(mean, np.inf)
    while mean.size and (nearest := float(mean.min())) <= cut + _TIE:
        for first, *others in _connected(mean <= nearest + _TIE):
            for other in others:
                members[first] += members[other]
                members[other] = []
                size[first] += size[other]
                total[first] += total[other]
                total[:, first] += total[:, other]
                mean[other] = mean[:, other] = np.inf
            alive = np.isfinite(mean[first])
            mean[first, alive] = mean[alive, first] = total[first, alive] / (size[first] * size[alive])
    return tuple(sorted(tuple(sorted(group)) for group in members if group))


def _connected(linked: NDArray[np.bool_]) -> list[list[int]]:
    """Connected components with more than one node, members ascending."""
    unseen = set(np.flatnonzero(linked.any(axis=1)).tolist())
    components = []
    while unseen:
        component, frontier = [], [unseen.pop()]
        while frontier:
            node = frontier.pop()
            component.append(node)
            near = unseen.intersection(np.flatnonzero(linked[node]).tolist())
            unseen -= near
            frontier.extend(near)
        components.append(sorted(component))
    return sorted(components)


def _mean_pairwise(rho: Float2D, members: tuple[int, ...]) -> float:
    block = rho[np.ix_(members, members)]
    upper = block[np.triu_indices(len(members), k=1)]
    return float(upper.mean())


def _checked_correlation(name: str, correlation: ArrayLike) -> Float2D:
    c = np.asarray(correlation, dtype=np.float64)
    if c.ndim != 2 or c.shape[0] != c.shape[1]:
        raise QuantError(f"{name} has shape {c.shape}, must be square", parameter=name)
    if not np.isfinite(c).all():
        raise QuantError(f"{name} contains NaN or infinity", parameter=name)
    tolerance = 1e-9
    if (np.abs(c) > 1.0 + tolerance).any() or (np.abs(c - c.T) > tolerance).any() or (np.abs(np.diag(c) - 1.0) > tolerance).any():
        raise QuantError(f"{name} must be symmetric with unit diagonal and entries in [-1, 1]", parameter=name)
    return c


def _require_threshold(name: str, value: float) -> None:
    if not -1.0 < value <= 1.0:
        raise QuantError(f"{name} is {value}, must lie in (-1, 1]", parameter=name)
