"""Where the daemon listens and its clients call: a Unix domain socket, on Windows a named pipe, behind one small interface."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from market_analysis.errors import StateError, StateLockedError

LONGEST_PATH = 103
"""Bytes of a socket's path that every system takes, the terminating zero out."""
_NEW = ".new"
Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Endpoint(Protocol):
    """A place to listen at. It is bound before the daemon says that it is ready, and gone when it is closed."""

    def bind(self) -> None:
        """Take the place.

        Raises:
            StateError: it cannot be taken; says why.
            StateLockedError: somebody answers there.
        """
        ...

    async def serve(self, connected: Connected, limit: int) -> None:
        """Hand each connection to `connected`. limit: bytes of one line."""
        ...

    def close(self) -> None:
        """Give it up."""
        ...


class UnixEndpoint:
    """A Unix domain socket. mode: who may connect; group: whose it is, None: the process's own."""

    def __init__(self, path: Path, *, mode: int, group: str | None = None) -> None:
        self.path = path
        self._mode = mode
        self._group = group
        self._socket: socket.socket | None = None
        self._server: asyncio.AbstractServer | None = None

    def bind(self) -> None:
        """See `Endpoint`. It is never open wider than its mode, and a socket that nobody answers at is replaced."""
        fresh = self.path.with_name(self.path.name + _NEW)
        if len(os.fsencode(fresh)) > LONGEST_PATH:
            bound = LONGEST_PATH - len(_NEW)
            raise StateError(
                f"the socket's path {self.path} has {len(os.fsencode(self.path))} bytes, at most {bound} fit",
                remedy="name a shorter one: --socket",
            )
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._free()
            fresh.unlink(missing_ok=True)
            before = os.umask(0o177)
            try:
                opened.bind(str(fresh))
            finally:
                os.umask(before)
            opened.listen(64)
            opened.setblocking(False)
            if self._group is not None:
                _give(fresh, self._group)
            fresh.chmod(self._mode)
            fresh.rename(self.path)
        except OSError as error:
            _give_up(opened, fresh)
            raise StateError(
                f"the socket {self.path} cannot be made: {error.strerror}", remedy="make its directory, or name another: --socket"
            ) from error
        except StateError:
            _give_up(opened, fresh)
            raise
        self._socket = opened

    async def serve(self, connected: Connected, limit: int) -> None:
        """See `Endpoint`."""
        self._server = await asyncio.start_unix_server(connected, sock=self._socket, limit=limit)

    def close(self) -> None:
        """See `Endpoint`."""
        if self._server is not None:
            self._server.close()
        elif self._socket is not None:
            self._socket.close()
        self.path.unlink(missing_ok=True)

    def _free(self) -> None:
        """Raises StateLockedError where somebody answers, StateError where something else than a socket stands."""
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise StateError(f"{self.path} exists and is no socket", remedy="name another: --socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(self.path))
            except (ConnectionRefusedError, FileNotFoundError):
                return
        raise StateLockedError(f"another guard answers at {self.path}", remedy="stop that one, or name another socket: --socket")


def _give_up(opened: socket.socket, path: Path) -> None:
    opened.close()
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _give(path: Path, group: str) -> None:
    import grp

    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError:
        raise StateError(f"there is no group {group!r}", remedy="name an existing one in [daemon]") from None
    os.chown(path, -1, number)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end; None where the system does not say."""

    uid: int | None


def peer_of(writer: asyncio.StreamWriter) -> Peer:
    """By the kernel's word (SO_PEERCRED), which the peer cannot forge."""
    connection = writer.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if connection is None or option is None:
        return Peer(None)
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return Peer(uid)


def endpoint_at(path: Path, *, mode: int, group: str | None = None) -> Endpoint:
    """The endpoint of this system."""
    if sys.platform == "win32":
        from market_analysis.desk.daemon.pipes import PipeEndpoint

        return PipeEndpoint(path)
    return UnixEndpoint(path, mode=mode, group=group)
