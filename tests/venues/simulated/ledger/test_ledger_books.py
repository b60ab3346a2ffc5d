"""The ready books: what they promise holds on any market, and they are built fast."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market_analysis.errors import UsageError
from market_analysis.venues.simulated.catalogue import make_catalogue
from market_analysis.venues.simulated.ledger import books
from market_analysis.venues.simulated.ledger.book_builder import Book
from market_analysis.venues.simulated.market import Market, make_market

D = Decimal
NOW = datetime(2026, 9, 17, 14, 3, 27, tzinfo=UTC)


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(make_catalogue(), 20260917, NOW, history_days=10)


def rows(book: Book) -> dict[str, Any]:
    every = [row for category in ("linear", "inverse") for row in book.exchange.positions(book.uid, category)]
    return {row.symbol: row for row in every}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("now", [NOW, datetime(2026, 9, 18, tzinfo=UTC), datetime(2026, 9, 18, 23, 59, 30, tzinfo=UTC)])
def test_demo_book_stands_on_any_market(seed: int, now: datetime) -> None:
    book = books.demo_book(make_market(make_catalogue(), seed, now, history_days=7), now)
    exchange, held = book.exchange, {name: row for name, row in rows(book).items() if row.size > 0}
    assert exchange.now == now
    assert {name: row.side for name, row in held.items()} == {
        "BTCUSDT": "Buy", "ETHUSDT": "Sell", "SOLUSDT": "Buy", "DOGEUSDT": "Buy",
        "BTCPERP": "Sell", "BTCUSD": "Sell", "1000PEPEUSDT": "Buy",
    }  # fmt: skip
    stops = {name for name, row in held.items() if row.stop_loss is not None}
    assert stops == {"BTCUSDT", "ETHUSDT", "BTCPERP", "BTCUSD", "1000PEPEUSDT"}
    resting = {order.symbol: order for order in exchange.open_orders(book.uid, "linear")}
    assert resting["BTCUSDT"].trigger_by == "MarkPrice"
    assert resting["BTCPERP"].trigger_by == "IndexPrice"
    half = resting["SOLUSDT"]
    assert half.stop_order_type == "PartialStopLoss"
    assert D("0.4") < half.qty / held["SOLUSDT"].size <= D("0.5")
    assert resting["XRPUSDT"].order_status == "New"
    assert "DOGEUSDT" not in resting
    midnight = int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
    today = [entry for entry in exchange.transaction_log(book.uid) if entry.transaction_time_ms >= midnight]
    assert [entry.change for entry in today if entry.type == "TRANSFER_IN"] == [D(1000)]
    assert {item.symbol for item in exchange.closed_pnls(book.uid, "linear")} == {"LINKUSDT", "AVAXUSDT"}
    assert all(item.closed_pnl < 0 for item in exchange.closed_pnls(book.uid, "linear"))
    wallet = exchange.wallet_balance(book.uid)
    assert D(22000) < wallet.total_equity < D(40000)
    assert wallet.account_mm_rate is not None
    assert wallet.account_mm_rate < D("0.2")


def test_demo_book_has_a_past(market: Market) -> None:
    book = books.demo_book(market, NOW)
    log = book.exchange.transaction_log(book.uid)
    assert {entry.type for entry in log} == {"TRADE", "SETTLEMENT", "TRANSFER_IN"}
    assert {entry.currency for entry in log} == {"USDT", "USDC", "BTC"}
    assert sum(entry.type == "SETTLEMENT" for entry in log) > 20
    again = books.demo_book(market, NOW)
    assert again.exchange.transaction_log(book.uid) == log
    found = book.exchange.find_key(book.key)
    assert found is not None
    assert (found[0], found[1].secret, found[1].read_only) == (book.uid, book.secret, True)
    assert not found[1].allows("Wallet", "Withdraw")


def test_other_books(market: Market) -> None:
    flat = books.flat_book(market, NOW)
    assert [row.size for row in rows(flat).values()] == [0]
    hedge = books.hedge_mode_book(market, NOW)
    both = hedge.exchange.positions(hedge.uid, "linear", symbol="BTCUSDT")
    assert [(row.position_idx, row.side) for row in both] == [(1, "Buy"), (2, "Sell")]
    isolated = books.isolated_book(market, NOW)
    assert isolated.exchange.account_info(isolated.uid).margin_mode == "ISOLATED_MARGIN"
    assert all(row.size > 0 and row.liq_price is not None for row in rows(isolated).values())
    inverse = books.inverse_book(market, NOW)
    assert {name: row.side for name, row in rows(inverse).items()} == {"BTCUSD": "Buy", "ETHUSD": "Sell"}


def test_wide_book() -> None:
    wide_market = make_market(make_catalogue(40), 1, NOW, history_days=5)
    wide = books.wide_book(wide_market, NOW, 50)
    assert sum(row.size > 0 for row in rows(wide).values()) == 50
    with pytest.raises(UsageError):
        books.wide_book(wide_market, NOW, 500)


def test_five_days_of_seven_positions_pass_fast(market: Market) -> None:
    """Budget 0.5 s once the market's prices are made (they are cached); the best of three, for a busy machine."""
    best = 1e9
    for _ in range(3):
        book = books.demo_book(market, NOW)
        began = time.perf_counter()
        book.exchange.advance(NOW + timedelta(days=5))
        best = min(best, time.perf_counter() - began)
    assert best < 0.5
