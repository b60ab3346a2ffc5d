"""The embedded exchange's wire: a Bybit v5 server on loopback, with faults that can be switched on."""

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
