"""Concentration by hand, and by what must hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.concentration import effective_assets, effective_bets, herfindahl


def test_herfindahl_by_hand() -> None:
    assert herfindahl([3.0, -1.0]) == pytest.approx(0.75**2 + 0.25**2)
    assert herfindahl([5.0, 5.0, -5.0, 5.0]) == pytest.approx(0.25)
    assert herfindahl([7.0]) == 1.0
    assert herfindahl([]) is None
    assert herfindahl([0.0, 0.0]) is None


def test_effective_assets_by_hand() -> None:
    assert effective_assets(5, 0.0) == 5.0
    assert effective_assets(5, 1.0) == 1.0
    assert effective_assets(4, 0.5) == pytest.approx(1.6)
    assert effective_assets(1, 0.0) == 1.0
    for count, rho in ((3, -0.5), (3, 1.1), (0, 0.0)):
        with pytest.raises(QuantError, match="mean_correlation"):
            effective_assets(count, rho)


def test_effective_bets_by_hand() -> None:
    # Uncorrelated: shares of variance 9:1 of amounts 3 and 1; entropy -(.9 ln .9 + .1 ln .1).
    assert effective_bets([3.0, 1.0], np.eye(2)) == pytest.approx(math.exp(-(0.9 * math.log(0.9) + 0.1 * math.log(0.1))))
    assert effective_bets([2.0, 2.0, -2.0], np.eye(3)) == pytest.approx(3.0)
    # Two equal longs, rho .8: loads of the symmetric root are equal, so two bets; long and short alike.
    pair = np.array([[1.0, 0.8], [0.8, 1.0]])
    assert effective_bets([1.0, 1.0], pair) == pytest.approx(2.0)
    assert effective_bets([1.0, -1.0], pair) == pytest.approx(2.0)
    # Nearly one position: the other's factor shares its variance; the root of [[1, .8], [.8, 1]] has entries .8944 and .4472.
    shares = np.array([0.8, 0.2])
    assert effective_bets([1.0, 1e-12], pair) == pytest.approx(math.exp(-(shares * np.log(shares)).sum()), rel=1e-6)
    assert effective_bets([1.0, 0.0], pair) == pytest.approx(1.0)
    assert effective_bets([0.0], np.eye(1)) is None
    assert effective_bets([1.0], np.zeros((1, 1))) is None


@given(st.integers(2, 6), st.integers(0, 10_000), st.floats(0.1, 50.0))
def test_bets_lie_between_one_and_all_and_do_not_depend_on_scale(assets: int, seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    panel = rng.standard_normal((40, assets)) + rng.standard_normal((40, 1))
    covariance, exposures = np.cov(panel.T), rng.standard_normal(assets)
    bets = effective_bets(exposures, covariance)
    assert bets is not None
    assert 1.0 - 1e-9 <= bets <= assets + 1e-9
    assert effective_bets(factor * exposures, covariance) == pytest.approx(bets, rel=1e-6)
    scale = rng.uniform(0.5, 2.0, assets)
    assert effective_bets(exposures / scale, covariance * np.outer(scale, scale)) == pytest.approx(bets, rel=1e-6)


def test_the_factors_are_uncorrelated_and_explain_all_variance() -> None:
    rng = np.random.default_rng(3)
    panel = rng.standard_normal((500, 3)) @ np.array([[1.0, 0.5, 0.2], [0.0, 1.0, 0.6], [0.0, 0.0, 1.0]])
    covariance, w = np.cov(panel.T), np.array([1.0, -2.0, 0.5])
    d = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(d, d))
    root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    shares = (root @ (d * w)) ** 2
    assert shares.sum() == pytest.approx(w @ covariance @ w)
    shares = shares / shares.sum()
    assert effective_bets(w, covariance) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(QuantError, match="covariance"):
        effective_bets([1.0, 2.0], np.eye(3))
