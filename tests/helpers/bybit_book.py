"""The book that Bybit tests read: seven positions on the embedded exchange."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from market_analysis.venues.simulated.ledger import Account, Exchange, OrderRequest
from market_analysis.venues.simulated.ledger.model import ApiKey
from market_analysis.venues.simulated.ledger.requests import TradingStopRequest
from market_analysis.venues.simulated.market import ManualMarketClock, Market

D = Decimal
UID = "1001"
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
OPENED = BEGIN + timedelta(hours=30, minutes=7)
NOW = BEGIN + timedelta(hours=34, minutes=10)
READ_RIGHTS = (("ContractTrade", ("Order", "Position")), ("Spot", ("SpotTrade",)), ("Wallet", ("AccountTransfer",)))
KEYS = {
    "watch-key": ApiKey("watch-key", "watch-secret", permissions=READ_RIGHTS),
    "withdraw-key": ApiKey(
        "withdraw-key", "withdraw-secret", read_only=False, permissions=(*READ_RIGHTS, ("Wallet", ("Withdraw",)))
    ),
}


def trade(exchange: Exchange, side: str, qty: str, symbol: str, category: str = "linear", **more: Any) -> Any:
    """A market order unless a price is given."""
    kind = "Limit" if "price" in more else "Market"
    return exchange.place_order(UID, OrderRequest(category, symbol, side, kind, D(qty), **more))  # type: ignore[arg-type]


def book_of_seven(market: Market, clock: ManualMarketClock) -> Exchange:
    """Seven positions: USDT long and short, hedge mode both ways, USDC, inverse, one naked; stops of several kinds; an entry."""
    wallet = (("USDT", D(100_000)), ("USDC", D(20_000)), ("BTC", D("0.5")))
    account = Account(UID, tuple(KEYS.values()), wallet=wallet, hedge_symbols=frozenset({"XRPUSDT"}))
    exchange = Exchange(market, [account], start=BEGIN, seed=3)
    exchange.advance(OPENED)
    price = {symbol: market.last_price("linear", symbol, OPENED) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")}
    cut = market.specs[("linear", "BTCUSDT")].tick_size
    trade(exchange, "Buy", "0.2", "BTCUSDT", stop_loss=(price["BTCUSDT"] * D("0.95") // cut) * cut)
    trade(exchange, "Sell", "3", "ETHUSDT")
    stop = (price["ETHUSDT"] * D("1.05")).quantize(D("0.01"))
    exchange.set_trading_stop(UID, TradingStopRequest("linear", "ETHUSDT", stop_loss=stop, sl_trigger_by="MarkPrice"))
    trade(exchange, "Buy", "40", "SOLUSDT")
    exchange.set_trading_stop(
        UID,
        TradingStopRequest(
            "linear",
            "SOLUSDT",
            tpsl_mode="Partial",
            stop_loss=(price["SOLUSDT"] * D("0.9")).quantize(D("0.01")),
            take_profit=(price["SOLUSDT"] * D("1.2")).quantize(D("0.01")),
            sl_size=D(10),
            tp_size=D(10),
        ),
    )
    trade(exchange, "Buy", "3000", "XRPUSDT", position_idx=1)
    trade(exchange, "Sell", "1000", "XRPUSDT", position_idx=2)
    trade(exchange, "Buy", "0.05", "BTCPERP")
    trade(exchange, "Sell", "5000", "BTCUSD", "inverse")
    trade(exchange, "Buy", "1", "ETHUSDT", price=(price["ETHUSDT"] * D("0.8")).quantize(D("0.01")))
    exchange.advance(NOW)
    clock.set(NOW)
    return exchange
