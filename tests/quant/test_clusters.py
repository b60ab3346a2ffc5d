"""Clusters: scipy as judge of the linkage, a brute-force twin of the hysteresis, order independence, cluster risk."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from market_analysis.errors import QuantError
from market_analysis.quant.clusters import cluster, cluster_risk, cluster_with_hysteresis, correlation_distance


def _correlation(rng: np.random.Generator, n: int, factors: int = 2, noise: float = 0.6) -> np.ndarray:
    loadings = rng.standard_normal((n, factors))
    covariance = loadings @ loadings.T + noise * np.diag(rng.uniform(0.2, 1.5, n))
    d = np.sqrt(np.diag(covariance))
    rho = covariance / np.outer(d, d)
    rho = np.asarray((rho + rho.T) / 2)
    np.fill_diagonal(rho, 1.0)
    return rho


def _days(rng: np.random.Generator, n: int, days: int) -> list[np.ndarray]:
    """A correlation matrix that wanders from day to day, always positive semi-definite (a mixture of two)."""
    weights = np.clip(0.5 + np.cumsum(rng.normal(0.0, 0.2, days)), 0.0, 1.0)
    first, second = _correlation(rng, n, 1), _correlation(rng, n, 1)
    return [w * first + (1.0 - w) * second for w in weights]


def _scipy_clusters(rho: np.ndarray, threshold: float) -> tuple[tuple[int, ...], ...]:
    d = np.sqrt((1 - rho) / 2)
    np.fill_diagonal(d, 0.0)
    labels = fcluster(linkage(squareform(d, checks=False), "average"), math.sqrt((1 - threshold) / 2), "distance")
    groups = {int(label): tuple(np.flatnonzero(labels == label).tolist()) for label in labels}
    return tuple(sorted(groups.values()))


def _slow_average_linkage(rho: np.ndarray, threshold: float, groups: list[list[int]]) -> list[list[int]]:
    groups = [list(g) for g in groups]
    cut = math.sqrt((1 - threshold) / 2)
    while len(groups) > 1:
        best = min(
            (math.fsum(math.sqrt((1 - rho[i, j]) / 2) for i in a for j in b) / (len(a) * len(b)), x, y)
            for (x, a), (y, b) in itertools.combinations(enumerate(groups), 2)
        )
        if best[0] > cut + 1e-10:
            break
        groups[best[1]] += groups[best[2]]
        del groups[best[2]]
    return groups


def _slow_hysteresis(days: list[np.ndarray], join: float, release: float) -> tuple[tuple[int, ...], ...]:
    n = days[0].shape[0]
    yesterday: list[list[int]] = []
    for rho in days:
        start = []
        for group in yesterday:
            pairs = [rho[i, j] for i, j in itertools.combinations(group, 2)]
            if pairs and math.fsum(pairs) / len(pairs) >= release:
                start.append(group)
        start += [[i] for i in range(n) if not any(i in g for g in start)]
        yesterday = _slow_average_linkage(rho, join, start)
    return tuple(sorted(tuple(sorted(g)) for g in yesterday))


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 100_000), st.integers(2, 25), st.floats(-0.2, 0.95))
def test_partition_agrees_with_scipy(seed: int, n: int, threshold: float) -> None:
    rho = _correlation(np.random.default_rng(seed), n)
    assert cluster(rho, threshold) == _scipy_clusters(rho, threshold)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000), st.integers(2, 9), st.integers(1, 12))
def test_hysteresis_agrees_with_the_brute_force_twin(seed: int, n: int, days: int) -> None:
    matrices = _days(np.random.default_rng(seed), n, days)
    assert cluster_with_hysteresis(matrices, 0.7, 0.6) == _slow_hysteresis(matrices, 0.7, 0.6)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000), st.integers(2, 12), st.booleans())
def test_the_order_of_the_instruments_does_not_matter(seed: int, n: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    days = _days(rng, n, 6)
    if tied:  # a coarse grid of correlations makes many exact ties
        days = [np.where(np.eye(n, dtype=bool), 1.0, np.round(day * 4) / 4) for day in days]
    order = rng.permutation(n)
    permuted = cluster_with_hysteresis([day[np.ix_(order, order)] for day in days], 0.7, 0.6)
    back = tuple(sorted(tuple(sorted(int(order[i]) for i in group)) for group in permuted))
    assert back == cluster_with_hysteresis(days, 0.7, 0.6)


def _pair(rho: float) -> np.ndarray:
    return np.array([[1.0, rho], [rho, 1.0]])


def test_hysteresis_by_hand() -> None:
    """Joins at .7, survives .65 and .60, leaves at .59, and .65 alone does not join again."""
    together, apart = ((0, 1),), ((0,), (1,))
    history = [(0.65, apart), (0.7, together), (0.65, together), (0.6, together), (0.59, apart), (0.65, apart), (0.71, together)]
    for k, (_, expected) in enumerate(history):
        assert cluster_with_hysteresis([_pair(rho) for rho, _ in history[: k + 1]], 0.7, 0.6) == expected


def test_a_kept_cluster_takes_in_a_newcomer() -> None:
    first = np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.1], [0.1, 0.1, 1.0]])
    second = np.array([[1.0, 0.62, 0.9], [0.62, 1.0, 0.75], [0.9, 0.75, 1.0]])
    assert cluster_with_hysteresis([first], 0.7, 0.6) == ((0, 1), (2,))
    assert cluster_with_hysteresis([first, second], 0.7, 0.6) == ((0, 1, 2),)


def test_a_hedge_stays_in_its_cluster_and_an_inverse_market_does_not() -> None:
    """Correlation of prices, not |rho|: the two legs of one symbol are one cluster, a market at rho = -.9 is not in it."""
    rho = np.array([[1.0, 1.0, -0.9], [1.0, 1.0, -0.9], [-0.9, -0.9, 1.0]])
    assert cluster(rho, 0.7) == ((0, 1), (2,))
    assert float(correlation_distance(0.7)) == pytest.approx(0.387, abs=5e-4)


@pytest.mark.parametrize("noise", [0.0, 1e-13, -1e-13])
def test_ties_up_to_rounding_merge_together(noise: float) -> None:
    """The middle one is as near to either: no order of the instruments may decide, so all three are one cluster."""
    rho = np.array([[1.0, 0.75, 0.5], [0.75, 1.0, 0.75 + noise], [0.5, 0.75 + noise, 1.0]])
    assert cluster(rho, 0.7) == ((0, 1, 2),)
    rho[1, 2] = rho[2, 1] = 0.76
    assert cluster(rho, 0.7) == ((0,), (1, 2))


def test_small_and_empty() -> None:
    assert cluster(np.eye(1), 0.7) == ((0,),)
    assert cluster(np.zeros((0, 0)), 0.7) == ()
    assert cluster(np.eye(3), 0.7) == ((0,), (1,), (2,))


def test_cluster_risk_by_hand() -> None:
    """r = (300, -400), rho = .5: sqrt(90000 + 160000 - 2 * .5 * 120000) = sqrt(130000)."""
    risk = cluster_risk([300.0, -400.0], _pair(0.5))
    assert risk.net == pytest.approx(math.sqrt(130_000))
    assert risk.gross == 700.0
    assert cluster_risk([300.0, -300.0], _pair(1.0)).net == 0.0
    assert cluster_risk([300.0, 400.0], _pair(1.0)).net == pytest.approx(700.0)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 10))
def test_net_risk_never_exceeds_gross(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    risk = cluster_risk(rng.normal(0, 500, n), _correlation(rng, n))
    assert 0.0 <= risk.net <= risk.gross * (1 + 1e-12)


def test_refusals() -> None:
    for bad, message in (
        (lambda: cluster(np.ones((2, 3)), 0.7), "square"),
        (lambda: cluster(_pair(np.nan), 0.7), "NaN"),
        (lambda: cluster(_pair(1.5), 0.7), "unit diagonal"),
        (lambda: cluster(np.eye(2), -1.0), "threshold"),
        (lambda: cluster_with_hysteresis([], 0.7, 0.6), "empty"),
        (lambda: cluster_with_hysteresis([np.eye(2)], 0.6, 0.7), "release"),
        (lambda: cluster_with_hysteresis([np.eye(2), np.eye(3)], 0.7, 0.6), "3 instruments"),
        (lambda: cluster_risk([1.0], np.eye(2)), "shape"),
        (lambda: cluster_risk([1.0, np.nan], np.eye(2)), "NaN"),
    ):
        with pytest.raises(QuantError, match=message):
            bad()
