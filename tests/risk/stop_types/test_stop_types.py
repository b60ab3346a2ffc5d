"""Every type of stop by hand, for both sides; the plan of document 004; refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from market_analysis.domain import Bars
from market_analysis.errors import UsageError
from market_analysis.risk.stop_types.average_range import AverageRangeStop
from market_analysis.risk.stop_types.breakeven import BreakevenStop
from market_analysis.risk.stop_types.combination import is_triggered, next_stop
from market_analysis.risk.stop_types.fixed import FixedStop
from market_analysis.risk.stop_types.plan import STOP_TYPES, StopPlan, rules_of
from market_analysis.risk.stop_types.support_resistance import SupportResistanceStop
from market_analysis.risk.stop_types.time_decay import TimeDecayStop
from market_analysis.risk.stop_types.trailing import TrailingStop
from market_analysis.risk.stop_types.types import StopRule, StopView
from market_analysis.risk.stop_types.volatility import VolatilityStop

D = Decimal
TICK = D("0.01")
LONG = StopView(1, 100.0, 100.0, 100.0)
SHORT = StopView(-1, 100.0, 100.0, 100.0)


def bars(lows: list[float], highs: list[float]) -> Bars:
    count = len(lows)
    low, high = np.array(lows), np.array(highs)
    times = 3_600_000 * np.arange(count, dtype=np.int64)
    return Bars(60, times, low.copy(), high, low, high.copy(), np.ones(count))


WAVE = bars([90, 92, 88, 93, 95, 91, 96, 97], [101, 104, 102, 103, 106, 105, 109, 108])


@pytest.mark.parametrize(
    ("rule", "view", "level"),
    [
        (FixedStop(0.03), LONG, 97.0),
        (FixedStop(0.03), SHORT, 103.0),
        (TrailingStop(0.02, 0.01), replace(LONG, best=110.0), 107.8),
        (TrailingStop(0.02, 0.01), replace(LONG, price=110.0), 107.8),
        (TrailingStop(0.02, 0.01), replace(SHORT, best=90.0), 91.8),
        (TrailingStop(0.02, 0.01), replace(LONG, best=100.9), None),
        (TrailingStop(0.02, 0.0), LONG, 98.0),
        (VolatilityStop(2.0, 1.5), replace(LONG, sigma_day=0.03), 100 * math.exp(-0.09)),
        (VolatilityStop(2.0, 1.5), replace(SHORT, sigma_day=0.03), 100 * math.exp(0.09)),
        (VolatilityStop(), LONG, None),
        (VolatilityStop(5.0, 5.0), replace(SHORT, sigma_day=1.0), None),
        (AverageRangeStop(2.0), replace(LONG, atr=1.5), 97.0),
        (AverageRangeStop(2.0), replace(LONG, atr=1.5, best=106.0), 103.0),
        (AverageRangeStop(2.0), replace(SHORT, atr=1.5, best=95.0), 98.0),
        (AverageRangeStop(), LONG, None),
        # Lows of one bar's standing: 88 and 91; highs: 104, 106, 109.
        (SupportResistanceStop(0.01, 1), replace(LONG, bars=WAVE), 91 * 0.99),
        (SupportResistanceStop(0.01, 1), replace(LONG, bars=WAVE, price=90.5), 88 * 0.99),
        (SupportResistanceStop(0.01, 1), replace(SHORT, bars=WAVE), 104 * 1.01),
        (SupportResistanceStop(0.01, 1), replace(SHORT, bars=WAVE, price=105.0), 106 * 1.01),
        (SupportResistanceStop(0.01, 1), replace(LONG, bars=WAVE, price=88.0), None),
        (SupportResistanceStop(), LONG, None),
        (BreakevenStop(0.02, 0.001), replace(LONG, best=102.0), 100.1),
        (BreakevenStop(0.02, 0.001), replace(SHORT, best=98.0), 99.9),
        (BreakevenStop(0.02, 0.001), replace(LONG, best=101.9), None),
        (TimeDecayStop(24, 0.001), replace(LONG, initial=97.0, held_hours=72.0, price=99.0), 97.2),
        (TimeDecayStop(24, 0.001), replace(SHORT, initial=103.0, held_hours=72.0, price=101.0), 102.8),
        (TimeDecayStop(24, 0.001), replace(LONG, initial=97.0, held_hours=24.0, price=99.0), None),
        (TimeDecayStop(24, 0.001), replace(LONG, initial=97.0, held_hours=72.0, price=100.0), None),
        (TimeDecayStop(24, 0.001), replace(LONG, held_hours=72.0, price=99.0), None),
    ],
)
def test_by_hand(rule: StopRule, view: StopView, level: float | None) -> None:
    opinion = rule.opinion(view)
    assert opinion.level == (None if level is None else pytest.approx(level, rel=1e-12))
    assert opinion.reason


def test_the_document_s_trailing_stop_of_eth() -> None:
    """Entry 3,000, 3 % first, 2 % behind the best price from 1 % of profit on, breakeven protection."""
    rules = rules_of(StopPlan("trailing", 0.03, trailing_distance_frac=0.02))
    view = StopView(1, 3_000.0, 3_000.0, 3_000.0)
    first = next_stop(rules, view, None, TICK)
    assert (first.stop, first.moved) == (D("2910.00"), True)
    assert [item.status for item in first.proposals] == ["chosen", "no_opinion", "no_opinion"]
    asleep = next_stop(rules, replace(view, price=3_029.0), first.stop, TICK)
    assert (asleep.stop, asleep.moved) == (D("2910.00"), False)
    trails = next_stop(rules, replace(view, price=3_040.0), first.stop, TICK)
    assert trails.stop == D("2979.20")
    # 2 % of profit: breakeven 3,003 against 3,060 * .98 = 2,998.80
    protected = next_stop(rules, replace(view, price=3_060.0), trails.stop, TICK)
    assert protected.stop == D("3003.00")
    back = next_stop(rules, replace(view, price=3_010.0, best=3_060.0), protected.stop, TICK)
    assert (back.stop, back.moved, back.triggered) == (D("3003.00"), False, False)
    hit = next_stop(rules, replace(view, price=3_003.0, best=3_060.0), protected.stop, TICK)
    assert (hit.stop, hit.triggered) == (D("3003.00"), True)


def test_a_proposal_behind_the_price_is_refused_openly() -> None:
    decision = next_stop([TrailingStop(0.02, 0.01), FixedStop(0.05)], replace(LONG, best=110.0, price=105.0), None, TICK)
    assert [(item.status, item.level) for item in decision.proposals] == [("stop_passed", D("107.80")), ("chosen", D("95.00"))]
    nothing = next_stop([TrailingStop(0.02, 0.01)], replace(LONG, best=110.0, price=105.0), None, TICK)
    assert (nothing.stop, nothing.moved, nothing.triggered) == (None, False, False)


def test_zero_and_liquidation_are_no_places_for_a_stop() -> None:
    deep = next_stop([AverageRangeStop(2.0)], replace(LONG, atr=60.0), None, TICK)
    assert [item.status for item in deep.proposals] == ["not_above_zero"]
    for view, liquidation in ((LONG, 97.0), (SHORT, 103.0)):
        beyond = next_stop([FixedStop(0.03)], view, None, TICK, liquidation)
        assert [item.status for item in beyond.proposals] == ["beyond_liquidation"]
        assert beyond.stop is None
    assert next_stop([FixedStop(0.03)], LONG, None, TICK, 96.99).stop == 97


def test_rounding_is_towards_the_price() -> None:
    coarse = D(1)
    view = StopView(1, 100.5, 100.5, 100.5)
    assert next_stop([FixedStop(0.03)], view, None, coarse).stop == 98  # 97.485
    assert next_stop([FixedStop(0.03)], replace(view, sign=-1), None, coarse).stop == 103  # 103.515
    assert next_stop([FixedStop(0.001)], view, None, coarse).proposals[0].status == "stop_passed"


def test_a_stop_is_triggered_from_its_own_side() -> None:
    assert is_triggered(D(97), 97.0, 1)
    assert not is_triggered(D(97), 97.01, 1)
    assert is_triggered(D(103), 103.0, -1)
    assert not is_triggered(D(103), 102.99, -1)


def test_the_plans_of_document_004() -> None:
    assert STOP_TYPES == ("fixed", "trailing", "volatility_based", "atr_based", "support_resistance")
    for kind in STOP_TYPES:
        names = [rule.name for rule in rules_of(StopPlan(kind, 0.03, time_decay_enabled=True))]
        assert names == ["fixed", *([] if kind == "fixed" else [kind]), "breakeven", "time_decay"]
    assert [rule.name for rule in rules_of(StopPlan("fixed", 0.03, breakeven_protection=False))] == ["fixed"]
    with pytest.raises(UsageError, match="'magic'"):
        rules_of(StopPlan("magic", 0.03))


@pytest.mark.parametrize(
    "make",
    [
        lambda: FixedStop(3.0),
        lambda: FixedStop(math.nan),
        lambda: TrailingStop(0.2),
        lambda: TrailingStop(0.02, -0.1),
        lambda: VolatilityStop(0.1),
        lambda: VolatilityStop(2.0, 0.0),
        lambda: AverageRangeStop(11.0),
        lambda: SupportResistanceStop(0.05),
        lambda: SupportResistanceStop(0.005, 0),
        lambda: BreakevenStop(0.6),
        lambda: BreakevenStop(0.01, 0.01),
        lambda: TimeDecayStop(-1.0),
        lambda: TimeDecayStop(24.0, 0.0),
        lambda: StopView(0, 100.0, 100.0, 100.0),
        lambda: StopView(1, 0.0, 100.0, 100.0),
        lambda: StopView(1, 100.0, math.nan, 100.0),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(make: object) -> None:
    with pytest.raises(UsageError, match=r"must|sign"):
        make()  # type: ignore[operator]
