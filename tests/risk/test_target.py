"""Scale-outs, reward to risk, choice of the target, probabilities."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import books
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.quant.barrier import one_sided_hit
from market_analysis.quant.policy_inputs import PolicyInputs, ScaleOut
from market_analysis.quant.stop_rule import StopRule, signed_distance
from market_analysis.risk.probability import CLOSED_FORM, SIMULATED, PolicyState, probability_report, run_policy, seed_for
from market_analysis.risk.ratchet import RatchetRules
from market_analysis.risk.target import (
    choose_target,
    multiple_grid,
    reward,
    reward_to_risk,
    scale_out_prices,
    scale_outs_ahead,
)
from market_analysis.risk.valuation import Valuer
from market_analysis.risk.volatility import VolatilityModel, fit_model
from market_analysis.settings import ProbSettings, Settings, StopsSettings

FREE = Valuer(False, 1.0, 0.0, 0.0, 1.0)
STOPS = StopsSettings()
SETTINGS = Settings(prob=ProbSettings(paths=4_000))


@cache
def model(count: int = 1_500) -> VolatilityModel:
    found = fit_model(books.instrument().id, books.walk(100, count=count), SETTINGS, books.AS_OF)
    assert isinstance(found, VolatilityModel)
    return found


def state(sign: int = 1, k: float = 2.0, price: float = 100.0) -> PolicyState:
    stop = 100.0 * math.exp(-sign * k * model().report.sigma_h)
    return PolicyState(sign, price, 100.0, stop, abs(100.0 - stop), price, model().atr_abs, 0.00055, ())


def test_scale_out_prices_by_hand() -> None:
    assert scale_out_prices(1, 100.0, 4.0, STOPS) == (106.0, 112.0)
    assert scale_out_prices(-1, 100.0, 4.0, STOPS) == (94.0, 88.0)
    assert scale_out_prices(-1, 100.0, 40.0, STOPS) == (40.0, None)
    assert scale_out_prices(-1, 100.0, 70.0, STOPS) == (None, None)


LEVELS = (106.0, 112.0)


@pytest.mark.parametrize(
    ("price", "target", "closed", "expected"),
    [
        (100.0, 120.0, 0.0, (0.4, 0.3)),
        (100.0, None, 0.0, (0.4, 0.3)),
        (100.0, 112.0, 0.0, (0.4, None)),  # at the target: null
        (100.0, 105.0, 0.0, (None, None)),
        (107.0, 120.0, 0.0, (None, 0.3)),  # behind the price
        (106.0, 120.0, 0.0, (None, 0.3)),
        (100.0, 120.0, 0.4, (None, 0.5)),  # made: .3 of the .6 left
        (100.0, 120.0, 0.39, (0.4, 0.3)),
        (100.0, 120.0, 0.7, (None, None)),
    ],
)
def test_void_scale_outs_have_no_level(
    price: float, target: float | None, closed: float, expected: tuple[float | None, float | None]
) -> None:
    found = scale_outs_ahead(1, price, target, LEVELS, closed, STOPS)
    assert tuple(None if out is None else pytest.approx(out.fraction) for out in found) == expected


def test_mirror_and_missing_levels_and_fractions_of_zero() -> None:
    found = scale_outs_ahead(-1, 100.0, 80.0, (94.0, None), 0.0, STOPS)
    assert found == (ScaleOut(94.0, 0.4), None)
    none = StopsSettings(scaleout_frac1=0.0, scaleout_frac2=0.0, leave_runner_frac=1.0)
    assert scale_outs_ahead(1, 100.0, 120.0, LEVELS, 0.5, none) == (None, None)


def test_reward_and_ratio_by_hand() -> None:
    outs = (ScaleOut(106.0, 0.4), ScaleOut(112.0, 0.3))
    # 10 * (.4 * 6 + .3 * 12 + .3 * 20) = 120
    assert reward(FREE, 1, 10.0, 100.0, 120.0, outs) == pytest.approx(120.0)
    assert reward_to_risk(FREE, 1, 100.0, 96.0, 120.0, outs) == pytest.approx(12.0 / 4.0)
    assert reward_to_risk(FREE, 1, 100.0, 96.0, 120.0, ()) == pytest.approx(5.0)
    costly = Valuer(False, 1.0, 0.001, 0.002, 1.0)
    # reward 20 - .12; loss 4 + 96 * .003 = 4.288
    assert reward_to_risk(costly, 1, 100.0, 96.0, 120.0, ()) == pytest.approx(19.88 / 4.288)
    assert reward_to_risk(FREE, 1, 100.0, 100.0, 120.0, ()) is None


def test_the_grid_ends_at_m_max() -> None:
    np.testing.assert_allclose(multiple_grid(SETTINGS), np.arange(2.0, 6.01, 0.25))
    assert multiple_grid(Settings(prob=ProbSettings(m_min=2, m_max=2.9, m_step=0.4))).tolist() == pytest.approx([2.0, 2.4, 2.8])


def brute_force(sign: int, chosen: Settings) -> float | None:
    """The largest m of the grid that satisfies both conditions, each probability from the full outcome at that target."""
    outcome = run_policy(state(sign), model(), np.empty(0), chosen, 5)
    assert outcome is not None
    best = None
    for m in multiple_grid(chosen):
        target = 100.0 * math.exp(sign * m * model().report.sigma_h)
        levels = scale_out_prices(sign, 100.0, state(sign).r0, chosen.stops)
        outs = tuple(out for out in scale_outs_ahead(sign, 100.0, target, levels, 0.0, chosen.stops) if out)
        ratio = reward_to_risk(FREE, sign, 100.0, state(sign).stop, target, outs)
        assert ratio is not None
        if outcome.outcome_at(target).p_tp >= chosen.prob.prob_target and ratio >= chosen.prob.min_reward_risk:
            best = float(m)
    return best


@settings(deadline=None, max_examples=15)
@given(st.sampled_from([1, -1]), st.floats(0.05, 0.5), st.floats(0.5, 2.5))
def test_the_choice_is_the_largest_admissible_multiple(sign: int, p: float, ratio: float) -> None:
    chosen = Settings(prob=ProbSettings(paths=2_000, prob_target=p, min_reward_risk=ratio))
    choice = choose_target(state(sign), model().report.sigma_h, 3.3, model(), FREE, chosen, 5)
    expected = brute_force(sign, chosen)
    assert choice.reachable is (expected is not None)
    assert choice.m_eff == (3.3 if expected is None else expected)
    assert "72 h" in choice.why


def test_the_default_choice_lies_where_the_rulings_measured_it() -> None:
    # Rulings 6: k 2, 72 h, policy: p about .31 at m 3.0 and .25 at m 3.5.
    outcome = run_policy(state(), model(), 100.0 * np.exp(np.array([3.0, 3.5]) * model().report.sigma_h), Settings(), 1)
    assert outcome is not None
    assert 0.22 < outcome.p_target_by_grid[1] < outcome.p_target_by_grid[0] < 0.42


def test_without_residuals_the_closed_form_chooses_and_says_so() -> None:
    bare = replace(model(), residuals=None)
    choice = choose_target(state(), model().report.sigma_h, 3.5, bare, FREE, SETTINGS, 5)
    assert 2.0 <= choice.m_eff <= 6.0
    report = probability_report(state(), bare, 105.0, run_policy(state(), bare, np.empty(0), SETTINGS, 5), SETTINGS)
    assert (report.method, report.paths, report.p_breakeven) == (CLOSED_FORM, 0, 0.0)
    assert report.p_tp + report.p_sl + report.p_open == pytest.approx(1.0)
    assert report.p_sl <= report.p_noise_stop <= 1.0
    far = probability_report(state(), bare, 1e9, None, SETTINGS)
    assert far.p_noise_stop == pytest.approx(far.p_sl, abs=1e-9)
    assert report.static_stop_p_tp == report.p_tp
    assert probability_report(state(), bare, None, None, SETTINGS).p_tp == pytest.approx(0.0, abs=1e-12)


def test_the_run_is_as_long_as_the_probability_horizon() -> None:
    short = Settings(prob=ProbSettings(paths=1_000, horizon_hours=12))
    outcome = run_policy(state(), model(), np.empty(0), short, 1)
    assert outcome is not None
    assert outcome.inputs.variance_path.size == 12


@pytest.mark.parametrize("sign", [1, -1])
def test_outcomes_sum_to_one_and_carry_their_horizon_and_error(sign: int) -> None:
    target = 100.0 * math.exp(sign * 3.5 * model().report.sigma_h)
    outcome = run_policy(state(sign), model(), np.empty(0), Settings(), 9)
    report = probability_report(state(sign), model(), target, outcome, Settings())
    assert report.p_tp + report.p_sl + report.p_breakeven + report.p_open == 1.0
    assert (report.horizon_hours, report.paths, report.method, report.calibration) == (72, 10_000, SIMULATED, "none")
    assert 0 < report.standard_error <= 0.005
    # Normal returns here: the simulation has no fat tail to tell it from the closed form of a free path.
    distance = sign * math.log(100.0 / state(sign).stop)
    free = float(one_sided_hit(distance, model().sigma_over(72), 1.0, 0.5 * sign * model().sigma_over(72) ** 2))
    assert abs(report.p_noise_stop - free) < 0.06
    assert report.static_stop_p_tp is not None
    assert abs(report.static_stop_p_tp - report.p_tp) < 0.15
    without = probability_report(state(sign), model(), None, outcome, Settings())
    assert (without.p_tp, without.static_stop_p_tp) == (0.0, None)


def test_the_stop_already_in_profit_still_needs_no_better_peak_than_the_price() -> None:
    moved = replace(state(), price=103.0, peak=101.0)
    assert run_policy(moved, model(), np.empty(0), SETTINGS, 1) is not None


@given(
    st.sampled_from([1, -1]),
    st.floats(50, 150),
    st.floats(0.5, 20),
    st.floats(0, 60),
    st.floats(0.1, 10),
    st.floats(0.2, 3),
    st.floats(60, 140),
)
def test_the_simulated_policy_is_the_policy_that_is_run(
    sign: int, entry: float, r0: float, excursion: float, atr: float, after: float, price: float
) -> None:
    """The ratchet of the plan and the stop rule inside every simulated path are one rule (ruling 3)."""
    stops = StopsSettings(breakeven_after_R=after)
    peak = entry + sign * min(excursion, 0.9 * entry)
    rules = RatchetRules(sign, 2.0, 0.00055, 0.0, stops)
    moved = rules.trailed_stop(entry, r0, peak, atr)
    inputs = PolicyInputs(
        side=sign,
        price=price,
        entry=entry,
        stop=entry - sign * r0,
        initial_risk=r0,
        peak=max(peak, price) if sign > 0 else min(peak, price),
        atr=atr,
        trail_mult_initial=stops.atr_trail_mult_initial,
        trail_mult_late=stops.atr_trail_mult_late,
        breakeven_after_r=after,
        fee_frac=0.00055,
        scale_outs=(),
        runner_frac=1.0,
        target_grid=np.empty(0),
        variance_path=np.ones(1),
        residuals=np.zeros((1, 3)),
        seed=1,
    )
    rule = StopRule(inputs)
    distance = signed_distance(inputs, peak)
    if abs(rules.reached_r(entry, r0, peak) - after) < 1e-9:
        return
    assert (moved is None) is (distance < rule.trigger)
    if moved is not None:
        assert signed_distance(inputs, moved) == pytest.approx(float(rule.candidate(np.array([distance]))[0]), abs=1e-9)


def test_seeds_are_stable_and_differ_by_everything_they_depend_on() -> None:
    # sha256sum of "7|main/BTCUSDT|1000" begins 63d9cc2727bb8af6; shifted right by one. Pins the bytes across runs and platforms.
    assert seed_for(7, "main/BTCUSDT", 1_000) == 0x63D9CC2727BB8AF6 >> 1
    assert len({seed_for(7, "a", 1), seed_for(8, "a", 1), seed_for(7, "b", 1), seed_for(7, "a", 2)}) == 4
    assert 0 <= seed_for(2**63 - 1, "x", 2**50) < 2**63


def test_a_target_behind_the_price_at_first_sight_is_no_choice() -> None:
    ahead = replace(state(), price=130.0, peak=130.0)
    assert not choose_target(ahead, model().report.sigma_h, 3.3, model(), FREE, SETTINGS, 5).reachable
