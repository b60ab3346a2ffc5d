"""An account's own closed trades as the odds that Kelly needs (ruling 19), from the venue's transaction log."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import mean

from market_analysis.domain import LogTrade
from market_analysis.risk.sizing_engine.types import TradeRecord
from market_analysis.venues.protocol import Venue


async def account_record(venue: Venue, now: datetime, days: int) -> TradeRecord:
    """The closed trades of the last `days` days. Raises VenueError when the log cannot be read whole."""
    activity = await venue.day(now - timedelta(days=days), now, {})
    unknown = f", {len(activity.unknown_types)} unknown kinds of entries left out" if activity.unknown_types else ""
    return record_of(activity.trades, f"the account's last {days} days{unknown}")


def record_of(trades: Iterable[LogTrade], source: str) -> TradeRecord:
    """One closed trade is one order that closed something: its realised profit less its own costs, all its fills together.

    win_frac = wins / trades; payoff = mean win / mean loss, 0 without a win, infinite without a loss. One that came out at
    nothing is a trade and no win. Costs of the opening order are not in it: they belong to many closings.
    """
    results: dict[str, Decimal] = {}
    closing: set[str] = set()
    for trade in trades:
        if trade.is_execution:
            results[trade.order_id] = results.get(trade.order_id, Decimal(0)) + trade.realized_usd - trade.costs_usd
            if trade.realized_usd != 0:
                closing.add(trade.order_id)
    closed = [results[order_id] for order_id in closing]
    wins, losses = [item for item in closed if item > 0], [-item for item in closed if item < 0]
    if not wins:
        payoff = 0.0
    elif not losses:
        payoff = math.inf
    else:
        payoff = float(mean(wins) / mean(losses))
    return TradeRecord(len(closed), len(wins) / len(closed) if closed else 0.0, payoff, source)
