"""ccxt's Bybit, made watch-only and made to look at every answer.

Importing this module loads ccxt, which takes seconds (its package imports every exchange); import it inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ccxt.async_support.bybit import bybit

from market_analysis.errors import WriteRefusedError
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.answers import check_answer, endpoint_of
from market_analysis.venues.bybit.wire_time import WireTime


class WatchOnlyBybit(bybit):  # type: ignore[misc]  # ccxt is untyped
    """A ccxt client that reads: `fetch`, the only way to the wire, refuses whatever is not a GET (Bybit writes by POST alone).

    It signs with the injected wire clock, corrected to the venue's, and every REST answer passes `check_answer`.
    """

    def __init__(self, config: Mapping[str, Any], wire: WireTime) -> None:
        self._wire = wire
        super().__init__(dict(config))

    def milliseconds(self) -> int:
        """Our wire clock."""
        return self._wire.local_ms()

    def nonce(self) -> int:
        """The timestamp to sign with: the venue's clock as last measured."""
        return self._wire.now_ms()

    async def fetch(self, url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        """One request; nothing but a read gets past.

        Raises:
            WriteRefusedError: the method is not GET.
        """
        if method != "GET":
            raise WriteRefusedError(
                f"{method} {endpoint_of(url)} is not a read, and this client only watches",
                remedy="acting on an account is opt-in and done by an enforcer, never by the watching client",
            )
        return await super().fetch(url, method, headers, body)

    def handle_errors(
        self,
        httpCode: int,
        reason: str,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: str,
        response: object,
        requestHeaders: object,
        requestBody: object,
    ) -> None:
        """ccxt calls this with every answer that came: the seam."""
        check_answer(endpoint_of(url), httpCode, headers, body, response)


T = TypeVar("T", bound=WatchOnlyBybit)


def open_client(settings: BybitSettings, credentials: Credentials, wire: WireTime, timeout_s: float) -> WatchOnlyBybit:
    """A watching client for the system that the settings name."""
    return configured(WatchOnlyBybit, settings, credentials, wire, timeout_s)


def configured(kind: type[T], settings: BybitSettings, credentials: Credentials, wire: WireTime, timeout_s: float) -> T:
    """A client of that kind for the system that the settings name. Sandbox and demo trading swap the addresses, so they come
    before `base_url` overrides them."""
    client = kind(
        {
            "apiKey": credentials.key,
            "secret": credentials.secret,
            "timeout": round(timeout_s * 1000),
            "enableRateLimit": False,
            "timeout_on_exit": 0,
            "options": {"recvWindow": settings.recv_window_ms},
        },
        wire,
    )
    if settings.sandbox:
        client.set_sandbox_mode(True)
    if settings.demo_trading:
        client.enable_demo_trading(True)
    if settings.base_url is not None:
        base = settings.base_url.rstrip("/")
        addresses = client.urls["api"]
        client.urls["api"] = {name: base if isinstance(address, str) else address for name, address in addresses.items()}
    return client
