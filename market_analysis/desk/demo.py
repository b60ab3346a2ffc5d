"""The embedded exchange with an instructive book, for trying the product without key or network."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
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
async def demo_exchange(
    *, running: bool, port: int = 0, seed: int = DEMO_SEED, speed: float = MONITOR_SPEED
) -> AsyncIterator[DemoExchange]:
    """Serve the demo book on loopback. running: market time flows, `speed` times as fast as ours (monitor), else
    it stands still."""
    from market_analysis.venues.simulated import ManualMarketClock, RunningMarketClock, make_catalogue, make_market, serve
    from market_analysis.venues.simulated.ledger.books import demo_book

    market = make_market(make_catalogue(), seed, DEMO_NOW)
    clock = RunningMarketClock(DEMO_NOW, speed, time.monotonic) if running else ManualMarketClock(DEMO_NOW)
    book = demo_book(market, DEMO_NOW)
    async with serve(book.exchange, market=market, clock=clock, port=port) as server:
        yield DemoExchange(server.base_url, server.ws_url, Credentials(book.key, book.secret), clock)


async def serve_until_stopped(*, port: int, seed: int, say: Callable[[str], None]) -> None:
    """Serve the demo book, its market time flowing as fast as ours from `DEMO_NOW` on, until SIGINT or SIGTERM."""
    from market_analysis.desk.signals import stop_event

    stop = stop_event()
    async with demo_exchange(running=True, port=port, seed=seed, speed=1.0) as exchange:
        say(f"BYBIT_BASE_URL={exchange.base_url}\nBYBIT_WS_URL={exchange.ws_url}")
        say(f"BYBIT_API_KEY={exchange.credentials.key}\nBYBIT_API_SECRET={exchange.credentials.secret}")
        await stop.wait()
