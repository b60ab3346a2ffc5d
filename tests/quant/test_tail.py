"""Tail counts, historical and normal VaR and ES: goldens by hand, scipy as judge."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from market_analysis.errors import QuantError
from market_analysis.quant.tail import (
    book_normal_expected_shortfall,
    expected_shortfall,
    normal_expected_shortfall,
    tail_count,
    value_at_risk,
    would_unhedge,
)


@pytest.mark.parametrize(
    ("n", "confidence", "count"),
    [(20, 0.95, 1), (40, 0.95, 2), (60, 0.95, 3), (100, 0.95, 5), (100, 0.99, 1), (250, 0.99, 3), (1, 0.99, 1), (1000, 0.975, 25)],
)
def test_tail_counts_by_hand(n: int, confidence: float, count: int) -> None:
    assert tail_count(n, confidence) == count


def test_float_noise_would_count_one_more() -> None:
    """The reason for the rounding: without it n = 20, 40, 60 and 100 at 95 % count one too many."""
    assert [math.ceil((1 - 0.95) * n) for n in (20, 40, 60, 100)] == [2, 3, 4, 6]


@settings(deadline=None)
@given(st.integers(1, 20_000), st.sampled_from(["0.9", "0.95", "0.975", "0.99", "0.995"]))
def test_tail_counts_are_rational(n: int, confidence: str) -> None:
    assert tail_count(n, float(confidence)) == math.ceil((1 - Fraction(confidence)) * n)


@pytest.mark.parametrize(("n", "var", "es"), [(20, 20.0, 20.0), (40, 39.0, 39.5), (60, 58.0, 59.0), (100, 96.0, 98.0)])
def test_losses_one_to_n_by_hand(n: int, var: float, es: float) -> None:
    """Losses 1..n at 95 %: the worst n/20; VaR is the smallest of them, ES their mean."""
    losses = np.random.default_rng(n).permutation(np.arange(1.0, n + 1.0))
    assert value_at_risk(losses, 0.95) == var
    assert expected_shortfall(losses, 0.95) == es


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80), st.floats(0.5, 0.999))
def test_against_a_sorted_twin(losses: list[float], confidence: float) -> None:
    k = tail_count(len(losses), confidence)
    worst = sorted(losses, reverse=True)[:k]
    assert value_at_risk(losses, confidence) == worst[-1]
    assert expected_shortfall(losses, confidence) == pytest.approx(math.fsum(worst) / k, rel=1e-9, abs=1e-6)
    assert expected_shortfall(losses, confidence) >= value_at_risk(losses, confidence) - 1e-6


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99, 0.999])
def test_normal_expected_shortfall_against_the_integral(confidence: float) -> None:
    z = norm.ppf(confidence)
    tail, _ = quad(lambda x: x * norm.pdf(x), z, 40.0)
    assert normal_expected_shortfall(2.0, confidence) == pytest.approx(2.0 * tail / (1 - confidence), rel=1e-8)


def test_book_and_the_hedge() -> None:
    """Long and short one unit each at volatility .04 and correlation .8: cutting the short raises the expected shortfall."""
    covariance = 0.04**2 * np.array([[1.0, 0.8], [0.8, 1.0]])
    factor = norm.pdf(norm.ppf(0.99)) / 0.01
    both = book_normal_expected_shortfall([1000.0, -1000.0], covariance)
    assert both == pytest.approx(1000 * 0.04 * math.sqrt(0.4) * factor)
    cut_hedge = would_unhedge([1000.0, -1000.0], covariance, [1000.0, -300.0])
    assert cut_hedge.would_unhedge
    assert cut_hedge.expected_shortfall_before == both
    assert cut_hedge.expected_shortfall_after > both
    assert not would_unhedge([1000.0, -1000.0], covariance, [600.0, -600.0]).would_unhedge
    assert not would_unhedge([1000.0, -1000.0], covariance, [1000.0, -1000.0]).would_unhedge
    assert not would_unhedge([0.0, 0.0], covariance, [0.0, 0.0]).would_unhedge


def test_refusals() -> None:
    eye = np.eye(2)
    for bad in (
        lambda: tail_count(0, 0.95),
        lambda: tail_count(5, 1.0),
        lambda: value_at_risk([1.0, math.nan], 0.95),
        lambda: value_at_risk([[1.0]], 0.95),
        lambda: expected_shortfall([], 0.95),
        lambda: normal_expected_shortfall(-1.0),
        lambda: book_normal_expected_shortfall([1.0], eye),
        lambda: book_normal_expected_shortfall([1.0, math.inf], eye),
        lambda: would_unhedge([1.0, 1.0], eye, [1.0]),
    ):
        with pytest.raises(QuantError):
            bad()
