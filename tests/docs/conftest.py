"""An exchange at today's time for documented commands to read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warm_commands import warm_commands

from market_analysis.venues.simulated import RunningMarketClock, make_catalogue, make_market, running_server
from market_analysis.venues.simulated.ledger.books import demo_book


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory for PATH whose `risk-manager` starts warm."""
    with warm_commands(tmp_path_factory.mktemp("commands")) as directory:
        yield directory


@pytest.fixture(scope="session")
def exchange_variables() -> Iterator[dict[str, str]]:
    """The environment of somebody who has a key."""
    now = datetime.now(UTC).replace(microsecond=0)
    market = make_market(make_catalogue(), 20_260_917, now)
    book = demo_book(market, now)
    clock = RunningMarketClock(now, 1.0, time.monotonic)
    with running_server(book.exchange, market=market, clock=clock) as server:
        yield {
            "BYBIT_BASE_URL": server.base_url,
            "BYBIT_WS_URL": server.ws_url,
            "BYBIT_API_KEY": book.key,
            "BYBIT_API_SECRET": book.secret,
        }
