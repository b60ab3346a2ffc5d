"""A Bybit to read: the embedded exchange on loopback, spoken to through the real ccxt, and a small fake for odd bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from bybit_book import BEGIN, KEYS, book_of_seven

from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit import BybitVenue
from market_analysis.venues.simulated.catalogue import make_catalogue
from market_analysis.venues.simulated.ledger import Exchange
from market_analysis.venues.simulated.market import ManualMarketClock, Market
from market_analysis.venues.simulated.server.app import SimulatedServer, serve
from market_analysis.venues.simulated.server.faults import FaultPlan


@pytest.fixture(scope="session")
def market() -> Market:
    return Market(make_catalogue(), 11, BEGIN)


@dataclass
class Desk:
    """A served exchange and venues on it."""

    server: SimulatedServer
    exchange: Exchange
    clock: ManualMarketClock
    stack: AsyncExitStack
    memory: dict[str, Any] = field(default_factory=dict)
    watch: Any = None

    async def venue(self, key: str = "watch-key", **options: Any) -> BybitVenue:
        """A venue that reads this exchange; settings by name, the rest goes to the constructor."""
        names = BybitSettings.model_fields
        chosen: dict[str, Any] = {"base_url": self.server.base_url, "max_attempts": 1} | {
            k: v for k, v in options.items() if k in names
        }
        more: dict[str, Any] = {"timeout_s": 2.0, "clock": self.clock} | {k: v for k, v in options.items() if k not in names}
        credentials = more.pop("credentials", None) or Credentials(key, KEYS[key].secret)
        venue = BybitVenue(BybitSettings(**chosen), credentials, "main", **more)
        return await self.stack.enter_async_context(venue)


Build = Callable[[Market, ManualMarketClock], Exchange]


@pytest_asyncio.fixture
async def open_desk(market: Market) -> AsyncIterator[Callable[..., Any]]:
    """Serve an exchange: `await open_desk(build)`."""
    async with AsyncExitStack() as stack:

        async def make(build: Build = book_of_seven, **options: Any) -> Desk:
            clock = ManualMarketClock(BEGIN)
            exchange = build(market, clock)
            options.setdefault("faults", FaultPlan(hang_seconds=0.5))
            server = await stack.enter_async_context(serve(exchange, market=market, clock=clock, **options))
            return Desk(server, exchange, clock, stack)

        yield make


@pytest_asyncio.fixture
async def desk(open_desk: Callable[..., Any]) -> Desk:
    """The book of seven, served."""
    return await open_desk()
