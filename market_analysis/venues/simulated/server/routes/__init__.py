"""The endpoints served, by (method, path)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from market_analysis.venues.simulated.server.routes import (
    account,
    history,
    market_data,
    market_history,
    order_reads,
    order_writes,
    position_writes,
    positions,
)
from market_analysis.venues.simulated.server.state import Route

ROUTES: Mapping[tuple[str, str], Route] = MappingProxyType(
    {
        **market_data.ROUTES,
        **market_history.ROUTES,
        **account.ROUTES,
        **positions.ROUTES,
        **history.ROUTES,
        **order_reads.ROUTES,
        **order_writes.ROUTES,
        **position_writes.ROUTES,
    }
)

__all__ = ["ROUTES"]
