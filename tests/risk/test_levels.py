"""Levels on the tick grid."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import books
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import MarginMode, PositionMemory
from market_analysis.risk.levels import LevelInputs, levels_now
from market_analysis.risk.ratchet import RatchetRules
from market_analysis.settings import Settings, StopsSettings

SETTINGS = Settings()
D = Decimal
RULES = RatchetRules(1, 2.0, 0.0005, 0.0005, SETTINGS.stops)
STATE = PositionMemory("a", 100.0, books.AS_OF - timedelta(hours=9), False, 4.0, "planned_stop", 96.001, 110.009, 3.5, 101.0, 0)
INPUTS = LevelInputs(STATE, RULES, 101.0, 0.02, 1.5, 4.0, D("0.01"), None, None, MarginMode.CROSS, 0.0)
SHORT = replace(INPUTS, rules=replace(RULES, sign=-1), mark=99.0, memory=replace(STATE, stop=103.999, target=89.991, peak=99.0))


def test_rounding_is_to_the_safe_side_of_the_tick() -> None:
    long, short = levels_now(INPUTS, SETTINGS), levels_now(SHORT, SETTINGS)
    assert (long.stop, long.target) == (D("96.01"), D("110.00"))
    assert (short.stop, short.target) == (D("103.99"), D("90.00"))
    assert (long.tp1, long.tp2) == (D("106.00"), None)  # 112 lies beyond the target
    assert (short.tp1, short.tp2) == (D("94.00"), None)
    assert (long.breakeven, short.breakeven) == (D("100.10"), D("99.90"))


def test_static_levels_are_price_linear_by_hand() -> None:
    levels = levels_now(INPUTS, SETTINGS)
    # k 2, sigma .02: 100 - 4; m 4: 100 + 8
    assert (levels.static_stop, levels.static_target, levels.k_eff) == (D("96.00"), D("108.00"), 2.0)
    wild = levels_now(replace(INPUTS, sigma_h=0.6), SETTINGS)
    assert wild.static_stop is None
    assert levels_now(replace(SHORT, sigma_h=0.3), SETTINGS).static_target is None
    assert levels_now(replace(INPUTS, atr=100.0), SETTINGS).k_eff is None
    assert levels_now(replace(INPUTS, atr=100.0), SETTINGS).static_stop is None


def test_a_tighter_resting_stop_is_kept_and_a_looser_one_is_not_adopted() -> None:
    assert levels_now(replace(INPUTS, resting_stop=98.0), SETTINGS).stop == D("98.00")
    assert levels_now(replace(INPUTS, resting_stop=90.0), SETTINGS).stop == D("96.01")
    assert levels_now(replace(INPUTS, resting_stop=98.0), SETTINGS).planned == D("96.01")


@pytest.mark.parametrize("mark", [96.01, 95.0])
def test_a_passed_stop_leaves_no_levels(mark: float) -> None:
    levels = levels_now(replace(INPUTS, mark=mark), SETTINGS)
    assert levels.stop_passed
    assert (levels.stop, levels.target, levels.tp1, levels.tp2) == (None, None, None, None)
    assert levels.planned == D("96.01")


@pytest.mark.parametrize("mark", [110.0, 110.005, 111.0])
def test_a_passed_target_is_null(mark: float) -> None:
    levels = levels_now(replace(INPUTS, mark=mark), SETTINGS)
    assert (levels.target, levels.target_passed) == (None, True)
    assert levels.stop == D("96.01")


def test_isolated_liquidation_before_the_stop_leaves_no_levels_cross_does_not_look() -> None:
    isolated = replace(INPUTS, liquidation=97.0, margin_mode=MarginMode.ISOLATED)
    assert levels_now(isolated, SETTINGS).stop is None
    assert levels_now(isolated, SETTINGS).buffer.stop_is_beyond
    assert levels_now(replace(isolated, resting_stop=98.5), SETTINGS).stop == D("98.50")
    assert levels_now(replace(isolated, margin_mode=MarginMode.CROSS), SETTINGS).stop == D("96.01")
    assert levels_now(replace(isolated, liquidation=95.0), SETTINGS).buffer.safe is False


def test_price_anchored_targets_are_measured_from_the_mark() -> None:
    settings = Settings(stops=StopsSettings(tp_anchor="price"))
    assert levels_now(INPUTS, settings).target == D(f"{101 * math.exp(3.5 * 0.02):.4f}").quantize(D("0.01"), "ROUND_FLOOR")


def test_a_null_remembered_target_is_measured_from_entry() -> None:
    levels = levels_now(replace(INPUTS, memory=replace(STATE, target=None)), SETTINGS)
    assert levels.target == D(f"{100 * math.exp(0.07):.6f}").quantize(D("0.01"), "ROUND_FLOOR")


def test_the_trail_is_suggested_only_where_it_is_a_stop() -> None:
    assert levels_now(INPUTS, SETTINGS).trail is None
    high = replace(INPUTS, mark=104.0, memory=replace(STATE, peak=104.0))
    assert levels_now(high, SETTINGS).trail == D("101.00")  # 104 - 2 * 1.5
    fallen = replace(high, mark=100.5)
    assert levels_now(fallen, SETTINGS).trail is None


def test_coarse_ticks_never_give_a_price_of_zero() -> None:
    coarse = replace(SHORT, tick_size=D(60), mark=70.0, memory=replace(SHORT.memory, stop=103.0, target=20.0))
    levels = levels_now(coarse, SETTINGS)
    assert levels.target is None or levels.target > 0
    long = replace(INPUTS, tick_size=D(200), memory=replace(STATE, stop=96.0))
    assert levels_now(long, SETTINGS).stop_passed


@given(
    st.sampled_from([1, -1]),
    st.floats(60, 160),
    st.floats(0.001, 0.5),
    st.floats(0.01, 50),
    st.floats(50, 150),
    st.floats(50, 150) | st.none(),
    st.sampled_from(["0.01", "0.5", "5"]),
    st.sampled_from([MarginMode.CROSS, MarginMode.ISOLATED]),
)
def test_never_an_impossible_level(
    sign: int, mark: float, sigma: float, atr: float, stop: float, resting: float | None, tick: str, mode: MarginMode
) -> None:
    valid_resting = resting if resting is not None and sign * (mark - resting) > 0 else None
    inputs = replace(
        INPUTS,
        rules=replace(RULES, sign=sign),
        mark=mark,
        sigma_h=sigma,
        atr=atr,
        tick_size=D(tick),
        resting_stop=valid_resting,
        liquidation=100.0 * (1 - 0.3 * sign),
        margin_mode=mode,
        memory=replace(
            STATE, stop=stop, target=100.0 * math.exp(sign * 3.5 * sigma), peak=max(mark, 100) if sign > 0 else min(mark, 100)
        ),
    )
    levels = levels_now(inputs, SETTINGS)
    if levels.stop is not None:
        assert levels.stop > 0
        assert sign * (mark - float(levels.stop)) > 0
        assert sign * (float(levels.stop) - stop) >= -1e-9
        assert valid_resting is None or sign * (float(levels.stop) - valid_resting) >= -1e-9
        if mode is MarginMode.ISOLATED:
            assert sign * (float(levels.stop) - 100.0 * (1 - 0.3 * sign)) > 0
    for ahead in (levels.target, levels.tp1, levels.tp2):
        assert ahead is None or ahead > 0
    if levels.target is not None:
        assert sign * (float(levels.target) - mark) > 0
        for out in (levels.tp1, levels.tp2):
            assert out is None or sign * (levels.target - out) >= 0
    for static in (levels.static_stop, levels.static_target):
        assert static is None or static > 0


def test_static_advice_is_never_looser_than_what_rests_nor_impossible() -> None:
    """With use_state_anchored off the static set is advised: 96.00 and 108.00 here."""
    assert levels_now(INPUTS, SETTINGS).static_advice == (D("96.00"), D("108.00"))
    assert levels_now(replace(INPUTS, resting_stop=98.0), SETTINGS).static_advice == (D("98.00"), D("108.00"))
    assert levels_now(replace(INPUTS, resting_stop=90.0), SETTINGS).static_advice == (D("96.00"), D("108.00"))
    assert levels_now(replace(INPUTS, mark=95.5), SETTINGS).static_advice == (None, None)
    assert levels_now(replace(INPUTS, mark=108.5), SETTINGS).static_advice == (D("96.00"), None)
    isolated = replace(INPUTS, liquidation=97.0, margin_mode=MarginMode.ISOLATED)
    assert levels_now(isolated, SETTINGS).static_advice == (None, None)
    assert levels_now(replace(SHORT, resting_stop=102.0), SETTINGS).static_advice[0] == D("102.00")
    assert levels_now(replace(INPUTS, atr=100.0), SETTINGS).static_advice == (None, None)
