"""A session on the embedded exchange whose faults and clock a test holds in its hands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from market_analysis.desk.session import Session
from market_analysis.desk.state import transient_state
from market_analysis.settings import AccountSettings, Credentials, Settings
from market_analysis.venues.bybit import BybitVenue
from market_analysis.venues.simulated import ManualMarketClock, Market, SimulatedServer, make_catalogue, make_market, serve
from market_analysis.venues.simulated.ledger.books import demo_book

NOW = datetime(2026, 9, 17, 14, 3, 27, tzinfo=UTC)
MARKET: Market = make_market(make_catalogue(), 5, NOW, history_days=130)
"""One market for all tests of a process: it grows lazily and is a pure function of its seed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A session with the server behind it."""

    session: Session
    server: SimulatedServer
    clock: ManualMarketClock

    def advance(self, **step: float) -> None:
        """Let market time pass."""
        self.server.advance(timedelta(**step))


def quick_settings(**sections: dict[str, object]) -> Settings:
    """Small simulations and short waits, so that a test of what is read need not wait for what is computed."""
    base: dict[str, dict[str, object]] = {
        "prob": {"paths": 1000},
        "vol": {"bars": 700},
        "bybit": {"max_attempts": 1},
        "risk": {"daily_loss_limit_frac": 0.05, "exchange_timeout_ms": 1500},
    }
    return Settings.model_validate({name: {**base.get(name, {}), **sections.get(name, {})} for name in {*base, *sections}})


@asynccontextmanager
async def open_desk(settings: Settings | None = None) -> AsyncIterator[Desk]:
    """The demo book on a market that stands still."""
    clock = ManualMarketClock(NOW)
    book = demo_book(MARKET, NOW)
    chosen = settings or quick_settings()
    async with serve(book.exchange, market=MARKET, clock=clock) as server:
        bybit = chosen.bybit.model_copy(update={"base_url": server.base_url, "ws_url": server.ws_url})
        chosen = chosen.model_copy(update={"bybit": bybit})
        timeout_s = chosen.risk.exchange_timeout_ms / 1000
        async with BybitVenue(bybit, Credentials(book.key, book.secret), "main", clock=clock, timeout_s=timeout_s) as venue:
            with transient_state() as state:
                yield Desk(Session(chosen, venue, clock, AccountSettings(), state), server, clock)
