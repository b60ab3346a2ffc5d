"""What the server holds while it runs, and the one lock that keeps it whole.

Handlers run on the server's own loop, tests and demos hold the exchange from theirs; both take `lock`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from market_analysis.venues.simulated.ledger.exchange import Exchange
from market_analysis.venues.simulated.market import Market, MarketClock
from market_analysis.venues.simulated.server.faults import FaultPlan
from market_analysis.venues.simulated.server.limits import RateLimiter
from market_analysis.venues.simulated.server.replies import Json
from market_analysis.venues.simulated.server.request import Call
from market_analysis.venues.simulated.server.request_log import RequestLog
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.serialise.text import milliseconds
from market_analysis.venues.simulated.server.wire import WireClock


@dataclass(slots=True)
class ServerState:
    """The exchange, its two clocks, and the server's own records."""

    exchange: Exchange
    market: Market
    clock: MarketClock
    wire: WireClock
    faults: FaultPlan
    limiter: RateLimiter
    requests: RequestLog
    lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def held(self) -> Iterator[Exchange]:
        """The exchange, brought up to market time, with nobody else inside."""
        with self.lock:
            now = self.clock.now()
            if now > self.exchange.now:
                self.exchange.advance(now)
            yield self.exchange

    def market_now_ms(self) -> int:
        """Market time in Unix milliseconds."""
        return milliseconds(self.clock.now())


@dataclass(frozen=True, slots=True)
class Answer:
    """A handler's answer where `retExtInfo` is not empty (batches)."""

    result: Json
    ext_info: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: who may ask, and the function that answers."""

    handler: Callable[[ServerState, Call], Json | Answer]
    right: Right
