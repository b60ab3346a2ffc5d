"""One account, opened: venue, clock, state and memory together, looked at as often as wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from market_analysis.config import Configuration
from market_analysis.desk.demo import demo_exchange
from market_analysis.desk.history import BarHistory
from market_analysis.desk.last_good import with_last_good
from market_analysis.desk.models import ModelCache, Models
from market_analysis.desk.snapshot import SnapshotBuilder
from market_analysis.desk.state import State, default_state_directory, environment_label, open_state, transient_state
from market_analysis.domain import Clock, History, InstrumentId, Memory, Snapshot, SystemClock
from market_analysis.errors import SettingsError
from market_analysis.quant import compiled
from market_analysis.risk.analyse import analyse
from market_analysis.risk.types import Analysis
from market_analysis.settings import AccountSettings, Settings
from market_analysis.venues.bybit import BybitVenue
from market_analysis.venues.bybit.stream import BybitStream
from market_analysis.venues.protocol import Venue
from market_analysis.venues.stream import Stream

_CACHE_WINDOWS = 2
"""Cached bars are dropped when they are older than this many windows of `[vol] bars`."""
Progress = Callable[[str | None], None]

DEMO_REQUESTS_PER_SECOND = 100.0
"""A first look at the demo book is some 130 requests: at the usual 40 a second it would wait for itself."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an account: what was read, and what it means."""

    snapshot: Snapshot
    history: History
    models: Models
    analysis: Analysis


def _silent(text: str | None) -> None:
    """Nobody watches."""


class Session:
    """Looks at one account. The memory is saved after each look, unless another instance owns the state. stream: what the venue
    pushes, opened by whoever listens."""

    def __init__(
        self,
        settings: Settings,
        venue: Venue,
        clock: Clock,
        account: AccountSettings,
        state: State,
        progress: Progress = _silent,
        stream: Stream | None = None,
    ) -> None:
        self.settings = settings
        self.stream = stream
        self.venue = venue
        self.clock = clock
        self.state = state
        self._progress = progress
        self._builder = SnapshotBuilder(venue, clock, account)
        self._history = BarHistory(venue, state.bars, settings.vol.bars, cache_is_writable=state.writable)
        self._models = ModelCache()
        self._warming: asyncio.Future[bool] | None = None
        self.memory: Memory = state.memory.load(venue.account_name)

    def warm_up(self) -> None:
        """Load the compiled engine (extra [fast]) while the first bars are read; the first fit waits for it.

        A session uses one engine from its first look to its last: their results differ in the tenth digit.
        """
        if self._warming is None:
            self._warming = asyncio.get_running_loop().run_in_executor(None, compiled.warm)

    async def look(self, also: Sequence[InstrumentId] = ()) -> Look:
        """Read everything anew, analyse, remember. also: instruments to read beside those that the account holds."""
        self._progress("reading the account")
        snapshot = await self._builder.build(also)
        self._progress(f"reading bars of {len(snapshot.instruments)} instruments")
        history = await self._history.serve(snapshot)
        if self._warming is not None:
            await self._warming
        self._progress("fitting and simulating")
        models = self._models.fit(snapshot, history, self.settings)
        analysis, memory = analyse(snapshot, history, self.memory, self.settings, models)
        analysis = with_last_good(analysis, snapshot, history)
        if memory != self.memory:
            self.memory = memory
            if self.state.writable:
                self.state.memory.save(snapshot.account_name, memory, snapshot.as_of)
        self._progress(None)
        return Look(snapshot, history, models, analysis)


@asynccontextmanager
async def open_session(
    configuration: Configuration,
    account: str,
    *,
    demo: bool,
    state_directory: Path | None,
    must_own: bool = False,
    progress: Progress = _silent,
    state: State | None = None,
) -> AsyncIterator[Session]:
    """Open an account of the settings, or with `demo` the embedded exchange's.

    must_own: a monitor, which needs the state directory for itself. state: already open, and shared by several accounts.

    Raises:
        AuthenticationError: no key is set, or the venue refuses it.
        SettingsError, StateError, StateLockedError: see `Configuration.credentials` and `open_state`.
    """
    async with AsyncExitStack() as stack:
        if demo:
            progress("starting the embedded exchange")
        opened = await stack.enter_async_context(open_venue(configuration, account, demo=demo, running=must_own))
        if demo:
            # Nothing is written that ends with the process: tens of thousands of bars would be.
            state = replace(stack.enter_context(transient_state()), writable=False)
        elif state is None:
            directory = state_directory or default_state_directory()
            state = stack.enter_context(open_state(directory, environment_label(opened.settings.bybit), must_own=must_own))
        state.journal.keep_days = opened.settings.guard.journal_keep_days
        if state.writable:
            state.bars.prune(opened.clock.now(), timedelta(hours=_CACHE_WINDOWS * opened.settings.vol.bars))
        yield Session(opened.settings, opened.venue, opened.clock, opened.account, state, progress, opened.stream)


@dataclass(frozen=True, slots=True)
class OpenVenue:
    """A watch-only venue of one account, its pushes, its market clock, and the settings that led there."""

    venue: BybitVenue
    stream: BybitStream
    clock: Clock
    account: AccountSettings
    settings: Settings


@asynccontextmanager
async def open_venue(configuration: Configuration, account: str, *, demo: bool, running: bool = False) -> AsyncIterator[OpenVenue]:
    """The venue of an account of the settings, or with `demo` the embedded exchange's. running: the demo's market time flows."""
    async with AsyncExitStack() as stack:
        if demo:
            exchange = await stack.enter_async_context(demo_exchange(running=running))
            clock, credentials, watched = exchange.clock, exchange.credentials, AccountSettings()
            settings = _at_address(configuration.settings, exchange.base_url, exchange.ws_url)
        else:
            clock, credentials = SystemClock(), configuration.credentials(account)
            settings, watched = configuration.settings, account_settings(configuration.settings, account)
        venue = BybitVenue(
            settings.bybit,
            credentials,
            account,
            allow_withdraw_key=watched.allow_withdraw_key,
            clock=clock,
            timeout_s=settings.risk.exchange_timeout_ms / 1000,
        )
        stream = BybitStream(settings.bybit, credentials)
        yield OpenVenue(await stack.enter_async_context(venue), stream, clock, watched, settings)


def account_settings(settings: Settings, account: str) -> AccountSettings:
    """The settings of a named account.

    Raises:
        SettingsError: there is none of that name.
    """
    if account not in settings.accounts:
        known = ", ".join(sorted(settings.accounts))
        raise SettingsError(f"there is no account {account!r}; known: {known}", remedy=f"add [accounts.{account}] to the settings")
    return settings.accounts[account]


def _at_address(settings: Settings, base_url: str, ws_url: str) -> Settings:
    """The same settings with Bybit at the embedded exchange's address, which nobody else asks: at full pace."""
    moved = {
        "base_url": base_url,
        "ws_url": ws_url,
        "sandbox": False,
        "demo_trading": False,
        "requests_per_second": DEMO_REQUESTS_PER_SECOND,
    }
    return settings.model_copy(update={"bybit": settings.bybit.model_copy(update=moved)})
