"""The server's streams: `/v5/public/{spot,linear,inverse}` and `/v5/private`."""

from __future__ import annotations

from market_analysis.venues.simulated.server.websocket.hub import StreamHub

__all__ = ["StreamHub"]
