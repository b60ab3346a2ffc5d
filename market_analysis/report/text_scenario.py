"""A scenario's lines with what the guard said and did, and its expectations with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from tabulate import tabulate

from market_analysis.domain.decision import Alert, Decision, FlattenEnded, Intent, IntentKind, LockCleared, LockSet, WouldDo
from market_analysis.report.numbers import money, plain
from market_analysis.rules.limit_verdict import plain as number
from market_analysis.rules.verdict import Status, Verdict

__all__ = ["deeds", "scenario_text"]


class LineSaid(Protocol):
    """A line of the file."""

    @property
    def number(self) -> int: ...

    @property
    def text(self) -> str: ...

    @property
    def expects(self) -> bool: ...


class LinePassed(Protocol):
    """A line and what came of it."""

    @property
    def line(self) -> LineSaid: ...

    @property
    def at(self) -> datetime: ...

    @property
    def verdicts(self) -> Sequence[Verdict]: ...

    @property
    def decisions(self) -> Sequence[Decision]: ...

    @property
    def met(self) -> bool | None: ...

    @property
    def found(self) -> str: ...


def scenario_text(passed: Sequence[LinePassed], zone: ZoneInfo) -> str:
    """One row a line; times in the account's own zone."""
    rows = []
    for item in passed:
        if item.line.expects:
            rows.append(
                ("", plain(item.line.text), "met" if item.met else f"NOT MET: {plain(item.found)}", f"line {item.line.number}")
            )
            continue
        when = f"{item.at.astimezone(zone):%m-%d %H:%M:%S}"
        rows.append((when, plain(item.line.text), standing(item.verdicts), "; ".join(deeds(item.decisions))))
    table = tabulate(
        rows, headers=("time", "line", "rules", "done"), tablefmt="plain", disable_numparse=True, maxcolwidths=[None, 44, 48, 60]
    )
    judged = [item for item in passed if item.line.expects]
    met = sum(bool(item.met) for item in judged)
    return f"{table}\n\n{met} of {len(judged)} expectations met"


def standing(verdicts: Iterable[Verdict]) -> str:
    """Each rule that is not fine, and what is left of each limit in money."""
    said = []
    for verdict in verdicts:
        account = verdict.subject == "account"
        left = f" {money(verdict.room)} left" if account and verdict.room is not None else ""
        if verdict.status is not Status.OK or left:
            said.append(f"{verdict.rule} {verdict.status.value}{left}" + ("" if account else f" ({plain(verdict.subject)})"))
    return ", ".join(said) or "ok"


def deeds(decisions: Iterable[Decision]) -> list[str]:
    """What was done and told, once each, in order."""
    return list(dict.fromkeys(text for item in decisions if (text := _deed(item))))


def _deed(item: Decision) -> str:
    if isinstance(item, Intent):
        return _sent(item)
    if isinstance(item, LockSet):
        return f"lock {item.root or 'account'} ({item.rule}, until {item.ends})"
    if isinstance(item, LockCleared):
        return f"unlock {item.root or 'account'} ({item.rule}, {item.by})"
    if isinstance(item, Alert):
        return f"tell {item.code}" if item.raised else ""
    if isinstance(item, WouldDo):
        return f"would {item.response} ({item.rule})"
    return f"flat, verified ({plain(item.cause)})" if isinstance(item, FlattenEnded) else ""


def _sent(intent: Intent) -> str:
    symbol = "" if intent.instrument is None else intent.instrument.symbol
    amount = "" if intent.quantity is None else f" {number(intent.quantity)}"
    if intent.kind is IntentKind.CLOSE:
        bound = "at any price" if intent.price is None else f"at {number(intent.price)} or better"
        return f"close{amount} {symbol} {bound}"
    if intent.kind is IntentKind.CANCEL:
        return f"cancel {intent.order_id}"
    price = "" if intent.price is None else f" at {number(intent.price)}"
    return f"{intent.kind.value.replace('_', ' ')}{amount} {symbol}{price}"
