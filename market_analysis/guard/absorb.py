"""An event becomes facts. State first, rules after: a fill that arrives while the account is locked still counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from market_analysis.domain import PositionKey, Unknown, trading_day
from market_analysis.domain.decision import IntentKind
from market_analysis.domain.event import (
    AccountRead,
    ActionResult,
    AnalysisMade,
    Event,
    FillSeen,
    MarksSeen,
    Outcome,
    PeriodStartKnown,
    Started,
    TradesRead,
)
from market_analysis.guard import exits, venue_lock
from market_analysis.guard.days import result_of
from market_analysis.guard.locks import lower
from market_analysis.guard.marks import best_prices, marked, with_levels
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import Asked, GuardState, Sent
from market_analysis.rules.bridge import within_tolerance
from market_analysis.rules.protection import protection
from market_analysis.rules.view import Level, Period, TradeView

TRADES_KEPT = timedelta(hours=24)


def absorb(state: GuardState, event: Event) -> GuardState:
    """The state with the event's facts in it; what the guard does about them comes later."""
    if isinstance(event, Started):
        # What was under way when the guard went down has no answer any more, and what was read then is no read of now.
        return unread(replace(state, sent={name: _ended(state, item) for name, item in state.sent.items()}))
    if isinstance(event, AccountRead):
        return _read(state, event)
    if isinstance(event, FillSeen):
        return _filled(state, event)
    if isinstance(event, TradesRead):
        return replace(state, trades_known_since=event.since)
    if isinstance(event, PeriodStartKnown):
        return replace(state, anchors=state.with_period_start(Period(event.period), Level(event.balance, event.equity)))
    if isinstance(event, MarksSeen):
        return marked(state, event.marks)
    if isinstance(event, AnalysisMade):
        return _analysed(state, event)
    if isinstance(event, ActionResult):
        return _answered(state, event)
    return state


def unread(state: GuardState) -> GuardState:
    """The state in which nothing was read yet: nothing is acted on, and what a rule has asked for is to be asked twice again."""
    asked = {name: Asked(0, word.number) for name, word in state.asked.items()}
    return replace(state, money=None, positions=None, orders=None, asked=asked)


def _analysed(state: GuardState, event: AnalysisMade) -> GuardState:
    """One that could not tell the book's tail leaves the last that could: what is not known opens no hedge."""
    if event.tail is not None:
        return replace(state, analysis=event, tail_at=event.at)
    last = None if state.analysis is None else state.analysis.tail
    return replace(state, analysis=replace(event, tail=last))


def _read(state: GuardState, event: AccountRead) -> GuardState:
    """A late answer of an earlier read changes nothing. What could not be read is unknown, and what was known of it is not kept as
    if."""
    if event.number <= state.read_number:
        return state
    state = replace(
        state,
        money=event.money,
        positions=event.positions,
        orders=event.orders,
        read_number=event.number,
        read_at=at_least(state.now) - timedelta(milliseconds=state.uptime_ms - event.uptime_ms),
        marked_at={},
        can_trade=event.can_trade,
        unexplained=event.unexplained,
        unexplained_since=_unexplained_since(state, event),
    )
    blind = any(isinstance(part, Unknown) for part in (event.money, event.positions, event.orders))
    state = replace(state, blind_since=(state.blind_since or state.now) if blind else None)
    state = with_levels(replace(state, sent=_settled(state)))
    if isinstance(state.positions, tuple):
        open_now = {item.key for item in state.positions}
        ladders = {key: rung for key, rung in state.exits.items() if key in open_now}
        state = replace(
            state, stop_refused=state.stop_refused & open_now, exit_refused=state.exit_refused & open_now, exits=ladders
        )
    state = lower(replace(state, best=best_prices(state), unprotected=_unprotected(state), stops=_stops(state)))
    return replace(state, last_held=state.positions) if isinstance(state.positions, tuple) else state


def _unexplained_since(state: GuardState, event: AccountRead) -> datetime | None:
    """When the residual left its tolerance; a read that cannot tell leaves it where it was, so that doubt is bounded in time."""
    if event.unexplained is None or isinstance(event.money, Unknown):
        return state.unexplained_since
    if within_tolerance(event.unexplained, event.money.equity):
        return None
    return state.unexplained_since or at_least(state.now)


def _settled(state: GuardState) -> Mapping[str, Sent]:
    """Intents that were answered before a read began are history: that read tells what became of them.

    The read after the answer may have begun before it; the one after that cannot.
    """
    return {name: sent for name, sent in state.sent.items() if not (sent.answered and state.read_number - sent.read_number >= 2)}


def _stops(state: GuardState) -> Mapping[PositionKey, Decimal | None]:
    """What somebody who is woken needs to know when nothing can be read any more."""
    positions, orders = state.positions, state.orders
    if not isinstance(positions, tuple) or not isinstance(orders, tuple):
        return state.stops
    return {item.key: None if item.mark is None else protection(item, orders, item.mark).whole for item in positions}


def _unprotected(state: GuardState) -> Mapping[PositionKey, datetime]:
    """Since when each position lacks a stop for its whole size; judged only where positions and orders are known.

    Of a new position since it was opened; of one that was protected before, since now: a stop that is gone gives a new grace.
    Without a mark nothing can be told, and what was known stands.
    """
    positions, orders = state.positions, state.orders
    if not isinstance(positions, tuple) or not isinstance(orders, tuple):
        return state.unprotected
    found: dict[PositionKey, datetime] = {}
    for item in positions:
        before = state.unprotected.get(item.key)
        was_held = item.key in state.best
        if item.mark is None:
            since = before
        elif protection(item, orders, item.mark).uncovered == 0:
            since = None
        else:
            since = before or (at_least(state.now) if was_held else item.opened_at)
        if since is not None:
            found[item.key] = max(since, item.opened_at)
    return found


def _filled(state: GuardState, event: FillSeen) -> GuardState:
    """Once per fill id; a void takes back what it voids, and a fill that is told again changes nothing."""
    known = {trade.fill_id: trade for trade in state.trades}
    if event.fill_id in known and not (event.voided and not known[event.fill_id].voided):
        return state
    now = at_least(state.now)
    start = now - TRADES_KEPT if state.day is None else min(state.day.start, now - TRADES_KEPT)
    if event.time < start:
        return state
    fresh = TradeView(
        fill_id=event.fill_id,
        order_id=event.order_id,
        instrument=event.instrument,
        root=event.root,
        time=event.time,
        realized=event.realized,
        costs=event.costs,
        voided=event.voided,
        by_guard=state.own_order(event.client_order_id),
        is_execution=event.is_execution,
    )
    state = _late(state, known.get(event.fill_id), fresh)
    known[event.fill_id] = fresh
    kept = sorted((trade for trade in known.values() if trade.time >= start), key=lambda trade: (trade.time, trade.fill_id))
    return replace(state, trades=tuple(kept))


def _late(state: GuardState, before: TradeView | None, trade: TradeView) -> GuardState:
    """A fill, or the void of one, of a day whose result stands already: the result follows."""
    if state.day is None or trade.time >= state.day.start:
        return state
    day = trading_day(trade.time, state.policy.zone, state.policy.reset).day
    result = state.day_results.get(day)
    if result is None:
        return state
    counted = Decimal(0) if before is None or before.voided else result_of(before)
    change = (Decimal(0) if trade.voided else result_of(trade)) - counted
    return replace(state, day_results={**state.day_results, day: result + change})


def _answered(state: GuardState, event: ActionResult) -> GuardState:
    sent = state.sent.get(event.client_id)
    if sent is None:
        return state
    state = replace(state, sent={**state.sent, event.client_id: _ended(state, sent)})
    kind, key = sent.intent.kind, sent.intent.key
    if kind in venue_lock.KINDS and event.outcome is Outcome.DONE:
        return replace(state, venue_locked=kind is IntentKind.LOCK_ACCOUNT)
    if event.outcome is not Outcome.REJECTED or key is None:
        return state
    if kind is IntentKind.SET_STOP:
        return replace(state, stop_refused=state.stop_refused | {key})
    if kind is IntentKind.PLACE_EXIT:
        return replace(state, exit_refused=state.exit_refused | {key})
    return replace(state, exits=exits.refused(state, sent.intent))


def _ended(state: GuardState, sent: Sent) -> Sent:
    return sent if sent.answered else replace(sent, answered=True, read_number=state.read_number)
