"""Prices between two reads: what they make of floating profit and equity, and where a limit would be reached.

A mark changes what is held by nothing but its price. It may make a rule ask; only what is read makes the guard act on it, for a
read must still ask the same (ruling 25).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from market_analysis.domain import InstrumentId, PositionKey, Side, Unknown
from market_analysis.domain.event import HeldPosition, MoneyRead
from market_analysis.guard.days import higher, last_level
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import GuardState
from market_analysis.rules.verdict import Verdict
from market_analysis.rules.view import Anchors

ZERO = Decimal(0)


def marked(state: GuardState, marks: Mapping[InstrumentId, Decimal]) -> GuardState:
    """The state at these marks. Positions whose money per tick is not constant wait for the next read, and all of what is unknown
    stays unknown."""
    if not isinstance(state.positions, tuple):
        return state
    positions, change = [], ZERO
    for item in state.positions:
        mark = marks.get(item.key.instrument)
        moved = item if mark is None else _at_mark(item, mark)
        change += (moved.unrealized or ZERO) - (item.unrealized or ZERO)
        positions.append(moved)
    seen = {new.key.instrument for new, old in zip(positions, state.positions, strict=True) if new is not old}
    now = at_least(state.now)
    state = replace(
        state,
        positions=tuple(positions),
        money=_with(state.money, change),
        marked_at={**state.marked_at, **dict.fromkeys(seen, now)},
    )
    return replace(state, anchors=with_peaks(state), best=best_prices(state))


def with_peaks(state: GuardState) -> Anchors:
    """The anchors with the highest levels seen so far."""
    anchors = state.anchors
    return replace(anchors, real_time_peak=higher(anchors.real_time_peak, last_level(state)))


def best_prices(state: GuardState) -> Mapping[PositionKey, Decimal]:
    """The best mark of each position since it was opened; kept while positions cannot be read."""
    positions = state.positions
    if positions is None or isinstance(positions, Unknown):
        return state.best
    found = {}
    for item in positions:
        prices = [price for price in (state.best.get(item.key), item.mark, item.entry_price) if price is not None]
        found[item.key] = max(prices) if item.side is Side.LONG else min(prices)
    return found


def trigger_prices(state: GuardState, verdicts: Iterable[Verdict]) -> Mapping[InstrumentId, tuple[Decimal, Decimal]]:
    """Per instrument the prices, below and above the mark, at which the nearest limit in money is used up if nothing else moves:
    mark -+ room / (contracts * money per unit of price). Only where room is above zero and money per tick is constant."""
    rooms = [verdict.room for verdict in verdicts if verdict.room is not None and verdict.room > 0]
    if not rooms or not isinstance(state.positions, tuple):
        return {}
    room = min(rooms)
    found: dict[InstrumentId, tuple[Decimal, Decimal]] = {}
    for item in state.positions:
        if item.mark is None or item.tick_value is None:
            continue
        distance = room / (item.quantity * item.tick_value / item.tick_size)
        low, high = found.get(item.key.instrument, (item.mark - distance, item.mark + distance))
        found[item.key.instrument] = (max(low, item.mark - distance), min(high, item.mark + distance))
    return found


def _at_mark(item: HeldPosition, mark: Decimal) -> HeldPosition:
    """profit changes by sign * (new - old) / tick * money per tick * contracts; value in proportion."""
    if item.mark is None or item.tick_value is None or item.unrealized is None:
        return item
    change = item.side.sign * (mark - item.mark) / item.tick_size * item.tick_value * item.quantity
    notional = None if item.notional is None or item.mark == 0 else item.notional * mark / item.mark
    return replace(item, mark=mark, unrealized=item.unrealized + change, notional=notional)


def _with(money: MoneyRead | Unknown[MoneyRead] | None, change: Decimal) -> MoneyRead | Unknown[MoneyRead] | None:
    if not isinstance(money, MoneyRead):
        return money
    flat = None if money.equity_if_flat is None else money.equity_if_flat + change
    return replace(money, equity=money.equity + change, equity_if_flat=flat)
