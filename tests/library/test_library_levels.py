"""Levels, sizes and probabilities of the library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from market_analysis.garch_vol_triggers import (
    ArgumentError,
    approx_liq_price,
    atr_trailing_stop,
    check_liq_buffer,
    compute_levels,
    compute_trailing_stop,
    dynamic_levels_from_state,
    probability_hit_tp_before_sl,
    sl_tp_and_size,
)

SIDES = st.sampled_from(["long", "short"])


@given(
    st.floats(0.01, 1e5), st.floats(1e-4, 0.08), st.floats(0.5, 4), st.floats(0.5, 4), SIDES, st.sampled_from([0.0001, 0.01, 0.5])
)
def test_the_size_loses_r_at_the_stop_and_ticks_round_to_the_safe_side(
    entry: float, sigma: float, k: float, m: float, side: str, tick: float
) -> None:
    free = sl_tp_and_size(entry, sigma, k, m, side, 50.0)
    assert free["Q"] * abs(entry - free["SL"]) == pytest.approx(50.0)
    sign = 1 if side == "long" else -1
    assume(min(free["SL"], free["TP"]) > 2 * tick)
    on_grid = sl_tp_and_size(entry, sigma, k, m, side, 50.0, tick)
    slack = 1e-9 * entry
    assert sign * (on_grid["SL"] - free["SL"]) >= -slack
    assert sign * (free["TP"] - on_grid["TP"]) >= -slack
    for level in (on_grid["SL"], on_grid["TP"]):
        assert level / tick == pytest.approx(round(level / tick), abs=1e-6)
    assert on_grid["Q"] * on_grid["SL_distance"] == pytest.approx(50.0 if on_grid["SL_distance"] > 0 else 0.0)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((100, 0.6, 2.0, 1.0, "long"), "stop loss"),
        ((100, 0.6, 1.0, 2.0, "short"), "take profit"),
        ((0, 0.1, 1.0, 2.0, "long"), "entry_price"),
        ((100, -0.1, 1.0, 2.0, "long"), "sigma_H"),
        ((100, 0.1, 1.0, 2.0, "flat"), "side"),
        ((100, 0.1, 0.0, 2.0, "long"), "k is 0"),
        ((100, 0.1, 1.0, 2.0, "long", -5.0), "R is -5"),
        ((100, 0.1, 1.0, 2.0, "long", 5.0, 0.0), "tick_size"),
        ((0.4, 0.5, 0.5, 0.5, "long", 5.0, 1.0), "take profit on the tick grid"),
    ],
)
def test_impossible_levels_are_refused_by_name(arguments: tuple[float, ...], names: str) -> None:
    with pytest.raises(ArgumentError, match=names):
        sl_tp_and_size(*arguments)  # type: ignore[arg-type]


def test_the_trails_multiple_falls_from_breakeven_to_two_r() -> None:
    found = [100 - compute_trailing_stop(100, "long", 1.0, {}, r) for r in (-1.0, 0.5, 1.0, 1.25, 1.5, 2.0, 9.0)]
    assert found == pytest.approx([2.0, 2.0, 2.0, 1.875, 1.75, 1.5, 1.5])
    late = {"stops": {"breakeven_after_R": 3.0}}
    assert compute_trailing_stop(100, "long", 1.0, late, 2.9) == 98.0
    assert compute_trailing_stop(100, "long", 1.0, {"breakeven_after_R": 3.0}, 3.0) == 98.5
    with pytest.raises(ArgumentError, match="trailing stop"):
        compute_trailing_stop(100, "long", 60.0, {}, 0.0)


def test_atr_functions_refuse_the_impossible() -> None:
    with pytest.raises(ArgumentError, match="stop loss"):
        compute_levels(100, 60, 2, 3, "long")
    with pytest.raises(ArgumentError, match="take profit"):
        compute_levels(100, 60, 1, 3, "short")
    with pytest.raises(ArgumentError, match="trailing stop"):
        atr_trailing_stop(100, 60, 2, "long")
    with pytest.raises(ArgumentError, match="leverage"):
        approx_liq_price(100, "long", 0)
    with pytest.raises(ArgumentError, match="sl is 100"):
        check_liq_buffer(100, 100, 90, "long")


@given(st.floats(0.5, 5), st.floats(0.5, 5), st.floats(0.1, 3), SIDES)
def test_for_ever_it_is_the_ratio_of_price_distances(tp: float, sl: float, sigma: float, side: str) -> None:
    sign = 1 if side == "long" else -1
    found = probability_hit_tp_before_sl(100.0, 100 + sign * tp, 100 - sign * sl, sigma, side)
    assert found == pytest.approx(sl / (sl + tp), rel=1e-6)
    nearer = probability_hit_tp_before_sl(100.0, 100 + sign * tp * 0.9, 100 - sign * sl, sigma, side)
    assert nearer > found
    softer = probability_hit_tp_before_sl(100.0, 100 + sign * tp, 100 - sign * sl, sigma, side, alpha=2.0)
    assert abs(softer - 0.5) <= abs(found - 0.5) + 1e-12
    soon = probability_hit_tp_before_sl(100.0, 100 + sign * tp, 100 - sign * sl, sigma, side, horizons=1.0)
    assert soon <= found + 1e-9


def test_alpha_halves_the_log_odds() -> None:
    # Odds 2 : 3.5, so with alpha 2 sqrt(2) : sqrt(3.5).
    found = probability_hit_tp_before_sl(100.0, 103.5, 98.0, 1.0, "long", alpha=2.0)
    assert found == pytest.approx(math.sqrt(2.0) / (math.sqrt(2.0) + math.sqrt(3.5)))


def test_within_a_horizon_against_simulated_paths() -> None:
    # 4 h, target two sigma away: .05 whatever the stop (ruling 1). 20,000 paths of 1,000 steps, log drift -sigma^2 / 2.
    sigma = 0.01
    found = probability_hit_tp_before_sl(100.0, 102.0, 97.0, 100 * sigma, "long", horizons=1.0)
    assert found == pytest.approx(0.047, abs=0.003)
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(20):
        steps = rng.standard_normal((1000, 400)) * sigma / 20 - 0.5 * sigma**2 / 400
        paths = np.cumsum(steps, axis=1)
        up, down = paths >= math.log(1.02), paths <= math.log(0.97)
        hits += int((up.any(axis=1) & (~down.any(axis=1) | (up.argmax(axis=1) < down.argmax(axis=1)))).sum())
    # 400 steps see fewer hits than a continuous watch; the bound is three standard errors and that bias.
    assert 0.0 <= found - hits / 20_000 < 0.0046 + 0.005


@pytest.mark.parametrize(
    ("price", "tp", "sl", "sigma", "expected"),
    [(110, 105, 95, 1.0, 1.0), (90, 105, 95, 1.0, 0.0), (100, 95, 105, 1.0, 0.0), (100, 105, 95, 0.0, 0.0)],
)
def test_levels_already_crossed_and_no_movement(price: float, tp: float, sl: float, sigma: float, expected: float) -> None:
    assert probability_hit_tp_before_sl(price, tp, sl, sigma, "long") == expected


def test_dynamic_levels_at_the_entry_by_hand() -> None:
    found = dynamic_levels_from_state(100.0, 100.0, "long", 0.02, 1.0, 2.0, 3.5, {})
    assert found["SL"] == pytest.approx(100 * math.exp(-0.04))
    assert found["TP"] == pytest.approx(100 * math.exp(found["m_eff"] * 0.02))
    assert (found["k_eff"], found["r_unreal"], found["sigma_price"]) == (2.0, 0.0, 2.0)
    assert (found["horizon_hours"], found["p_horizon_hours"], found["sigma_source"]) == (4, 72, "caller")
    assert found["p_tp"] is not None
    assert found["p_tp"] >= 0.25
    # One step of the grid further the probability no longer holds.
    further = 100 * math.exp((found["m_eff"] + 0.25) * 0.02)
    sigma_p = 0.02 * math.sqrt(72 / 4)
    assert probability_hit_tp_before_sl(100, further, 100 * math.exp(-0.04), 100 * sigma_p, "long", horizons=1.0) < 0.25


def test_the_stop_is_raised_to_one_atr_and_three_round_trips() -> None:
    wide = dynamic_levels_from_state(100.0, 100.0, "long", 0.001, 5.0, 2.0, 3.5, {})
    assert wide["SL"] == pytest.approx(95.0)
    assert wide["k_eff"] > 2.0
    dear = dynamic_levels_from_state(100.0, 100.0, "long", 0.001, 0.01, 2.0, 3.5, {}, taker_fee_frac=0.01)
    assert dear["SL"] == pytest.approx(100 * (1 - 3 * 2 * (0.01 + 0.0005)))
    with pytest.raises(ArgumentError, match="atr is 100"):
        dynamic_levels_from_state(100.0, 100.0, "long", 0.001, 100.0, 2.0, 3.5, {})


@settings(deadline=None, max_examples=100)
@given(st.floats(80, 130), st.floats(0.005, 0.04), st.floats(0.1, 3), SIDES, st.floats(90, 110))
def test_passing_the_last_answer_back_the_stop_only_tightens(
    price: float, sigma: float, atr: float, side: str, next_price: float
) -> None:
    sign = 1 if side == "long" else -1
    first = dynamic_levels_from_state(price, 100.0, side, sigma, atr, 2.0, 3.5, {})
    second = dynamic_levels_from_state(
        next_price, 100.0, side, sigma * 1.5, atr, 2.0, 3.5, {}, previous_stop=first["SL"], previous_target=first["TP"]
    )
    if first["SL"] is not None and second["SL"] is not None:
        assert sign * (second["SL"] - first["SL"]) >= 0
    if first["TP"] is not None and second["TP"] is not None:
        assert sign * (second["TP"] - first["TP"]) <= 0
    for found, at in ((first, price), (second, next_price)):
        assert found["SL"] is None or sign * (at - found["SL"]) > 0
        assert found["TP"] is None or sign * (found["TP"] - at) > 0
        assert (found["p_tp"] is None) == (found["SL"] is None or found["TP"] is None)


def test_levels_behind_the_price_are_none_and_say_so() -> None:
    passed = dynamic_levels_from_state(90.0, 100.0, "long", 0.02, 1.0, 2.0, 3.5, {})
    assert (passed["SL"], passed["p_tp"]) == (None, None)
    assert any(reason.startswith("stop_passed") for reason in passed["reasons"])
    beyond = dynamic_levels_from_state(130.0, 100.0, "long", 0.02, 1.0, 2.0, 3.5, {})
    assert (beyond["TP"], beyond["p_tp"]) == (None, None)
    assert any(reason.startswith("target_passed") for reason in beyond["reasons"])


def test_an_unreachable_target_keeps_the_base_and_price_anchoring_is_advice() -> None:
    strict = {"prob": {"prob_target": 0.9}}
    found = dynamic_levels_from_state(100.0, 100.0, "short", 0.02, 1.0, 2.0, 3.3, strict)
    assert found["m_eff"] == 3.3
    assert any(reason.startswith("target_unreachable") for reason in found["reasons"])
    priced = dynamic_levels_from_state(101.0, 100.0, "long", 0.02, 1.0, 2.0, 3.3, {**strict, "stops": {"tp_anchor": "price"}})
    assert priced["TP"] == pytest.approx(101 * math.exp(0.066))


@pytest.mark.parametrize(("side", "now"), [("long", 101.5), ("long", 98.0), ("short", 99.0)])
def test_the_printed_probability_is_that_of_the_present_distances_unsoftened(side: str, now: float) -> None:
    found = dynamic_levels_from_state(now, 100.0, side, 0.02, 1.0, 2.0, 3.5, {"prob": {"prob_alpha": 3.0}})
    assert found["SL"] is not None
    assert found["TP"] is not None
    sigma_p = now * 0.02 * math.sqrt(72 / 4)
    expected = probability_hit_tp_before_sl(now, found["TP"], found["SL"], sigma_p, side, horizons=1.0)
    assert found["p_tp"] == pytest.approx(expected)


def test_the_peak_outlives_a_fall() -> None:
    now = dynamic_levels_from_state(103.5, 100.0, "long", 0.02, 1.0, 2.0, 3.5, {})
    remembered = dynamic_levels_from_state(103.5, 100.0, "long", 0.02, 1.0, 2.0, 3.5, {}, peak_price=104.6)
    assert now["SL"] == pytest.approx(100 * math.exp(-0.04))
    assert remembered["SL"] is not None
    assert remembered["SL"] >= 100.0
