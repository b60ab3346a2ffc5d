"""Asks the daemon. Nothing here reads the state directory: what the trader sees comes through the socket alone."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import msgspec

from market_analysis.desk.daemon.wire import Refusal, encoded
from market_analysis.errors import DaemonUnreachableError, RiskManagerError


class Stream(Protocol):
    """What a connection is used for."""

    def write(self, data: bytes, /) -> object: ...
    def flush(self) -> object: ...
    def readline(self, size: int, /) -> bytes: ...
    def close(self) -> object: ...


LONGEST_ANSWER = 64 * 1024 * 1024


class DaemonRefusedError(RiskManagerError):
    """The daemon's own word on a request; its code and exit status are the daemon's."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, remedy=refusal.remedy)
        self.code = refusal.error  # type: ignore[misc]  # each refusal brings its own
        self.exit_status = refusal.exit_status  # type: ignore[misc]


def ask(path: Path, request: object, *, timeout_s: float = 15.0) -> bytes:
    """One request, one answer, as it came.

    Raises:
        DaemonUnreachableError: nobody answers.
        DaemonRefusedError: it says no, and why.
    """
    answer = next(watch(path, request, timeout_s=timeout_s), None)
    if answer is None:
        raise DaemonUnreachableError(f"the guard at {path} ended the connection without an answer")
    return answer


def watch(path: Path, request: object, *, timeout_s: float = 75.0) -> Iterator[bytes]:
    """One request, answers until the daemon ends. timeout_s: of silence.

    Raises:
        DaemonUnreachableError: nobody answers, or no more.
        DaemonRefusedError: it says no, and why.
    """
    with closing(_connected(path, timeout_s)) as stream:
        try:
            stream.write(encoded(request))
            stream.flush()
            while line := stream.readline(LONGEST_ANSWER):
                if not line.endswith(b"\n"):
                    raise DaemonUnreachableError(f"the guard at {path} broke off in the middle of an answer")
                yield _accepted(line)
        except TimeoutError:
            raise DaemonUnreachableError(f"the guard at {path} has not answered for {timeout_s:g} s") from None
        except OSError as error:
            raise DaemonUnreachableError(f"the guard at {path} is gone: {error.strerror}") from error


def _accepted(line: bytes) -> bytes:
    try:
        refusal = msgspec.json.decode(line, type=Refusal)
    except msgspec.ValidationError:
        return line
    except msgspec.DecodeError:
        raise DaemonUnreachableError("what answers at the socket does not speak the guard's language") from None
    raise DaemonRefusedError(refusal)


def _connected(path: Path, timeout_s: float) -> Stream:
    try:
        if sys.platform == "win32":
            from market_analysis.desk.daemon.pipes import pipe_name

            return open(pipe_name(path), "r+b", buffering=0)  # closed by who asked
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            raise
        with connection:  # the stream keeps it open
            return connection.makefile("rwb")
    except PermissionError:
        raise DaemonUnreachableError(f"this user may not connect to {path}", remedy="ask whoever runs the guard") from None
    except OSError as error:
        reason = "no guard is running" if isinstance(error, FileNotFoundError | ConnectionRefusedError) else error.strerror
        raise DaemonUnreachableError(f"no answer at {path}: {reason}") from error
