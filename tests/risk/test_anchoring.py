"""The plan is a function of fills and bars; memory is only a cache of it (ruling 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import books
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import Bars, PositionMemory, to_milliseconds
from market_analysis.risk.anchor import AnchorEvent
from market_analysis.risk.anchoring import Anchored, AnchorInputs, AnchorMoment, anchored_plan
from market_analysis.risk.bar_series import HOUR_MS, BarSeries, bar_series
from market_analysis.risk.ratchet import RatchetRules
from market_analysis.risk.sigma_filter import horizon_sigmas
from market_analysis.risk.target import TargetChoice
from market_analysis.risk.volatility import VolatilityModel, fit_model
from market_analysis.settings import Settings

SETTINGS = Settings()
ITEM = books.instrument()
LAST_OPEN = to_milliseconds(books.LAST_CLOSED_HOUR_END) - HOUR_MS
COUNT = 330


@cache
def all_bars(seed: int) -> Bars:
    return books.walk(100, count=COUNT, sigma=0.01, seed=seed)


def series_of(bars: Bars) -> BarSeries:
    found = bar_series(bars, SETTINGS)
    assert isinstance(found, BarSeries)
    return found


@cache
def any_model(seed: int) -> VolatilityModel:
    found = fit_model(ITEM.id, all_bars(seed), SETTINGS, books.AS_OF)
    assert isinstance(found, VolatilityModel)
    return found


def by_price(moment: AnchorMoment) -> TargetChoice:
    """A choice that depends on everything known at the anchor, so that a leak would show."""
    return TargetChoice(2.0 + moment.model.report.sigma_h + moment.atr / 100 + moment.price / 1e4, True, "test")


def plan_at(
    seed: int,
    now_ms: int,
    events: tuple[AnchorEvent, ...],
    memory: PositionMemory | None,
    sign: int = 1,
    bars: Bars | None = None,
    finer: Bars | None = None,
    first_stop: float | None = None,
    base_k: float = 2.0,
) -> Anchored:
    whole = all_bars(seed) if bars is None else bars
    series = series_of(whole.closed_before(now_ms))
    entry = events[-1].entry if events else 100.0
    sight = AnchorEvent(now_ms, entry, entry, f"first_sight|long|{entry:g}")
    rules = RatchetRules(sign, base_k, 0.0005, 0.0005, SETTINGS.stops, first_stop)
    model = replace(any_model(seed), series=series)
    found = anchored_plan(AnchorInputs(events, sight, series, finer, model, rules, SETTINGS), memory, by_price)
    assert found is not None
    return found


def event_at(seed: int, hours_ago: int, minute: int, name: str) -> AnchorEvent:
    """A fill at the close before it: `hours_ago` bars before the last one."""
    row = COUNT - 1 - hours_ago
    price = float(all_bars(seed).close[row - 1])
    return AnchorEvent(LAST_OPEN - hours_ago * HOUR_MS + minute * 60_000, price, price, name)


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 4),
    st.integers(2, 25),
    st.integers(0, 59),
    st.none() | st.tuples(st.integers(0, 20), st.integers(0, 59)),
    st.sampled_from([1, -1]),
    st.none() | st.floats(90, 110),
)
def test_loop_by_loop_memory_equals_a_rebuild_from_scratch(
    seed: int, hours_ago: int, minute: int, scale_in: tuple[int, int] | None, sign: int, first_stop: float | None
) -> None:
    events = [event_at(seed, hours_ago, minute, "a")]
    if scale_in is not None and scale_in[0] < hours_ago:
        more = event_at(seed, scale_in[0], scale_in[1], "b")
        events.append(replace(more, entry=events[0].entry * (1 - 0.05 * sign)))  # nearer targets: sigma at the scale-in counts
    memory: PositionMemory | None = None
    previous: PositionMemory | None = None
    end = LAST_OPEN + 2 * HOUR_MS
    for now in range(events[0].time_ms + 60_000, end, 25 * 60_000):
        seen = tuple(event for event in events if event.time_ms <= now)
        memory = plan_at(seed, now, seen, memory, sign, first_stop=first_stop).memory
        if previous is not None:
            assert sign * (memory.stop - previous.stop) >= 0
            assert memory.target is not None
            assert previous.target is not None
            assert sign * (previous.target - memory.target) >= 0
        previous = memory
    scratch = plan_at(seed, end, tuple(events), None, sign, first_stop=first_stop)
    assert memory == scratch.memory
    assert scratch.choice is not None


def test_later_bars_do_not_reach_the_plan_of_an_earlier_moment() -> None:
    event = event_at(0, 20, 30, "a")
    now = LAST_OPEN - 10 * HOUR_MS
    bars = all_bars(0)
    later = bars.open_time_ms + HOUR_MS > now
    assert later.any()

    def bent(values: np.ndarray) -> np.ndarray:
        return np.where(later, values * 3.0, values)

    opened, high, low, close = (bent(values) for values in (bars.open, bars.high, bars.low, bars.close))
    changed = Bars(60, bars.open_time_ms, opened, high, low, close, bars.volume)
    assert plan_at(0, now, (event,), None) == plan_at(0, now, (event,), None, bars=changed)


def test_the_first_stop_and_the_choice_see_only_bars_closed_before_the_fill() -> None:
    event = event_at(1, 20, 30, "a")
    bars = all_bars(1)
    later = bars.open_time_ms + HOUR_MS > event.time_ms
    wild = Bars(
        60,
        bars.open_time_ms,
        bars.open,
        np.where(later, bars.high * 1.0001, bars.high),
        np.where(later, bars.low * 0.5, bars.low),
        bars.close,
        bars.volume,
    )
    calm, after = plan_at(1, LAST_OPEN + HOUR_MS, (event,), None), plan_at(1, LAST_OPEN + HOUR_MS, (event,), None, bars=wild)
    assert after.choice == calm.choice
    assert after.memory.r0 == calm.memory.r0
    assert after.memory.entry == calm.memory.entry


def test_sigma_at_a_bar_uses_bars_up_to_it() -> None:
    bars = books.walk(100, count=1_200, sigma=0.01, seed=3)
    model = fit_model(ITEM.id, bars, SETTINGS, books.AS_OF)
    assert isinstance(model, VolatilityModel)
    assert model.garch is not None
    assert model.har is not None
    for row in (900, 1_000, 1_199):
        alone = horizon_sigmas(model, series_of(bars[: row + 1]), (row,), SETTINGS.vol)
        np.testing.assert_array_equal(alone, horizon_sigmas(model, series_of(bars), (row,), SETTINGS.vol))


def test_what_was_planned_at_the_fill_stays_as_time_goes_on() -> None:
    bars = books.walk(100, count=1_300, sigma=0.01, seed=5)
    price = float(bars.close[-101])
    event = AnchorEvent(LAST_OPEN - 100 * HOUR_MS + 60_000, price, price, "a")
    at_once = plan_at(0, event.time_ms, (event,), None, bars=bars)
    for hours in (1, 50, 100):
        later = plan_at(0, event.time_ms + hours * HOUR_MS, (event,), None, bars=bars)
        assert (later.memory.r0, later.choice) == (at_once.memory.r0, at_once.choice)


def test_sigma_at_the_last_bar_is_the_models_own() -> None:
    for count in (COUNT, 1_200):
        bars = books.walk(100, count=count, sigma=0.01, seed=3)
        model = fit_model(ITEM.id, bars, SETTINGS, books.AS_OF)
        assert isinstance(model, VolatilityModel)
        assert (model.garch is None) is (count == COUNT)
        assert horizon_sigmas(model, model.series, (count - 1,), SETTINGS.vol)[0] == pytest.approx(model.report.sigma_h, rel=1e-9)


def test_a_longer_history_changes_nothing_but_rounding() -> None:
    bars = books.walk(100, count=2_000, sigma=0.01, seed=5)
    price = float(bars.close[-31])
    event = AnchorEvent(LAST_OPEN - 30 * HOUR_MS + 60_000, price, price, "a")
    long, short = (plan_at(0, LAST_OPEN + HOUR_MS, (event,), None, bars=part).memory for part in (bars, bars[300:]))
    assert long.stop == pytest.approx(short.stop, rel=1e-9)
    assert long.m_eff == pytest.approx(short.m_eff, rel=1e-9)


def test_of_the_entry_bar_only_what_came_after_the_fill_counts() -> None:
    event = event_at(0, 2, 22, "a")
    bars = all_bars(0)
    row = COUNT - 3
    high = bars.high.copy()
    high[row:] = np.maximum(bars.high[row:], bars.close[row:])
    high[row] = 10 * bars.high[row]  # a spike of which the hour alone does not tell when it came
    spiked = Bars(60, bars.open_time_ms, bars.open, high, bars.low, bars.close, bars.volume)
    now = int(bars.open_time_ms[row]) + HOUR_MS
    blind = plan_at(0, now, (event,), None, bars=spiked).memory
    assert blind.peak == max(event.price, float(bars.close[row]))

    def five_minutes(spike: int) -> Bars:
        times = bars.open_time_ms[row] + 300_000 * np.arange(12, dtype=np.int64)
        flat = np.full(12, event.price)
        tops = flat.copy()
        tops[spike] = 10 * event.price
        return Bars(5, times, flat, tops, flat, flat, flat)

    before, across, after = (plan_at(0, now, (event,), None, bars=spiked, finer=five_minutes(n)).memory.peak for n in (2, 4, 5))
    assert before == across == blind.peak
    assert after == 10 * event.price
    next_hour = five_minutes(0)
    shifted = Bars(
        5, next_hour.open_time_ms + HOUR_MS, *(getattr(next_hour, n) for n in ("open", "high", "low", "close", "volume"))
    )
    assert plan_at(0, now, (event,), None, bars=spiked, finer=shifted).memory.peak == blind.peak
    none_after = five_minutes(5)[:3]
    assert plan_at(0, now, (event,), None, bars=spiked, finer=none_after).memory.peak == blind.peak


def test_the_short_reads_the_lows_of_finer_bars() -> None:
    event = event_at(0, 2, 22, "a")
    row = COUNT - 3
    times = all_bars(0).open_time_ms[row] + 300_000 * np.arange(12, dtype=np.int64)
    flat = np.full(12, event.price)
    finer = Bars(5, times, flat, flat, flat * 0.9, flat, flat)
    now = int(all_bars(0).open_time_ms[row]) + HOUR_MS
    assert plan_at(0, now, (event,), None, sign=-1, finer=finer).memory.peak == pytest.approx(event.price * 0.9)


def test_bars_that_do_not_reach_back_are_an_estimate_and_memory_is_better() -> None:
    old = replace(event_at(0, COUNT - 50, 0, "old"), entry=100.0)
    sight = plan_at(0, LAST_OPEN + HOUR_MS, (old,), None)
    assert sight.memory.anchor_estimated
    assert sight.memory.through_ms == LAST_OPEN
    known = replace(sight.memory, anchor_id="old", anchor_estimated=False, stop=99.5, through_ms=LAST_OPEN - HOUR_MS)
    carried = plan_at(0, LAST_OPEN + HOUR_MS, (old,), known)
    assert carried.choice is None
    assert not carried.memory.anchor_estimated
    assert carried.memory.stop >= 99.5


def test_first_sight_memory_carries_on_without_fills_and_keeps_its_stop_through_a_scale_in() -> None:
    now = LAST_OPEN - 5 * HOUR_MS
    first = plan_at(0, now, (), None)
    assert first.memory.anchor_estimated
    again = plan_at(0, now + 60_000, (), first.memory)
    assert (again.memory, again.choice) == (first.memory, None)
    later = plan_at(0, LAST_OPEN + HOUR_MS, (), first.memory)
    assert later.choice is None
    assert later.memory.through_ms == LAST_OPEN
    tight = replace(first.memory, anchor_id="first_sight|long|101", entry=101.0, stop=99.9)
    assert plan_at(0, now, (), tight).memory.stop == 99.9
    foreign = replace(tight, anchor_id="first_sight|short|101")
    assert plan_at(0, now, (), foreign).memory.stop == first.memory.stop


def test_when_fills_become_readable_the_estimate_is_replaced_and_its_stop_not_loosened() -> None:
    event = replace(event_at(0, 10, 30, "a"), entry=100.0)
    estimate = plan_at(0, LAST_OPEN + HOUR_MS, (), None).memory
    tight = replace(estimate, stop=99.99)
    found = plan_at(0, LAST_OPEN + HOUR_MS, (event,), tight)
    assert not found.memory.anchor_estimated
    assert found.memory.stop >= 99.99
    stranger = replace(tight, anchor_id="somebody else", anchor_estimated=False)
    plain = plan_at(0, LAST_OPEN + HOUR_MS, (event,), None)
    assert plan_at(0, LAST_OPEN + HOUR_MS, (event,), stranger).memory == plain.memory


def test_a_protective_stop_that_becomes_known_renews_r0_and_keeps_the_tighter_stop() -> None:
    event = event_at(0, 10, 30, "a")
    before = plan_at(0, LAST_OPEN + HOUR_MS, (event,), None).memory
    after = plan_at(0, LAST_OPEN + HOUR_MS, (event,), before, first_stop=event.entry * 0.99).memory
    assert after.r0 == pytest.approx(event.entry * 0.01)
    assert after.r0_source == "first_protective_stop"
    assert after.stop >= before.stop


def test_a_printed_target_does_not_recede_when_the_anchor_is_worked_out_again() -> None:
    event = event_at(0, 10, 30, "a")
    before = plan_at(0, LAST_OPEN + HOUR_MS, (event,), None).memory
    assert before.target is not None
    printed = replace(before, target=before.target * 0.999)
    after = plan_at(0, LAST_OPEN + HOUR_MS, (event,), printed, first_stop=event.entry * 0.99)
    assert after.choice is not None  # a rebuild, not a carry-on
    assert after.memory.target == printed.target
    short = plan_at(0, LAST_OPEN + HOUR_MS, (event,), None, -1).memory
    assert short.target is not None
    nearer = replace(short, target=short.target * 1.001)
    assert plan_at(0, LAST_OPEN + HOUR_MS, (event,), nearer, -1, first_stop=event.entry * 1.01).memory.target == nearer.target


@pytest.mark.parametrize("sign", [1, -1])
def test_lowered_leverage_changes_nothing_and_raised_leverage_tightens_as_a_rebuild_does(sign: int) -> None:
    """k 2 is the tighter one; the hand-made order of the stops is that of k."""
    event, now = event_at(0, 10, 30, "a"), LAST_OPEN + HOUR_MS
    tight = plan_at(0, now, (event,), None, sign, base_k=2.0)
    loose = plan_at(0, now, (event,), None, sign, base_k=2.5)
    assert sign * (tight.memory.stop - loose.memory.stop) > 0
    lowered = plan_at(0, now, (event,), tight.memory, sign, base_k=2.5)
    assert lowered.memory == tight.memory
    renewed = plan_at(0, now, (event,), tight.memory, sign, base_k=2.5, first_stop=event.entry * (1 - 0.2 * sign)).memory
    assert (renewed.stop, renewed.base_k) == (tight.memory.stop, 2.0)
    raised = plan_at(0, now, (event,), loose.memory, sign, base_k=2.0)
    assert raised.memory == tight.memory
    assert plan_at(0, now, (event,), raised.memory, sign, base_k=2.5).memory == tight.memory
    scaled = plan_at(0, now, (event, event_at(0, 2, 5, "b")), tight.memory, sign, base_k=2.5).memory
    assert sign * (scaled.stop - tight.memory.stop) >= 0


def test_whether_the_target_was_within_reach_is_remembered() -> None:
    event = event_at(0, 10, 30, "a")
    assert plan_at(0, LAST_OPEN + HOUR_MS, (event,), None).memory.target_reachable
    old = replace(plan_at(0, LAST_OPEN + HOUR_MS, (event,), None).memory, target_reachable=False, base_k=None)
    assert plan_at(0, LAST_OPEN + HOUR_MS, (event,), old, base_k=1.0).memory == old


def test_memory_older_than_the_history_is_carried_over_the_gap() -> None:
    event = event_at(0, 10, 30, "a")
    fresh = plan_at(0, LAST_OPEN + HOUR_MS, (event,), None).memory
    old = replace(fresh, through_ms=LAST_OPEN - 3 * COUNT * HOUR_MS, anchor_time=fresh.anchor_time - timedelta(days=60))
    carried = plan_at(0, LAST_OPEN + HOUR_MS, (event,), old)
    assert carried.choice is None
    assert carried.memory.through_ms == LAST_OPEN
    assert carried.memory.stop >= fresh.stop
    assert carried.memory.peak == max(fresh.peak, float(all_bars(0).high[3:].max()))


def test_no_stop_at_all_where_the_atr_is_as_large_as_the_price() -> None:
    event = replace(event_at(0, 10, 30, "a"), entry=1.0, price=1.0)
    series = series_of(all_bars(0))
    rules = RatchetRules(1, 2.0, 0.0005, 0.0005, SETTINGS.stops)
    model = any_model(0)
    assert anchored_plan(AnchorInputs((event,), event, series, None, model, rules, SETTINGS), None, by_price) is None
