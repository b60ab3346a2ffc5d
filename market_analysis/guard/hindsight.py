"""What these limits would have done to what has happened, and what that would have cost or saved.

The account is taken as closed at the equity of the firing, and flat until the lock ends; then the history goes on as it was. That
is an assumption, not a fact: a trader who was stopped would have traded otherwise afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from market_analysis.domain.event import AccountRead, Event, MoneyRead
from market_analysis.guard.judging import ACTS, judge
from market_analysis.guard.state import GuardPolicy
from market_analysis.guard.step import begin, step
from market_analysis.guard.viewing import account_view
from market_analysis.rules.verdict import Ends, Verdict
from market_analysis.rules.view import AccountView


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that asked for something. until: the end of its lock, None where it locks nothing or nobody knows the end.

    equity: then. saved: equity then less equity at the lock's end, above zero where staying out would have helped; None without a
    lock.
    """

    rule: str
    subject: str
    at: datetime
    day: date
    message: str
    equity: Decimal | None
    until: datetime | None
    locks: bool
    saved: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DayPassed:
    """A trading day's last known equity, and how often a rule asked for something."""

    day: date
    equity: Decimal
    change: Decimal
    firings: int


@dataclass(frozen=True, slots=True)
class Hindsight:
    """The whole of it. lowest: the deepest fall of equity below its highest level so far, of the history as it was."""

    first: datetime | None
    last: datetime | None
    days: tuple[DayPassed, ...]
    firings: tuple[Firing, ...]
    saved: Mapping[str, Decimal]
    lowest: Decimal


def hindsight(events: Iterable[Event], policy: GuardPolicy) -> Hindsight:
    """Live the events under the policy, without an enforcer; a rule fires once per subject and trading day."""
    state = begin(policy)
    curve: list[tuple[datetime, date, Decimal]] = []
    firings: list[Firing] = []
    fired: set[tuple[str, str, date]] = set()
    for event in events:
        state, _ = step(state, event)
        view = account_view(state)
        if isinstance(event, AccountRead) and isinstance(event.money, MoneyRead):
            curve.append((view.now, view.day.day, event.money.equity))
        for _, verdict in judge(state):
            name = (verdict.rule, verdict.subject, view.day.day)
            if verdict.status in ACTS and (verdict.responses or verdict.lock) and name not in fired:
                fired.add(name)
                firings.append(_firing(view, verdict))
    settled = [_settled(item, curve) for item in firings]
    saved: dict[str, Decimal] = {}
    for item in settled:
        if item.saved is not None:
            saved[item.rule] = saved.get(item.rule, Decimal(0)) + item.saved
    days = _days(curve, settled)
    return Hindsight(curve[0][0] if curve else None, curve[-1][0] if curve else None, days, tuple(settled), saved, _lowest(curve))


def _firing(view: AccountView, verdict: Verdict) -> Firing:
    lock = verdict.lock
    until = None if lock is None else view.day.end if lock.ends is Ends.RESET else lock.until
    return Firing(verdict.rule, verdict.subject, view.now, view.day.day, verdict.message, None, until, lock is not None)


def _settled(item: Firing, curve: list[tuple[datetime, date, Decimal]]) -> Firing:
    """With the equity of the first read that knew of it, and that at the end of its lock or of the history."""
    then = next((equity for at, _, equity in curve if at >= item.at), None)
    until_end = [equity for at, _, equity in curve if item.until is None or at < item.until]
    saved = then - until_end[-1] if item.locks and then is not None and until_end else None
    return replace(item, equity=then, saved=saved)


def _days(curve: list[tuple[datetime, date, Decimal]], firings: list[Firing]) -> tuple[DayPassed, ...]:
    last: dict[date, Decimal] = {day: equity for _, day, equity in curve}
    found = []
    before = next((equity for _, _, equity in curve), Decimal(0))
    for day, equity in sorted(last.items()):
        found.append(DayPassed(day, equity, equity - before, sum(item.day == day for item in firings)))
        before = equity
    return tuple(found)


def _lowest(curve: list[tuple[datetime, date, Decimal]]) -> Decimal:
    peak, lowest = None, Decimal(0)
    for _, _, equity in curve:
        peak = equity if peak is None else max(peak, equity)
        lowest = max(lowest, peak - equity)
    return lowest
