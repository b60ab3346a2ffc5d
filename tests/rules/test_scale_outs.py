"""ScaleOuts, and TradeManagement's dynamic stop: what the analysis wants, placed once, amended by id, never further away."""

from __future__ import annotations

from typing import Any

import pytest
from rule_views import D, ago, one, order, position, unread, view

from market_analysis.domain import ExecutionStyle, Order, OrderPurpose, OrderSide
from market_analysis.rules.verdict import SetExit, SetStop, Status
from market_analysis.rules.view import AccountView, AnalysisView, PositionView

LONG = position("ES", "10", "105", "100", planned_exits=((D(110), D(3)), (D(120), D(3))))
SHORT = position("ES", "-10", "95", "100", planned_exits=((D(90), D(3)), (D(80), D(3))))


def exit_order(item: PositionView, limit: str, quantity: str, name: str, **changes: Any) -> Order:
    fields: dict[str, Any] = {
        "purpose": OrderPurpose.REDUCE,
        "style": ExecutionStyle.LIMIT,
        "quantity": D(quantity),
        "limit_price": D(limit),
        "order_id": name,
        "trigger_source": None,
    }
    return order(item, None, **(fields | changes))


def seen(item: PositionView, *orders: Order, age: float = 5, own: frozenset[str] | None = None) -> AccountView:
    mine = frozenset(one_order.order_id for one_order in orders) if own is None else own
    return view(item, orders=orders, own_orders=mine, analysis=AnalysisView(ago(age)))


@pytest.mark.parametrize(
    ("item", "resting", "wanted"),
    [
        (LONG, [], ("110", "3", None)),  # nearest first
        (LONG, [("110", "3", "a")], ("120", "3", None)),
        (LONG, [("110", "3", "a"), ("120", "3", "b")], None),
        (LONG, [("112", "3", "a"), ("120", "3", "b")], ("110", "3", "a")),  # nearer: amended by its id
        (LONG, [("111", "3", "a"), ("120", "3", "b")], ("110", "3", "a")),  # by a tick
        (LONG, [("108", "3", "a"), ("120", "3", "b")], None),  # further away: it stays
        (LONG, [("108", "2", "a"), ("120", "3", "b")], ("108", "3", "a")),  # its size alone is amended
        (LONG, [("110.5", "3", "a"), ("120", "3", "b")], None),  # less than a tick
        (LONG, [("110", "3", "a"), ("120", "3", "b"), ("130", "1", "c")], None),  # one too many closes nothing but itself
        (SHORT, [], ("90", "3", None)),
        (SHORT, [("88", "3", "a"), ("80", "3", "b")], ("90", "3", "a")),
        (SHORT, [("92", "3", "a"), ("80", "3", "b")], None),
    ],
)
def test_what_is_placed_and_amended(item: PositionView, resting: list[tuple[str, str, str]], wanted: Any) -> None:
    verdict = one("scale_outs", seen(item, *(exit_order(item, *parts) for parts in resting)))
    if wanted is None:
        assert (verdict.status, verdict.responses) == (Status.OK, ())
    else:
        price, quantity, order_id = wanted
        assert verdict.responses == (SetExit(item.key, D(price), D(quantity), order_id),)


@pytest.mark.parametrize(
    "changes",
    [
        {"style": ExecutionStyle.MARKET},
        {"trigger_price": D(110)},
        {"limit_price": None},
        {"reduce_only": False},
        {"side": OrderSide.BUY},
        {"position_index": 1},
        {"instrument": position("NQ", "1").key.instrument},
    ],
)
def test_other_orders_of_the_guard_are_no_exits(changes: dict[str, Any]) -> None:
    (response,) = one("scale_outs", seen(LONG, exit_order(LONG, "110", "3", "a", **changes))).responses
    assert isinstance(response, SetExit)
    assert response.order_id is None


def test_an_order_of_the_trader_is_never_amended() -> None:
    theirs = exit_order(LONG, "130", "3", "theirs")
    (response,) = one("scale_outs", seen(LONG, theirs, own=frozenset())).responses
    assert response == SetExit(LONG.key, D(110), D(3))


def test_parts_below_a_lot_and_refused_and_exempt_positions_ask_for_nothing() -> None:
    small = position("ES", "10", "105", "100", planned_exits=((D(110), D("0.4")),), quantity_step=D(1))
    refused = position("ES", "10", "105", "100", planned_exits=((D(110), D(3)),), exit_refused=True)
    hedge = position("ES", "10", "105", "100", planned_exits=((D(110), D(3)),), tags=("hedge",))
    unplanned = position("ES", "10", "105", "100")
    assert one("scale_outs", seen(small)).status is Status.OK
    assert one("scale_outs", seen(refused)).status is Status.WARN
    assert one("scale_outs", seen(hedge)).status is Status.OK
    assert one("scale_outs", seen(unplanned)).status is Status.OK


def test_without_orders_positions_or_a_fresh_analysis_it_is_unknown() -> None:
    fresh = AnalysisView(ago(5))
    assert one("scale_outs", view(LONG, orders=unread(), analysis=fresh)).status is Status.UNKNOWN
    assert one("scale_outs", view(LONG, orders_match=False, analysis=fresh)).status is Status.UNKNOWN
    assert one("scale_outs", view(LONG)).status is Status.UNKNOWN
    assert one("scale_outs", seen(LONG, age=601)).status is Status.UNKNOWN
    assert one("scale_outs", view(analysis=fresh)).status is Status.OK


DYNAMIC = {"dynamic_stop": {"enabled": True}}


@pytest.mark.parametrize(
    ("planned", "resting", "age", "wanted"),
    [
        ("98", "95", 5, "98"),
        ("98", None, 5, "98"),
        ("94", "95", 5, None),  # the trader's is tighter: it stays
        ("98", "95", 601, None),  # an old analysis moves nothing
        (None, "95", 5, None),
        ("98.4", "95", 5, "99"),  # on the tick, never looser
    ],
)
def test_the_dynamic_stop_only_tightens(planned: str | None, resting: str | None, age: float, wanted: str | None) -> None:
    item = position("ES", "10", "105", "100", planned_stop=None if planned is None else D(planned))
    orders = () if resting is None else (order(item, resting),)
    verdict = one("trade_management", view(item, orders=orders, analysis=AnalysisView(ago(age))), **DYNAMIC)
    assert verdict.responses == (() if wanted is None else (SetStop(item.key, D(wanted)),))


def test_the_planned_stop_is_not_used_where_nobody_asked_for_it() -> None:
    item = position("ES", "10", "105", "100", planned_stop=D(98))
    seen_now = view(item, orders=(order(item, "95"),), analysis=AnalysisView(ago(5)))
    assert one("trade_management", seen_now, trailing_stop={"enabled": True, "activation_ticks": 50}).responses == ()
