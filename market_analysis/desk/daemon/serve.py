"""The daemon: every account's loop in one process, and the sockets in a thread beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from market_analysis.desk.daemon.account import Failure, Hooks, Pace, WatchedAccount
from market_analysis.desk.daemon.administering import Administrator
from market_analysis.desk.daemon.board import Board
from market_analysis.desk.daemon.endpoints import endpoint_at
from market_analysis.desk.daemon.notify import LoopWatch, Notifier, check_watchdog
from market_analysis.desk.daemon.passwords import PasswordGate
from market_analysis.desk.daemon.places import (
    ADMIN_GROUP_MODE,
    ADMIN_MODE,
    ADMIN_RECORD,
    READ_GROUP_MODE,
    READ_MODE,
    close_to_others,
    make_run_directory,
)
from market_analysis.desk.daemon.reading import StatusReader
from market_analysis.desk.daemon.server import LineServer, Service
from market_analysis.desk.guard import Watch
from market_analysis.desk.guard_opening import GuardOpening
from market_analysis.desk.signals import stop_event
from market_analysis.desk.state import default_state_directory, environment_label, open_state
from market_analysis.store import AdminBook


@dataclass(frozen=True, slots=True)
class Places:
    """Where it listens. None: nowhere, which is a demo without a place of its own."""

    read: Path | None = None
    admin: Path | None = None


async def serve(
    opening: GuardOpening,
    names: Sequence[str],
    pace: Pace,
    hooks: Hooks,
    places: Places,
    on_start: Callable[[Callable[[], None]], None] | None = None,
) -> dict[str, Watch | Failure | None]:
    """Guard the accounts until stopped, or for the pace's looks; how each one's last turn ended.

    on_start: is given a function that stops it, from any thread.

    Raises:
        SettingsError: an account or a rule is wrong; nothing was begun.
        StateError, StateLockedError: the state directory or a socket cannot be used.
        RiskManagerError: the only account cannot be opened.
    """
    for name in names:
        opening.check(name)
    check_watchdog(pace.interval_seconds)
    stop, loop = stop_event(), asyncio.get_running_loop()
    if on_start is not None:
        on_start(lambda: _from_any_thread(loop, stop))
    watchdog = LoopWatch(names, Notifier(), pace.interval_seconds)
    hooks = replace(hooks, completed=watchdog.completed)
    board = Board(names)
    with ExitStack() as stack:
        if not opening.demo and opening.state is None:
            directory = opening.state_directory or default_state_directory()
            label = environment_label(opening.configuration.settings.bybit)
            opening = replace(opening, state=stack.enter_context(open_state(directory, label, must_own=True)))
            close_to_others(directory)
        accounts = [WatchedAccount(name, opening, board, hooks, pace, alone=len(names) == 1) for name in names]
        services = _read_service(places, board, opening)
        services += _admin_service(places, accounts, opening, stop)
        stack.enter_context(LineServer(services) if services else nullcontext())
        try:
            await _all_ended(accounts, stop)
        finally:
            watchdog.stopping()
    return {account.name: account.last for account in accounts}


def _from_any_thread(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    with suppress(RuntimeError):  # it has ended already
        loop.call_soon_threadsafe(stop.set)


async def _all_ended(accounts: Sequence[WatchedAccount], stop: asyncio.Event) -> None:
    """Every account's loop; the first error that ends one ends all, for it is the only one's."""
    tasks = [asyncio.create_task(account.run(stop), name=account.name) for account in accounts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _read_service(places: Places, board: Board, opening: GuardOpening) -> list[Service]:
    if places.read is None:
        return []
    make_run_directory(places.read, opening.state_directory)
    group = opening.configuration.settings.daemon.socket_group
    endpoint = endpoint_at(places.read, mode=READ_MODE if group is None else READ_GROUP_MODE, group=group)
    return [Service(endpoint, StatusReader(board).answers)]


def _admin_service(places: Places, accounts: Sequence[WatchedAccount], opening: GuardOpening, stop: asyncio.Event) -> list[Service]:
    if places.admin is None:
        return []
    make_run_directory(places.admin, opening.state_directory)
    group = opening.configuration.settings.daemon.admin_group
    endpoint = endpoint_at(places.admin, mode=ADMIN_MODE if group is None else ADMIN_GROUP_MODE, group=group)
    record = None if opening.demo else (opening.state_directory or default_state_directory()) / ADMIN_RECORD
    gate = PasswordGate(AdminBook(record))
    return [Service(endpoint, Administrator({item.name: item for item in accounts}, gate, stop.set).answers)]
