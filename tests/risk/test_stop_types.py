"""Document 004's stop types: each by hand, all together by property, long and short as mirrors."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.risk.asset_classes import AssetClass
from market_analysis.risk.stop_types.average_true_range import AverageTrueRangeStop
from market_analysis.risk.stop_types.breakeven import BreakevenStop
from market_analysis.risk.stop_types.fixed import FixedStop
from market_analysis.risk.stop_types.support_resistance import SupportResistanceStop, swing_lows
from market_analysis.risk.stop_types.tightest import Standing, all_stop_types, tightest_stop
from market_analysis.risk.stop_types.time_decay import TimeDecayStop
from market_analysis.risk.stop_types.trailing import TrailingStop
from market_analysis.risk.stop_types.view import StopType, StopView
from market_analysis.risk.stop_types.volatility import VolatilityStop

NO_BARS = np.empty(0)


def view(**changes: Any) -> StopView:
    """A long at 100, price 104, best 105, ATR 2, sigma 3 %, two days old."""
    fields: dict[str, Any] = {
        "sign": 1,
        "entry": 100.0,
        "price": 104.0,
        "best": 105.0,
        "stop": None,
        "atr": 2.0,
        "sigma": 0.03,
        "hours_held": 48.0,
        "high": NO_BARS,
        "low": NO_BARS,
    }
    return StopView(**(fields | changes))


def mirrored(one: StopView) -> StopView:
    """The same position on the other side of its entry, price-linear: p -> 2 entry - p."""

    def across(price: float) -> float:
        return 2.0 * one.entry - price

    return replace(
        one,
        sign=-one.sign,
        price=across(one.price),
        best=across(one.best),
        stop=None if one.stop is None else across(one.stop),
        high=across(one.low),  # type: ignore[arg-type]
        low=across(one.high),  # type: ignore[arg-type]
    )


SHORT = {"sign": -1, "price": 96.0, "best": 95.0}


@pytest.mark.parametrize(
    ("kind", "changes", "level"),
    [
        (FixedStop(0.03), {}, 97.0),
        (FixedStop(0.03), SHORT, 103.0),
        (TrailingStop(0.03, 0.01), {}, 105 * 0.97),
        (TrailingStop(0.03, 0.01), SHORT, 95 * 1.03),
        (TrailingStop(0.03, 0.06), {}, None),
        (VolatilityStop(2.0, 1.5), {}, 105 * math.exp(-0.09)),
        (VolatilityStop(2.0), SHORT, 95 * math.exp(0.06)),
        (VolatilityStop(2.0), {"sigma": 0.0}, None),
        (AverageTrueRangeStop(2.0), {}, 101.0),
        (AverageTrueRangeStop(2.0), SHORT, 99.0),
        (AverageTrueRangeStop(2.0), {"atr": 0.0}, None),
        (BreakevenStop(0.02, 0.001), {}, 100.1),
        (BreakevenStop(0.02, 0.001), SHORT, 99.9),
        (BreakevenStop(0.06, 0.001), {}, None),
        (TimeDecayStop(0.03, 0.001, 24.0), {}, None),
        (TimeDecayStop(0.03, 0.001, 24.0), {"price": 99.0, "best": 100.0, "hours_held": 24.0}, None),
        (TimeDecayStop(0.03, 0.001, 24.0), {"price": 99.0, "best": 100.0}, 97.1),
        (TimeDecayStop(0.03, 0.001, 24.0), {"sign": -1, "price": 101.0, "best": 100.0}, 102.9),
        (TimeDecayStop(0.03, 0.001, 24.0), {"price": 99.0, "best": 100.0, "hours_held": 24.0 * 400}, 100.0),
    ],
)
def test_each_type_by_hand(kind: StopType, changes: dict[str, Any], level: float | None) -> None:
    found = kind.level(view(**changes))
    assert found == (None if level is None else pytest.approx(level))


def test_support_and_resistance_by_hand() -> None:
    """Lows 9 7 8 6 9 5 ...: with a wing of one, swings at 7 and 6; the last bars are never a swing."""
    low = np.array([99.0, 97.0, 98.0, 96.0, 99.0, 95.0])
    assert swing_lows(low, 1).tolist() == [97.0, 96.0]
    assert swing_lows(low[:2], 1).size == 0
    stop = SupportResistanceStop(buffer_frac=0.01, wing=1)
    assert stop.level(view(low=low, high=low + 2)) == pytest.approx(97.0 * 0.99)
    below = view(low=low, high=low + 2, price=96.10, best=100.0)
    assert stop.level(below) == pytest.approx(97.0 * 0.99)
    under = view(low=low, high=low + 2, price=96.0, best=100.0)
    assert stop.level(under) == pytest.approx(96.0 * 0.99)
    high = np.array([101.0, 103.0, 102.0, 104.0, 101.0])
    assert stop.level(view(low=high - 2, high=high, **SHORT)) == pytest.approx(103.0 * 1.01)
    assert stop.level(view(low=high - 2, high=high, sign=-1, price=200.0, best=90.0)) is None


def test_a_swing_is_not_seen_before_its_time() -> None:
    rng = np.random.default_rng(3)
    low = 100 + np.cumsum(rng.standard_normal(400))
    for wing in (1, 3, 5):
        known = swing_lows(low[:300], wing)
        assert known.tolist() == swing_lows(low, wing)[: known.size].tolist()


prices = st.floats(50.0, 200.0)


@st.composite
def positions(draw: st.DrawFn) -> StopView:
    sign = draw(st.sampled_from([1, -1]))
    entry, price, other = draw(prices), draw(prices), draw(prices)
    best = max(entry, price, other) if sign > 0 else min(entry, price, other)
    seed = draw(st.integers(0, 2**32 - 1))
    low = price * np.exp(np.cumsum(np.random.default_rng(seed).standard_normal(60) * 0.01))
    return StopView(
        sign=sign,
        entry=entry,
        price=price,
        best=best,
        stop=draw(st.one_of(st.none(), prices)),
        atr=draw(st.floats(0.0, 400.0)),
        sigma=draw(st.floats(0.0, 3.0)),
        hours_held=draw(st.floats(0.0, 5_000.0)),
        high=low * 1.01,
        low=low,
    )


@settings(deadline=None, max_examples=300)
@given(now=positions(), kind=st.sampled_from(AssetClass), liquidation=st.one_of(st.none(), prices))
def test_a_stop_never_loosens_and_is_always_possible(now: StopView, kind: AssetClass, liquidation: float | None) -> None:
    decision = tightest_stop(now, all_stop_types(kind), liquidation)
    if now.stop is not None:
        assert decision.level is not None
        assert now.sign * (decision.level - now.stop) >= 0.0
    if decision.moved_by is not None:
        assert decision.level is not None
        assert decision.level > 0.0
        assert now.sign * (now.price - decision.level) > 0.0
        assert liquidation is None or now.sign * (decision.level - liquidation) > 0.0
        chosen = [item for item in decision.candidates if item.standing is Standing.CHOSEN]
        assert [(item.name, item.level) for item in chosen] == [(decision.moved_by, decision.level)]
        assert all(
            now.sign * (decision.level - (item.level or 0.0)) >= 0.0
            for item in decision.candidates
            if item.standing is Standing.LOOSER
        )
    else:
        assert decision.level == now.stop
    if decision.triggered:
        assert decision.level == now.stop
    again = tightest_stop(replace(now, stop=decision.level), all_stop_types(kind), liquidation)
    assert again.level == decision.level


@settings(deadline=None, max_examples=200)
@given(now=positions(), later=st.lists(prices, min_size=1, max_size=30))
def test_over_any_path_the_stop_only_tightens_until_it_is_hit(now: StopView, later: list[float]) -> None:
    stop, best, sign = None, now.best, now.sign
    for hour, price in enumerate(later):
        best = max(best, price) if sign > 0 else min(best, price)
        decision = tightest_stop(replace(now, price=price, best=best, stop=stop, hours_held=float(hour * 24)), all_stop_types())
        if stop is not None:
            assert decision.triggered == (sign * (price - stop) <= 0.0)
            assert decision.level is not None
            assert sign * (decision.level - stop) >= 0.0
        if decision.triggered:
            break
        stop = decision.level


@settings(deadline=None, max_examples=200)
@given(now=positions())
def test_long_and_short_are_mirrors_where_the_type_is_linear_in_price(now: StopView) -> None:
    """Volatility is linear in logs and the trail in its own price, so those two mirror otherwise."""
    assume(max(now.price, now.best, now.stop or 0.0) < 2.0 * now.entry)
    other = mirrored(now)
    for kind in (FixedStop(), AverageTrueRangeStop(), BreakevenStop(), TimeDecayStop()):
        one, two = kind.level(now), kind.level(other)
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            assert 2.0 * now.entry - two == pytest.approx(one, abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (FixedStop, {"loss_frac": 3.0}),
        (TrailingStop, {"distance_frac": 0.0}),
        (VolatilityStop, {"multiple": math.nan}),
        (AverageTrueRangeStop, {"multiple": 11.0}),
        (SupportResistanceStop, {"wing": 0}),
        (BreakevenStop, {"offset_frac": 0.02}),
        (TimeDecayStop, {"per_day_frac": -0.1}),
    ],
)
def test_wrong_parameters_are_named(kind: Any, wrong: dict[str, float]) -> None:
    with pytest.raises(QuantError, match=next(iter(wrong))):
        kind(**wrong)


def test_a_best_price_that_is_not_the_best_is_refused() -> None:
    with pytest.raises(QuantError, match="best is 103"):
        view(best=103.0)
