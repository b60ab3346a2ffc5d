"""Scenario losses, measures and their parts: against slow twins, and by what must hold of any book."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.value_at_risk.losses import line_losses, path_returns
from market_analysis.quant.value_at_risk.measures import tail_measure
from market_analysis.quant.value_at_risk.residuals import DayResiduals, day_residuals, day_starts, joint_residuals

HOUR_MS = 3_600_000
FREE = math.inf


def returns(rows: int = 500, lines: int = 4, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 0.04 * (rng.standard_t(4, (rows, lines)) + rng.standard_t(4, (rows, 1)))


books = st.lists(st.floats(-5_000, 5_000).filter(lambda x: abs(x) > 1.0), min_size=4, max_size=4).map(np.array)


@given(books, st.sampled_from([0.9, 0.95, 0.99]))
@settings(deadline=None)
def test_against_the_slow_twin_and_the_parts_sum(deltas: np.ndarray, confidence: float) -> None:
    x = returns()
    losses = line_losses(x, deltas, np.full(4, FREE))
    found = tail_measure(losses, confidence)
    totals = [sum(-delta * (math.exp(move) - 1.0) for delta, move in zip(deltas, row, strict=True)) for row in x]
    worst = sorted(totals, reverse=True)[: round((1 - confidence) * 500)]
    gross = np.abs(deltas).sum()
    assert found.value_at_risk == pytest.approx(worst[-1], abs=1e-9 * gross)
    assert found.expected_shortfall == pytest.approx(sum(worst) / len(worst), abs=1e-9 * gross)
    assert abs(found.component_expected_shortfall.sum() - found.expected_shortfall) <= 1e-10 * gross
    assert abs(found.component_value_at_risk.sum() - found.value_at_risk) <= 1e-10 * gross
    assert found.expected_shortfall >= found.value_at_risk - 1e-12 * gross


@given(books, st.floats(0.1, 10.0))
@settings(deadline=None)
def test_twice_the_book_twice_the_risk_and_lines_may_change_places(deltas: np.ndarray, factor: float) -> None:
    x, free = returns(), np.full(4, FREE)
    one = tail_measure(line_losses(x, deltas, free), 0.95)
    more = tail_measure(line_losses(x, factor * deltas, free), 0.95)
    assert more.expected_shortfall == pytest.approx(factor * one.expected_shortfall, rel=1e-9, abs=1e-6)
    order = np.array([2, 0, 3, 1])
    moved = tail_measure(line_losses(x[:, order], deltas[order], free), 0.95)
    np.testing.assert_allclose(moved.component_expected_shortfall, one.component_expected_shortfall[order], rtol=1e-9, atol=1e-6)


@given(books, books)
@settings(deadline=None)
def test_two_books_together_are_no_riskier_than_apart(first: np.ndarray, second: np.ndarray) -> None:
    x, free = returns(), np.full(4, FREE)
    together = tail_measure(line_losses(x, first + second, free), 0.95).expected_shortfall
    apart = sum(tail_measure(line_losses(x, book, free), 0.95).expected_shortfall for book in (first, second))
    assert together <= apart + 1e-6


def test_a_component_is_the_derivative_by_its_size() -> None:
    x, free, deltas = returns(20_000), np.full(4, FREE), np.array([1_000.0, -700.0, 300.0, 50.0])
    found = tail_measure(line_losses(x, deltas, free), 0.95)
    for line in range(4):
        bumped = deltas.copy()
        bumped[line] *= 1.0001
        more = tail_measure(line_losses(x, bumped, free), 0.95)
        derivative = (more.expected_shortfall - found.expected_shortfall) / 0.0001
        assert derivative == pytest.approx(found.component_expected_shortfall[line], rel=0.02, abs=0.5)


def test_a_hedged_book_loses_nothing_and_a_cap_holds() -> None:
    x = returns(lines=1)[:, [0, 0]]
    hedged = tail_measure(line_losses(x, np.array([1_000.0, -1_000.0]), np.full(2, FREE)), 0.99)
    assert abs(hedged.value_at_risk) < 1e-9
    assert abs(hedged.component_value_at_risk.sum()) < 1e-9
    capped = line_losses(x, np.array([1_000.0, -1_000.0]), np.array([30.0, FREE]))
    assert capped[:, 0].max() == 30.0
    assert tail_measure(capped, 0.99).value_at_risk == 0.0  # beyond its cap the long stops losing while the short goes on to gain
    alone = line_losses(x[:, :1], np.array([1_000.0]), np.array([30.0]))
    assert tail_measure(alone, 0.99).expected_shortfall == 30.0


def test_five_days_hurt_a_short_more_than_a_long() -> None:
    """Ruling 18. Normal days of 7 %: 1 - exp(-2.326 x .07 x sqrt 5) = 31 % of a long, exp(..) - 1 = 44 % of a short."""
    z = np.random.default_rng(3).standard_normal((4_000, 1))
    x = path_returns(z, np.full((5, 1), 0.07), 100_000, seed=9)
    long, short = (tail_measure(line_losses(x, np.array([sign]), np.array([FREE])), 0.99).value_at_risk for sign in (1.0, -1.0))
    assert long == pytest.approx(1 - math.exp(-2.326 * 0.07 * math.sqrt(5)), abs=0.01)
    assert short == pytest.approx(math.exp(2.326 * 0.07 * math.sqrt(5)) - 1, abs=0.015)


def test_paths_follow_their_seed_and_each_days_own_sigma() -> None:
    z = returns(300, 2) / 0.08
    sigmas = np.array([[0.01, 0.03], [0.02, 0.01], [0.05, 0.02]])
    one, again, other = (path_returns(z, sigmas, 5_000, seed) for seed in (1, 1, 2))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()
    expected = np.sqrt((sigmas**2).sum(axis=0)) * z.std(axis=0)
    np.testing.assert_allclose(path_returns(z, sigmas, 60_000, 5).std(axis=0), expected, rtol=0.05)


def test_days_by_a_loop() -> None:
    rng = np.random.default_rng(8)
    hours = np.delete(np.arange(900), [700, 701])  # two hours are missing
    times = (hours + 3) * HOUR_MS
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(hours.size)))
    starts = day_starts(times)
    expected = [
        row
        for row in range(500, hours.size - 24)
        if (times[row] // HOUR_MS + 1) % 4 == 0 and times[row + 24] - times[row] == 24 * HOUR_MS
    ]
    assert starts.tolist() == expected
    found = day_residuals(times, close, starts, np.full(starts.size, 0.0016))
    for place, row in enumerate(expected):
        assert found.values[place] == pytest.approx(math.log(close[row + 24] / close[row]) / 0.04)
        assert found.start_ms[place] == times[row] + HOUR_MS
    with pytest.raises(QuantError, match="variance"):
        day_residuals(times, close, starts, np.zeros(starts.size))
    assert day_starts(times[:400]).size == 0


def test_joint_days_are_those_of_all() -> None:
    a = DayResiduals(np.array([1, 2, 3, 5, 6]), np.arange(5.0), np.ones(5))
    b = DayResiduals(np.array([2, 3, 4, 6]), 10 + np.arange(4.0), 2 * np.ones(4))
    times, z, sigma = joint_residuals([a, b], 2)
    assert times.tolist() == [3, 6]
    assert z.tolist() == [[2.0, 11.0], [4.0, 13.0]]
    assert sigma.tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_wrong_input_is_refused() -> None:
    for losses in (np.ones(3), np.full((3, 2), np.nan), np.ones((0, 2))):
        with pytest.raises(QuantError):
            tail_measure(losses, 0.95)
