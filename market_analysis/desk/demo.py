"""The embedded exchange with an instructive book, for trying the product without key or network."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from market_analysis.domain import Clock
from market_analysis.settings import Credentials

DEMO_NOW = datetime(2026, 9, 17, 14, 3, 27, tzinfo=UTC)
"""The demo's market time: fixed, so that everybody sees the same report."""
DEMO_SEED = 20_260_917
MONITOR_SPEED = 60.0
"""In monitor mode a second of the demo's market is a minute, so that something happens."""


@dataclass(frozen=True, slots=True)
class DemoExchange:
    """Where the embedded exchange is, whose key opens it, and its market time."""

    base_url: str
    ws_url: str
    credentials: Credentials
    clock: Clock


@asynccontextmanager
async def demo_exchange(*, running: bool) -> AsyncIterator[DemoExchange]:
    """Serve the demo book on loopback. running: market time flows (monitor), else it stands still."""
    from market_analysis.venues.simulated import ManualMarketClock, RunningMarketClock, demo_book, make_market, serve

    market = make_market(seed=DEMO_SEED, now=DEMO_NOW)
    clock = RunningMarketClock(DEMO_NOW, MONITOR_SPEED, time.monotonic) if running else ManualMarketClock(DEMO_NOW)
    book = demo_book(market, DEMO_NOW)
    async with serve(book.exchange, market=market, clock=clock) as server:
        yield DemoExchange(server.base_url, server.ws_url, Credentials(book.key, book.secret), clock)
