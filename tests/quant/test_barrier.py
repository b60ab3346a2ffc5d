"""Two-barrier first passage against independent series, published figures, Monte Carlo and its own limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr

from market_analysis.errors import QuantError
from market_analysis.quant.barrier import (
    DISCRETE_MONITORING_BETA,
    barrier_outcomes,
    discrete_monitoring_shift,
    one_sided_hit,
    probability_upper_first,
    static_stop_probability,
)

distances = st.floats(0.05, 8.0)
drifts = st.floats(-3.0, 3.0)


def _density_series(a: float, b: float, s: float, t: float, mu: float) -> float:
    """Twin: integrates the image density of the first passage through +a before -b, with Girsanov's weight."""
    length = a + b

    d = a + 2 * length * np.arange(-30, 31)

    def density(u: float) -> float:
        total = math.fsum(d * np.exp(-(d**2) / (2 * s * s * u)))
        return math.exp(mu * a / s**2 - mu * mu * u / (2 * s * s)) * total / (s * math.sqrt(2 * math.pi * u**3))

    value, _ = quad(density, 0.0, t, epsabs=1e-13, epsrel=1e-12, limit=400)
    return float(value)


def _slow_eigen(a: float, b: float, s: float, t: float, mu: float) -> float:
    """Twin: the eigenfunction series of quant.md C1, 400 terms, plain Python."""
    length = a + b
    limit = b / length if abs(mu) < 1e-100 else math.expm1(-2 * mu * b / s**2) / math.expm1(-2 * mu * length / s**2)
    total = 0.0
    for n in range(1, 401):
        k = n**2 * math.pi**2 * s**2 / (2 * length**2) + mu**2 / (2 * s**2)
        total += n * (-1) ** (n + 1) * math.sin(n * math.pi * b / length) * math.exp(-k * t) / k
    return limit - math.exp(mu * a / s**2) * math.pi * s**2 / length**2 * total


def _slow_images(a: float, b: float, s: float, t: float) -> float:
    """Twin: driftless image series of quant.md C1."""
    return math.fsum(
        math.copysign(math.erfc(abs(a + 2 * j * (a + b)) / (s * math.sqrt(2 * t))), a + 2 * j * (a + b)) for j in range(-60, 61)
    )


@settings(deadline=None, max_examples=200)
@given(distances, distances, st.floats(0.3, 3.0), st.floats(0.2, 5.0))
def test_driftless_agrees_with_both_series(a: float, b: float, s: float, t: float) -> None:
    ours = float(probability_upper_first(a, b, s, t))
    if s * s * t / (a + b) ** 2 < 50.0:
        assert ours == pytest.approx(_slow_images(a, b, s, t), abs=1e-11)
    if s * s * t / (a + b) ** 2 > 1e-3:
        assert ours == pytest.approx(_slow_eigen(a, b, s, t, 0.0), abs=1e-10)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.3, 4.0), st.floats(0.3, 4.0), st.floats(0.5, 2.0), st.floats(0.5, 3.0), drifts)
def test_drifted_agrees_with_the_integrated_density(a: float, b: float, s: float, t: float, mu: float) -> None:
    assert float(probability_upper_first(a, b, s, t, mu)) == pytest.approx(_density_series(a, b, s, t, mu), abs=1e-9)


@settings(deadline=None, max_examples=200)
@given(st.floats(0.2, 3.0), st.floats(0.2, 3.0), drifts)
def test_the_two_series_agree_at_the_switch(a: float, b: float, mu: float) -> None:
    length = a + b
    below, above = (float(probability_upper_first(a, b, 1.0, x * length**2, mu)) for x in (0.3 - 1e-14, 0.3 + 1e-14))
    assert below == pytest.approx(above, abs=1e-12)
    assert above == pytest.approx(_slow_eigen(a, b, 1.0, 0.3 * length**2, mu), abs=1e-12)


@pytest.mark.parametrize(("k", "m", "expected"), [(2.0, 3.5, 0.364), (2.2, 4.0, 2.2 / 6.2), (1.5, 1.5, 0.5), (3.0, 6.0, 1 / 3)])
def test_infinite_horizon_is_the_ratio_of_distances(k: float, m: float, expected: float) -> None:
    """quant.md section 0, item 5: driftless k/(k+m), .364 for k = 2, m = 3.5."""
    assert float(probability_upper_first(m, k, 0.7, math.inf)) == pytest.approx(expected, abs=5e-4)
    assert float(probability_upper_first(m, k, 1.0, 1e6)) == pytest.approx(k / (k + m), abs=1e-12)


def test_reflection_principle_ruling_1() -> None:
    """Ruling 1: within the horizon that is the unit, touching 2 sigma has probability .05 (2 N(-2) = .0455)."""
    assert float(one_sided_hit(2.0, 1.0)) == pytest.approx(2.0 * float(ndtr(-2.0)), rel=1e-13)
    assert float(one_sided_hit(2.0, 1.0)) == pytest.approx(0.05, abs=0.005)


def test_published_monte_carlo_figures() -> None:
    """quant.md C1, at two sigma: continuous .0454; shifted .0341 for 24 steps (Monte Carlo .0350), .0416 for 240."""
    assert pytest.approx(0.5826, abs=5e-5) == DISCRETE_MONITORING_BETA
    assert float(one_sided_hit(2.0, 1.0)) == pytest.approx(0.0454, abs=5e-4)
    for steps, expected in ((24, 0.0341), (240, 0.0416)):
        shift = float(discrete_monitoring_shift(1.0, 1.0 / steps))
        assert float(one_sided_hit(2.0 + shift, 1.0)) == pytest.approx(expected, abs=5e-4)


def test_monte_carlo_with_the_discrete_shift() -> None:
    rng = np.random.default_rng(11)
    steps, paths, mu = 100, 40_000, 0.4
    walk = np.cumsum(mu / steps + rng.standard_normal((paths, steps)) / math.sqrt(steps), axis=1)
    up, down = walk >= 1.1, walk <= -0.8
    first_up = np.where(up.any(axis=1), up.argmax(axis=1), steps)
    first_down = np.where(down.any(axis=1), down.argmax(axis=1), steps)
    shift = discrete_monitoring_shift(1.0, 1.0 / steps)
    outcome = barrier_outcomes(1.1 + shift, 0.8 + shift, 1.0, 1.0, mu)
    assert float(outcome.upper) == pytest.approx((first_up < first_down).mean(), abs=0.008)
    assert float(outcome.lower) == pytest.approx((first_down < first_up).mean(), abs=0.008)


@pytest.mark.parametrize("rate", [36.9, 37.0, 38.0, 500.0, 1e4, -37.0, -500.0, -1e4])
@pytest.mark.parametrize("horizon", [1e-3, 1.0, 40.0, math.inf])
def test_large_drift_neither_overflows_nor_leaves_the_unit_interval(rate: float, horizon: float) -> None:
    """mu*a/s^2 = 37 and 500 overflow a naive product of exponential and normal (ruling 5)."""
    for a, b in ((1.0, 2.0), (1.0, 0.01), (3.0, 1.0)):
        outcome = barrier_outcomes(a, b, 1.0, horizon, rate / a)
        total = outcome.upper + outcome.lower + outcome.neither
        assert float(total) == pytest.approx(1.0, abs=1e-12)
        assert np.isfinite([outcome.upper, outcome.lower, outcome.neither]).all()
        if horizon >= 1.0 and b >= 1.0:
            assert float(outcome.upper if rate > 0 else outcome.lower) == pytest.approx(1.0, abs=1e-9)


def test_large_drift_matches_the_inverse_gaussian_law() -> None:
    """With the lower barrier out of reach only the upper one is left: N((T - a)/...) at mu = 500, where both terms matter."""
    for mu in (37.0, 500.0):
        t = 1.0 / mu
        expected = ndtr((mu * t - 1.0) / math.sqrt(t)) + math.exp(2 * mu + _log_normal_tail((mu * t + 1.0) / math.sqrt(t)))
        assert float(probability_upper_first(1.0, 50.0, 1.0, t, mu)) == pytest.approx(float(expected), rel=1e-9)
        assert float(one_sided_hit(1.0, 1.0, t, mu)) == pytest.approx(float(expected), rel=1e-9)


def _log_normal_tail(x: float) -> float:
    """ln N(-x) by Laplace's continued fraction, for large x."""
    fraction = x
    for n in range(60, 0, -1):
        fraction = x + n / fraction
    return -0.5 * x * x - 0.5 * math.log(2 * math.pi) - math.log(fraction)


@settings(deadline=None, max_examples=150)
@given(distances, distances, st.floats(0.05, 5.0), st.floats(0.05, 20.0), drifts)
def test_three_outcomes_are_probabilities_and_sum_to_one(a: float, b: float, s: float, t: float, mu: float) -> None:
    o = barrier_outcomes(a, b, s, t, mu)
    for p in (o.upper, o.lower, o.neither):
        assert 0.0 <= float(p) <= 1.0
    assert float(o.upper + o.lower + o.neither) == pytest.approx(1.0, abs=1e-15)


@settings(deadline=None, max_examples=100)
@given(distances, distances, st.floats(0.3, 2.0), st.floats(0.1, 5.0))
def test_survival_series_is_an_independent_judge_of_neither(a: float, b: float, s: float, t: float) -> None:
    """4/pi sum over odd n of sin(n pi b/L) exp(-n^2 pi^2 s^2 t/(2 L^2))/n."""
    length = a + b
    survival = sum(
        4 / (n * math.pi) * math.sin(n * math.pi * b / length) * math.exp(-((n * math.pi * s / length) ** 2) * t / 2)
        for n in range(1, 801, 2)
    )
    if s * s * t / length**2 > 1e-3:
        assert float(barrier_outcomes(a, b, s, t).neither) == pytest.approx(survival, abs=1e-10)


@settings(deadline=None, max_examples=100)
@given(distances, distances, st.floats(0.3, 2.0), st.floats(0.1, 5.0), drifts, st.sampled_from([0.25, 2.0, 1024.0]))
def test_scale_invariance(a: float, b: float, s: float, t: float, mu: float, c: float) -> None:
    base = float(probability_upper_first(a, b, s, t, mu))
    assert float(probability_upper_first(c * a, c * b, c * s, t, c * mu)) == pytest.approx(base, abs=1e-13)
    assert float(probability_upper_first(a, b, s, c * t, mu / c)) == pytest.approx(
        float(probability_upper_first(a, b, s * math.sqrt(c), t, mu)), abs=1e-11
    )


@settings(deadline=None, max_examples=100)
@given(distances, distances, st.floats(0.3, 2.0), st.floats(0.1, 5.0), drifts, st.floats(1.01, 1.5))
def test_monotone_in_the_distances_the_horizon_and_the_drift(a: float, b: float, s: float, t: float, mu: float, f: float) -> None:
    p = float(probability_upper_first(a, b, s, t, mu))
    slack = 1e-12
    assert float(probability_upper_first(a * f, b, s, t, mu)) <= p + slack
    assert float(probability_upper_first(a, b * f, s, t, mu)) >= p - slack
    assert float(probability_upper_first(a, b, s, t * f, mu)) >= p - slack
    assert float(probability_upper_first(a, b, s, t, mu + f - 1.0)) >= p - slack
    assert float(probability_upper_first(a, b, s * f, t)) >= float(probability_upper_first(a, b, s, t)) - slack
    assert float(one_sided_hit(a, s * f, t)) >= float(one_sided_hit(a, s, t)) - slack


def test_one_sided_is_the_limit_of_a_remote_lower_barrier() -> None:
    for mu in (-0.7, 0.0, 0.7):
        expected = ndtr((mu * 2 - 1) / math.sqrt(2)) + math.exp(2 * mu) * ndtr((-mu * 2 - 1) / math.sqrt(2))
        assert float(one_sided_hit(1.0, 1.0, 2.0, mu)) == pytest.approx(float(expected), abs=1e-14)
        assert float(probability_upper_first(1.0, 60.0, 1.0, 2.0, mu)) == pytest.approx(float(expected), abs=1e-12)
    assert float(one_sided_hit(1.0, 1.0, math.inf, -0.5)) == pytest.approx(math.exp(-1.0))
    assert float(one_sided_hit(1.0, 1.0, math.inf, 0.5)) == 1.0
    assert float(probability_upper_first(math.inf, 1.0, 1.0, 5.0)) == 0.0


def test_degenerate_cases_are_explicit() -> None:
    nan_free = [
        (probability_upper_first(0.0, 1.0, 1.0), 1.0),
        (probability_upper_first(-0.1, 1.0, 1.0), 1.0),
        (probability_upper_first(1.0, 0.0, 1.0), 0.0),
        (probability_upper_first(-1.0, -1.0, 1.0), 0.0),
        (barrier_outcomes(-1.0, -1.0, 1.0).lower, 1.0),
        (probability_upper_first(1.0, 1.0, 0.0), 0.0),
        (probability_upper_first(1.0, 1.0, 0.0, 2.0, 0.5), 1.0),
        (probability_upper_first(1.0, 1.0, 0.0, 2.0, 0.49), 0.0),
        (probability_upper_first(1.0, 1.0, 0.0, math.inf, 0.01), 1.0),
        (probability_upper_first(1.0, 1.0, 0.0, math.inf, 0.0), 0.0),
        (probability_upper_first(1.0, 1.0, 1.0, 0.0), 0.0),
        (barrier_outcomes(1.0, 1.0, 0.0).neither, 1.0),
        (one_sided_hit(0.0, 1.0), 1.0),
    ]
    for value, expected in nan_free:
        assert float(value) == expected


def test_broadcasts_and_matches_the_scalar_calls() -> None:
    a = np.array([0.5, 1.0, 2.0])[:, None]
    s = np.array([0.0, 0.2, 1.0, 5.0])
    grid = probability_upper_first(a, 1.0, s, 1.0, -0.1)
    assert grid.shape == (3, 4)
    for i in range(3):
        for j in range(4):
            assert grid[i, j] == float(probability_upper_first(a[i, 0], 1.0, s[j], 1.0, -0.1))


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ((math.nan, 1.0, 1.0), "upper"),
        ((1.0, math.nan, 1.0), "lower"),
        ((1.0, 1.0, -1.0), "sigma"),
        ((1.0, 1.0, math.inf), "sigma"),
        ((1.0, 1.0, 1.0, -1.0), "horizon"),
        ((1.0, 1.0, 1.0, 1.0, math.nan), "drift"),
    ],
)
def test_impossible_input_is_named(arguments: tuple[float, ...], parameter: str) -> None:
    with pytest.raises(QuantError) as caught:
        probability_upper_first(*arguments)
    assert caught.value.parameter == parameter


def test_discrete_shift_refuses_negative_input() -> None:
    with pytest.raises(QuantError):
        discrete_monitoring_shift(1.0, -1.0)


@settings(deadline=None, max_examples=100)
@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.floats(0.01, 0.5))
def test_long_and_short_mirror_in_log_mode(up: float, down: float, sigma: float) -> None:
    long = static_stop_probability(1.0, math.exp(up), math.exp(-down), 1, sigma, log_mode=True)
    short = static_stop_probability(1.0, math.exp(-up), math.exp(down), -1, sigma, log_mode=True)
    assert float(long.p_tp) == pytest.approx(float(short.p_tp), abs=1e-13)
    assert float(long.p_sl) == pytest.approx(float(short.p_sl), abs=1e-13)
    assert long.method == "static stop"


def test_a_flat_expected_price_gives_no_edge() -> None:
    """With drift -sigma^2/2 the price is a martingale: over an endless horizon p_tp = (P - SL)/(TP - SL), for both sides."""
    long = static_stop_probability(100.0, 120.0, 90.0, 1, 8.0)
    short = static_stop_probability(100.0, 80.0, 110.0, -1, 8.0)
    assert float(long.p_tp) == pytest.approx(10.0 / 30.0, abs=1e-9)
    assert float(short.p_tp) == pytest.approx(10.0 / 30.0, abs=1e-9)
    mirrored = static_stop_probability(100.0, 120.0, 90.0, 1, 8.0, log_mode=True)
    assert float(mirrored.p_tp) == pytest.approx(math.log(10 / 9) / math.log(12 / 9), abs=1e-9)


def test_static_stop_degenerate_and_refused() -> None:
    stopped = static_stop_probability(100.0, [120.0, 90.0], 100.0, 1, 0.1)
    assert stopped.p_sl.tolist() == [1.0, 1.0]
    assert stopped.p_tp.tolist() == [0.0, 0.0]
    reached = static_stop_probability(100.0, 100.0, 90.0, 1, 0.1)
    assert (float(reached.p_tp), float(reached.p_sl), float(reached.p_open)) == (1.0, 0.0, 0.0)
    with pytest.raises(QuantError, match="side"):
        static_stop_probability(100.0, 120.0, 90.0, 0, 0.1)
    with pytest.raises(QuantError, match="stop_loss must be positive"):
        static_stop_probability(100.0, 120.0, 0.0, 1, 0.1)
