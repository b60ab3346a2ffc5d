"""The same on Windows: named pipes, which asyncio's proactor loop serves. Imported there only.

The pipe has Windows' own default rights: its creator, administrators and the system may write to it, so that other users cannot
ask. Who is at the other end is not told; administering needs the password.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from market_analysis.desk.daemon.endpoints import Connected
from market_analysis.errors import StateError


def pipe_name(path: Path) -> str:
    """The pipe that stands for a socket's path; the same path gives the same pipe."""
    return rf"\\.\pipe\risk-manager-{path.stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"


class PipeEndpoint:
    """A named pipe."""

    def __init__(self, path: Path) -> None:
        self.name = pipe_name(path)
        self._servers: list[Any] = []

    def bind(self) -> None:
        """The loop makes the pipe when it serves it."""

    async def serve(self, connected: Connected, limit: int) -> None:
        """See `Endpoint`."""
        loop: Any = asyncio.get_running_loop()

        def protocol() -> asyncio.StreamReaderProtocol:
            return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=limit, loop=loop), connected, loop=loop)

        try:
            self._servers = await loop.start_serving_pipe(protocol, self.name)
        except OSError as error:
            raise StateError(
                f"the pipe {self.name} cannot be made: {error.strerror}", remedy="stop the guard that has it"
            ) from error

    def close(self) -> None:
        """See `Endpoint`."""
        for server in self._servers:
            server.close()
