"""What the commands that administer a running guard share: the request, the password where one is asked for, what came of it."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import typer

from market_analysis.cli.common import Common
from market_analysis.cli.sessions import configuration_of
from market_analysis.desk.daemon import client
from market_analysis.desk.daemon.administering import AdminRequest, Done
from market_analysis.desk.daemon.places import ADMIN_NAME, admin_place, is_there, readable_place
from market_analysis.desk.daemon.wire import ReadRequest, RefusedError
from market_analysis.domain.duration import duration
from market_analysis.errors import EXIT_CRITICAL, DaemonUnreachableError, SettingsError, UsageError
from market_analysis.report.guard_status import GuardStatus

PASSWORD_VARIABLE, NEW_PASSWORD_VARIABLE = "RISK_MANAGER_ADMIN_PASSWORD", "RISK_MANAGER_NEW_PASSWORD"
ORDER_S = 75.0


def order(common: Common, request: str, *, password_file: Path | None = None, **terms: Any) -> int:
    """Have the running guard carry something out, and say what came of it.

    Raises:
        DaemonUnreachableError: no guard answers.
        DaemonRefusedError: it says no, and why.
    """
    lines = ordered(common, request, password_file=password_file, **terms)
    if common.json:
        typer.echo(json.dumps({"done": lines}))
    else:
        for line in lines:
            typer.echo(line)
    return 0


def ordered(common: Common, request: str, *, password_file: Path | None = None, **terms: Any) -> tuple[str, ...]:
    """The same, the lines to the caller. The password is given only where the guard asks for it, and is no argument."""
    account = None if common.account is None else common.account_name
    asked = AdminRequest(request, account=account, **terms)
    try:
        answer = _ask(common, asked)
    except client.DaemonRefusedError as refused:
        if refused.code != "password_required":
            raise
        asked.password = _password(password_file)
        answer = _ask(common, asked)
    return msgspec.json.decode(answer, type=Done).done


def new_password(file: Path | None) -> str:
    """The password to be set: from a file, the environment, or asked for twice."""
    given = _from_file(file) if file is not None else os.environ.get(NEW_PASSWORD_VARIABLE)
    if given is not None:
        return given
    _needs_terminal(NEW_PASSWORD_VARIABLE)
    answer: str = typer.prompt("New administrator's password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def set_password_here(common: Common, password: str) -> None:
    """Write it into the state directory, which no guard has now.

    Raises:
        StateLockedError: one has it after all.
        StateError, UsageError: it cannot be written, or is too short or too long.
    """
    from market_analysis.desk.daemon.passwords import PasswordGate
    from market_analysis.desk.daemon.places import ADMIN_RECORD
    from market_analysis.desk.directories import default_state_directory
    from market_analysis.store import AdminBook, StateLock

    directory = common.state_dir or default_state_directory()
    with StateLock(directory):
        try:
            PasswordGate(AdminBook(directory / ADMIN_RECORD)).set(password)
        except RefusedError as refused:
            raise UsageError(refused.message, remedy="choose another") from None
    typer.echo("the administrator's password is set; no guard is running, so that it stands in no journal")


def moment(text: str) -> datetime:
    """An ISO moment; one without a zone is UTC.

    Raises:
        UsageError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--until {text!r} is no moment", remedy="write it like 2026-03-02T17:00+00:00, or use --for 8h") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def seconds(text: str) -> float:
    """A length of time like 90s, 30m, 8h or 2d.

    Raises:
        UsageError: it is none.
    """
    try:
        return duration(text).total_seconds()
    except ValueError as error:
        raise UsageError(f"--for {error}", remedy="or name the moment: --until 2026-03-02T17:00+00:00") from error


def flatten_by_guard(common: Common, reason: str, attempts: int) -> int | None:
    """Have the running guard flatten, and look until it has; None where none runs."""
    try:
        lines = ordered(common, "flatten", reason=reason)
    except DaemonUnreachableError:
        return None
    for line in lines:
        typer.echo(line, err=True)
    place = readable_place(None, configuration_of(common).settings.daemon, common.state_dir)
    for _ in range(attempts):
        time.sleep(1.0)
        status = msgspec.json.decode(client.ask(place, ReadRequest("status", common.account_name)), type=GuardStatus)
        (account,) = status.accounts
        ended = [item.text for item in account.decisions if item.text.startswith("flatten (")]
        if account.flattening is None and ended:
            typer.echo(ended[-1])
            return 0 if ended[-1].endswith("verified flat") else EXIT_CRITICAL
    typer.echo("NOT FLAT: see `risk-manager status` and the venue", err=True)
    return EXIT_CRITICAL


def _ask(common: Common, request: AdminRequest) -> bytes:
    """At the admin socket: the settings', the state directory's, or beside the read socket that the environment names."""
    settings = configuration_of(common).settings.daemon
    place = admin_place(settings, common.state_dir)
    if settings.admin_socket is None and common.state_dir is None:
        beside = readable_place(None, settings, None).with_name(ADMIN_NAME)
        place = place if is_there(place) or not is_there(beside) else beside
    return client.ask(place, request, timeout_s=ORDER_S)


def _password(file: Path | None) -> str:
    given = _from_file(file) if file is not None else os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    _needs_terminal(PASSWORD_VARIABLE)
    answer: str = typer.prompt("Administrator's password", hide_input=True, err=True)
    return answer


def _needs_terminal(variable: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("a password is needed, and there is no terminal to ask at", remedy=f"set {variable}, or name a file")


def _from_file(path: Path) -> str:
    """The first line of a file that is its user's alone."""
    try:
        if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SettingsError(f"the password file {path} is readable by others", remedy=f"chmod 600 {path}")
        return path.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the password file {path} cannot be read: {type(error).__name__}", remedy="name another") from error
