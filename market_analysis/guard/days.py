"""The trading day: one reset per day that began, also after days of down time; what a reset does to anchors and locks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from market_analysis.domain import TradingDay, Unknown, trading_day
from market_analysis.domain.decision import DayBegan, Decision, LockCleared
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import GuardState
from market_analysis.rules.verdict import Ends
from market_analysis.rules.view import Anchors, Level, Period

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
    anchors = state.anchors if before is None else _next_anchors(state, today)
    ended = tuple(lock for lock in state.locks if lock.ends is Ends.RESET and lock.day is not None and lock.day < today.day)
    kept = tuple(lock for lock in state.locks if lock not in ended)
    decisions: tuple[Decision, ...] = tuple(LockCleared(lock.rule, lock.root, "reset") for lock in ended)
    return replace(state, day=today, anchors=anchors, locks=kept), (DayBegan(today.day, today.start), *decisions)


def _next_anchors(state: GuardState, today: TradingDay) -> Anchors:
    """The last level before it becomes the start of what begins today, and counts for the end-of-day peak."""
    anchors = state.anchors
    fresh = state.read_at is not None and today.start - FRESH <= state.read_at
    last = last_level(state) if fresh else None
    starts = dict(anchors.period_start)
    begun = [Period.DAY]
    if state.day is not None:
        begun += [Period.WEEK] if state.day.day.isocalendar()[:2] != today.day.isocalendar()[:2] else []
        begun += [Period.MONTH] if (state.day.day.year, state.day.day.month) != (today.day.year, today.day.month) else []
    for period in begun:
        if last is None:
            starts.pop(period, None)
        else:
            starts[period] = last
    return Anchors(
        initial_balance=anchors.initial_balance,
        period_start=starts,
        real_time_peak=anchors.real_time_peak,
        end_of_day_peak=higher(anchors.end_of_day_peak, last),
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
