"""The embedded exchange: a Bybit v5 server with a market and accounts of its own making.

A market (`make_market`) is a pure function of catalogue, seed and time; an `Exchange` keeps accounts that trade on it;
`demo_book` is one with an instructive past.
`serve` (in a running loop) or `running_server` (in a thread) puts both on loopback for any Bybit client. Market time is
the clock passed in, manual or running; signatures and rate limits keep wire time. `FaultPlan` breaks what is wanted.
"""

from __future__ import annotations

from market_analysis.venues.simulated.catalogue import Catalogue, make_catalogue
from market_analysis.venues.simulated.ledger import Account, ApiError, ApiKey, Exchange, OrderRequest, TradingStopRequest
from market_analysis.venues.simulated.ledger.book_builder import Book
from market_analysis.venues.simulated.ledger.books import demo_book
from market_analysis.venues.simulated.market import (
    ManualMarketClock,
    Market,
    MarketClock,
    RunningMarketClock,
    make_market,
)
from market_analysis.venues.simulated.server import (
    FaultKind,
    FaultPlan,
    FaultRule,
    LimitSettings,
    SimulatedServer,
    Stage,
    SteppedWireClock,
    SystemWireClock,
    WireClock,
    running_server,
    serve,
)

__all__ = [
    "Account",
    "ApiError",
    "ApiKey",
    "Book",
    "Catalogue",
    "Exchange",
    "FaultKind",
    "FaultPlan",
    "FaultRule",
    "LimitSettings",
    "ManualMarketClock",
    "Market",
    "MarketClock",
    "OrderRequest",
    "RunningMarketClock",
    "SimulatedServer",
    "Stage",
    "SteppedWireClock",
    "SystemWireClock",
    "TradingStopRequest",
    "WireClock",
    "demo_book",
    "make_catalogue",
    "make_market",
    "running_server",
    "serve",
]
