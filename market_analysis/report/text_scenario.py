"""A scenario's lines with what the guard said and did, and its expectations with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime
from decimal import Decimal
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
    def line(self) -> LineSaid | None: ...

    @property
    def at(self) -> datetime: ...

    @property
    def equity(self) -> Decimal: ...

    @property
    def verdicts(self) -> Sequence[Verdict]: ...

    @property
    def decisions(self) -> Sequence[Decision]: ...

    @property
    def met(self) -> bool | None: ...

    @property
    def found(self) -> str: ...

    @property
    def refused(self) -> Set[str]: ...


def scenario_text(passed: Sequence[LinePassed], zone: ZoneInfo) -> str:
    """One row a line, with its number in the file; times in the account's own zone. What is not met is said again at the end."""
    table = tabulate(
        list(_rows(passed, zone)),
        headers=("line", "time", "what", "equity", "rules", "done"),
        tablefmt="plain",
        disable_numparse=True,
        maxcolwidths=[None, None, 44, None, 40, 46],
        colalign=("right", "left", "left", "right", "left", "left"),
    )
    judged = [item for item in passed if item.line is not None and item.line.expects]
    met = sum(bool(item.met) for item in judged)
    failed = "".join(_failed(item.line, item.found) for item in judged if not item.met and item.line is not None)
    return f"{table}\n\n{met} of {len(judged)} expectations met{failed}"


def _rows(passed: Iterable[LinePassed], zone: ZoneInfo) -> Iterator[tuple[str, ...]]:
    """Looks that led to the same as the one before are told once."""
    last: tuple[str, ...] = ()
    for item in passed:
        when = f"{item.at.astimezone(zone):%m-%d %H:%M:%S}"
        rest = (money(item.equity), "\n".join(standing(item.verdicts)) or "ok", "\n".join(deeds(item.decisions, item.refused)))
        if item.line is None:
            if rest != last:
                yield ("", when, "(a look)", *rest)
        elif item.line.expects:
            yield (str(item.line.number), "", plain(item.line.text), "", "met" if item.met else "NOT MET", "")
            continue
        else:
            yield (str(item.line.number), when, plain(item.line.text), *rest)
        last = rest


def _failed(line: LineSaid, found: str) -> str:
    return f"\nline {line.number}: {plain(line.text)}\n  found: {plain(found)}"


def standing(verdicts: Iterable[Verdict]) -> list[str]:
    """Each rule that is not fine, and what is left of each limit in money."""
    said = []
    for verdict in verdicts:
        account = verdict.subject == "account"
        left = f", {money(verdict.room)} left" if account and verdict.room is not None else ""
        if verdict.status is not Status.OK or left:
            where = "" if account else f" ({plain(verdict.subject.rpartition('/')[2])})"
            said.append(f"{verdict.rule} {verdict.status.value}{where}{left}")
    return said


def deeds(decisions: Iterable[Decision], refused: Set[str] = frozenset()) -> list[str]:
    """What was done and told, once each, in order. refused: client ids of what the venue did not take."""
    return list(dict.fromkeys(text for item in decisions if (text := _deed(item, refused))))


def _deed(item: Decision, refused: Set[str]) -> str:
    if isinstance(item, Intent):
        return _sent(item) + (" (refused)" if item.client_id in refused else "")
    if isinstance(item, LockSet):
        return f"lock {item.root or 'account'} until {item.ends} ({item.rule})"
    if isinstance(item, LockCleared):
        return f"unlock {item.root or 'account'} by {item.by} ({item.rule})"
    if isinstance(item, Alert):
        return f"{'page' if item.page else 'tell'} {item.code}" if item.raised else f"over {item.code}"
    if isinstance(item, WouldDo):
        return f"would {item.response} ({item.rule})"
    return f"flat, verified ({plain(item.cause)})" if isinstance(item, FlattenEnded) and item.verified else ""


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
