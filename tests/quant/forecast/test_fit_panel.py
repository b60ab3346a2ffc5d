"""How the coefficients are made: the gradient, and a truth that the fit must find."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.fit_panel import tune_half
from benchmarks.panel_network import Recipe, _slopes, _start, fit_network

RECIPE = Recipe(hidden=(8, 4), epochs=8, batch=64)


def loss(parameters: list[np.ndarray], inputs: np.ndarray, realised: np.ndarray, weights: np.ndarray, decay: float) -> float:
    """mean of w (y exp(-o) + o) + decay / 2 |matrices|^2, written out anew for two hidden layers."""
    w1, w2, w3, b1, b2, b3, skip = parameters
    said = np.tanh(np.tanh(inputs @ w1 + b1) @ w2 + b2) @ w3 + b3 + inputs @ skip
    penalty = sum(float((matrix**2).sum()) for matrix in (w1, w2, w3, skip))
    return float((weights * (realised * np.exp(-said) + said)).sum() / len(inputs)) + 0.5 * decay * penalty


def test_gradient_against_finite_differences() -> None:
    rng = np.random.default_rng(1)
    recipe = Recipe(hidden=(4, 3), decay=0.01, largest_ratio=1e9)
    parameters = [value.astype(np.float64) + 0.1 * rng.standard_normal(value.shape) for value in _start((5, 4, 3, 2), rng)]
    inputs, realised, weights = rng.standard_normal((30, 5)), rng.gamma(1.0, 1.0, (30, 2)), rng.random((30, 2))
    slopes = _slopes(parameters, inputs, realised, weights, recipe)
    for place, slope in enumerate(slopes):
        for index in np.ndindex(slope.shape):
            moved = [value.copy() for value in parameters]
            moved[place][index] += 1e-6
            above = loss(moved, inputs, realised, weights, 0.01)
            moved[place][index] -= 2e-6
            below = loss(moved, inputs, realised, weights, 0.01)
            assert slope[index] == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-7)


def test_a_known_mean_is_found_and_unended_horizons_are_left_out() -> None:
    rng = np.random.default_rng(2)
    inputs = rng.standard_normal((20_000, 3)).astype(np.float32)
    mean = np.exp(0.5 * inputs[:, 0] - 0.4 * np.abs(inputs[:, 1]))
    targets = (mean * rng.gamma(2.0, 0.5, mean.size)).astype(np.float32)[:, None].repeat(2, axis=1)
    targets[:, 1] *= 3.0
    targets[5_000:, 1] = np.nan
    network = fit_network(inputs, targets, np.ones(len(inputs), np.float32), RECIPE, seed=0)
    error = network(inputs.astype(np.float64)) - np.stack([np.log(mean), np.log(3.0 * mean)], axis=1)
    assert np.sqrt((error**2).mean(axis=0)) == pytest.approx([0.0, 0.0], abs=0.1)
    again = fit_network(inputs, targets, np.ones(len(inputs), np.float32), RECIPE, seed=0)
    np.testing.assert_array_equal(again.skip, network.skip)


def test_the_tuned_half_is_always_the_same() -> None:
    names = [f"COIN{number}" for number in range(20)]
    assert tune_half(names) == tune_half(names[::-1])
    assert len(tune_half(names)) == 10
