"""What the commands that ask a running guard share."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from market_analysis.cli.common import Common
from market_analysis.cli.sessions import configuration_of
from market_analysis.cli.view import Console, exit_with
from market_analysis.desk.daemon import client
from market_analysis.desk.daemon.places import readable_place
from market_analysis.desk.daemon.wire import ReadRequest
from market_analysis.errors import DaemonUnreachableError
from market_analysis.report.guard_status import GuardStatus
from market_analysis.report.text_status import status_text


def run_status(common: Common, *, socket: Path | None, watch: bool, every: float) -> int:
    """Ask, show, and end as the worst account's verdict; a watch that is stopped ends with 0."""
    place = readable_place(socket, configuration_of(common).settings.daemon, common.state_dir)
    account = None if common.account is None else common.account_name
    if not watch:
        line = client.ask(place, ReadRequest("status", account))
        return exit_with(_show([line], common, live=False), common)
    try:
        _show(client.watch(place, ReadRequest("watch", account, every)), common, live=True)
    except KeyboardInterrupt:
        return 0
    raise DaemonUnreachableError(f"the guard at {place} has ended")


def _show(lines: Iterable[bytes], common: Common, *, live: bool) -> int:
    """The exit status that the last one has."""
    console, last = Console(), 0
    for line in lines:
        status = _read(line)
        if common.json:
            sys.stdout.buffer.write(line if live else msgspec.json.format(line, indent=2) + b"\n")
            sys.stdout.buffer.flush()
        else:
            console.whole(status_text(status), live=live)
        last = status.exit_status
    return last


def _read(line: bytes) -> GuardStatus:
    try:
        return msgspec.json.decode(line, type=GuardStatus)
    except msgspec.DecodeError as error:
        raise DaemonUnreachableError(
            f"the guard's answer is of another version: {error}", remedy="use the guard's version"
        ) from None
