"""What must hold of every stop: never looser, never on the wrong side, long and short mirror images."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import Bars
from market_analysis.risk.stop_types.average_range import AverageRangeStop
from market_analysis.risk.stop_types.breakeven import BreakevenStop
from market_analysis.risk.stop_types.combination import CHOSEN, next_stop
from market_analysis.risk.stop_types.fixed import FixedStop
from market_analysis.risk.stop_types.plan import STOP_TYPES, StopPlan, rules_of
from market_analysis.risk.stop_types.support_resistance import SupportResistanceStop
from market_analysis.risk.stop_types.time_decay import TimeDecayStop
from market_analysis.risk.stop_types.trailing import TrailingStop
from market_analysis.risk.stop_types.types import StopRule, StopView
from market_analysis.risk.stop_types.volatility import VolatilityStop

D = Decimal
ENTRY = 100.0
signs = st.sampled_from([1, -1])
ticks = st.sampled_from([D("0.01"), D("0.5"), D("1e-6")])
moves = st.lists(st.integers(-650, 650).map(lambda step: step / 8192), min_size=1, max_size=40)
"""Log moves up to 8 %, in binary fractions: their sums are exact, so that two equal prices are equal in the mirror too."""


@st.composite
def plans(draw: st.DrawFn) -> StopPlan:
    return StopPlan(
        stop_type=draw(st.sampled_from(STOP_TYPES)),
        initial_stop_frac=draw(st.floats(0.005, 0.2)),
        trailing_distance_frac=draw(st.floats(0.002, 0.1)),
        min_profit_frac=draw(st.floats(0.0, 0.1)),
        multiple=draw(st.floats(0.5, 5.0)),
        class_multiplier=draw(st.floats(0.3, 2.5)),
        buffer_frac=draw(st.floats(0.001, 0.02)),
        breakeven_protection=draw(st.booleans()),
        time_decay_enabled=draw(st.booleans()),
    )


def bars_of(prices: list[float]) -> Bars:
    """A bar of 1 % about each price."""
    middle = np.array(prices)
    times = 3_600_000 * np.arange(len(prices), dtype=np.int64)
    return Bars(60, times, middle.copy(), middle * 1.005, middle / 1.005, middle.copy(), np.ones(len(prices)))


def views(sign: int, steps: list[float], initial: float | None) -> list[StopView]:
    """A position followed over hours of log moves, with bars, sigma and ATR that change on the way."""
    path = (ENTRY * np.exp(np.cumsum(steps))).tolist()
    found = []
    for hour, price in enumerate(path):
        seen = [ENTRY, *path[: hour + 1]]
        found.append(
            StopView(
                sign=sign,
                entry=ENTRY,
                price=price,
                best=max(seen) if sign > 0 else min(seen),
                held_hours=5.0 * hour,
                initial=initial,
                sigma_day=0.01 + abs(steps[hour]),
                atr=0.4 + 20.0 * abs(steps[hour]),
                bars=bars_of(seen),
            )
        )
    return found


@given(plans(), signs, moves, ticks, st.none() | st.floats(0.02, 0.3))
def test_a_stop_only_tightens_and_stays_on_its_side(
    plan: StopPlan, sign: int, steps: list[float], tick: Decimal, room: float | None
) -> None:
    rules = rules_of(plan)
    liquidation = None if room is None else ENTRY * (1.0 - sign * room)
    present: Decimal | None = None
    for view in views(sign, steps, ENTRY * (1.0 - sign * plan.initial_stop_frac)):
        decision = next_stop(rules, view, present, tick, liquidation)
        stop = decision.stop
        if present is not None:
            assert stop is not None
            assert sign * (stop - present) >= 0
            assert decision.moved == (stop != present)
        if stop is not None:
            assert stop > 0
            assert stop % tick == 0
        if decision.moved:
            assert stop is not None
            assert sign * (view.price - float(stop)) > 0
            assert liquidation is None or sign * (float(stop) - liquidation) > 0
            assert [item.level for item in decision.proposals if item.status == CHOSEN] == [stop]
        if decision.triggered:
            assert stop == present
            return
        valid = [item for item in decision.proposals if item.status in ("valid", "chosen") and item.level is not None]
        assert all(stop is not None and sign * (stop - (item.level or D(0))) >= 0 for item in valid)
        present = stop


@given(plans(), signs, moves, ticks)
def test_looking_twice_changes_nothing(plan: StopPlan, sign: int, steps: list[float], tick: Decimal) -> None:
    rules = rules_of(plan)
    for view in views(sign, steps, ENTRY * (1.0 - sign * plan.initial_stop_frac)):
        once = next_stop(rules, view, None, tick)
        again = next_stop(rules, view, once.stop, tick)
        assert (again.stop, again.moved, again.triggered) == (once.stop, False, False)


@given(plans(), signs, moves, ticks)
def test_a_rule_is_never_rounded_looser(plan: StopPlan, sign: int, steps: list[float], tick: Decimal) -> None:
    rules = rules_of(plan)
    for view in views(sign, steps, None):
        for rule, proposal in zip(rules, next_stop(rules, view, None, tick).proposals, strict=True):
            level = rule.opinion(view).level
            if level is not None and proposal.level is not None:
                assert sign * (float(proposal.level) - level) >= -1e-9
                assert abs(float(proposal.level) - level) <= float(tick) + 1e-9


def as_short(frac: float) -> float:
    """In logs a long's 1 - f is a short's 1 + f / (1 - f)."""
    return frac / (1.0 - frac)


def profit_as_short(frac: float) -> float:
    """And its profit of 1 + f is a short's 1 - f / (1 + f)."""
    return frac / (1.0 + frac)


@given(moves, st.floats(0.002, 0.08), st.floats(0.0, 0.09), st.floats(0.5, 5.0), st.floats(0.001, 0.019))
def test_in_logs_a_short_is_the_mirror_image_of_a_long(
    steps: list[float], distance: float, profit: float, multiple: float, buffer: float
) -> None:
    pairs: list[tuple[StopRule, StopRule]] = [
        (FixedStop(distance), FixedStop(as_short(distance))),
        (TrailingStop(distance, profit), TrailingStop(as_short(distance), profit_as_short(profit))),
        (VolatilityStop(multiple), VolatilityStop(multiple)),
        (SupportResistanceStop(buffer, 1), SupportResistanceStop(as_short(buffer), 1)),
        (BreakevenStop(0.1 + profit, 0.01), BreakevenStop(profit_as_short(0.1 + profit), profit_as_short(0.01))),
    ]
    turned = [-step for step in steps]
    for long, short in zip(views(1, steps, None), views(-1, turned, None), strict=True):
        for of_long, of_short in pairs:
            one, other = of_long.opinion(long).level, of_short.opinion(short).level
            edge = abs(long.best_profit_frac - getattr(of_long, "min_profit_frac", getattr(of_long, "after_frac", -1.0))) < 1e-9
            if edge:
                continue
            assert (one is None) == (other is None)
            if one is not None and other is not None:
                assert math.log(one / ENTRY) == pytest.approx(-math.log(other / ENTRY), abs=1e-9)


@given(st.floats(60.0, 140.0), st.floats(100.0, 140.0), st.floats(0.1, 8.0), st.floats(0.0, 400.0), st.floats(1e-4, 0.01))
def test_in_prices_the_range_and_the_time_mirror_about_the_entry(
    price: float, best: float, atr: float, hours: float, rate: float
) -> None:
    long = StopView(1, ENTRY, price, best, hours, initial=95.0, atr=atr)
    short = StopView(-1, ENTRY, 2 * ENTRY - price, 2 * ENTRY - best, hours, initial=105.0, atr=atr)
    for rule in (AverageRangeStop(2.0), TimeDecayStop(24.0, rate)):
        one, other = rule.opinion(long).level, rule.opinion(short).level
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one - ENTRY == pytest.approx(ENTRY - other, abs=1e-9)


@given(plans(), signs, st.floats(0.9, 1.1))
def test_a_better_peak_is_never_a_looser_stop(plan: StopPlan, sign: int, factor: float) -> None:
    base = StopView(sign, ENTRY, ENTRY, ENTRY, initial=ENTRY * (1 - sign * 0.03), sigma_day=0.03, atr=1.0)
    better = replace(base, best=ENTRY * (factor if sign * (factor - 1.0) > 0 else 1.0 / factor))
    for rule in rules_of(plan):
        one, other = rule.opinion(base).level, rule.opinion(better).level
        if one is not None:
            assert other is not None
            assert sign * (other - one) >= 0.0
