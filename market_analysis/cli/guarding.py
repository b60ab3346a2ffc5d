"""What the guard's commands share: an open account with its journal and, where allowed, its enforcer; and how it is shown."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.sessions import configuration_of
from market_analysis.cli.view import Console, exit_with
from market_analysis.config import Configuration
from market_analysis.desk.guard import GuardSession, JournaledGuard, Watch
from market_analysis.desk.guard_policy import policy_of
from market_analysis.desk.listening import Listener
from market_analysis.desk.loop import repeat
from market_analysis.desk.session import Session, account_settings, open_session
from market_analysis.desk.state import default_state_directory, environment_label
from market_analysis.domain.decision import Alert, FlattenEnded, LockCleared, LockSet, ReadNow, WouldDo
from market_analysis.domain.event import CommandKind
from market_analysis.errors import EXIT_CRITICAL, EXIT_UNKNOWN, EXIT_WARNING, SettingsError
from market_analysis.report.text_guard import decision_line, guard_text
from market_analysis.rules.verdict import Status
from market_analysis.settings import AccountSettings
from market_analysis.store import IN_MEMORY, Journal, Seals, open_database
from market_analysis.venues.enforcer import Enforcer
from market_analysis.venues.stream import Silent, Stream

DEMO_RULES = {"daily_realized_loss": {"mode": "alert", "loss": 100}}
"""What the demo account is watched by where the settings name no rule."""
_TOLD = (Alert, LockSet, LockCleared, WouldDo, FlattenEnded)
_STATUS = {
    Status.BREACH: EXIT_CRITICAL,
    Status.ACT: EXIT_CRITICAL,
    Status.UNKNOWN: EXIT_UNKNOWN,
    Status.WARN: EXIT_WARNING,
    Status.OK: 0,
}
_WORST = (Status.UNKNOWN, Status.BREACH, Status.ACT, Status.WARN, Status.OK)


def run_guard(common: Common, *, interval: float, iterations: int | None) -> int:
    """Watch until stopped, or for `iterations` looks; the exit status is the last look's worst verdict (0 when stopped)."""
    return asyncio.run(_watch(common, interval, iterations))


def run_flatten(common: Common, *, reason: str, attempts: int) -> int:
    """Flatten and verify; 0 when the account was read flat."""
    return asyncio.run(_flatten(common, reason, attempts))


async def _watch(common: Common, interval: float, iterations: int | None) -> int:
    console = Console()
    async with _guarded(common, console, must_enforce=False) as opened:
        guard, stream = opened
        async with _listening(guard, stream) as listener:

            def show(watch: Watch) -> None:
                console.progress(None)
                _show(watch, common, console)
                if any(isinstance(item, ReadNow) for item in watch.decisions):
                    listener.wake.set()

            last = await repeat(
                guard.watch,
                interval_seconds=interval,
                iterations=iterations,
                on_look=show,
                on_late=lambda seconds: typer.echo(f"risk-manager: the look takes long: {seconds:.0f} s so far", err=True),
                wake=listener.wake,
            )
        return 0 if last is None or iterations is None else exit_with(_exit_status(last), common)


@asynccontextmanager
async def _listening(guard: GuardSession, stream: Stream) -> AsyncIterator[Listener]:
    """Pushes beside the loop. Should what hears them fail, that is told, and the loop reads on."""
    listener = Listener(guard, stream, _tell)
    task = asyncio.create_task(listener.run())
    task.add_done_callback(_tell_end)
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _tell_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        typer.echo(f"risk-manager: pushes are no longer heard ({type(error).__name__}); reads go on", err=True)


async def _flatten(common: Common, reason: str, attempts: int) -> int:
    console = Console()
    async with _guarded(common, console, must_enforce=True) as (guard, _):
        _tell((await guard.watch()).decisions)
        decisions = await guard.order(CommandKind.FLATTEN, "command line", reason)
        _tell(decisions)
        for _ in range(attempts):
            watch = await guard.watch()
            console.progress(None)
            _tell(watch.decisions)
            if any(isinstance(item, FlattenEnded) and item.verified for item in watch.decisions):
                typer.echo("flat: no position, no order that adds risk")
                return 0
            await asyncio.sleep(1.0)
        typer.echo("NOT FLAT: see `risk-manager` and the venue", err=True)
        return EXIT_CRITICAL


@asynccontextmanager
async def _guarded(common: Common, console: Console, *, must_enforce: bool) -> AsyncIterator[tuple[GuardSession, Stream]]:
    """The account's guard and the venue's pushes; its state directory is its own while it runs."""
    configuration = configuration_of(common)
    name = common.account_name
    async with AsyncExitStack() as stack:
        opened = open_session(
            configuration, name, demo=bool(common.demo), state_directory=common.state_dir, must_own=True, progress=console.progress
        )
        session = await stack.enter_async_context(opened)
        account = _account(configuration, common)
        enforcer = await _enforcer(stack, configuration, session, common, must=must_enforce)
        locks = enforcer is not None and enforcer.locks_account
        policy = policy_of(name, account, enforces=enforcer is not None, venue_locks=locks)
        if not policy.rules and not must_enforce:
            raise SettingsError(
                f"account {name} has no rules to be guarded by",
                remedy=f"add [accounts.{name}.rules.daily_realized_loss] with loss = 500; see `risk-manager rules list`",
            )
        guard = JournaledGuard(policy, session.state.journal)
        yield GuardSession(session, guard, enforcer, _uptime(session, common)), session.stream or Silent()


def _uptime(session: Session, common: Common) -> Callable[[], float]:
    """The clock that cannot be set; the demo's market time flows faster than any of ours, so there its own."""
    return (lambda: session.clock.now().timestamp()) if common.demo else time.monotonic


def _account(configuration: Configuration, common: Common) -> AccountSettings:
    account = account_settings(configuration.settings, common.account_name)
    return account.model_copy(update={"rules": DEMO_RULES}) if common.demo and not account.rules else account


async def _enforcer(
    stack: AsyncExitStack, configuration: Configuration, session: Session, common: Common, *, must: bool
) -> Enforcer | None:
    """An enforcer exists only where the account's owner wants one, and the key fits (law 10)."""
    from market_analysis.venues.bybit.enforcer import BybitEnforcer

    account = account_settings(configuration.settings, common.account_name)
    if common.demo or not account.enforce:
        if must:
            raise SettingsError(
                f"account {common.account_name} may not be acted on",
                remedy=f"set enforce = true in [accounts.{common.account_name}], with a key that trades and cannot withdraw",
            )
        return None
    timeout_s = session.settings.risk.exchange_timeout_ms / 1000
    credentials = configuration.credentials(common.account_name)
    enforcer = await stack.enter_async_context(BybitEnforcer(session.settings.bybit, credentials, timeout_s=timeout_s))
    await enforcer.check()
    return enforcer


@contextmanager
def open_journal(common: Common) -> Iterator[Journal]:
    """The journal in the state directory, read beside a guard that runs."""
    settings = configuration_of(common).settings
    path = (common.state_dir or default_state_directory()) / f"{environment_label(settings.bybit)}.sqlite3"
    connection = open_database(path, writable=False) if path.exists() else open_database(IN_MEMORY)
    try:
        yield Journal(connection, Seals(path.parent, path.stem))
    finally:
        connection.close()


def _show(watch: Watch, common: Common, console: Console) -> None:
    if common.json:
        from market_analysis.desk.guard import CODEC

        line = f'{{"as_of":"{watch.look.snapshot.as_of.isoformat()}","decisions":{CODEC.dumps(watch.decisions)}}}'
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        return
    console.text(guard_text(watch.verdicts, watch.state.locks, watch.look.snapshot.as_of, watch.state.policy))
    _tell(watch.decisions)


def _tell(decisions: tuple[object, ...]) -> None:
    for item in decisions:
        if isinstance(item, _TOLD):
            typer.echo(decision_line(item), err=True)


def _exit_status(watch: Watch) -> int:
    worst = next((status for status in _WORST if any(item.status is status for item in watch.verdicts)), Status.OK)
    return _STATUS[worst]
