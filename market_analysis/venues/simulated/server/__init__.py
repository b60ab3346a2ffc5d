"""The embedded exchange's wire: a Bybit v5 server on loopback, with faults that can be switched on.

    with running_server(exchange, market=market, clock=ManualMarketClock(now)) as server:
        client.urls["api"] = ...                                 # server.base_url, server.ws_url
        server.advance(timedelta(hours=1))                       # market time; the ledger and the streams follow
        with server.exchange() as held:                          # trade and read the ledger, locked
            held.place_order(uid, OrderRequest(...))
        server.faults.set("/v5/position/list", FaultKind.RESULT_NULL, Stage.first_call())
        server.requests.count("/v5/position/list")               # what was asked

Served: the public market endpoints and streams, account, position and order reads, order and position writes (the exact
list is `ROUTES`). Not served: the order WebSocket, transfers, spot orders (the ledger trades linear and inverse), options
beyond empty lists, `switch-isolated` and other pre-unified endpoints: these answer 404, or 10001 for a category.
"""

from __future__ import annotations

from market_analysis.venues.simulated.server.app import SimulatedServer, running_server, serve
from market_analysis.venues.simulated.server.faults import ANY_ENDPOINT, FaultKind, FaultPlan, FaultRule, Stage
from market_analysis.venues.simulated.server.limits import LimitSettings
from market_analysis.venues.simulated.server.request_log import RequestLog, RequestRecord
from market_analysis.venues.simulated.server.routes import ROUTES
from market_analysis.venues.simulated.server.wire import SteppedWireClock, SystemWireClock, WireClock

__all__ = [
    "ANY_ENDPOINT",
    "ROUTES",
    "FaultKind",
    "FaultPlan",
    "FaultRule",
    "LimitSettings",
    "RequestLog",
    "RequestRecord",
    "SimulatedServer",
    "Stage",
    "SteppedWireClock",
    "SystemWireClock",
    "WireClock",
    "running_server",
    "serve",
]
