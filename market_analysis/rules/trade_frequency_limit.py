"""TradeFrequencyLimit (document 002, rule 6): too many trades in a minute, an hour, a day; a cool-down, nothing is closed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import Unknown
from market_analysis.rules.measured import WARN_AT
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import Ends, Lock, Status, Verdict
from market_analysis.rules.view import AccountView, TradeView

NAME = "trade_frequency_limit"


class TradeCount(StrEnum):
    """What is one trade: an order however many fills it took; an order that opened something; each fill."""

    ORDERS = "orders"
    ENTRIES = "entries"
    FILLS = "fills"


class TradeFrequencyLimit(Parameters):
    """Counts breach above their limit. A limit that is not set is not watched."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "per_minute": Looser.HIGHER,
        "per_hour": Looser.HIGHER,
        "per_session": Looser.HIGHER,
        "minute_cooldown_seconds": Looser.LOWER,
        "hour_cooldown_seconds": Looser.LOWER,
        "session_cooldown_seconds": Looser.LOWER,
    }
    per_minute: int | None = Field(3, ge=1, description="trades in any 60 seconds")
    per_hour: int | None = Field(10, ge=1, description="trades in any 3600 seconds")
    per_session: int | None = Field(50, ge=1, description="trades of the trading day")
    minute_cooldown_seconds: int = Field(60, ge=1, le=86_400, description="cool-down after per_minute")
    hour_cooldown_seconds: int = Field(1800, ge=1, le=86_400, description="cool-down after per_hour")
    session_cooldown_seconds: int = Field(3600, ge=1, le=86_400, description="cool-down after per_session")
    counts: TradeCount = Field(TradeCount.ORDERS, description="orders, entries, fills")


@dataclass(frozen=True, slots=True)
class _Trade:
    at: datetime
    opens: bool


@dataclass(frozen=True, slots=True)
class _Window:
    """Trades after `at - length` count, or all since the day's start where there is no length."""

    name: str
    most: int
    cooldown: timedelta
    length: timedelta | None


def evaluate(view: AccountView, parameters: TradeFrequencyLimit) -> tuple[Verdict, ...]:
    """The cool-down runs from the trade that exceeded a limit, so that it is the same after a restart."""
    if isinstance(view.trades, Unknown):
        return (unknown(NAME, "account", f"trade count: the day's trades could not be read: {view.trades.detail}"),)
    trades = _counted(view.trades, parameters.counts)
    windows = _windows(parameters)
    until = _locked_until(trades, windows, view.day.start)
    times = [trade.at for trade in trades]
    counts = {window.name: _count(times, window, view.now, view.day.start) for window in windows}
    worst = max(windows, key=lambda window: Decimal(counts[window.name]) / window.most, default=None)
    if worst is None:
        return (Verdict(NAME, NAME, Status.OK, "account", "no trade count is limited"),)
    locked = until is not None and until > view.now
    used = Decimal(counts[worst.name]) / worst.most
    warns = any(used >= level for level in WARN_AT)
    text = ", ".join(f"{counts[window.name]} of {window.most} {window.name}" for window in windows)
    return (
        Verdict(
            rule=NAME,
            code=NAME,
            status=Status.BREACH if locked else Status.WARN if warns else Status.OK,
            subject="account",
            message=f"trades: {text}" + (f"; cool-down until {until:%H:%M:%S} UTC" if locked and until else ""),
            measure=Decimal(counts[worst.name]),
            threshold=Decimal(worst.most),
            unit="trades",
            distance=Decimal(worst.most - counts[worst.name]),
            used=used,
            lock=Lock(Ends.TIME, until) if locked else None,
            blocks="new risk until the cool-down ends; what lowers risk is allowed" if locked else "",
            inputs={name: str(count) for name, count in counts.items()},
        ),
    )


def _windows(parameters: TradeFrequencyLimit) -> tuple[_Window, ...]:
    rows = (
        ("per_minute", parameters.per_minute, parameters.minute_cooldown_seconds, timedelta(seconds=60)),
        ("per_hour", parameters.per_hour, parameters.hour_cooldown_seconds, timedelta(seconds=3600)),
        ("per_session", parameters.per_session, parameters.session_cooldown_seconds, None),
    )
    return tuple(_Window(name, most, timedelta(seconds=rest), length) for name, most, rest, length in rows if most is not None)


def _counted(trades: Sequence[TradeView], counts: TradeCount) -> tuple[_Trade, ...]:
    """One per order (or fill), at its first fill; without voided ones, funding, and what the guard did itself."""
    found: dict[str, _Trade] = {}
    for trade in sorted(trades, key=lambda item: (item.time, item.fill_id)):
        if trade.voided or trade.by_guard or not trade.is_execution:
            continue
        opens = trade.realized is None
        if counts is TradeCount.ENTRIES and not opens:
            continue
        found.setdefault(trade.fill_id if counts is TradeCount.FILLS else trade.order_id, _Trade(trade.time, opens))
    return tuple(sorted(found.values(), key=lambda item: item.at))


def _count(times: Sequence[datetime], window: _Window, at: datetime, day_start: datetime) -> int:
    """Of the trades' times in order: a rolling window is open at its start, a day begins with it."""
    upto = bisect_right(times, at)
    if window.length is None:
        return max(upto - bisect_left(times, day_start), 0)
    return upto - bisect_right(times, at - window.length)


def _locked_until(trades: Sequence[_Trade], windows: Sequence[_Window], day_start: datetime) -> datetime | None:
    """The end of the last cool-down: the longest of the limits that a trade exceeded. One that opens something during a cool-down
    begins it anew; an exit does only where it exceeds a limit itself."""
    until: datetime | None = None
    rest = timedelta(0)
    times = [trade.at for trade in trades]
    windows = [window for window in windows if len(times) > window.most]
    for trade in trades if windows else ():
        if until is not None and trade.at >= until:
            until, rest = None, timedelta(0)
        exceeded = [window.cooldown for window in windows if _count(times, window, trade.at, day_start) > window.most]
        rest = max([rest, *exceeded])
        if exceeded or (until is not None and trade.opens):
            until = trade.at + rest if until is None else max(until, trade.at + rest)
    return until


RULE = Rule(
    name=NAME,
    title="Trade frequency",
    source="document 002, RULE-006",
    parameters=TradeFrequencyLimit,
    evaluate=evaluate,
    explanation=Explanation(
        watches="how many orders traded in the last 60 seconds, the last hour, and the trading day, by the venue's own times",
        fires="when there are more than a limit",
        does="locks the account for a cool-down, the longest of the limits exceeded; a new entry during it begins it anew",
        does_not="close anything, or count partial fills, voided trades, funding or the guard's own closing orders",
    ),
)
