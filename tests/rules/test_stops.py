"""NoStopLossGrace, UnprotectedPosition, TradeManagement: what protects (ruling 15), who is exempt, and never a looser stop."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_views import D, ago, asked, judge, one, order, position, unread, view

from market_analysis.domain import ExecutionStyle, Order, OrderPurpose, OrderSide
from market_analysis.rules.verdict import SetStop, Status
from market_analysis.rules.view import PositionView

LONG = position("ES", "2", "110", "100", unprotected_since=ago(60), planned_stop=D("95.4"))
SHORT = position("ES", "-2", "90", "100", unprotected_since=ago(60), planned_stop=D("104.6"))
TRAIL: dict[str, Any] = {"purpose": OrderPurpose.TRAILING_STOP, "trailing_distance": D(5)}


def replaced(item: PositionView, **changes: Any) -> PositionView:
    return type(item)(**{name: getattr(item, name) for name in item.__slots__} | changes)


@pytest.mark.parametrize(
    ("item", "orders", "covered"),
    [
        (LONG, [order(LONG, "95")], 2),
        (LONG, [order(LONG, "105")], 2),  # above the entry, below the mark: a profit is locked in
        (LONG, [order(LONG, "110")], 0),  # at the mark
        (LONG, [order(LONG, "115")], 0),
        (SHORT, [order(SHORT, "95")], 2),
        (SHORT, [order(SHORT, "85")], 0),
        (LONG, [order(LONG, "95", quantity=D(1))], 1),
        (LONG, [order(LONG, "95", quantity=D(1)), order(LONG, "90", quantity=D(1), order_id="s2")], 2),
        (LONG, [order(LONG, "95", quantity=D(9))], 2),
        (LONG, [order(LONG, "95", side=OrderSide.BUY)], 0),
        (LONG, [order(LONG, "95", reduce_only=False)], 0),
        (LONG, [order(LONG, "95", style=ExecutionStyle.LIMIT)], 0),
        (LONG, [order(LONG, "95", is_active=False)], 0),
        (LONG, [order(LONG, "0")], 0),
        (LONG, [order(LONG, "95", purpose=OrderPurpose.TAKE_PROFIT)], 0),
        (LONG, [order(LONG, "95", purpose=OrderPurpose.REDUCE)], 2),  # a reducing conditional order is a stop by what it does
        (LONG, [order(LONG, None, purpose=OrderPurpose.REDUCE)], 0),
        (LONG, [order(LONG, None)], 0),
        (LONG, [order(LONG, None, **TRAIL)], 2),  # awake: at most its distance from the mark
        (LONG, [order(LONG, None, is_active=False, **TRAIL)], 0),  # asleep before its activation
        (LONG, [order(LONG, "95", position_index=1)], 0),
        (LONG, [order(position("NQ", "2"), "95")], 0),
    ],
)
def test_what_protects(item: PositionView, orders: list[Order], covered: int) -> None:
    seen = view(item, orders=tuple(orders))
    expected = {2: Status.OK, 1: Status.WARN, 0: Status.BREACH}[covered]
    told = one("unprotected_position", seen)
    assert (told.status, told.measure, told.responses, told.lock) == (expected, 2 - covered, (), None)
    acts = one("no_stop_loss_grace", seen)
    assert acts.status is (Status.OK if covered == 2 else Status.BREACH)
    assert bool(acts.responses) == (covered < 2)


@pytest.mark.parametrize(
    ("since", "status"),
    [(ago(29), Status.WARN), (ago(30), Status.BREACH), (ago(31), Status.BREACH), (None, Status.WARN), (ago(9000), Status.BREACH)],
)
def test_the_grace(since: datetime | None, status: Status) -> None:
    verdict = one("no_stop_loss_grace", view(replaced(LONG, unprotected_since=since)))
    assert verdict.status is status
    assert asked(verdict) == (["stop ES 96"] if status is Status.BREACH else [])
    elapsed = 0 if since is None else min((ago(0) - since).total_seconds(), 600)  # it was opened 600 s ago
    assert (verdict.measure, verdict.distance) == (elapsed, 30 - elapsed)


def test_an_older_moment_than_the_opening_counts_from_the_opening() -> None:
    assert one("no_stop_loss_grace", view(replaced(LONG, opened_at=ago(10)))).status is Status.WARN
    assert one("no_stop_loss_grace", view(replaced(LONG, opened_at=ago(10))), grace_period_seconds=0).used is None


@pytest.mark.parametrize(
    ("item", "orders", "parameters", "expected"),
    [
        (LONG, [], {}, ["stop ES 96"]),  # 95.4 on the tick, never looser
        (SHORT, [], {}, ["stop ES 104"]),
        (LONG, [order(LONG, "98", quantity=D(1))], {}, ["stop ES 98"]),  # never looser than one that rests
        (SHORT, [order(SHORT, "102", quantity=D(1))], {}, ["stop ES 102"]),
        (LONG, [order(LONG, "92", quantity=D(1))], {}, ["stop ES 96"]),
        (replaced(LONG, planned_stop=None), [], {}, ["close ES", "cancel ES"]),
        (replaced(LONG, stops_refused={"no_stop_loss_grace": D(1)}), [], {}, ["close ES", "cancel ES"]),
        (replaced(LONG, planned_stop=D(110)), [], {}, ["close ES", "cancel ES"]),  # the price has passed it
        (replaced(LONG, planned_stop=D(-3)), [], {}, ["close ES", "cancel ES"]),
        (LONG, [], {"attach_planned_stop": False}, ["close ES", "cancel ES"]),
        (replaced(LONG, planned_stop=None), [], {"close_without_stop": False}, []),
    ],
)
def test_the_planned_stop_first(item: PositionView, orders: list[Order], parameters: dict[str, bool], expected: list[str]) -> None:
    verdict = one("no_stop_loss_grace", view(item, orders=tuple(orders)), **parameters)
    assert (verdict.status, asked(verdict)) == (Status.BREACH, expected)


def test_a_hedge_is_closed_with_its_position() -> None:
    naked = replaced(LONG, planned_stop=None)
    other = position("ESM6", "-2", "110", root="ES", tags=["hedge"])
    first, second = judge("no_stop_loss_grace", view(naked, other))
    assert asked(first) == ["close ES", "close ESM6", "cancel ES", "cancel ESM6"]
    assert second.status is Status.OK


@pytest.mark.parametrize("rule", ["no_stop_loss_grace", "unprotected_position", "trade_management"])
def test_exempt_unknown_and_flat(rule: str) -> None:
    on = {"trailing_stop": {"enabled": True}} if rule == "trade_management" else {}
    assert one(rule, view(), **on).status is Status.OK
    for tag in ("hedge", "holding"):
        assert one(rule, view(position("ES", "2", unprotected_since=ago(99), tags=[tag])), **on).status is Status.OK
    naked = position("ES", "2", "130", "100", unprotected_since=ago(99), best_price=D(130))
    for seen in (
        view(positions=unread()),
        view(naked, orders=unread()),
        view(naked, orders_match=False),
        view(position("ES", "2", None, unprotected_since=ago(99))),
        view(position("ES", "2", "130", "100", unprotected_since=ago(99), mark_at=ago(31))),
    ):
        verdict = one(rule, seen, **on)
        assert (verdict.status, verdict.responses, verdict.lock) == (Status.UNKNOWN, (), None)
    assert one(rule, view(orders_match=False), **on).status is Status.OK


BREAKEVEN = {"auto_breakeven": {"enabled": True}}
TRAILING = {"trailing_stop": {"enabled": True}}
FIRST = {"auto_stop_loss": {"enabled": True}}


@pytest.mark.parametrize(
    ("size", "mark", "best", "stop", "parameters", "expected"),
    [
        ("2", "109", "109", "90", BREAKEVEN, []),
        ("2", "110", "110", "90", BREAKEVEN, ["stop ES 100"]),  # ten ticks ahead
        ("2", "105", "110", "90", BREAKEVEN, ["stop ES 100"]),  # it has been there
        ("2", "110", "110", "101", BREAKEVEN, []),  # the stop is tighter already
        ("2", "110", "110", "100", BREAKEVEN, []),
        ("2", "110", "110", "90", {"auto_breakeven": {"enabled": True, "offset_ticks": "2.5"}}, ["stop ES 103"]),
        ("-2", "90", "90", "110", BREAKEVEN, ["stop ES 100"]),
        ("-2", "90", "90", "110", {"auto_breakeven": {"enabled": True, "offset_ticks": "2.5"}}, ["stop ES 97"]),
        ("-2", "91", "91", "110", BREAKEVEN, []),
        ("2", "119", "119", "90", TRAILING, []),
        ("2", "120", "120", "90", TRAILING, ["stop ES 110"]),
        ("2", "125", "120", "90", TRAILING, ["stop ES 115"]),  # the mark is the best price
        ("2", "125", None, "90", TRAILING, ["stop ES 115"]),
        ("2", "121", "130", "120", TRAILING, []),
        ("-2", "80", "80", "110", TRAILING, ["stop ES 90"]),
        ("2", "120", "120", "90", BREAKEVEN | TRAILING, ["stop ES 110"]),  # the trail takes over
        ("2", "98", "100", None, FIRST, ["stop ES 90"]),
        ("-2", "98", "98", None, FIRST, ["stop ES 110"]),
        ("2", "120", "120", "109.5", TRAILING | {"least_move_ticks": 1}, []),  # half a tick is not sent
        ("2", "120", "120", "109", TRAILING | {"least_move_ticks": 1}, ["stop ES 110"]),
        ("2", "110", "130", "90", TRAILING, "passed"),  # 120 lies behind the mark
        ("2", "89", "100", None, FIRST, "passed"),
    ],
)
def test_management(size: str, mark: str, best: str | None, stop: str | None, parameters: dict[str, Any], expected: object) -> None:
    item = position("ES", size, mark, "100", best_price=None if best is None else D(best))
    orders = () if stop is None else (order(item, stop),)
    verdict = one("trade_management", view(item, orders=orders), **parameters)
    if expected == "passed":
        assert (verdict.code, verdict.status, asked(verdict)) == ("trade_management_passed", Status.WARN, [])
    else:
        assert asked(verdict) == expected
        assert verdict.status is (Status.ACT if expected else Status.OK)


def test_a_stop_for_a_part_becomes_whole_and_no_looser() -> None:
    item = position("ES", "2", "120", "100", best_price=D(120))
    part = order(item, "112", quantity=D(1))
    assert asked(one("trade_management", view(item, orders=(part,)), **TRAILING)) == ["stop ES 112"]


def test_management_is_off_unless_switched_on() -> None:
    assert one("trade_management", view(positions=unread())).status is Status.OK


prices = st.integers(min_value=60, max_value=140).map(D)


@given(
    size=st.sampled_from(["2", "-2"]),
    mark=prices,
    best=prices,
    planned=st.one_of(st.none(), prices),
    stops=st.lists(st.tuples(prices, st.sampled_from([None, D(1), D(2)])), max_size=3),
    tick=st.sampled_from([D(1), D("2.5"), D(7)]),
)
def test_no_rule_ever_asks_for_a_looser_stop(
    size: str, mark: Any, best: Any, planned: Any, stops: list[tuple[Any, Any]], tick: Any
) -> None:
    item = position("ES", size, str(mark), "100", best_price=best, planned_stop=planned, tick_size=tick, unprotected_since=ago(600))
    orders = tuple(order(item, str(price), quantity=left, order_id=f"s{n}") for n, (price, left) in enumerate(stops))
    seen, sign = view(item, orders=orders), item.side.sign
    working = [price for price, _ in stops if sign * (mark - price) > 0]
    for rule, parameters in (("no_stop_loss_grace", {}), ("trade_management", BREAKEVEN | TRAILING | FIRST)):
        verdict = one(rule, seen, **parameters)
        assert verdict == one(rule, seen, **parameters)
        for response in verdict.responses:
            if isinstance(response, SetStop):
                assert sign * (mark - response.price) > 0
                assert response.price > 0
                assert all(sign * (response.price - price) >= 0 for price in working)
