"""Trades that cannot be: refused by name before anything is computed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from desk_sessions import open_desk, quick_settings

from market_analysis.desk.backtest import backtest_entries
from market_analysis.desk.instruments import parse_instrument, require_listed
from market_analysis.desk.what_if import levels, size, what_if
from market_analysis.domain import Category, Side
from market_analysis.errors import UsageError, VenueError
from market_analysis.risk.what_if import ProposedTrade
from market_analysis.venues.simulated import FaultKind

TEN = Decimal(10)


@pytest.mark.parametrize(
    ("text", "category", "symbol"),
    [
        ("btc", Category.LINEAR, "BTCUSDT"),
        ("spot:btcusdt", Category.SPOT, "BTCUSDT"),
        ("LINEAR:BTCUSDT", Category.LINEAR, "BTCUSDT"),
        ("inverse:BTCUSD", Category.INVERSE, "BTCUSD"),
        ("BTC/USDT", Category.SPOT, "BTCUSDT"),
        ("BTC/USDC:USDC", Category.LINEAR, "BTCPERP"),
        ("BTC/USD:BTC", Category.INVERSE, "BTCUSD"),
    ],
)
def test_names_that_people_type(text: str, category: Category, symbol: str) -> None:
    found = parse_instrument(text)
    assert (found.category, found.symbol) == (category, symbol)


@pytest.mark.parametrize(
    "text", ["", " ", "BTC USDT", "B\u0130TUSDT", "\u30d3\u30c3\u30c8", "BTC-27JUN25", "spot:", "../x", "BTC\nUSDT"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no instrument"):
        parse_instrument(text)


async def test_contracts_that_do_not_exist_and_leverage_and_margin_that_are_not_there() -> None:
    nothing, spot, btc = (parse_instrument(text) for text in ("NOSUCHUSDT", "spot:BTCUSDT", "BTC"))
    async with open_desk(quick_settings(bybit={"max_attempts": 3})) as desk:
        session = desk.session
        with pytest.raises(UsageError, match="lists no linear contract NOSUCHUSDT"):
            await levels(session, nothing, Side.LONG, TEN)
        with pytest.raises(UsageError, match="lists no linear contract NOSUCHUSDT"):
            await what_if(session, ProposedTrade(nothing, Side.LONG, Decimal(1)))
        with pytest.raises(UsageError, match="lists no linear contract NOSUCHUSDT"):
            await backtest_entries(session, nothing, Side.LONG, days=2, every_hours=12, leverage=TEN)
        with pytest.raises(UsageError, match="BTCUSDT spot has no stop"):
            await size(session, spot, Side.LONG, Decimal(1), None, TEN)
        with pytest.raises(UsageError, match="leverage 101 is outside 1 "):
            await levels(session, btc, Side.LONG, Decimal(101))
        with pytest.raises(UsageError, match="of margin and costs"):
            await what_if(session, ProposedTrade(btc, Side.LONG, Decimal(1000)))
        closing = await what_if(session, ProposedTrade(btc, Side.SHORT, Decimal("0.05")))
        assert closing.changes


async def test_a_venue_that_cannot_be_read_says_nothing_about_what_it_lists() -> None:
    async with open_desk() as desk:
        desk.server.faults.set(endpoint="*", kind=FaultKind.HTTP_500)
        with pytest.raises(VenueError):
            await require_listed(desk.session.venue, parse_instrument("BTC"))
