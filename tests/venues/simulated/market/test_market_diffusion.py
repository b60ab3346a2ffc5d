"""The random paths under the market against their own laws: SciPy's Student t and normal, and the bridge's maximum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from market_analysis.venues.simulated.market.coins import _wicks
from market_analysis.venues.simulated.market.diffusion import (
    JUMP_EVERY_DAYS,
    JUMP_VARIANCE_SHARE,
    TAIL_DEGREES,
    Diffusion,
    OrnsteinUhlenbeck,
)
from market_analysis.venues.simulated.market.seasons import HOURLY_VARIANCE
from market_analysis.venues.simulated.market.streams import HOURS_PER_BLOCK

BLOCKS = 160


def all_hours(diffusion: Diffusion, name: str) -> np.ndarray:
    return np.concatenate([getattr(diffusion.block(number), name) for number in range(BLOCKS)])


def test_hourly_shocks_follow_the_student_t() -> None:
    """Without volatility paths an hour's diffusive return over its seasonal deviation is a Student t of unit variance."""
    diffusion = Diffusion(3, "x", 0.05, ())
    steps = np.concatenate([np.diff(diffusion.block(number).level) for number in range(BLOCKS)]) - all_hours(diffusion, "jump")
    season = np.tile(HOURLY_VARIANCE[:HOURS_PER_BLOCK], BLOCKS)
    unit = steps / np.sqrt((1.0 - JUMP_VARIANCE_SHARE) * 0.05**2 / 24.0 * season)
    scale = np.sqrt((TAIL_DEGREES - 2.0) / TAIL_DEGREES)
    assert stats.kstest(unit, stats.t(TAIL_DEGREES, scale=scale).cdf).pvalue > 0.01
    assert stats.kstest(unit, stats.norm.cdf).pvalue < 1e-6, "and is told from a normal at this sample"
    # Given the hour's variance, the return is normal.
    assert stats.kstest(steps / np.sqrt(all_hours(diffusion, "variance")), stats.norm.cdf).pvalue > 0.01


def test_minutes_are_normal_given_their_hour_and_meet_its_ends() -> None:
    diffusion = Diffusion(4, "x", 0.05, ())
    standard = []
    for number in range(8):
        hours = diffusion.block(number)
        level, spent = diffusion.minutes(number)
        assert np.allclose(level[::60], hours.level, rtol=0, atol=1e-12)
        assert np.allclose(spent[::60], hours.variance_sum, rtol=1e-12)
        assert np.all(np.diff(spent) > 0.0)
        quiet = hours.jump_variance == 0.0
        moves = np.diff(level).reshape(-1, 60)[quiet]
        standard.append((moves / np.sqrt(hours.variance[quiet] / 60.0)[:, None]).ravel())
    assert stats.kstest(np.concatenate(standard), stats.norm.cdf).pvalue > 0.01


def test_jumps_come_at_their_rate_and_size_and_fall_in_one_minute() -> None:
    diffusion = Diffusion(5, "x", 0.05, ())
    jumps = all_hours(diffusion, "jump")
    count = int(np.count_nonzero(jumps))
    expected = BLOCKS * HOURS_PER_BLOCK / 24.0 / JUMP_EVERY_DAYS
    assert stats.poisson(expected).cdf(count) > 0.005
    assert stats.poisson(expected).sf(count - 1) > 0.005
    size = 0.05 * np.sqrt(JUMP_VARIANCE_SHARE * JUMP_EVERY_DAYS)
    assert stats.kstest(jumps[jumps != 0.0] / size, stats.norm.cdf).pvalue > 0.01
    assert np.count_nonzero(all_hours(diffusion, "jump_variance")) == count
    number = next(n for n in range(BLOCKS) if np.abs(diffusion.block(n).jump).max() > size)
    hours = diffusion.block(number)
    hour = int(np.argmax(np.abs(hours.jump)))
    level, _ = diffusion.minutes(number)
    moves = np.diff(level)[hour * 60 : hour * 60 + 60]
    assert int(np.argmax(np.abs(moves))) == hours.jump_minute[hour]
    assert moves[hours.jump_minute[hour]] == pytest.approx(hours.jump[hour], rel=0.5)


def test_mean_reverting_paths_are_stationary_with_their_half_life() -> None:
    path = OrnsteinUhlenbeck(6, "x", half_life_hours=10.0, sd=0.3)
    values = np.concatenate([path.knots(number)[:-1] for number in range(BLOCKS)])
    assert values.std() == pytest.approx(0.3, rel=0.1)
    assert abs(values.mean()) < 0.05
    assert np.corrcoef(values[:-10], values[10:])[0, 1] == pytest.approx(0.5, abs=0.08)
    assert path.knots(3)[-1] == path.knots(4)[0]


def test_wicks_follow_the_law_of_the_bridge() -> None:
    """Against bridges walked in fine steps: the mean reach beyond the ends, up and down, at several end-to-end moves."""
    random = np.random.default_rng(7)
    steps, paths = 4000, 3000
    walk = np.cumsum(random.standard_normal((paths, steps)) / np.sqrt(steps), axis=1)
    bridge = walk - walk[:, -1:] * (np.arange(1, steps + 1) / steps)
    for move in (0.0, 0.7, -1.5):
        path = bridge + move * (np.arange(1, steps + 1) / steps)
        walked = np.maximum(path.max(axis=1), 0.0) - max(move, 0.0)
        upper, lower = _wicks(random, np.full(40_000, move), np.ones(40_000))
        assert upper.mean() == pytest.approx(walked.mean(), abs=0.025)
        assert lower.mean() == pytest.approx(upper.mean(), abs=0.02)
