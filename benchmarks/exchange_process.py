"""The embedded exchange in a process of its own, so that its work and memory are not counted as the product's."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

SEED = 20_260_917


@dataclass(frozen=True, slots=True)
class RemoteExchange:
    """Its addresses and key, and what the benchmark asks of it."""

    base_url: str
    ws_url: str
    key: str
    secret: str
    pipe: Connection

    def advance(self, by: timedelta) -> None:
        """Move market time forwards."""
        self._ask("advance", by)

    def requests(self) -> int:
        """Requests answered since it was last asked."""
        return int(self._ask("requests"))

    def requests_by_path(self) -> dict[str, int]:
        """The same by path, without starting to count anew."""
        return dict(self._ask("paths"))

    def _ask(self, *question: Any) -> Any:
        self.pipe.send(question)
        return self.pipe.recv()


@contextmanager
def exchange_process(symbols: int, now: datetime) -> Iterator[RemoteExchange]:
    """An exchange whose account holds `symbols` positions; its limits are Bybit's."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_serve, args=(there, symbols, now), daemon=True)
    child.start()
    try:
        base_url, ws_url, key, secret = here.recv()
        yield RemoteExchange(base_url, ws_url, key, secret, here)
        here.send(("stop",))
        child.join(10)
    finally:
        child.terminate()
        child.join()


def _serve(pipe: Connection, symbols: int, now: datetime) -> None:
    asyncio.run(_answer(pipe, symbols, now))


async def _answer(pipe: Connection, symbols: int, now: datetime) -> None:
    from market_analysis.venues.simulated import ManualMarketClock, make_catalogue, make_market, serve
    from market_analysis.venues.simulated.ledger.books import wide_book

    market = make_market(make_catalogue(extra_symbols=symbols), SEED, now)
    book = wide_book(market, now, symbols)
    async with serve(book.exchange, market=market, clock=ManualMarketClock(now)) as server:
        pipe.send((server.base_url, server.ws_url, book.key, book.secret))
        while True:
            question, *rest = await asyncio.to_thread(pipe.recv)
            if question == "stop":
                return
            if question == "advance":
                pipe.send(server.advance(*rest))
            elif question == "paths":
                pipe.send(server.requests.paths())
            else:
                pipe.send(len(server.requests))
                server.requests.clear()
