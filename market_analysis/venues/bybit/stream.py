"""Bybit's pushes: what changes in the account, and the mark prices of what is held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from market_analysis.domain import Category, Clock, InstrumentId, SystemClock
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.wire_time import WireTime
from market_analysis.venues.stream import Changed, Lost, MarkSeen, Pushed

VENUE = "bybit"
ACCOUNT_TOPICS = ("position", "order", "execution", "wallet")
LOOK_S = 1.0
"""How often it looks whether other instruments are wanted."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0


class BybitStream:
    """One account's stream. A failure of any part closes all of it and opens it again after a pause that doubles."""

    def __init__(self, settings: BybitSettings, credentials: Credentials, *, wire_clock: Clock | None = None) -> None:
        self._settings = settings
        self._credentials = credentials
        self._wire = WireTime(wire_clock or SystemClock())

    async def run(self, wanted: Callable[[], frozenset[InstrumentId]], take: Callable[[Pushed], None]) -> None:
        """Until cancelled. After each new connection the account counts as changed: what happened meanwhile was not heard."""
        pause = FIRST_PAUSE_S
        while True:
            began = asyncio.get_running_loop().time()
            reason = await self._connected(wanted, take)
            if asyncio.get_running_loop().time() - began > LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S
            take(Lost(reason))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _connected(self, wanted: Callable[[], frozenset[InstrumentId]], take: Callable[[Pushed], None]) -> str:
        """One connection's life; why it ended."""
        from ccxt.base.errors import BaseError

        from market_analysis.venues.bybit.stream_client import addresses, open_stream_client

        reader = PushReader(take)
        client = open_stream_client(self._settings, self._credentials, self._wire, reader.read)
        urls = addresses(client, self._settings)
        waiting: list[asyncio.Future[Any]] = []
        heard: set[InstrumentId] = set()
        try:
            await client.authenticate(urls["private"])
            waiting.append(client.subscribe(urls["private"], ACCOUNT_TOPICS))
            take(Changed("connected"))
            while True:
                for instrument in sorted(wanted() - heard):
                    heard.add(instrument)
                    waiting.append(client.subscribe(urls[instrument.category.value], [f"tickers.{instrument.symbol}"]))
                done, _ = await asyncio.wait(waiting, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    future.result()
                    return "the venue ended a subscription"
        except (BaseError, OSError) as error:
            return type(error).__name__
        finally:
            for future in waiting:
                future.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            await client.close()


class PushReader:
    """Messages as pushes. A ticker's later messages hold only what has changed, so the last of each is kept."""

    def __init__(self, take: Callable[[Pushed], None]) -> None:
        self._take = take
        self._last: dict[InstrumentId, dict[str, Any]] = {}

    def read(self, url: str, message: Mapping[str, Any]) -> None:
        """One data message; one that is not understood changes nothing."""
        topic = str(message["topic"])
        if not topic.startswith("tickers."):
            self._take(Changed(topic))
            return
        data = message["data"]
        category = url.rstrip("/").rsplit("/", 1)[-1]
        if not isinstance(data, Mapping) or category not in [item.value for item in Category]:
            return
        instrument = InstrumentId(VENUE, Category(category), topic.removeprefix("tickers."))
        fresh = {} if message.get("type") == "snapshot" else self._last.get(instrument, {})
        self._last[instrument] = {**fresh, **data}
        mark = _price(self._last[instrument].get("markPrice"))
        if mark is not None:
            self._take(MarkSeen(instrument, mark, _price(self._last[instrument].get("indexPrice"))))


def _price(text: object) -> Decimal | None:
    try:
        price = Decimal(str(text))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price > 0 else None
