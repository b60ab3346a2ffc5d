"""The state as the rules see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from market_analysis.domain import InstrumentId, Read, Unknown
from market_analysis.domain.event import HeldPosition, MoneyRead
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import GuardState
from market_analysis.rules.view import AccountView, AnalysisView, ClusterView, Mark, MoneyView, PositionView


def account_view(state: GuardState) -> AccountView:
    """What is not known is Unknown in it: not read yet, not readable, or trades that were not all told."""
    now = at_least(state.now)
    if state.day is None:
        raise ValueError("the state has no trading day yet; begin_day comes first")
    money, positions, orders = state.money, state.positions, state.orders
    return AccountView(
        name=state.policy.account,
        currency=state.policy.currency,
        now=now,
        day=state.day,
        money=_blind(money, now) if money is None or isinstance(money, Unknown) else _money(state, money),
        anchors=state.anchors,
        positions=_blind(positions, now)
        if positions is None or isinstance(positions, Unknown)
        else tuple(_position(state, item) for item in positions),
        orders=_blind(orders, now) if orders is None or isinstance(orders, Unknown) else orders,
        orders_match=state.readable,
        trades=state.trades if _trades_known(state) else Unknown("not_read", "the day's trades have not all been read", now),
        can_trade=state.can_trade,
        roots=_roots(positions),
        analysis=_analysis(state),
        unexplained=state.unexplained,
        unexplained_since=state.unexplained_since,
        day_results=_day_results(state, now),
        own_orders=_own_orders(state),
    )


def _day_results(state: GuardState, now: datetime) -> Read[Mapping[date, Decimal]] | None:
    """Known only when every day since the guard began keeping them is."""
    if not state.day_results:
        return None
    known = {day: result for day, result in state.day_results.items() if result is not None}
    missing = min(state.day_results.keys() - known.keys(), default=None)
    if missing is not None:
        return Unknown("not_read", f"the trades of {missing} were not all read", now)
    return known


def _blind(part: Unknown[Any] | None, now: datetime) -> Unknown[Any]:
    """What could not be read, or was not read yet."""
    return Unknown("not_read", "not read yet", now) if part is None else Unknown(part.reason, part.detail, part.since)


def _own_orders(state: GuardState) -> frozenset[str]:
    orders = state.orders
    if orders is None or isinstance(orders, Unknown):
        return frozenset()
    return frozenset(order.order_id for order in orders if state.own_order(order.client_order_id))


def _money(state: GuardState, money: MoneyRead) -> MoneyView:
    at = state.read_at or at_least(state.now)
    return MoneyView(money.balance, money.equity, money.equity_if_flat, money.margin_used, at)


def _roots(positions: Read[tuple[HeldPosition, ...]] | None) -> dict[InstrumentId, str]:
    if positions is None or isinstance(positions, Unknown):
        return {}
    return {item.key.instrument: item.root for item in positions}


def _trades_known(state: GuardState) -> bool:
    return state.trades_known_since is not None and state.day is not None and state.trades_known_since <= state.day.start


def _position(state: GuardState, item: HeldPosition) -> PositionView:
    now = at_least(state.now)
    seen_at = state.marked_at.get(item.key.instrument) or state.read_at or now
    planned = None if state.analysis is None else state.analysis.planned_stops.get(item.key)
    return PositionView(
        key=item.key,
        root=item.root,
        side=item.side,
        quantity=item.quantity,
        entry_price=item.entry_price,
        opened_at=item.opened_at,
        mark=Unknown("no_mark", "the mark could not be read", now) if item.mark is None else Mark(item.mark, seen_at),
        unrealized=item.unrealized,
        tick_size=item.tick_size,
        tick_value=item.tick_value,
        best_price=state.best.get(item.key),
        unprotected_since=state.unprotected.get(item.key),
        planned_stop=planned,
        quantity_step=item.quantity_step,
        notional=item.notional,
        stops_refused={rule: price for (key, rule), price in state.stops_refused.items() if key == item.key},
        tags=item.tags,
        planned_exits=None if state.analysis is None else state.analysis.planned_exits.get(item.key),
        exit_refused=item.key in state.exit_refused,
    )


def _analysis(state: GuardState) -> AnalysisView | None:
    made = state.analysis
    if made is None:
        return None
    return AnalysisView(made.at, tuple(ClusterView(*cluster) for cluster in made.clusters), made.margin_rate_at_stops)
