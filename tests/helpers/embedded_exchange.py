"""A small world to serve: the standard market, one account with history, and the ways clients are pointed at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from market_analysis.venues.simulated.catalogue import Category, make_catalogue
from market_analysis.venues.simulated.ledger.account import Account
from market_analysis.venues.simulated.ledger.exchange import Exchange
from market_analysis.venues.simulated.ledger.model import ApiKey, Order, Side
from market_analysis.venues.simulated.ledger.requests import OrderRequest, TradingStopRequest
from market_analysis.venues.simulated.market import ManualMarketClock, Market, make_market
from market_analysis.venues.simulated.server import (
    FaultPlan,
    LimitSettings,
    SimulatedServer,
    WireClock,
    running_server,
)

UID = "100000001"
OTHER_UID = "100000002"
NOW = datetime(2025, 3, 14, 15, 30, 20, tzinfo=UTC)
TRADE_GROUPS = (
    ("ContractTrade", ("Order", "Position")),
    ("Spot", ("SpotTrade",)),
    ("Wallet", ("AccountTransfer",)),
    ("Derivatives", ("DerivativesTrade",)),
)
TRADER = ApiKey("trader-key", "trader-secret", note="trader", read_only=False, permissions=TRADE_GROUPS)
READER = ApiKey("reader-key", "reader-secret", note="reader", read_only=True, permissions=TRADE_GROUPS)
BARE = ApiKey("bare-key", "bare-secret", note="no rights", read_only=True)
OTHER = ApiKey("other-key", "other-secret", note="other account", read_only=False, permissions=TRADE_GROUPS)


@cache
def standard_market() -> Market:
    """The standard listing, seed 7; shared, for it is a pure function of time."""
    return make_market(make_catalogue(), 7, NOW)


def new_exchange(start: datetime = NOW) -> Exchange:
    """Two accounts: one with money in several coins, one with dollars only."""
    wallet = (("USDT", Decimal(50_000)), ("USDC", Decimal(5_000)), ("BTC", Decimal("0.75")))
    account = Account(
        UID,
        (TRADER, READER, BARE),
        wallet=wallet,
        hedge_symbols=frozenset({"ETHUSDT"}),
    )
    other = Account(OTHER_UID, (OTHER,), wallet=(("USDT", Decimal(1_000)),))
    return Exchange(standard_market(), (account, other), start=start)


def market_order(
    exchange: Exchange,
    symbol: str,
    side: Side,
    qty: str,
    *,
    category: Category = "linear",
    position_idx: int = 0,
    reduce_only: bool = False,
) -> Order:
    """Trade at the market."""
    request = OrderRequest(category, symbol, side, "Market", Decimal(qty), position_idx=position_idx, reduce_only=reduce_only)
    return exchange.place_order(UID, request)


def lived_exchange() -> Exchange:
    """An account with a past: closed trades, funding, open positions of every kind, resting orders, stops."""
    exchange = new_exchange(NOW - timedelta(days=2))
    market_order(exchange, "XRPUSDT", "Buy", "2000")
    market_order(exchange, "ETHUSDT", "Buy", "1.5", position_idx=1)
    market_order(exchange, "ETHUSDT", "Sell", "0.7", position_idx=2)
    market_order(exchange, "BTCUSD", "Sell", "3000", category="inverse")
    exchange.advance(NOW - timedelta(days=1))
    market_order(exchange, "XRPUSDT", "Sell", "2000", reduce_only=True)
    market_order(exchange, "BTCUSDT", "Buy", "0.2")
    market_order(exchange, "SOLUSDT", "Sell", "20")
    exchange.advance(NOW - timedelta(hours=1))
    market_order(exchange, "SOLUSDT", "Buy", "5", reduce_only=True)
    last = standard_market().last_price("linear", "BTCUSDT", exchange.now)
    stop, target = (last * Decimal("0.9")).quantize(Decimal(1)), (last * Decimal("1.1")).quantize(Decimal(1))
    exchange.set_trading_stop(
        UID, TradingStopRequest("linear", "BTCUSDT", take_profit=target, stop_loss=stop, sl_trigger_by="MarkPrice")
    )
    resting = OrderRequest(
        "linear", "LINKUSDT", "Buy", "Limit", Decimal(20), price=_below(exchange, "LINKUSDT"), order_link_id="resting-1"
    )
    exchange.place_order(UID, resting)
    exchange.advance(NOW)
    return exchange


def _below(exchange: Exchange, symbol: str) -> Decimal:
    spec = standard_market().specs["linear", symbol]
    price = standard_market().last_price("linear", symbol, exchange.now) * Decimal("0.8")
    return price // spec.tick_size * spec.tick_size


@dataclass(frozen=True)
class World:
    """A served exchange and its clock."""

    server: SimulatedServer
    exchange: Exchange
    market: Market
    clock: ManualMarketClock


@contextmanager
def served_world(
    exchange: Exchange | None = None,
    *,
    wire_clock: WireClock | None = None,
    faults: FaultPlan | None = None,
    limits: LimitSettings | None = None,
) -> Iterator[World]:
    """The exchange (a new one by default) served from a thread."""
    exchange = exchange or new_exchange()
    clock = ManualMarketClock(exchange.now)
    with running_server(
        exchange, market=standard_market(), clock=clock, wire_clock=wire_clock, faults=faults, limits=limits
    ) as server:
        yield World(server, exchange, standard_market(), clock)


def ccxt_config(server: SimulatedServer, key: ApiKey = TRADER, **options: Any) -> dict[str, Any]:
    """Constructor arguments that point an unmodified ccxt.bybit (sync, async or pro) at the server."""
    base, stream = server.base_url, server.ws_url
    public = {name: f"{stream}/v5/public/{name}" for name in ("spot", "linear", "inverse", "option")}
    private = {
        "spot": {"unified": f"{stream}/v5/private", "nonUnified": f"{stream}/v5/private"},
        "contract": f"{stream}/v5/private",
        "usdc": f"{stream}/v5/private",
    }
    urls = {"api": {"public": base, "private": base, "ws": {"public": public, "private": private}}}
    return {
        "apiKey": key.api_key,
        "secret": key.secret,
        "enableRateLimit": False,
        "urls": urls,
        "options": {"defaultType": "swap", **options},
    }
