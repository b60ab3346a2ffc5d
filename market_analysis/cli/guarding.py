"""What the guard's commands share: accounts opened and watched, and how that is shown."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.sessions import configuration_of
from market_analysis.cli.view import Console, exit_with
from market_analysis.config import Configuration
from market_analysis.desk.daemon.account import Failure, Hooks, Pace
from market_analysis.desk.daemon.places import ADMIN_NAME, admin_place, read_place
from market_analysis.desk.daemon.serve import Places, serve
from market_analysis.desk.guard import CODEC, Watch
from market_analysis.desk.guard_opening import GuardOpening, guarded_accounts
from market_analysis.desk.state import default_state_directory, environment_label
from market_analysis.domain.decision import Decision, FlattenEnded, told
from market_analysis.domain.event import CommandKind
from market_analysis.errors import EXIT_CRITICAL, EXIT_UNKNOWN
from market_analysis.report.guard_status import verdicts_exit, worst_exit
from market_analysis.report.text_guard import decision_line, guard_text
from market_analysis.store import IN_MEMORY, Journal, Seals, open_database


def run_guard(
    common: Common,
    *,
    interval: float,
    iterations: int | None,
    socket: Path | None,
    quiet: bool,
    on_start: Callable[[Callable[[], None]], None] | None = None,
) -> int:
    """Watch until stopped, or for `iterations` looks; the exit status is the last looks' worst verdict (0 when stopped).

    on_start: is given a function that stops it, from any thread.
    """
    configuration = configuration_of(common)
    # A demo has no state that is its own: it listens only where it is told to.
    listens = not common.demo or socket is not None or common.state_dir is not None
    places = _places(common, configuration, socket) if listens else Places()
    opening = GuardOpening(configuration, bool(common.demo), common.state_dir, listening=iterations is None)
    names = guarded_accounts(configuration, common.account or ()) if not common.demo else (common.account_name,)
    hooks = _hooks(common, quiet=quiet, several=len(names) > 1)
    last = asyncio.run(serve(opening, names, Pace(interval, iterations), hooks, places, on_start))
    if iterations is None:
        return 0
    return exit_with(_worst(tuple(last.values())), common)


def run_flatten(common: Common, *, reason: str, attempts: int) -> int:
    """Flatten and verify; 0 when the account was read flat. A guard that runs does it; else it is done here."""
    from market_analysis.cli.ordering import flatten_by_guard

    done = None if common.demo else flatten_by_guard(common, reason, attempts)
    return asyncio.run(_flatten(common, reason, attempts)) if done is None else done


async def _flatten(common: Common, reason: str, attempts: int) -> int:
    console = Console()
    opening = GuardOpening(configuration_of(common), bool(common.demo), common.state_dir, must_enforce=True)
    async with opening.open(common.account_name, console.progress) as opened:
        guard = opened.guard
        _tell((await guard.watch()).decisions)
        _tell(await guard.order(CommandKind.FLATTEN, "command line", reason))
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


def _places(common: Common, configuration: Configuration, socket: Path | None) -> Places:
    """A demo's admin socket lies beside its read socket, where it has no state directory."""
    settings = configuration.settings.daemon
    read = read_place(socket, settings, common.state_dir)
    beside = common.demo and common.state_dir is None and settings.admin_socket is None
    return Places(read, read.with_name(ADMIN_NAME) if beside else admin_place(settings, common.state_dir))


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


def _hooks(common: Common, *, quiet: bool, several: bool) -> Hooks:
    """quiet: decisions and failures only, as a service's log wants it."""
    console = Console()

    def watched(name: str, watch: Watch) -> None:
        console.progress(None)
        if common.json:
            at = watch.look.snapshot.as_of.isoformat()
            sys.stdout.write(f'{{"account":"{name}","as_of":"{at}","decisions":{CODEC.dumps(watch.decisions)}}}\n')
            sys.stdout.flush()
            return
        if not quiet:
            console.text(guard_text(watch.verdicts, watch.state.locks, watch.look.snapshot.as_of, watch.state.policy))
        decided(name, watch.decisions)

    def decided(name: str, decisions: tuple[Decision, ...]) -> None:
        _tell(decisions, f"{name}: " if several else "")

    def failed(name: str, problem: str) -> None:
        console.progress(None)
        console.notice(f"account {name}: {problem}")

    def late(seconds: float) -> None:
        console.notice(f"no new look for {seconds:.0f} s: what was decided rests on what was read before")

    return Hooks(watched, decided, failed, late, lambda name: None, console.progress)


def _tell(decisions: tuple[Decision, ...], before: str = "") -> None:
    for item in told(decisions):
        typer.echo(before + decision_line(item), err=True)


def _worst(last: tuple[Watch | Failure | None, ...]) -> int:
    """Of several accounts the worst; a failure's own status first."""
    failures = [item.exit_status for item in last if isinstance(item, Failure)]
    if failures:
        return max(failures)
    return worst_exit([verdicts_exit(item.verdicts) if isinstance(item, Watch) else EXIT_UNKNOWN for item in last])
