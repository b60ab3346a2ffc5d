"""Closed trades of an account as odds: by hand, and from the embedded exchange's transaction log."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from books import instrument_id
from desk_sessions import NOW, open_desk

from market_analysis.desk.track_record import account_record, record_of
from market_analysis.domain import LogTrade

D = Decimal


def trade(order: str, realized: str, costs: str = "0", *, is_execution: bool = True, entry: str = "") -> LogTrade:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return LogTrade(entry or f"{order}-{realized}", order, instrument_id("BTCUSDT"), D(realized), D(costs), at, is_execution)


def test_by_hand() -> None:
    record = record_of(
        [
            trade("open", "0", "5"),
            trade("a", "60", "5"),
            trade("a", "50", "5"),  # one order, two fills: +100
            trade("b", "-48", "2"),  # -50
            trade("c", "2", "2"),  # nothing: a trade, no win
            trade("d", "25", "5"),  # +20
            trade("funding", "0", "9", is_execution=False),
        ],
        "test",
    )
    assert (record.trades, record.win_frac, record.source) == (4, 0.5, "test")
    assert record.payoff == pytest.approx(60 / 50)


def test_no_wins_no_losses_no_trades() -> None:
    assert record_of([trade("a", "-5")], "x").payoff == 0.0
    assert record_of([trade("a", "5")], "x").payoff == math.inf
    assert (record_of([], "x").trades, record_of([], "x").win_frac) == (0, 0.0)


async def test_from_the_transaction_log_of_several_weeks() -> None:
    async with open_desk() as desk:
        record = await account_record(desk.session.venue, NOW, 20)
        told = await account_record(desk.session.venue, NOW, 1)
    assert record.trades == 2
    assert told.trades <= record.trades
    assert record.source == "the account's last 20 days"
