"""Alignment, Pearson, Ledoit-Wolf (scikit-learn as judge), EWMA."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf

from market_analysis.errors import QuantError
from market_analysis.quant.covariance import (
    align,
    ewma_covariance,
    is_positive_semidefinite,
    pearson_correlation,
    shrunk_correlation,
)


def _panel(seed: int, t: int, n: int, common: float = 0.7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    market = rng.standard_t(4, (t, 1))
    return 0.01 * (common * market + rng.standard_t(4, (t, n))) * rng.uniform(0.3, 3.0, n)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(3, 120), st.integers(1, 12), st.floats(0.0, 2.0))
def test_shrinkage_agrees_with_scikit_learn(seed: int, t: int, n: int, common: float) -> None:
    r = _panel(seed, t, n, common)
    z = (r - r.mean(axis=0)) / r.std(axis=0)
    expected, shrinkage = ledoit_wolf(z)
    ours = shrunk_correlation(r)
    assert ours.shrinkage == pytest.approx(shrinkage, abs=1e-10)
    np.testing.assert_allclose(ours.matrix, expected, atol=1e-10)
    assert ours.observations == t
    assert is_positive_semidefinite(ours.matrix)
    assert (np.diag(ours.matrix) == 1.0).all()


def test_pearson_agrees_with_numpy_and_ignores_scale() -> None:
    r = _panel(1, 300, 6)
    np.testing.assert_allclose(pearson_correlation(r), np.corrcoef(r.T), atol=1e-13)
    np.testing.assert_allclose(pearson_correlation(r * 1e-6), pearson_correlation(r), atol=1e-12)


def test_shrinkage_vanishes_with_the_sample_and_takes_all_of_pure_noise() -> None:
    assert shrunk_correlation(_panel(2, 20_000, 5)).shrinkage < 0.01
    noise = np.random.default_rng(3).standard_normal((60, 30))
    assert shrunk_correlation(noise).shrinkage > 0.8


def test_hedge_legs_of_one_instrument_and_a_single_series() -> None:
    r = _panel(4, 200, 1)
    pair = shrunk_correlation(np.hstack((r, r)))
    assert pair.matrix[0, 1] == pytest.approx(1.0 - pair.shrinkage)
    alone = shrunk_correlation(r)
    assert (alone.matrix.tolist(), alone.shrinkage) == ([[1.0]], 0.0)


def test_ewma_agrees_with_a_slow_twin() -> None:
    r = _panel(5, 40, 3)
    weights = [0.94**k for k in range(40)]
    expected = sum(w * np.outer(row, row) for w, row in zip(weights, r[::-1], strict=True)) / sum(weights)
    np.testing.assert_allclose(ewma_covariance(r), expected, rtol=1e-12)
    np.testing.assert_allclose(ewma_covariance(r, decay=1.0), r.T @ r / 40, rtol=1e-12)
    assert is_positive_semidefinite(ewma_covariance(r))


def test_align_is_an_inner_join_and_counts_what_it_drops() -> None:
    rng = np.random.default_rng(6)
    stamps = {name: np.sort(rng.choice(60, 45, replace=False)) * 14_400_000 for name in "abc"}
    series = {name: (stamp, rng.standard_normal(45)) for name, stamp in stamps.items()}
    frame = pd.concat({k: pd.Series(v, index=ts) for k, (ts, v) in series.items()}, axis=1, join="inner").sort_index()
    aligned = align(series)
    assert aligned.names == ("a", "b", "c")
    np.testing.assert_array_equal(aligned.timestamps, frame.index.to_numpy())
    np.testing.assert_array_equal(aligned.returns, frame.to_numpy())
    assert aligned.dropped == {name: 45 - len(frame) for name in "abc"}


def test_align_without_overlap_is_empty_and_the_estimator_says_so() -> None:
    aligned = align({"a": ([1, 2], [0.1, 0.2]), "b": ([3, 4], [0.1, 0.2]), "c": ([], [])})
    assert aligned.returns.shape == (0, 3)
    assert aligned.dropped == {"a": 2, "b": 2, "c": 0}
    with pytest.raises(QuantError, match="at least 3"):
        shrunk_correlation(aligned.returns)


@pytest.mark.parametrize(
    ("stamps", "returns", "message"),
    [
        ([1, 1], [0.1, 0.2], "strictly increasing"),
        ([2, 1], [0.1, 0.2], "strictly increasing"),
        ([1, 2], [0.1], "has timestamps"),
        ([1, 2], [0.1, np.nan], "return 1 is nan"),
        ([1.5, 2.5], [0.1, 0.2], "whole numbers"),
    ],
)
def test_align_refuses(stamps: list[float], returns: list[float], message: str) -> None:
    with pytest.raises(QuantError, match=message):
        align({"a": (stamps, returns)})
    with pytest.raises(QuantError, match="empty"):
        align({})


def test_refusals() -> None:
    good = _panel(7, 10, 3)
    holed = good.copy()
    holed[4, 1] = np.nan
    still = good.copy()
    still[:, 2] = 0.1
    for bad, message in (
        (lambda: pearson_correlation(holed), "NaN"),
        (lambda: shrunk_correlation(still), "column 2 does not vary"),
        (lambda: pearson_correlation(good[:2]), "at least 3"),
        (lambda: pearson_correlation(good[:, 0]), "must be"),
        (lambda: ewma_covariance(good, decay=0.0), "decay"),
        (lambda: ewma_covariance(good[:0]), "at least 1"),
    ):
        with pytest.raises(QuantError, match=message):
            bad()


def test_positive_semidefinite_check() -> None:
    assert is_positive_semidefinite(np.ones((3, 3)))
    assert is_positive_semidefinite(np.zeros((0, 0)))
    impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    assert not is_positive_semidefinite(impossible)
    assert not is_positive_semidefinite(np.array([[1.0, 0.5], [0.2, 1.0]]))
    assert not is_positive_semidefinite(np.array([[1.0, np.nan], [np.nan, 1.0]]))
    assert not is_positive_semidefinite(np.ones((2, 3)))
