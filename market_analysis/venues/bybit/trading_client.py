"""ccxt's Bybit for an enforcer: it writes by four paths, and reads nothing.

Importing this module loads ccxt, which takes seconds; import it inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccxt.async_support.bybit import bybit

from market_analysis.errors import WriteRefusedError
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.answers import check_envelope, endpoint_of
from market_analysis.venues.bybit.client import WatchOnlyBybit, configured
from market_analysis.venues.bybit.wire_time import WireTime

PATHS = frozenset({"/v5/order/create", "/v5/order/amend", "/v5/order/cancel", "/v5/position/trading-stop"})


class TradingBybit(WatchOnlyBybit):
    """A client that can close, cancel, amend and set stops; withdrawals, transfers, leverage and everything else are refused
    here."""

    async def fetch(self, url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        """One request.

        Raises:
            WriteRefusedError: it is none of the four.
        """
        endpoint = endpoint_of(url)
        if method != "POST" or endpoint not in PATHS:
            raise WriteRefusedError(
                f"{method} {endpoint} is no closing, cancelling, amending or protecting",
                remedy="report this: nothing should ask it",
            )
        return await bybit.fetch(self, url, method, headers, body)

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
        """The answer to a write may have an empty result; its code must be there and say zero."""
        check_envelope(endpoint_of(url), httpCode, headers, body, response)


def open_trading_client(settings: BybitSettings, credentials: Credentials, wire: WireTime, timeout_s: float) -> TradingBybit:
    """A client for the system that the settings name."""
    return configured(TradingBybit, settings, credentials, wire, timeout_s)
