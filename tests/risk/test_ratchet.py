"""Stop and target, bar by bar."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import PositionMemory
from market_analysis.risk.anchor import AnchorEvent
from market_analysis.risk.ratchet import BarFacts, RatchetRules, advance, re_anchor, start
from market_analysis.settings import StopsSettings

STOPS = StopsSettings(min_stop_atr_multiple=0.0, min_stop_cost_multiple=0.0)
LONG = RatchetRules(1, 2.0, 0.0005, 0.0, STOPS)
SHORT = replace(LONG, sign=-1)
EVENT = AnchorEvent(1_000, 100.0, 100.0, "a")
SIGMA = math.log(100 / 95) / 2  # k = 2 puts the stop of a long at 95


def begun(rules: RatchetRules = LONG, event: AnchorEvent = EVENT, sigma: float = SIGMA) -> PositionMemory:
    stop = rules.planned_stop(event.entry, sigma, 1.0)
    assert stop is not None
    return start(event, stop, rules, sigma, 3.5, 0)


def bar(best: float | None, atr: float = 1.0, sigma: float = SIGMA) -> BarFacts:
    return BarFacts(1, best, atr, sigma)


def test_the_first_plan_by_hand() -> None:
    state = begun()
    assert state.stop == pytest.approx(95.0)
    assert state.r0 == pytest.approx(5.0)
    assert state.r0_source == "planned_stop"
    assert state.target == pytest.approx(100 * (100 / 95) ** 1.75)
    assert (state.peak, state.entry, state.anchor_estimated) == (100.0, 100.0, False)


def test_the_short_mirrors_the_long_in_logs() -> None:
    long, short = begun(), begun(SHORT)
    assert short.target is not None
    assert long.target is not None
    assert long.stop * short.stop == pytest.approx(100.0**2)
    assert long.target * short.target == pytest.approx(100.0**2)


def test_nothing_moves_below_breakeven_after_r() -> None:
    state = advance(begun(), bar(104.99), LONG)
    assert state.stop == begun().stop
    assert state.peak == 104.99


def test_breakeven_pays_both_fees_at_one_r() -> None:
    # peak 105 = 1 R; chandelier 105 - 2 * 4 = 97; breakeven 100 * (1 + 2 * .0005) = 100.1
    assert advance(begun(), bar(105.0, atr=4.0), LONG).stop == pytest.approx(100.1)
    # short: peak 95 is 5 / 5.263 = .95 R: not yet
    assert advance(begun(SHORT), bar(95.0, atr=4.0), SHORT).stop == begun(SHORT).stop
    assert advance(begun(SHORT), bar(94.0, atr=4.0), SHORT).stop == pytest.approx(99.9)


@pytest.mark.parametrize(("peak", "multiple"), [(105.0, 2.0), (107.5, 1.75), (110.0, 1.5), (120.0, 1.5)])
def test_chandelier_multiple_falls_linearly_from_one_to_two_r(peak: float, multiple: float) -> None:
    assert advance(begun(), bar(peak, atr=0.5), LONG).stop == pytest.approx(peak - multiple * 0.5)


def test_a_late_breakeven_trails_at_the_late_multiple_at_once() -> None:
    rules = replace(LONG, stops=STOPS.model_copy(update={"breakeven_after_R": 3.0}))
    assert advance(begun(rules), bar(112.0, atr=0.5), rules).stop == begun().stop
    assert advance(begun(rules), bar(116.0, atr=0.5), rules).stop == pytest.approx(115.25)


def test_the_target_comes_nearer_with_calm_and_does_not_recede_with_storm() -> None:
    state = begun()
    calm = advance(state, bar(100.0, sigma=SIGMA / 2), LONG)
    assert calm.target == pytest.approx(100 * math.exp(3.5 * SIGMA / 2))
    assert advance(calm, bar(100.0, sigma=SIGMA * 3), LONG).target == calm.target


def test_an_unknown_best_price_leaves_the_peak() -> None:
    assert advance(begun(), bar(None), LONG).peak == 100.0


def test_a_remembered_null_target_is_set_again() -> None:
    assert advance(replace(begun(), target=None), bar(100.0), LONG).target is not None
    assert re_anchor(replace(begun(), target=None), EVENT, LONG, SIGMA, 1.0).target is not None


def test_r0_is_the_first_protective_stop_only_on_the_loss_side() -> None:
    assert begun(replace(LONG, first_stop=97.0)).r0 == pytest.approx(3.0)
    assert begun(replace(LONG, first_stop=97.0)).r0_source == "first_protective_stop"
    for price in (100.0, 103.0, 0.0):
        assert begun(replace(LONG, first_stop=price)).r0_source == "planned_stop"


def test_a_scale_in_re_anchors_entry_r0_and_peak_and_keeps_the_stop() -> None:
    state = advance(begun(), bar(104.0), LONG)
    more = re_anchor(state, AnchorEvent(2_000, 98.0, 96.0, "b"), LONG, SIGMA, 1.0)
    assert more.stop == state.stop
    assert more.r0 == pytest.approx(3.0)
    assert (more.entry, more.peak, more.anchor_id) == (98.0, 96.0, "b")
    assert more.target == pytest.approx(98 * math.exp(3.5 * SIGMA))


def test_a_scale_in_behind_a_trailed_stop_takes_the_fresh_distance_as_r() -> None:
    state = replace(begun(), stop=108.0)
    more = re_anchor(state, AnchorEvent(2_000, 105.0, 110.0, "b"), LONG, SIGMA, 1.0)
    assert more.stop == 108.0
    assert more.r0 == pytest.approx(105.0 * 0.05)


def test_a_scale_in_that_has_no_fresh_stop_keeps_what_it_has() -> None:
    rules = replace(LONG, stops=StopsSettings())
    more = re_anchor(begun(), AnchorEvent(2_000, 98.0, 96.0, "b"), rules, SIGMA, 200.0)
    assert more.r0 == pytest.approx(3.0)
    assert rules.planned_stop(98.0, SIGMA, 200.0) is None


@given(
    st.sampled_from([LONG, SHORT]),
    st.lists(st.tuples(st.floats(50, 200), st.floats(0.1, 20), st.floats(0.001, 0.2)), min_size=1, max_size=30),
)
def test_stop_only_tightens_target_never_recedes_and_both_are_prices(
    rules: RatchetRules, steps: list[tuple[float, float, float]]
) -> None:
    state = begun(rules)
    for best, atr, sigma in steps:
        after = advance(state, bar(best, atr, sigma), rules)
        assert rules.sign * (after.stop - state.stop) >= 0
        assert after.target is not None
        assert state.target is not None
        assert rules.sign * (state.target - after.target) >= 0
        assert after.stop > 0
        assert after.target > 0
        assert rules.sign * (after.peak - state.peak) >= 0
        state = after


@given(st.floats(0.01, 100), st.lists(st.tuples(st.floats(80, 140), st.floats(0.1, 5)), min_size=1, max_size=10))
def test_levels_scale_with_the_price(scale: float, steps: list[tuple[float, float]]) -> None:
    plain, scaled = begun(), begun(event=AnchorEvent(1_000, 100.0 * scale, 100.0 * scale, "a"))
    for best, atr in steps:
        plain = advance(plain, bar(best, atr), LONG)
        scaled = advance(scaled, bar(best * scale, atr * scale), LONG)
    # A peak within rounding of the breakeven threshold may fall on either side of it.
    if abs(LONG.reached_r(plain.entry, plain.r0, plain.peak) - 1.0) > 1e-9:
        assert scaled.stop == pytest.approx(plain.stop * scale)
