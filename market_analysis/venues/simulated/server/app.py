"""Starting and stopping the server: inside a running loop (`serve`) or in a thread of its own (`running_server`)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from market_analysis.venues.simulated.ledger.exchange import Exchange
from market_analysis.venues.simulated.market import ManualMarketClock, Market, MarketClock
from market_analysis.venues.simulated.server.faults import FaultPlan
from market_analysis.venues.simulated.server.gateway import Gateway
from market_analysis.venues.simulated.server.limits import LimitSettings, RateLimiter
from market_analysis.venues.simulated.server.request_log import RequestLog
from market_analysis.venues.simulated.server.routes import ROUTES
from market_analysis.venues.simulated.server.state import ServerState
from market_analysis.venues.simulated.server.websocket import StreamHub
from market_analysis.venues.simulated.server.wire import SystemWireClock, WireClock

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class SimulatedServer:
    """A running server: its addresses, and the controls that tests and demos use in-process.

    Every method may be called from any thread.
    """

    base_url: str
    ws_url: str
    state: ServerState
    hub: StreamHub

    @property
    def faults(self) -> FaultPlan:
        """Switch faults on and off here."""
        return self.state.faults

    @property
    def requests(self) -> RequestLog:
        """What clients have asked."""
        return self.state.requests

    @property
    def limiter(self) -> RateLimiter:
        """Bans can be set and lifted here."""
        return self.state.limiter

    def exchange(self) -> AbstractContextManager[Exchange]:
        """The exchange, brought up to market time and locked for the length of a `with`: read the ledger, place orders.

        What changed is pushed to the streams afterwards.
        """
        return self._exchange()

    @contextmanager
    def _exchange(self) -> Iterator[Exchange]:
        with self.state.held() as exchange:
            yield exchange
        self.hub.wake()

    def advance(self, by: timedelta) -> datetime:
        """Move market time forwards (manual clocks only): orders fill, stops trigger, funding is paid. The new time."""
        clock = self.state.clock
        if not isinstance(clock, ManualMarketClock):
            raise TypeError(f"clock={type(clock).__name__} runs by itself; pass a ManualMarketClock to advance by hand")
        with self.state.lock:
            clock.advance(by)
            with self.state.held():
                pass
        self.hub.wake()
        return clock.now()


@asynccontextmanager
async def serve(
    exchange: Exchange,
    *,
    market: Market,
    clock: MarketClock,
    host: str = LOOPBACK,
    port: int = 0,
    wire_clock: WireClock | None = None,
    faults: FaultPlan | None = None,
    limits: LimitSettings | None = None,
) -> AsyncIterator[SimulatedServer]:
    """Serve `exchange`, which trades on `market`, over HTTP and WebSocket until the block ends. Port 0 picks a free one."""
    state = ServerState(
        exchange=exchange,
        market=market,
        clock=clock,
        wire=wire_clock or SystemWireClock(),
        faults=faults or FaultPlan(),
        limiter=RateLimiter(limits or LimitSettings()),
        requests=RequestLog(),
    )
    state.faults.bind(state.market_now_ms)
    gateway, hub = Gateway(state, ROUTES), StreamHub(state)
    app = web.Application(client_max_size=2**20)
    app.router.add_get("/v5/public/{category}", hub.handle_public)
    app.router.add_get("/v5/private", hub.handle_private)
    app.router.add_route("*", "/{path:.*}", gateway.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address = f"{host}:{runner.addresses[0][1]}"
        # Not a task group: it would wrap whatever the caller's block raises.
        ticker = asyncio.create_task(hub.run(), name="simulated-exchange-streams")
        try:
            yield SimulatedServer(f"http://{address}", f"ws://{address}", state, hub)
        finally:
            gateway.closing.set()
            await hub.close()
            ticker.cancel()
            with suppress(asyncio.CancelledError):
                await ticker
    finally:
        await runner.cleanup()


@contextmanager
def running_server(
    exchange: Exchange,
    *,
    market: Market,
    clock: MarketClock,
    host: str = LOOPBACK,
    port: int = 0,
    wire_clock: WireClock | None = None,
    faults: FaultPlan | None = None,
    limits: LimitSettings | None = None,
) -> Iterator[SimulatedServer]:
    """`serve` in a background thread with its own loop, for clients that block."""
    ready: Future[tuple[SimulatedServer, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def live() -> None:
        stop = asyncio.Event()
        async with serve(
            exchange, market=market, clock=clock, host=host, port=port, wire_clock=wire_clock, faults=faults, limits=limits
        ) as server:
            ready.set_result((server, asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            # Before it is ready the caller must see it; afterwards this thread has nobody else to tell.
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=run, name="simulated-exchange", daemon=True)
    thread.start()
    server, loop, stop = ready.result()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
