"""The simulated policy: path by path against a slow twin, against the closed form, and its properties."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_twin import fat_bars, gaussian_bars, position, run_path, static

from market_analysis.quant.bar_paths import draw_rows
from market_analysis.quant.barrier import discrete_monitoring_shift, one_sided_hit, probability_upper_first
from market_analysis.quant.policy import simulate
from market_analysis.quant.policy_inputs import GarchRecursion, PolicyInputs, ScaleOut
from market_analysis.quant.residuals import mirror_residuals

GARCH = GarchRecursion(omega=0.03, alpha=0.1, beta=0.87, variance=1.6)

PATHS = 80

CASES: dict[str, dict[str, Any]] = {
    "long": {},
    "short": {"side": -1},
    "long log": {"log_mode": True},
    "short log": {"side": -1, "log_mode": True},
    "long garch": {"garch": GARCH},
    "short garch log": {"side": -1, "garch": GARCH, "log_mode": True},
    "in profit, already trailing": {"price": 103.0, "peak": 105.0, "stop": 101.0},
    "in loss": {"price": 98.5, "peak": 100.5},
    "short in profit": {"side": -1, "price": 97.0, "peak": 96.0},
    "wide late trail": {"trail_mult_late": 4.0, "trail_mult_initial": 0.2},
    "late before breakeven": {"breakeven_after_r": 2.0, "late_after_r": 1.0},
    "tight trail overtaken by the close": {"atr": 0.05, "breakeven_after_r": 0.3},
    "breakeven from the start": {"breakeven_after_r": 0.0, "price": 101.0, "peak": 101.0},
    "quiet then wild": {"variance_path": np.concatenate((np.zeros(10), np.full(62, 0.01**2)))},
}


@pytest.mark.parametrize("name", CASES)
def test_agrees_path_by_path_with_the_twin(name: str) -> None:
    inputs = position(paths=PATHS, residuals=fat_bars(1, 150), **CASES[name])
    outcome = simulate(inputs)
    draws = draw_rows(inputs.seed, inputs.variance_path.size, inputs.paths, len(inputs.residuals))
    twin = [run_path(inputs, draws[:, path].tolist()) for path in range(inputs.paths)]

    def to_price(distance: np.ndarray) -> np.ndarray:
        return np.asarray(inputs.price * np.exp(inputs.side * distance))

    tolerance = 1e-7 if inputs.garch and not inputs.log_mode else 1e-11
    for field, values in (("reached", outcome.reached), ("exit", outcome.exit_level), ("last", outcome.last_close)):
        np.testing.assert_allclose(to_price(values), [path[field] for path in twin], rtol=tolerance, err_msg=field)
    assert outcome.p_noise_stop == pytest.approx(sum(path["touched"] for path in twin) / inputs.paths, abs=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_outcome_at_counts_what_the_twin_counts(name: str) -> None:
    inputs = position(paths=PATHS, residuals=fat_bars(1, 150), **CASES[name])
    target = inputs.price * math.exp(inputs.side * 0.03)
    outcome = simulate(inputs).outcome_at(target)
    s, breakeven = inputs.side, inputs.entry * (1 + inputs.side * 2 * inputs.fee_frac)
    if inputs.log_mode:
        breakeven = inputs.entry * math.exp(s * 2 * inputs.fee_frac)
    counts = {"tp": 0, "sl": 0, "breakeven": 0, "open": 0}
    payoffs = []
    draws = draw_rows(inputs.seed, inputs.variance_path.size, inputs.paths, len(inputs.residuals))
    for path in range(inputs.paths):
        walk = run_path(inputs, draws[:, path].tolist())
        if s * (walk["reached"] - target) >= 0:
            kind, price = "tp", target
        elif math.isnan(walk["exit"]):
            kind, price = "open", walk["last"]
        else:
            price = walk["exit"]
            kind = "breakeven" if s * (price - breakeven) >= -1e-9 else "sl"
        counts[kind] += 1
        payoff, rest = 0.0, 1.0
        for out in inputs.scale_outs:
            if s * (out.price - target) < 0:
                rest -= out.fraction
                fill = max(out.price, inputs.price, key=lambda p: s * p)
                payoff += out.fraction * s * ((fill if s * (walk["reached"] - out.price) >= 0 else price) - inputs.price)
        payoffs.append(payoff + rest * s * (price - inputs.price))
    assert outcome.p_tp == pytest.approx(counts["tp"] / PATHS, abs=1e-15)
    assert outcome.p_sl == pytest.approx(counts["sl"] / PATHS, abs=1e-15)
    assert outcome.p_breakeven == pytest.approx(counts["breakeven"] / PATHS, abs=1e-15)
    assert outcome.p_open == pytest.approx(counts["open"] / PATHS, abs=1e-15)
    assert outcome.mean_payoff == pytest.approx(math.fsum(payoffs) / PATHS, rel=1e-5, abs=1e-5)


@pytest.fixture(scope="module")
def brownian() -> np.ndarray:
    return gaussian_bars(5, 6_000, 240)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("log_mode", [True, False])
def test_brownian_bars_converge_to_the_closed_form(brownian: np.ndarray, side: int, log_mode: bool) -> None:
    """Static stop, Brownian bars of 240 steps: the two-barrier formula with the discrete-monitoring shift, within 4 errors."""
    inputs = static(side=side, log_mode=log_mode, residuals=brownian, paths=10_000)
    outcome = simulate(inputs)
    sigma = 0.006
    shift = float(discrete_monitoring_shift(sigma, 1.0 / 240))
    drift = 0.0 if log_mode else -side * sigma**2 / 2
    upper = side * np.log(inputs.target_grid / inputs.price) + shift
    lower = -side * math.log(inputs.stop / inputs.price) + shift
    expected = probability_upper_first(upper, lower, sigma, 72.0, drift)
    assert (np.abs(outcome.p_target_by_grid - expected) < 4 * outcome.standard_error).all()
    noise = float(one_sided_hit(lower, sigma, 72.0, -drift))
    assert outcome.p_noise_stop == pytest.approx(noise, abs=4 * outcome.p_noise_stop_standard_error)


def test_noise_stop_of_ruling_10(brownian: np.ndarray) -> None:
    """k = 2 sigma_4h over 72 h: about .55 on fat-tailed crypto bars; Brownian motion itself gives 2 N(-2/sqrt(18)) = .637."""
    outcome = simulate(static(residuals=brownian, log_mode=True, paths=10_000))
    assert outcome.p_noise_stop == pytest.approx(0.637, abs=0.02)


@pytest.mark.parametrize("side", [1, -1])
def test_a_flat_expected_price_leaves_no_edge_in_any_policy(brownian: np.ndarray, side: int) -> None:
    """Rulings 4 and C3.4: with a martingale price every policy and every target has mean payoff zero before costs.

    Bars of 240 steps overshoot no level by more than the shift, hence the small allowance on top of four standard errors.
    """
    outcome = simulate(position(side=side, residuals=brownian, paths=10_000))
    allowance = 100 * float(discrete_monitoring_shift(0.006, 1.0 / 240))
    for target in outcome.inputs.target_grid[::4]:
        at = outcome.outcome_at(float(target))
        assert abs(at.mean_payoff) < 4 * at.standard_error_payoff + allowance


def _mirrored(inputs: PolicyInputs) -> PolicyInputs:
    pivot = inputs.entry**2
    first_stop = inputs.entry - inputs.side * inputs.initial_risk
    price = pivot / inputs.price
    return replace(
        inputs,
        side=-inputs.side,
        price=price,
        stop=pivot / inputs.stop,
        peak=pivot / inputs.peak,
        initial_risk=abs(inputs.entry - pivot / first_stop),
        atr=inputs.atr / inputs.price * price,
        scale_outs=tuple(replace(out, price=pivot / out.price) for out in inputs.scale_outs),
        target_grid=pivot / inputs.target_grid,
        residuals=mirror_residuals(inputs.residuals),
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(97.7, 104.0), st.sampled_from([None, GARCH]))
def test_long_and_short_mirror_in_log_mode(seed: int, price: float, garch: GarchRecursion | None) -> None:
    long = position(seed=seed, price=price, peak=max(price, 101.0), paths=300, garch=garch, log_mode=True)
    a, b = simulate(long), simulate(_mirrored(long))
    np.testing.assert_allclose(a.reached, b.reached, atol=1e-12)
    np.testing.assert_allclose(a.exit_level, b.exit_level, atol=1e-12)
    np.testing.assert_allclose(a.last_close, b.last_close, atol=1e-12)
    assert a.p_noise_stop == b.p_noise_stop


def test_without_log_mode_the_sides_differ() -> None:
    long = position(paths=300)
    assert not np.allclose(simulate(long).last_close, simulate(_mirrored(long)).last_close, atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([2.0**-20, 0.5, 1024.0]), st.sampled_from([1, -1]))
def test_the_price_unit_does_not_matter(seed: int, unit: float, side: int) -> None:
    base = position(seed=seed, side=side, paths=300)
    scaled = replace(
        base,
        **{name: unit * getattr(base, name) for name in ("price", "entry", "stop", "initial_risk", "peak", "atr", "target_grid")},
        scale_outs=tuple(replace(out, price=unit * out.price) for out in base.scale_outs),
    )
    a, b = simulate(base), simulate(scaled)
    np.testing.assert_allclose(a.reached, b.reached, atol=1e-12)
    np.testing.assert_array_equal(np.isnan(a.exit_level), np.isnan(b.exit_level))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10_000),
    st.sampled_from([1, -1]),
    st.floats(0.0005, 0.05),
    st.integers(1, 60),
    st.floats(0.0, 3.0),
    st.floats(0.0, 5.0),
    st.sampled_from([None, GARCH]),
    st.booleans(),
)
def test_always_probabilities_never_nan(
    seed: int, side: int, sigma: float, bars: int, breakeven: float, atr: float, garch: GarchRecursion | None, log_mode: bool
) -> None:
    outcome = simulate(
        position(
            seed=seed,
            side=side,
            variance_path=np.full(bars, sigma**2),
            breakeven_after_r=breakeven,
            atr=atr,
            garch=garch,
            log_mode=log_mode,
            paths=257,
        )
    )
    grid = outcome.p_target_by_grid
    assert ((grid >= 0.0) & (grid <= 1.0)).all()
    assert (np.diff(grid) <= 0.0).all()
    assert 0.0 <= outcome.p_noise_stop <= 1.0
    for target in outcome.inputs.target_grid[::5]:
        at = outcome.outcome_at(float(target))
        shares = (at.p_tp, at.p_sl, at.p_breakeven, at.p_open)
        assert all(0.0 <= p <= 1.0 for p in shares)
        assert all(sum(order) == 1.0 for order in itertools.permutations(shares))
        assert math.isfinite(at.mean_payoff)
        assert at.p_tp == pytest.approx(grid[list(outcome.inputs.target_grid).index(target)], abs=1e-15)


def test_standard_errors_stay_within_ruling_7() -> None:
    outcome = simulate(position(paths=10_000))
    assert outcome.standard_error.max() <= 0.005
    assert outcome.p_noise_stop_standard_error <= 0.005
    for target in outcome.inputs.target_grid:
        at = outcome.outcome_at(float(target))
        errors = (at.standard_error_tp, at.standard_error_sl, at.standard_error_breakeven, at.standard_error_open)
        assert 0.0 < min(errors) <= max(errors) <= 0.005


def test_standard_error_is_the_spread_over_seeds() -> None:
    runs = np.array([simulate(position(seed=seed, paths=500)).p_target_by_grid[4] for seed in range(60)])
    assert runs.std() == pytest.approx(float(simulate(position(paths=500)).standard_error[4]), rel=0.35)


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    a, b, c = (simulate(position(seed=seed, garch=GARCH)) for seed in (3, 3, 4))
    assert a.reached.tobytes() == b.reached.tobytes()
    assert a.p_target_by_grid.tobytes() == b.p_target_by_grid.tobytes()
    assert a.outcome_at(104.0) == b.outcome_at(104.0)
    assert a.reached.tobytes() != c.reached.tobytes()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.floats(1.0, 3.0), st.integers(1, 40))
def test_more_volatility_and_more_time_reach_more(seed: int, factor: float, extra: int) -> None:
    """Exact on the same draws: in log mode every excursion scales, and a longer horizon only adds bars."""
    base = static(seed=seed, log_mode=True, paths=400)
    wild = replace(base, variance_path=base.variance_path * factor**2)
    long = replace(base, variance_path=np.full(72 + extra, 0.006**2))
    calm_run, wild_run, long_run = simulate(base), simulate(wild), simulate(long)
    assert wild_run.p_noise_stop >= calm_run.p_noise_stop
    assert long_run.p_noise_stop >= calm_run.p_noise_stop
    assert (long_run.p_target_by_grid >= calm_run.p_target_by_grid).all()


def test_the_policy_costs_hits_and_saves_losses() -> None:
    """Ruling 3: the trail cuts the hit rate; it can only turn losses into breakeven, never make more of them."""
    moving, still = simulate(position(paths=10_000)), simulate(static(paths=10_000))
    assert (moving.p_target_by_grid <= still.p_target_by_grid).all()
    a, b = moving.outcome_at(104.3), still.outcome_at(104.3)
    assert a.p_tp < b.p_tp
    assert a.p_sl < b.p_sl
    assert a.p_breakeven > 0.05
    assert b.p_breakeven == 0.0


@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_crossed_now_stops_everything_before_any_target(side: int) -> None:
    outcome = simulate(position(side=side, stop=100.0 + side * 0.5, paths=50, target_grid=np.array([100.0 - side, 100.0 + side])))
    assert outcome.p_target_by_grid.tolist() == [0.0, 0.0]
    assert outcome.p_noise_stop == 1.0
    at = outcome.outcome_at(100.0 + side)
    assert (at.p_tp, at.p_sl, at.mean_payoff) == (0.0, 1.0, 0.0)


def test_a_target_behind_the_price_is_hit_at_the_price() -> None:
    outcome = simulate(position(price=103.0, peak=103.0, paths=50, target_grid=np.array([102.0])))
    assert outcome.p_target_by_grid.tolist() == [1.0]
    at = outcome.outcome_at(102.0)
    assert (at.p_tp, at.mean_payoff) == (1.0, 0.0)


def test_scale_outs_beyond_the_target_are_null_and_done_ones_are_gone() -> None:
    """TP closes all that is left: with both scale-outs null or done the payoff is that of one exit."""
    outs = (ScaleOut(103.6, 0.4, done=True), ScaleOut(107.2, 0.3))
    with_outs = simulate(position(scale_outs=outs)).outcome_at(105.0)
    without = simulate(position(scale_outs=(), runner_frac=1.0)).outcome_at(105.0)
    assert with_outs.p_scale_outs == (None, None)
    assert with_outs.mean_payoff == pytest.approx(without.mean_payoff, rel=1e-12)
    beyond = simulate(position(scale_outs=outs)).outcome_at(108.0)
    share = beyond.p_scale_outs[1]
    assert share is not None
    assert beyond.p_tp < share < 1.0


def test_the_same_bars_at_the_same_scale_of_the_stop_with_zero_variance() -> None:
    """No volatility at all: nothing is hit and everything stays open."""
    outcome = simulate(position(variance_path=np.zeros(5), garch=GARCH, paths=20))
    at = outcome.outcome_at(104.0)
    assert (at.p_open, at.mean_payoff, outcome.p_noise_stop) == (1.0, 0.0, 0.0)


def test_a_short_whose_breakeven_trigger_no_price_reaches_never_moves_its_stop() -> None:
    far = position(side=-1, initial_risk=60.0, breakeven_after_r=2.0, paths=200)
    assert simulate(far).outcome_at(90.0).p_breakeven == 0.0


def test_fat_tails_are_not_the_normal_law() -> None:
    """The reason for resampling: typical fat-tailed paths move less than their deviation says."""
    fat = fat_bars(2, 4_000)
    fat[:, 1], fat[:, 2] = np.maximum(fat[:, 0], 0.0), np.minimum(fat[:, 0], 0.0)
    normal = gaussian_bars(6, 4_000, 1)
    runs = [simulate(static(residuals=r, variance_path=np.full(4, 0.012**2), log_mode=True, paths=10_000)) for r in (fat, normal)]
    assert runs[0].p_target_by_grid[0] != pytest.approx(runs[1].p_target_by_grid[0], abs=0.005)
