"""Standardised whole-bar residuals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.residuals import CLOSE, HIGH, LOW, mirror_residuals, standardised_bar_residuals


def _bars(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sigma = 0.005 * np.exp(rng.normal(0, 0.3, n))
    close = 100 * np.exp(np.cumsum(0.0005 + sigma * rng.standard_t(5, n)))
    opened = np.concatenate(([100.0], close[:-1])) * np.exp(rng.normal(0, 1e-4, n))
    high = np.maximum(close, opened) * np.exp(np.abs(rng.normal(0, 0.003, n)))
    low = np.minimum(close, opened) * np.exp(-np.abs(rng.normal(0, 0.003, n)))
    return close, high, low, sigma


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(3, 400))
def test_flat_mean_unit_variance_and_whole_bars(seed: int, n: int) -> None:
    residuals = standardised_bar_residuals(*_bars(seed, n), minimum_bars=2)
    assert residuals.shape == (n - 1, 3)
    assert residuals[:, CLOSE].mean() == pytest.approx(0.0, abs=1e-12)
    assert np.mean(residuals[:, CLOSE] ** 2) == pytest.approx(1.0, rel=1e-12)
    assert (residuals[:, HIGH] >= np.maximum(residuals[:, CLOSE], 0.0)).all()
    assert (residuals[:, LOW] <= np.minimum(residuals[:, CLOSE], 0.0)).all()


def test_by_hand() -> None:
    """Two bars of exactly +-2 sigma: mean 0, deviation 2, so closes +-1; wicks of 1 and .5 sigma halve."""
    close = 100 * np.exp([0.0, 0.02, 0.0])
    high = 100 * np.exp([0.0, 0.03, 0.025])
    low = 100 * np.exp([0.0, -0.005, -0.01])
    residuals = standardised_bar_residuals(close, high, low, [1.0, 0.01, 0.01], minimum_bars=2)
    np.testing.assert_allclose(residuals, [[1.0, 1.5, -0.25], [-1.0, 0.25, -1.5]], atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.01, 100.0), st.floats(0.1, 10.0))
def test_units_of_price_and_of_sigma_do_not_matter(seed: int, price: float, volatility: float) -> None:
    close, high, low, sigma = _bars(seed, 50)
    base = standardised_bar_residuals(close, high, low, sigma, minimum_bars=2)
    other = standardised_bar_residuals(close * price, high * price, low * price, sigma * volatility, minimum_bars=2)
    np.testing.assert_allclose(other, base, atol=1e-8)


def test_mirror_is_the_residual_of_the_inverted_market() -> None:
    close, high, low, sigma = _bars(9, 300)
    inverted = standardised_bar_residuals(1 / close, 1 / low, 1 / high, sigma)
    np.testing.assert_allclose(inverted, mirror_residuals(standardised_bar_residuals(close, high, low, sigma)), atol=1e-9)


def test_no_look_ahead_and_no_use_of_the_first_sigma() -> None:
    close, high, low, sigma = _bars(10, 300)
    changed = sigma.copy()
    changed[0] = np.pi
    np.testing.assert_array_equal(
        standardised_bar_residuals(close, high, low, changed), standardised_bar_residuals(close, high, low, sigma)
    )


def test_refusals() -> None:
    close, high, low, sigma = _bars(11, 250)
    zero_sigma = sigma.copy()
    zero_sigma[5] = 0.0
    for arguments, message in (
        ((close[:150], high[:150], low[:150], sigma[:150]), "at least 201"),
        ((close, high[:-1], low, sigma), "high has 249"),
        ((close, high, low, zero_sigma), "sigma must be positive"),
        ((-close, high, low, sigma), "close must be positive"),
        ((close, low, high, sigma), "low exceeds high"),
        ((np.where(np.arange(250) == 3, np.nan, close), high, low, sigma), "finite"),
        ((np.full(250, 5.0), np.full(250, 5.0), np.full(250, 5.0), sigma), "does not vary"),
    ):
        with pytest.raises(QuantError, match=message):
            standardised_bar_residuals(*arguments)
