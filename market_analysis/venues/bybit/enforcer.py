"""Acts on a Bybit account: four kinds of request and no other, each sent once (laws 8 and 10)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Self

from market_analysis.domain import Clock, InstrumentId, Side, SystemClock
from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import Outcome
from market_analysis.errors import AuthenticationError, VenueError, VenueRejectedError
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.failures import from_ccxt
from market_analysis.venues.bybit.key import read_key
from market_analysis.venues.bybit.reader import Reader
from market_analysis.venues.bybit.wire_time import WireTime
from market_analysis.venues.enforcer import Carried

WRITES: Mapping[IntentKind, str] = MappingProxyType(
    {
        IntentKind.CLOSE: "/v5/order/create",
        IntentKind.CANCEL: "/v5/order/cancel",
        IntentKind.SET_STOP: "/v5/position/trading-stop",
        IntentKind.PLACE_EXIT: "/v5/order/create",
        IntentKind.AMEND_EXIT: "/v5/order/amend",
    }
)
"""The only requests that this venue is ever written to by."""
ALREADY_SENT = "110072"
"""The client id has been used: the first request did arrive."""
_GRACE_S = 1.0
STANDS_ALREADY = "34040"
"""The stop stands where it is wanted: somebody, or a request whose answer was lost, has put it there."""


class BybitEnforcer:
    """One account's enforcer: `async with BybitEnforcer(...) as enforcer`. Closing orders are reduce-only and never rest; the
    venue refuses them where they would open anything. It reads nothing but the key's rights."""

    locks_account = False
    """Bybit has no lock before the trade (ruling 29)."""

    def __init__(
        self, settings: BybitSettings, credentials: Credentials, *, timeout_s: float, wire_clock: Clock | None = None
    ) -> None:
        from market_analysis.venues.bybit.client import open_client
        from market_analysis.venues.bybit.trading_client import open_trading_client

        self._timeout_s = timeout_s
        wire = WireTime(wire_clock or SystemClock())
        self._reader = Reader(open_client(settings, credentials, wire, timeout_s), wire, settings, timeout_s=timeout_s)
        self._client = open_trading_client(settings, credentials, wire, timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Release connections."""
        await self._reader.close()
        await self._client.close()

    async def check(self) -> None:
        """Refuse a key that may not trade, and any that may withdraw; measure the venue's clock.

        Raises:
            AuthenticationError: the key may not be used for this.
            VenueError: its rights could not be read.
        """
        await self._reader.server_time_ms()
        key = await read_key(self._reader)
        if key.can_withdraw:
            raise AuthenticationError(
                "this key can withdraw: no enforcement with it", remedy="make a key that trades and cannot withdraw"
            )
        if not key.can_trade:
            raise AuthenticationError(
                "this key cannot trade: nothing can be enforced", remedy="give the key orders and positions, no more"
            )

    async def carry_out(self, intent: Intent) -> Carried:
        """One request. A client id that was used before means that the first request did arrive."""
        from ccxt.base.errors import BaseError

        path = WRITES.get(intent.kind)
        if path is None or intent.instrument is None:
            return Carried(Outcome.REJECTED, f"Bybit has no {intent.kind.value}")
        try:
            async with asyncio.timeout(self._timeout_s + _GRACE_S):
                await self._send(path, _body(intent, intent.instrument))
        except TimeoutError:
            return Carried(Outcome.UNKNOWN, f"{path}: no answer")
        except VenueError as error:
            return _carried(error)
        except BaseError as error:
            return _carried(from_ccxt(path, error))
        return Carried(Outcome.DONE)

    async def _send(self, path: str, body: Mapping[str, Any]) -> None:
        name = "private_post_" + path.strip("/").replace("/", "_").replace("-", "_")
        await getattr(self._client, name)(dict(body))


def _carried(error: VenueError) -> Carried:
    """REJECTED is the venue's word on the order itself. A limit of requests, a clock or a key says nothing about it: a stop that
    met a rate limit was not refused, and nothing is closed for that; it is sent anew after a read."""
    if error.venue_code == ALREADY_SENT:
        return Carried(Outcome.DONE, "it had been sent before")
    if error.venue_code == STANDS_ALREADY:
        return Carried(Outcome.DONE, "it stands there already")
    return Carried(Outcome.REJECTED if isinstance(error, VenueRejectedError) else Outcome.UNKNOWN, error.message)


def _body(intent: Intent, instrument: InstrumentId) -> dict[str, Any]:
    """The request's body; quantities and prices as plain text."""
    body: dict[str, Any] = {"category": instrument.category.value, "symbol": instrument.symbol}
    if intent.kind is IntentKind.CANCEL:
        return body | {"orderId": intent.order_id}
    if intent.kind is IntentKind.AMEND_EXIT:
        return body | {"orderId": intent.order_id, "price": f"{intent.price:f}", "qty": f"{intent.quantity:f}"}
    if intent.key is None:
        raise ValueError(f"{intent.kind} needs a position")
    body["positionIdx"] = intent.key.position_index
    if intent.kind is IntentKind.SET_STOP:
        return body | {"tpslMode": "Full", "stopLoss": f"{intent.price:f}", "slTriggerBy": "MarkPrice"}
    body |= {"side": "Sell" if intent.side is Side.LONG else "Buy", "qty": f"{intent.quantity:f}", "reduceOnly": True}
    body |= {"orderType": "Market"} if intent.price is None else {"orderType": "Limit", "price": f"{intent.price:f}"}
    if intent.price is not None:
        body["timeInForce"] = "IOC" if intent.kind is IntentKind.CLOSE else "GTC"
    return body | {"orderLinkId": intent.client_id}
