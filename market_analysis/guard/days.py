"""The trading day: one reset per day that began, also after days of down time; what a reset does to anchors and locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from market_analysis.domain import TradingDay, Unknown, trading_day
from market_analysis.domain.decision import DayBegan, Decision, LockCleared
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import GuardState
from market_analysis.rules.verdict import Ends
from market_analysis.rules.view import Anchors, Level, Period, TradeView

DAYS_KEPT = 400
FRESH = timedelta(minutes=2)
"""A level read so long before a boundary stands for the level at it."""


def begin_day(state: GuardState) -> tuple[GuardState, tuple[Decision, ...]]:
    """The state in the trading day of its time.

    A day's, week's or month's start is the level that was last read before it began, if that was at most FRESH before. Otherwise it
    is unknown until the shell tells it (`PeriodStartKnown`, from the venue's own records): a stale level is no start.
    """
    now = at_least(state.now)
    today = trading_day(now, state.policy.zone, state.policy.reset)
    before = state.day
    if before is not None and today.day <= before.day:
        return state, ()
    anchors = state.anchors if before is None else _next_anchors(state, before.day, today)
    ended = tuple(lock for lock in state.locks if lock.ends is Ends.RESET and lock.day is not None and lock.day < today.day)
    kept = tuple(lock for lock in state.locks if lock not in ended)
    decisions: tuple[Decision, ...] = tuple(LockCleared(lock.rule, lock.root, "reset") for lock in ended)
    begun = replace(state, day=today, anchors=anchors, locks=kept, day_results=_results(state, today))
    return begun, (DayBegan(today.day, today.start), *decisions)


def of_phase(anchors: Anchors, initial_balance: Decimal | None) -> Anchors:
    """The anchors under the owner's present initial balance: the phase began with it, unless its start was told otherwise."""
    if initial_balance is None:
        return anchors
    starts = {Period.PHASE: Level(initial_balance, initial_balance), **anchors.period_start}
    return replace(anchors, initial_balance=initial_balance, period_start=starts)


def _results(state: GuardState, today: TradingDay) -> Mapping[date, Decimal | None]:
    """The results of the days before today: of the one that has ended by its trades, None of those that nobody watched."""
    before = state.day
    if before is None:
        return state.day_results
    known = state.trades_known_since is not None and state.trades_known_since <= before.start
    made = [trade for trade in state.trades if before.start <= trade.time < before.end and not trade.voided]
    results: dict[date, Decimal | None] = dict(state.day_results)
    results[before.day] = sum((result_of(trade) for trade in made), Decimal(0)) if known else None
    missed = before.day + timedelta(days=1)
    while missed < today.day:
        results[missed] = None
        missed += timedelta(days=1)
    return dict(sorted(results.items())[-DAYS_KEPT:])


def result_of(trade: TradeView) -> Decimal:
    """What an execution made, its costs off."""
    return (trade.realized or Decimal(0)) - trade.costs


def _next_anchors(state: GuardState, before: date, today: TradingDay) -> Anchors:
    """The last level before it becomes the start of what begins today; what the last two agree on counts for the end-of-day
    peak."""
    anchors = state.anchors
    fresh = state.read_at is not None and today.start - FRESH <= state.read_at
    last = last_level(state) if fresh else None
    starts = dict(anchors.period_start)
    begun = [Period.DAY]
    begun += [Period.WEEK] if before.isocalendar()[:2] != today.day.isocalendar()[:2] else []
    begun += [Period.MONTH] if (before.year, before.month) != (today.day.year, today.day.month) else []
    for period in begun:
        if last is None:
            starts.pop(period, None)
        else:
            starts[period] = last
    return Anchors(
        initial_balance=anchors.initial_balance,
        period_start=starts,
        real_time_peak=anchors.real_time_peak,
        end_of_day_peak=higher(anchors.end_of_day_peak, state.level_agreed if last is not None else None),
    )


def last_level(state: GuardState) -> Level | None:
    """Balance and equity as last read, None when they are not known."""
    money = state.money
    return None if money is None or isinstance(money, Unknown) else Level(money.balance, money.equity)


def higher(one: Level | None, other: Level | None) -> Level | None:
    """Each series' own highest."""
    if one is None or other is None:
        return one or other
    return Level(max(one.balance, other.balance), max(one.equity, other.equity))


def lower(one: Level | None, other: Level | None) -> Level | None:
    """Each series' own lowest, None unless both are known."""
    if one is None or other is None:
        return None
    return Level(min(one.balance, other.balance), min(one.equity, other.equity))
