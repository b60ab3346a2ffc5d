"""Closed trades as the guard's events: the account is read after each, and just before each trading day ends.

Only what was realised is known: no marks, no open positions, no floating loss. Limits on equity see the balance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from market_analysis.domain import Category, InstrumentId, trading_day
from market_analysis.domain.event import AccountRead, Event, FillSeen, MoneyRead, PeriodStartKnown, Started, TradesRead
from market_analysis.rules.roots import root_of_symbol
from market_analysis.rules.view import Period

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """What one closing made: realised profit before costs, and the costs (> 0 paid)."""

    closed_at: datetime
    symbol: str
    realized: Decimal
    costs: Decimal


def events_of(trades: Sequence[ClosedTrade], balance: Decimal, zone: ZoneInfo, reset: time) -> Iterator[Event]:
    """In order of their closing; balance: before the first."""
    ordered = sorted(trades, key=lambda trade: trade.closed_at)
    if not ordered:
        return
    began = ordered[0].closed_at
    day = trading_day(began - SECOND, zone, reset)
    now, number = began - SECOND, 0

    def uptime() -> int:
        return (now - began + 2 * SECOND) // timedelta(milliseconds=1)

    def read() -> Iterator[AccountRead]:
        """Twice: what one read alone has seen, the guard believes only until the next (ruling 25), and here nothing is wrong."""
        nonlocal number
        for _ in range(2):
            number += 1
            yield AccountRead(now, uptime(), number, MoneyRead(balance, balance), (), (), can_trade=True, unexplained=Decimal(0))

    yield Started(now, uptime())
    yield TradesRead(now, uptime(), began - timedelta(days=400))
    yield PeriodStartKnown(now, uptime(), Period.DAY.value, balance, balance)
    yield from read()
    for place, trade in enumerate(ordered):
        while trade.closed_at >= day.end:
            now = max(day.end - SECOND, now)
            yield from read()
            day = trading_day(day.end, zone, reset)
        now = max(trade.closed_at, now)
        balance += trade.realized - trade.costs
        instrument = InstrumentId("history", Category.LINEAR, trade.symbol)
        yield FillSeen(
            at=now,
            uptime_ms=uptime(),
            fill_id=f"closed-{place}",
            order_id=f"closed-{place}",
            client_order_id=None,
            instrument=instrument,
            root=root_of_symbol(trade.symbol),
            time=now,
            realized=trade.realized,
            costs=trade.costs,
        )
        yield from read()
