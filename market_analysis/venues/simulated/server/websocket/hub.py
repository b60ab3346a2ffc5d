"""All stream connections of a server, and the ticker that pushes to them.

The ticker wakes when something was done in-process or through REST, and otherwise every `TICK_SECONDS`, since a
running market clock moves prices by itself.
"""

from __future__ import annotations

import asyncio
from typing import cast

import msgspec
from aiohttp import WSMsgType, web

from market_analysis.venues.simulated.server import fault_answers as table
from market_analysis.venues.simulated.server.faults import CallFacts, FaultKind
from market_analysis.venues.simulated.server.replies import JsonObject
from market_analysis.venues.simulated.server.state import ServerState
from market_analysis.venues.simulated.server.websocket.connection import Connection, answer
from market_analysis.venues.simulated.server.websocket.private_topics import event_message, is_private_topic, topic_of
from market_analysis.venues.simulated.server.websocket.public_topics import is_public_topic, public_message

TICK_SECONDS = 0.1
# pybit registers a topic's callback just after it has asked for it: loopback must not be faster than that.
SUBSCRIBE_SECONDS = 0.01
PUBLIC_CATEGORIES = ("linear", "inverse", "spot")


class StreamHub:
    """Accepts stream connections and pushes to them."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._awake = asyncio.Event()
        self._connections: set[Connection] = set()
        self._pushed_at_ms = -1

    def wake(self) -> None:
        """Push soon; from any thread."""
        self._loop.call_soon_threadsafe(self._awake.set)

    def cut(self, endpoint: str) -> None:
        """Break every live connection of an endpoint without a closing handshake; from any thread."""
        self._loop.call_soon_threadsafe(self._abort, endpoint)

    @property
    def connection_count(self) -> int:
        """Streams now open."""
        return len(self._connections)

    def subscriptions(self) -> list[tuple[str, ...]]:
        """The topics of each open stream."""
        return [tuple(connection.topics) for connection in list(self._connections)]

    async def handle_public(self, request: web.Request) -> web.StreamResponse:
        """`/v5/public/{category}`."""
        category = request.match_info["category"]
        if category not in PUBLIC_CATEGORIES:
            return web.Response(status=404)
        return await self._accept(request, category)

    async def handle_private(self, request: web.Request) -> web.StreamResponse:
        """`/v5/private`."""
        return await self._accept(request, "")

    async def run(self) -> None:
        """Push until cancelled."""
        while True:
            try:
                async with asyncio.timeout(TICK_SECONDS):
                    await self._awake.wait()
            except TimeoutError:
                pass
            self._awake.clear()
            if self._connections:
                await self._push()

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            await connection.socket.close()

    async def _accept(self, request: web.Request, category: str) -> web.StreamResponse:
        refused = await self._fault_at_connect(request)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse(timeout=0.2)
        await socket.prepare(request)
        connection = Connection(socket, request.path, category, request.remote or "", request.transport)
        self._connections.add(connection)
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._on_text(connection, frame.data)
        finally:
            self._connections.discard(connection)
        return socket

    async def _fault_at_connect(self, request: web.Request) -> web.Response | None:
        facts = CallFacts(request.path, "", "", has_cursor=False, market_now_ms=self._state.market_now_ms())
        rule = self._state.faults.decide(facts, among=table.AT_CONNECT)
        if rule is None:
            return None
        if rule.kind in table.STATUS_INSTEAD:
            status, body = table.STATUS_INSTEAD[rule.kind]
            return web.Response(status=status, body=body)
        if rule.kind is FaultKind.TIME_OUT:
            await asyncio.sleep(self._state.faults.hang_seconds)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)

    async def _on_text(self, connection: Connection, text: str) -> None:
        if self._state.faults.half_open(connection.endpoint):
            return
        try:
            message = msgspec.json.decode(text, type=dict[str, object])
        except msgspec.MsgspecError:
            message = {}
        if message.get("op") == "subscribe":
            await asyncio.sleep(SUBSCRIBE_SECONDS)
        reply = answer(connection, cast("JsonObject", message), self._state, self._known_topic)
        await connection.send(reply)
        if message.get("op") == "subscribe" and not connection.is_private:
            await self._push_public(connection, fresh_only=True)

    def _known_topic(self, category: str, topic: str) -> bool:
        return is_public_topic(self._state.market, category, topic) if category else is_private_topic(topic)

    async def _push(self) -> None:
        with self._state.held():
            now_ms = self._state.market_now_ms()
        moved = now_ms != self._pushed_at_ms
        self._pushed_at_ms = now_ms
        for connection in list(self._connections):
            if connection.is_private:
                await self._push_events(connection)
            elif moved and not self._state.faults.half_open(connection.endpoint):
                await self._push_public(connection, fresh_only=False)

    async def _push_events(self, connection: Connection) -> None:
        if not connection.uid:
            return
        with self._state.held() as exchange:
            events, connection.cursor = exchange.events_since(connection.uid, connection.cursor)
        if self._state.faults.half_open(connection.endpoint):
            return  # what happens during the silence is never told
        for event in events:
            topic = topic_of(event, connection.topics)
            if topic and not await connection.send(event_message(event, topic)):
                self._connections.discard(connection)
                return

    async def _push_public(self, connection: Connection, *, fresh_only: bool) -> None:
        for topic in list(connection.topics):
            if fresh_only and topic in connection.sent:
                continue
            with self._state.held():
                message = public_message(self._state, connection, topic)
            if message is not None and not await connection.send(message):
                self._connections.discard(connection)
                return

    def _abort(self, endpoint: str) -> None:
        for connection in self._connections:
            if connection.endpoint == endpoint and connection.transport is not None:
                connection.transport.abort()
