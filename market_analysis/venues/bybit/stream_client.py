"""ccxt.pro's Bybit for pushes alone: no request ever leaves it, and messages are handed on as they came.

Importing this module loads ccxt, which takes seconds; import it inside functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ccxt.pro import bybit

from market_analysis.errors import WriteRefusedError
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.wire_time import WireTime

Message = Mapping[str, Any]


class StreamingBybit(bybit):  # type: ignore[misc]  # ccxt is untyped
    """Authenticates, subscribes, keeps the connection alive. Data messages go to `on_data` with the connection's address."""

    def __init__(self, config: Mapping[str, Any], wire: WireTime, on_data: Callable[[str, Message], None]) -> None:
        self._wire = wire
        self._on_data = on_data
        super().__init__(dict(config))

    def milliseconds(self) -> int:
        """What the authentication expires by: the venue's clock as last measured."""
        return self._wire.now_ms()

    async def fetch(self, url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        """Never.

        Raises:
            WriteRefusedError: always.
        """
        raise WriteRefusedError(
            f"{method} {url}: the streaming client sends no request", remedy="report this: nothing should ask it"
        )

    def handle_message(self, client: Any, message: Message) -> None:
        """Data is ours; greetings, heartbeats, subscriptions and refusals are ccxt's."""
        if "topic" in message and "data" in message:
            self._on_data(client.url, message)
        else:
            super().handle_message(client, message)

    def subscribe(self, url: str, topics: Sequence[str]) -> asyncio.Future[Any]:
        """Waits for ever; fails when the connection does, or when the venue refuses."""
        future: asyncio.Future[Any] = asyncio.ensure_future(self.watch_topics(url, list(topics), list(topics)))
        return future


def open_stream_client(
    settings: BybitSettings, credentials: Credentials, wire: WireTime, on_data: Callable[[str, Message], None]
) -> StreamingBybit:
    """A client for the system that the settings name."""
    config = {"apiKey": credentials.key, "secret": credentials.secret, "enableRateLimit": False, "timeout_on_exit": 0}
    client = StreamingBybit(config, wire, on_data)
    if settings.sandbox:
        client.set_sandbox_mode(True)
    if settings.demo_trading:
        client.enable_demo_trading(True)
    return client


def addresses(client: StreamingBybit, settings: BybitSettings) -> Mapping[str, str]:
    """`private`, and the public one of each category."""
    if settings.ws_url is not None:
        base = settings.ws_url.rstrip("/")
        public = {name: f"{base}/v5/public/{name}" for name in ("linear", "inverse", "spot")}
        return {"private": f"{base}/v5/private", **public}
    urls = client.urls["api"]["ws"]
    found = {"private": urls["private"]["contract"], **{name: urls["public"][name] for name in ("linear", "inverse", "spot")}}
    return {name: client.implode_hostname(address) for name, address in found.items()}
