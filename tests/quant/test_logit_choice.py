"""Log odds and the choice of the target multiple."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit as scipy_expit
from scipy.special import logit as scipy_logit

from market_analysis.errors import QuantError
from market_analysis.quant.logit import choose_target_multiple, expit, logit, soften

GRID = np.arange(2.0, 6.01, 0.25)


@settings(deadline=None)
@given(st.lists(st.floats(-800, 800), min_size=1, max_size=20))
def test_expit_agrees_with_scipy(values: list[float]) -> None:
    np.testing.assert_allclose(expit(values), scipy_expit(np.array(values)), rtol=1e-14, atol=1e-300)


@settings(deadline=None)
@given(st.floats(0.0, 1.0))
def test_logit_agrees_with_scipy_and_inverts(p: float) -> None:
    assert float(logit(p)) == pytest.approx(float(scipy_logit(p)), rel=1e-12, abs=1e-12)
    assert float(expit(logit(p))) == pytest.approx(p, rel=1e-12, abs=1e-15)


def test_exact_at_the_ends() -> None:
    assert logit([0.0, 0.5, 1.0]).tolist() == [-math.inf, 0.0, math.inf]
    assert expit([-math.inf, 0.0, math.inf]).tolist() == [0.0, 0.5, 1.0]
    assert soften([0.0, 0.5, 1.0], 3.0).tolist() == [0.0, 0.5, 1.0]


def test_soften_by_hand() -> None:
    """odds .2/.8 = 1/4; alpha 2 takes the root, 1/2: p = 1/3. Alpha 1/2 squares it, 1/16: p = 1/17."""
    assert float(soften(0.2, 2.0)) == pytest.approx(1 / 3)
    assert float(soften(0.2, 0.5)) == pytest.approx(1 / 17)


@settings(deadline=None)
@given(st.floats(1e-3, 0.999), st.floats(1e-3, 0.999), st.floats(0.2, 10.0))
def test_soften_keeps_order_and_side(p: float, q: float, alpha: float) -> None:
    a, b = (float(soften(x, alpha)) for x in sorted((p, q)))
    assert a <= b
    assert float(soften(1 - p, alpha)) == pytest.approx(1 - float(soften(p, alpha)), abs=1e-12)


def test_a_threshold_met_exactly_is_met() -> None:
    for count in range(1, 10_000, 7):
        p = count / 10_000
        assert choose_target_multiple([1.0], [p], [2.0], prob_target=p, min_reward_risk=1.5) == 0


def test_takes_the_largest_admissible_multiple() -> None:
    p = np.linspace(0.5, 0.1, GRID.size)
    ratio = GRID / 2.0
    at = choose_target_multiple(GRID, p, ratio, prob_target=0.25, min_reward_risk=1.5)
    assert at is not None
    assert p[at] >= 0.25 > p[at + 1]
    # Unsorted grids give the same multiple.
    order = np.random.default_rng(3).permutation(GRID.size)
    again = choose_target_multiple(GRID[order], p[order], ratio[order], prob_target=0.25, min_reward_risk=1.5)
    assert again is not None
    assert GRID[order][again] == GRID[at]


def test_reward_to_risk_may_bind_and_nothing_may_be_left() -> None:
    p = np.linspace(0.5, 0.1, GRID.size)
    assert choose_target_multiple(GRID, p, np.full(GRID.size, 1.4), prob_target=0.25, min_reward_risk=1.5) is None
    assert choose_target_multiple(GRID, p, GRID, prob_target=0.55, min_reward_risk=1.5) is None
    hump = np.where(GRID <= 3.0, 2.0, 1.0)
    at = choose_target_multiple(GRID, p, hump, prob_target=0.25, min_reward_risk=1.5)
    assert at is not None
    assert GRID[at] == 3.0


def test_alpha_softens_the_choice_only() -> None:
    p = np.full(3, 0.2)
    arguments = ([2.0, 3.0, 4.0], p, [2.0, 2.0, 2.0])
    assert choose_target_multiple(*arguments, prob_target=0.25, min_reward_risk=1.5) is None
    assert choose_target_multiple(*arguments, prob_target=0.25, min_reward_risk=1.5, prob_alpha=2.0) == 2


def test_refusals() -> None:
    for alpha in (0.0, math.nan):
        with pytest.raises(QuantError):
            soften(0.5, alpha)
    with pytest.raises(QuantError):
        logit(1.5)
    with pytest.raises(QuantError):
        expit(math.nan)
    for grid, p, ratio in (([1.0], [0.5, 0.5], [1.0]), ([1.0], [math.nan], [1.0]), ([1.0], [0.5], [math.nan]), (1.0, 0.5, 2.0)):
        with pytest.raises(QuantError):
            choose_target_multiple(grid, p, ratio, prob_target=0.25, min_reward_risk=1.5)
