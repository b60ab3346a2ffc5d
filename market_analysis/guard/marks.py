"""Prices between two reads: what they make of floating profit and equity, and where a limit would be reached.

A mark changes what is held by nothing but its price, and nothing that outlives it. It may make a rule ask; only what is read makes
the guard act on it, for a read must still ask the same (ruling 25).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from market_analysis.domain import InstrumentId, PositionKey, Side, Unknown
from market_analysis.domain.event import HeldPosition, MoneyRead
from market_analysis.guard.days import higher, last_level, lower
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import GuardState
from market_analysis.rules.verdict import Verdict

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
    return replace(
        state,
        positions=tuple(positions),
        money=_with(state.money, change),
        marked_at={**state.marked_at, **dict.fromkeys(seen, now)},
    )


def with_levels(state: GuardState) -> GuardState:
    """After a read: the level that it and the one before it agree on, and the highest such so far.

    A peak outlives the mark that made it, so that one wrong mark, read once, must not make one (ruling 25). A read that failed in
    between takes nothing back.
    """
    level = last_level(state)
    if level is None:
        return state
    agreed, anchors = lower(state.level_read, level), state.anchors
    anchors = replace(anchors, real_time_peak=higher(anchors.real_time_peak, agreed))
    return replace(state, level_read=level, level_agreed=agreed, anchors=anchors)


def best_prices(state: GuardState) -> Mapping[PositionKey, Decimal]:
    """The best mark of each position that two reads in a row have seen since it was opened, or its entry; kept while positions
    cannot be read."""
    positions = state.positions
    if positions is None or isinstance(positions, Unknown):
        return state.best
    before = {item.key: item.mark for item in state.last_held}
    found = {}
    for item in positions:
        better, worse = (max, min) if item.side is Side.LONG else (min, max)
        earlier = before.get(item.key)
        seen = None if earlier is None or item.mark is None else worse(earlier, item.mark)
        found[item.key] = better(price for price in (state.best.get(item.key), seen, item.entry_price) if price is not None)
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
