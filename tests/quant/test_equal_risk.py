"""Equal risk contribution by hand, by what must hold, and by a slow twin (cyclical coordinate descent)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.equal_risk import equal_risk_exposures, risk_contributions


def coordinate_descent(correlation: np.ndarray, sweeps: int = 20_000) -> np.ndarray:
    """The obvious twin: each exposure in turn solves y_i^2 + a_i y_i = 1/n, a_i the pull of the others (Griveau-Billion and
    others, 2013)."""
    n = len(correlation)
    y = np.ones(n)
    for _ in range(sweeps):
        before = y.copy()
        for i in range(n):
            pull = float(correlation[i] @ y - correlation[i, i] * y[i])
            y[i] = (-pull + math.sqrt(pull * pull + 4.0 * correlation[i, i] / n)) / (2.0 * correlation[i, i])
        if np.abs(y - before).max() < 1e-15:
            break
    return y


def random_correlation(seed: int, assets: int, common: float) -> np.ndarray:
    """Of assets with one common factor, some of them held short."""
    rng = np.random.default_rng(seed)
    panel = rng.standard_normal((60, assets)) + common * rng.standard_normal((60, 1))
    sign = rng.choice([-1.0, 1.0], assets)
    matrix: np.ndarray = np.corrcoef(panel.T).reshape(assets, assets) * np.outer(sign, sign)
    return matrix


@pytest.mark.parametrize(("assets", "rho"), [(1, 0.0), (2, 0.8), (2, -0.8), (5, 0.0), (7, 0.5), (3, -0.4)])
def test_equal_correlations_by_hand(assets: int, rho: float) -> None:
    matrix = np.full((assets, assets), rho) + (1.0 - rho) * np.eye(assets)
    expected = 1.0 / math.sqrt(assets * (1.0 + (assets - 1) * rho))
    assert equal_risk_exposures(matrix) == pytest.approx(np.full(assets, expected), rel=1e-12)


def test_three_assets_by_hand() -> None:
    # A third asset, uncorrelated with a pair at rho: y_1 = y_2 = 1/sqrt(3 (1 + rho)), y_3 = 1/sqrt(3).
    matrix = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 1.0]])
    pair = 1.0 / math.sqrt(3 * 1.6)
    assert equal_risk_exposures(matrix) == pytest.approx([pair, pair, 1.0 / math.sqrt(3)], rel=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 9), st.floats(0.0, 3.0))
def test_contributions_are_equal_and_the_variance_is_one(seed: int, assets: int, common: float) -> None:
    matrix = random_correlation(seed, assets, common) if assets > 1 else np.eye(1)
    y = equal_risk_exposures(matrix)
    assert (y > 0.0).all()
    assert np.abs(risk_contributions(y, matrix) - 1.0 / assets).max() < 1e-8
    assert float(y @ matrix @ y) == pytest.approx(1.0, abs=1e-8)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(0.0, 1.5))
def test_the_slow_twin_agrees(seed: int, assets: int, common: float) -> None:
    matrix = random_correlation(seed, assets, common)
    assert equal_risk_exposures(matrix) == pytest.approx(coordinate_descent(matrix), rel=1e-6)


@given(st.integers(0, 10_000))
def test_the_order_of_the_assets_does_not_matter(seed: int) -> None:
    matrix = random_correlation(seed, 5, 1.0)
    order = np.random.default_rng(seed).permutation(5)
    assert equal_risk_exposures(matrix[np.ix_(order, order)]) == pytest.approx(equal_risk_exposures(matrix)[order], rel=1e-9)


def test_a_better_hedge_is_larger_until_it_is_perfect() -> None:
    last = 0.0
    for rho in (-0.5, -0.9, -0.99, -0.9999):
        y = equal_risk_exposures([[1.0, rho], [rho, 1.0]])
        assert y[0] > last
        last = float(y[0])
    with pytest.raises(QuantError, match="next to no risk"):
        equal_risk_exposures([[1.0, -1.0], [-1.0, 1.0]])


@pytest.mark.parametrize(
    "matrix",
    [np.ones((1, 2)), [[1.0, 0.5], [0.4, 1.0]], [[1.0, 1.2], [1.2, 1.0]], [[2.0]], [[math.nan]]],
)
def test_what_is_no_correlation_is_refused(matrix: object) -> None:
    with pytest.raises(QuantError, match="correlation"):
        equal_risk_exposures(matrix)  # type: ignore[arg-type]


def test_contributions_of_nothing_are_refused() -> None:
    with pytest.raises(QuantError, match="variance"):
        risk_contributions([0.0, 0.0], np.eye(2))
    with pytest.raises(QuantError, match="exposures"):
        risk_contributions([1.0], np.eye(2))
    assert risk_contributions([3.0, -1.0], np.eye(2)) == pytest.approx([0.9, 0.1])
