"""Past windows: cutting and mirroring by hand, the replay against the obvious one, and the exact pool."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.past_windows import PastWindows, cut_windows, joined_windows, pooled_shares, replay
from market_analysis.quant.policy_inputs import PolicyInputs, ScaleOut
from market_analysis.quant.policy_outcome import exact_shares

RESIDUALS = np.array([[1.0, 1.0, 0.0], [-1.0, 0.0, -1.0]])


def inputs(side: int = 1, hours: int = 3, **changes: object) -> PolicyInputs:
    """Entry at 100, stop and target 2 and 4 away, sigma of the horizon .02, breakeven from 1 R, a trail too wide to matter."""
    given_ = PolicyInputs(
        side=side,
        price=100.0,
        entry=100.0,
        stop=100.0 * math.exp(-0.02 * side),
        initial_risk=2.0,
        peak=100.0,
        atr=1.0,
        trail_mult_initial=100.0,
        trail_mult_late=100.0,
        breakeven_after_r=1.0,
        fee_frac=0.0,
        scale_outs=(),
        runner_frac=1.0,
        target_grid=100.0 * np.exp(side * np.array([0.01, 0.03, 0.05])),
        variance_path=np.full(hours, 0.02**2 / hours),
        residuals=RESIDUALS,
        seed=1,
        log_mode=True,
    )
    return replace(given_, **changes)  # type: ignore[arg-type]


def test_windows_are_cut_by_hand() -> None:
    close = np.array([100.0, 110.0, 99.0, 121.0, 100.0])
    windows = cut_windows(close, close * 1.1, close / 1.1, np.array([0, 2]), np.array([0.5, 2.0]), 2)
    assert (windows.hours, windows.count) == (2, 2)
    assert windows.close[:, 0] == pytest.approx(np.log([1.1, 0.99]) / 0.5)
    assert windows.high[:, 1] == pytest.approx(np.log([1.1 * 121 / 99, 1.1 * 100 / 99]) / 2.0)
    assert windows.low[:, 1] == pytest.approx(np.log([121 / 99 / 1.1, 100 / 99 / 1.1]) / 2.0)


def test_joined_windows_know_no_direction() -> None:
    one = PastWindows(np.array([[1.0], [2.0]]), np.array([[3.0], [2.5]]), np.array([[-0.5], [1.0]]))
    both = joined_windows([one])
    assert both.close.tolist() == [[1.0, -1.0], [2.0, -2.0]]
    assert both.high.tolist() == [[3.0, 0.5], [2.5, -1.0]]
    assert both.low.tolist() == [[-0.5, -3.0], [1.0, -2.5]]


@pytest.mark.parametrize("side", [1, -1])
def test_outcomes_by_hand(side: int) -> None:
    """In units of sigma .02: stop at -1, breakeven from +1 on, targets at .5, 1.5 and 2.5; six windows of three bars."""
    rows = [
        # close, high, low of the three bars of each window
        ([0.1, 0.2, 0.3], [0.2, 0.3, 0.4], [0.0, 0.1, 0.2]),  # still open
        ([-0.5, -1.2, 0.0], [0.0, -0.5, 0.1], [-0.6, -1.3, -1.2]),  # stop at a loss
        ([1.0, 2.0, 2.6], [1.1, 2.1, 2.7], [-0.5, 1.0, 2.0]),  # all three targets
        ([1.2, 0.5, -0.5], [1.3, 1.2, 0.6], [0.0, 0.4, -0.6]),  # first target, then breakeven
        ([0.4, 0.2, 0.1], [1.6, 0.5, 0.3], [-1.1, 0.1, 0.0]),  # stop and target in one bar: the stop
        ([0.4, 1.4, 1.6], [0.4, 1.5, 1.7], [0.1, 0.3, 1.2]),  # two targets
    ]
    table = np.array(rows) * side
    high, low = (table[:, 1], table[:, 2]) if side > 0 else (table[:, 2], table[:, 1])
    windows = PastWindows(table[:, 0].T, high.T, low.T)
    outcome = replay(inputs(side), windows)
    assert outcome.p_target_by_grid.tolist() == pytest.approx([3 / 6, 2 / 6, 1 / 6])
    at = outcome.outcome_at(100.0 * math.exp(side * 0.05))
    assert (at.p_tp, at.p_sl, at.p_breakeven, at.p_open) == pytest.approx((1 / 6, 2 / 6, 1 / 6, 2 / 6))
    assert outcome.p_noise_stop == pytest.approx(2 / 6)


def windows_of(seed: int, count: int = 400, hours: int = 24) -> PastWindows:
    rng = np.random.default_rng(seed)
    close = np.cumsum(rng.standard_normal((hours, count)) / math.sqrt(hours), axis=0)
    before = np.vstack([np.zeros(count), close[:-1]])
    wick = np.abs(rng.standard_normal((2, hours, count))) / 20.0
    return joined_windows([PastWindows(close, np.maximum(close, before) + wick[0], np.minimum(close, before) - wick[1])])


def test_long_and_short_mirror_in_log_mode_and_the_mean_price_is_flat_without_it() -> None:
    windows = windows_of(3)
    long, short = replay(inputs(1, 24), windows), replay(inputs(-1, 24), windows)
    assert sorted(long.reached) == pytest.approx(sorted(short.reached))
    priced = replay(inputs(1, 24, log_mode=False), windows)
    assert np.exp(priced.last_close).mean() == pytest.approx(1.0, abs=1e-12)


def test_scale_outs_and_curve_come_with_it() -> None:
    outcome = replay(inputs(1, 24, scale_outs=(ScaleOut(102.0, 0.4),), runner_frac=0.6), windows_of(5))
    assert (np.diff(outcome.p_target_by_grid) <= 0.0).all()
    at = outcome.outcome_at(103.0)
    assert at.p_scale_outs[0] is not None
    assert at.p_scale_outs[0] >= at.p_tp
    assert at.p_tp + at.p_sl + at.p_breakeven + at.p_open == 1.0


@given(st.lists(st.integers(1, 9_000), min_size=8, max_size=8))
def test_pooled_shares_sum_to_exactly_one(counts: list[int]) -> None:
    one, other = exact_shares(counts[:4]), exact_shares(counts[4:])
    pooled = pooled_shares(one, other)  # type: ignore[arg-type]
    assert math.fsum(pooled) == 1.0
    assert sum(pooled) == 1.0
    assert pooled == pytest.approx([(a + b) / 2 for a, b in zip(one, other, strict=True)], abs=1e-15)


def test_what_is_no_window_is_refused() -> None:
    close = np.full(5, 100.0)
    with pytest.raises(QuantError, match="leave the 5 bars"):
        cut_windows(close, close, close, np.array([3]), np.array([0.1]), 2)
    with pytest.raises(QuantError, match="sigma must be above zero"):
        cut_windows(close, close, close, np.array([0]), np.array([0.0]), 2)
    with pytest.raises(QuantError, match="windows have 24 bars, variance_path 3"):
        replay(inputs(), windows_of(1))
