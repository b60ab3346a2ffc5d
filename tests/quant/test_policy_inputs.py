"""What the policy simulation refuses, and the exactness of its bars."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from policy_twin import fat_bars, position

from market_analysis.errors import QuantError
from market_analysis.quant.bar_paths import GrowthTable, draw_rows, log_mean_growth, simulated_bars
from market_analysis.quant.policy import simulate
from market_analysis.quant.policy_inputs import GarchRecursion, ScaleOut
from market_analysis.quant.policy_outcome import binomial_standard_error, exact_shares

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"side": 0, "peak": 100.0}, "side"),
    ({"price": 0.0}, "price"),
    ({"stop": math.nan}, "stop"),
    ({"initial_risk": 0.0}, "initial_risk"),
    ({"initial_risk": 100.0}, "initial_risk"),
    ({"atr": -1.0}, "atr"),
    ({"fee_frac": 0.3}, "fee_frac"),
    ({"peak": 99.0}, "peak"),
    ({"paths": 0}, "paths"),
    ({"seed": -1}, "seed"),
    ({"runner_frac": 0.5}, "scale_outs"),
    ({"scale_outs": (ScaleOut(103.0, 1.0, done=True),), "runner_frac": 0.0}, "scale_outs"),
    ({"scale_outs": (ScaleOut(-3.0, 0.7),)}, "scale_outs.price"),
    ({"scale_outs": (ScaleOut(103.0, -0.7),)}, "scale_outs.fraction"),
    ({"target_grid": np.array([0.0])}, "target_grid"),
    ({"variance_path": np.array([-1e-6])}, "variance_path"),
    ({"variance_path": np.array([])}, "variance_path"),
    ({"residuals": np.zeros((4, 2))}, "residuals"),
    ({"residuals": np.array([[1.0, 0.5, 0.0]])}, "residuals"),
    ({"residuals": np.array([[math.nan, 0.5, 0.0]])}, "residuals"),
    ({"garch": GarchRecursion(-0.1, 0.1, 0.8, 1.0)}, "garch.omega"),
    ({"garch": GarchRecursion(0.1, 0.1, 0.8, 0.0)}, "garch.variance"),
    ({"garch": GarchRecursion(0.0, 0.0, 0.0, 1.0)}, "garch"),
]


@pytest.mark.parametrize(("changes", "parameter"), REFUSED)
def test_impossible_input_is_named(changes: dict[str, Any], parameter: str) -> None:
    fields = {"side": 1} | changes
    with pytest.raises(QuantError) as caught:
        position(**fields)
    assert caught.value.parameter == parameter


@pytest.mark.parametrize("target", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_target_is_named(target: float) -> None:
    with pytest.raises(QuantError, match="target_price"):
        simulate(position(paths=5)).outcome_at(target)


@pytest.mark.parametrize("side", [1, -1])
def test_every_bar_has_zero_mean_simple_return(side: int) -> None:
    """With each residual drawn exactly once in the first bar, the mean growth of that bar is one to rounding."""
    residuals = fat_bars(3, 500)
    inputs = position(side=side, residuals=residuals, paths=500, variance_path=np.array([0.03**2, 0.01**2]))
    rows = np.tile(np.arange(500, dtype=np.uint16), (2, 1))
    bar = next(simulated_bars(inputs, rows))
    assert np.exp(side * bar.close).mean() == pytest.approx(1.0, abs=1e-14)
    log_bar = next(simulated_bars(position(side=side, residuals=residuals, paths=500, log_mode=True), rows[:1].repeat(72, axis=0)))
    assert log_bar.close.mean() == pytest.approx(0.0, abs=1e-15)


def test_bars_contain_their_open_and_close() -> None:
    inputs = position(paths=300)
    previous = np.zeros(300)
    for bar in simulated_bars(inputs, draw_rows(1, 72, 300, len(inputs.residuals))):
        assert (bar.best >= np.maximum(bar.close, previous)).all()
        assert (bar.worst <= np.minimum(bar.close, previous)).all()
        previous = bar.close


def test_garch_paths_have_the_forecast_as_their_mean_variance() -> None:
    """Mean of the squared log returns per bar against the variance path, within five standard errors (light tails)."""
    rng = np.random.default_rng(4)
    close = rng.standard_normal(4_000)
    close = (close - close.mean()) / close.std()
    residuals = np.column_stack((close, np.maximum(close, 0.0), np.minimum(close, 0.0)))
    path = 0.006**2 * np.linspace(2.0, 0.5, 48)
    garch = GarchRecursion(omega=0.05, alpha=0.1, beta=0.85, variance=2.5)
    inputs = position(residuals=residuals, variance_path=path, garch=garch, paths=40_000, log_mode=True)
    previous, ratios, errors = np.zeros(inputs.paths), [], []
    kurtosis = []
    for bar, variance in zip(simulated_bars(inputs, draw_rows(2, 48, inputs.paths, 4_000)), path, strict=True):
        squares = (bar.close - previous) ** 2 / variance
        ratios.append(squares.mean())
        errors.append(squares.std() / math.sqrt(inputs.paths))
        kurtosis.append(np.mean(squares**2) / np.mean(squares) ** 2)
        previous = bar.close
    assert (np.abs(np.array(ratios) - 1.0) < 5 * np.array(errors)).all()
    assert kurtosis[0] == pytest.approx(3.0, abs=0.2)
    assert np.mean(kurtosis[-10:]) > 3.2


def test_growth_table_against_the_exact_sum() -> None:
    shocks = fat_bars(5, 2_000)[:, 0]
    table = GrowthTable(shocks, 0.05)
    for top, tolerance in ((0.05, 1e-9), (0.4, 2e-5)):  # the second is beyond the first table
        sigma = np.linspace(0.0, top, 600)
        exact = np.array([math.log(math.fsum(math.exp(s * z) for z in shocks) / shocks.size) for s in sigma[::50]])
        np.testing.assert_allclose(table(sigma)[::50], exact, rtol=0.0, atol=tolerance)
        np.testing.assert_allclose(log_mean_growth(sigma[::50], shocks), exact, atol=1e-14)


def test_growth_does_not_overflow() -> None:
    assert log_mean_growth(np.array([500.0]), np.array([-3.0, 3.0]))[0] == pytest.approx(1500.0 - math.log(2.0))


def test_draws_are_uniform_and_wide_samples_are_covered() -> None:
    rows = draw_rows(1, 50, 2_000, 10)
    counts = np.bincount(rows.ravel(), minlength=10)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 27.9  # chi-square, 9 degrees of freedom, 99.9 %
    assert draw_rows(1, 50, 2_000, 200_000).max() > 65_536


def test_exact_shares_and_binomial_error() -> None:
    assert exact_shares([0, 0, 3, 0]) == (0.0, 0.0, 1.0, 0.0)
    assert sum(exact_shares([1, 1, 1, 0])) == 1.0
    for counts in ([4871, 2285, 281, 2563], [1, 2, 3, 5], [7, 7, 7, 9_979]):
        shares = exact_shares(counts)
        assert sum(shares) == 1.0
        np.testing.assert_allclose(shares, np.array(counts) / sum(counts), atol=2e-16 * 4)
    assert float(binomial_standard_error(np.array([5_000]), 10_000)[0]) == pytest.approx(0.005, rel=1e-6)
