"""The embedded exchange with an instructive book, for trying the product without key or network."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from market_analysis.domain import Clock
from market_analysis.errors import UsageError
from market_analysis.settings import Credentials

DEMO_NOW = datetime(2026, 9, 17, 14, 3, 27, tzinfo=UTC)
"""The demo's market time: fixed, so that everybody sees the same report."""
DEMO_SEED = 20_260_917
MONITOR_SPEED = 10.0
"""In monitor mode a minute of the demo's market takes six seconds, so that something happens, yet a read that takes a second on a
busy machine is not stale."""


@dataclass(frozen=True, slots=True)
class DemoExchange:
    """Where the embedded exchange is, whose key opens it, and its market time."""

    base_url: str
    ws_url: str
    credentials: Credentials
    clock: Clock


@asynccontextmanager
async def demo_exchange(
    *, running: bool, port: int = 0, seed: int = DEMO_SEED, speed: float = MONITOR_SPEED, now: datetime = DEMO_NOW
) -> AsyncIterator[DemoExchange]:
    """Serve the demo book on loopback. running: market time flows from `now` on, `speed` times as fast as ours (monitor), else
    it stands still."""
    from market_analysis.venues.simulated import ManualMarketClock, RunningMarketClock, make_catalogue, make_market, serve
    from market_analysis.venues.simulated.ledger.books import demo_book

    market = make_market(make_catalogue(), seed, now)
    clock = RunningMarketClock(now, speed, time.monotonic) if running else ManualMarketClock(now)
    book = demo_book(market, now)
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(serve(book.exchange, market=market, clock=clock, port=port))
        except OSError as error:
            raise UsageError(f"port {port} of 127.0.0.1 cannot be used: {error.strerror}", remedy="name another --port") from error
        yield DemoExchange(server.base_url, server.ws_url, Credentials(book.key, book.secret), clock)


async def serve_until_stopped(*, port: int, seed: int, say: Callable[[str], None]) -> None:
    """Serve the demo book until SIGINT or SIGTERM. Market time is ours: a client judges the age of what it reads by its clock."""
    from market_analysis.desk.signals import stop_event

    stop = stop_event()
    now = datetime.now(UTC).replace(microsecond=0)
    async with demo_exchange(running=True, port=port, seed=seed, speed=1.0, now=now) as exchange:
        say(f"BYBIT_BASE_URL={exchange.base_url}\nBYBIT_WS_URL={exchange.ws_url}")
        say(f"BYBIT_API_KEY={exchange.credentials.key}\nBYBIT_API_SECRET={exchange.credentials.secret}")
        await stop.wait()
