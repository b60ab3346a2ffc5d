"""Serves lines at an endpoint, in a thread of its own: whatever a client does, the guard's loop does not wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from market_analysis.desk.daemon.endpoints import Connected, Endpoint, Peer, peer_of
from market_analysis.desk.daemon.wire import RefusedError, refusal

Answers = Callable[[bytes, Peer], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Limits:
    """request_bytes: of the one line that a client may say. request_s: how long it may take for it. send_s: how long it may take to
    read one answer. clients: how many at once; one more is told that it is one too many."""

    request_bytes: int = 4096
    request_s: float = 5.0
    send_s: float = 5.0
    clients: int = 64


@dataclass(frozen=True, slots=True)
class Service:
    """What is answered where."""

    endpoint: Endpoint
    answers: Answers


class LineServer:
    """`with LineServer(services):` listens when the block begins, and has gone when it ends.

    Raises:
        StateError, StateLockedError: an endpoint cannot be bound.
    """

    def __init__(self, services: Sequence[Service], limits: Limits = Limits()) -> None:
        self._services = services
        self._limits = limits
        self._clients: set[asyncio.Task[None] | None] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sockets", daemon=True)
        self._ready = threading.Event()
        self._error: BaseException | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The thread's own."""
        return self._loop

    def __enter__(self) -> LineServer:
        bound: list[Endpoint] = []
        try:
            for service in self._services:
                service.endpoint.bind()
                bound.append(service.endpoint)
        except BaseException:
            for endpoint in bound:
                endpoint.close()
            self._loop.close()
            raise
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self.__exit__()
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            for service in self._services:
                self._loop.run_until_complete(service.endpoint.serve(self._connected(service), self._limits.request_bytes))
        except Exception as error:  # noqa: BLE001  # handed to the thread that waits
            self._error = error
        self._ready.set()
        if self._error is None:
            self._loop.run_forever()
        for service in self._services:
            service.endpoint.close()
        left = [task for task in self._clients if task is not None]
        for task in left:
            task.cancel()
        self._loop.run_until_complete(_ended(left))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _connected(self, service: Service) -> Connected:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            full = len(self._clients) >= self._limits.clients
            self._clients.add(task)
            try:
                writer.transport.set_write_buffer_limits(high=0)
                if full:
                    await self._send(writer, refusal(RefusedError("busy", f"{self._limits.clients} clients are served already")))
                else:
                    await self._answer(service, reader, writer)
            except (OSError, TimeoutError):
                writer.transport.abort()
            finally:
                self._clients.discard(task)
                writer.close()

        return connected

    async def _answer(self, service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._limits.request_s):
                line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            bound = f"a request has more than {self._limits.request_bytes} bytes"
            await self._send(writer, refusal(RefusedError("too_large", bound)))
            return
        except asyncio.IncompleteReadError:
            return
        except TimeoutError:
            await self._send(writer, refusal(RefusedError("too_slow", f"no request within {self._limits.request_s:g} s")))
            return
        try:
            async for answer in service.answers(line, peer_of(writer)):
                await self._send(writer, answer)
        except RefusedError as error:
            await self._send(writer, refusal(error))

    async def _send(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        """One line; a client that does not read it in time is dropped."""
        writer.write(line)
        async with asyncio.timeout(self._limits.send_s):
            await writer.drain()


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
