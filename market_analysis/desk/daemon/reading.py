"""What the read socket answers: the status, once or as it changes. Nothing that is said to it changes anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from market_analysis.desk.daemon.board import Board
from market_analysis.desk.daemon.endpoints import Peer
from market_analysis.desk.daemon.wire import ReadRequest, RefusedError, decoded
from market_analysis.errors import EXIT_CONFIGURATION, EXIT_USAGE
from market_analysis.report.document import encode_value

SHORTEST_S, LONGEST_S = 0.2, 60.0


class StatusReader:
    """Answers requests from a board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    async def answers(self, line: bytes, peer: Peer) -> AsyncIterator[bytes]:
        """The lines that answer a request.

        Raises:
            RefusedError: it is not understood, or there is no such account.
        """
        del peer  # whoever can connect may read
        request = decoded(line, ReadRequest)
        if request.account is not None and request.account not in self._board.names:
            known = ", ".join(self._board.names)
            raise RefusedError("no_account", f"account {request.account!r} is not guarded; guarded: {known}", EXIT_CONFIGURATION)
        if request.request == "status":
            yield self._status(request.account)
        elif request.request == "watch":
            async for answer in self._watch(request):
                yield answer
        else:
            raise RefusedError("not_understood", "request must be status or watch", EXIT_USAGE)

    async def _watch(self, request: ReadRequest) -> AsyncIterator[bytes]:
        """As often as the client can read, no more: changes that come meanwhile are one."""
        loop, changed, key = asyncio.get_running_loop(), asyncio.Event(), object()
        every = min(max(request.every, SHORTEST_S), LONGEST_S)
        self._board.listen(key, lambda: loop.call_soon_threadsafe(changed.set))
        try:
            while True:
                changed.clear()
                yield self._status(request.account)
                await asyncio.sleep(SHORTEST_S)
                try:
                    async with asyncio.timeout(every - SHORTEST_S):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            self._board.forget(key)

    def _status(self, account: str | None) -> bytes:
        return encode_value(self._board.status(account), pretty=False)
