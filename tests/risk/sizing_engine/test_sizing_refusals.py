"""Every refusal by its code; what is refused is zero, and all reasons are told."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import books
import pytest
from sizing_requests import FREE, book, line, request, view

from market_analysis.domain import MarginMode, Side
from market_analysis.risk.sizing_engine.engine import size_position
from market_analysis.settings import SizingSettings

D = Decimal
SMALL = replace(FREE, min_notional=D(5))


@pytest.mark.parametrize(
    ("changed", "now", "settings", "code"),
    [
        ({}, {"equity": None}, {}, "no_equity"),
        ({}, {"equity": "0"}, {}, "no_equity"),
        ({}, {"equity": "-5"}, {}, "no_equity"),
        ({}, {"equity": "999.99"}, {}, "equity_below_minimum"),
        ({"usd_rate": None}, {}, {}, "no_usd_rate"),
        ({"price": D(0)}, {}, {}, "price_not_positive"),
        ({"signal": 1.01}, {}, {}, "signal_outside_bounds"),
        ({"signal": math.nan}, {}, {}, "signal_outside_bounds"),
        ({"sigma_day": -0.1}, {}, {}, "sigma_not_possible"),
        ({"sigma_day": math.inf}, {}, {}, "sigma_not_possible"),
        ({"leverage": D("0.5")}, {}, {}, "leverage_below_one"),
        ({}, {"problems": ("positions could not be read",)}, {}, "data_unknown"),
        ({"stop_frac": 0.16}, {}, {}, "stop_outside_bounds"),
        ({"stop_frac": 0.004}, {}, {}, "stop_outside_bounds"),
        ({"stop_frac": math.nan}, {}, {}, "stop_outside_bounds"),
        ({"price": D("0.02"), "stop_frac": 0.03}, {}, {}, "stop_not_possible"),
        ({"sigma_day": None}, {}, {}, "no_method"),
        ({}, {"lines": [line("ETH", None)]}, {}, "unknown_position"),
        ({}, {"available_usd": None}, {}, "unknown_cash_reserve"),
        ({}, {"loss_usd": None}, {}, "unknown_portfolio_risk"),
        ({}, {"cluster_cap_usd": None}, {}, "unknown_cluster_risk"),
        ({}, {"cluster": (line("BTC", 1.0, None),)}, {}, "unknown_cluster_risk"),
        ({}, {"day_limited": True}, {}, "unknown_day_room"),
        ({}, {"lines": [line("BTC", 3_000.0)]}, {}, "no_room_position"),
        ({}, {"lines": [line("BTC", 2_100.0)]}, {}, "no_room_class_position"),
        ({}, {"lines": [line("ETH", -7_000.0)]}, {}, "no_room_class_exposure"),
        ({}, {"lines": [line("ETH", 80_000.0)]}, {}, "no_room_leverage"),
        ({}, {"loss_usd": D(750)}, {}, "no_room_portfolio_risk"),
        ({}, {"loss_usd": D(9), "day_limited": True, "day_left_usd": D(8)}, {}, "no_room_day_room"),
        ({}, {"cluster": (line("BTC", 9_000.0, 400.0),)}, {}, "no_room_cluster_risk"),
        ({}, {"available_usd": D(2_500)}, {}, "no_room_cash_reserve"),
        ({"leverage": D(60), "instrument": replace(FREE, tiers=books.tiers(100, ("0.01",)))}, {}, {}, "no_room_leverage_tier"),
        ({"sigma_day": 0.09, "signal": 0.0, "turnover_24h_usd": D(0)}, {}, {"risk_score_threshold": 4.4}, "risk_factors_too_high"),
        ({"instrument": replace(FREE, min_quantity=D(1))}, {}, {}, "below_min_quantity"),
        ({"instrument": replace(FREE, min_notional=D(2_500))}, {}, {}, "below_min_notional"),
        ({}, {}, {"min_order_usd": 2_500.0}, "below_min_order"),
    ],
)
def test_each_has_its_name_and_no_size(changed: dict[str, Any], now: dict[str, Any], settings: dict[str, Any], code: str) -> None:
    got = size_position(request(**changed), book(**now), SizingSettings(**settings))
    assert code in [refusal.code for refusal in got.refusals]
    assert (got.approved, got.size_usd, got.quantity, got.max_loss_usd, got.fees_usd) == (False, 0, 0, 0, 0)
    assert all(len(refusal.message) > 10 for refusal in got.refusals)


def test_liquidation_of_an_isolated_position_comes_before_a_far_stop() -> None:
    item = replace(FREE, tiers=books.tiers(2_000_000))
    far = request(instrument=item, stop_frac=0.06, leverage=D(20), margin_mode=MarginMode.ISOLATED)
    for side in Side:
        got = size_position(replace(far, side=side), book(), SizingSettings())
        assert [refusal.code for refusal in got.refusals] == ["stop_beyond_liquidation"]
        near = size_position(replace(far, side=side, stop_frac=0.03), book(), SizingSettings())
        assert near.approved
    assert size_position(replace(far, margin_mode=MarginMode.CROSS), book(), SizingSettings()).approved


def test_all_reasons_are_told_and_what_led_there_stays_visible() -> None:
    now = book(lines=[line("BTC", 9_000.0)], loss_usd=D(800), view=view(["BTC"]))
    got = size_position(request(), now, SizingSettings())
    codes = {refusal.code for refusal in got.refusals}
    assert {"no_room_position", "no_room_class_position", "no_room_class_exposure", "no_room_portfolio_risk"} <= codes
    assert got.methods[0].size_usd == D("8333.3333")
    assert got.stop is not None


def test_a_stop_of_your_own_is_kept_and_one_of_volatility_is_brought_within_bounds() -> None:
    assert size_position(request(stop_frac=None), book(), SizingSettings()).notes == ()
    calm = size_position(request(stop_frac=None, sigma_day=0.001), book(), SizingSettings())
    assert calm.stop is not None
    assert (calm.stop.source, calm.stop.frac) == ("volatility", D("0.005"))
    assert "2 sigma is 0.002, brought to 0.005" in calm.notes[0]
    dark = size_position(request(stop_frac=None, sigma_day=None), book(), SizingSettings())
    assert dark.stop is not None
    assert (dark.stop.source, dark.stop.frac) == ("default", D("0.03"))


def test_a_tick_that_is_coarser_than_the_stop() -> None:
    """At 1.00 on a tick of .01 two sigmas of .0039 are no price: yours is refused, the engine's own goes out to the next tick."""
    for side, price in ((Side.LONG, D("0.99")), (Side.SHORT, D("1.01"))):
        near = request(price=D("1.00"), stop_frac=None, sigma_day=0.0039, side=side)
        own = size_position(near, book(), SizingSettings())
        assert own.stop is not None
        assert (own.stop.price, own.stop.frac) == (price, D("0.01"))
        yours = size_position(replace(near, stop_frac=0.0078), book(), SizingSettings())
        assert [refusal.code for refusal in yours.refusals] == ["stop_not_possible"]


@pytest.mark.parametrize(
    ("price", "own", "sigma", "stop"),
    [
        ("1.004", None, 0.001, "0.99"),  # .99898 goes out
        ("1.004", 0.0139, None, None),  # .99004 comes in to 1.00: .0040 of .0139 are left, no longer yours
        ("1.004", 0.0145, None, "0.99"),  # .98944 comes in by little
        ("0.07", None, 0.15, "0.06"),  # .15 away is .0595; .05 would be 29 % away
        ("0.04", None, 0.03, None),  # .0376: .03 is 25 % away, .04 is the price
    ],
)
def test_rounding_to_the_tick(price: str, own: float | None, sigma: float | None, stop: str | None) -> None:
    got = size_position(request(price=D(price), stop_frac=own, sigma_day=sigma), book(), SizingSettings())
    if stop is None:
        assert "stop_not_possible" in [refusal.code for refusal in got.refusals]
    else:
        assert got.stop is not None
        assert got.stop.price == D(stop)
