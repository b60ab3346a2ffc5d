"""One stream connection: its subscriptions, what it was last sent, and the answers to its requests."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from aiohttp import ClientConnectionResetError, web

from market_analysis.venues.simulated.ledger.refusals import ApiError
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.signing import authenticate_stream
from market_analysis.venues.simulated.server.state import ServerState

SEND_TIMEOUT_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class Connection:
    """A client's socket. `category` is empty on the private stream, `uid` empty until it has authenticated;
    events of the account up to `cursor` have been pushed.
    """

    socket: web.WebSocketResponse
    endpoint: str
    category: str
    remote_ip: str
    transport: asyncio.Transport | None = None
    uid: str = ""
    cursor: int = 0
    topics: list[str] = field(default_factory=list)
    sent: dict[str, JsonObject] = field(default_factory=dict)
    conn_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_private(self) -> bool:
        """Whether this is the account's stream."""
        return not self.category

    async def send(self, message: JsonObject) -> bool:
        """Send one message; False if the client is gone or does not read."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await self.socket.send_str(msgspec.json.encode(message).decode())
        except (TimeoutError, ClientConnectionResetError, ConnectionError, RuntimeError):
            return False
        return True


def answer(
    connection: Connection,
    message: JsonObject,
    state: ServerState,
    known_topic: Callable[[str, str], bool],
) -> JsonObject:
    """The reply to a client's request; subscriptions and authentication change the connection."""
    operation = message.get("op")
    if operation == "ping":
        return _pong(connection, message, state)
    if operation == "auth":
        return _authenticate(connection, message, state)
    if operation in {"subscribe", "unsubscribe"}:
        return _change_topics(connection, message, known_topic)
    return _status(connection, message, success=False, text=f"error:invalid op [{operation}]")


def _pong(connection: Connection, message: JsonObject, state: ServerState) -> JsonObject:
    if connection.is_private:
        now = str(state.wire.now_ms())
        return {"req_id": _text(message, "req_id"), "op": "pong", "args": [now], "conn_id": connection.conn_id}
    return _status(connection, message, success=True, text="pong")


def _authenticate(connection: Connection, message: JsonObject, state: ServerState) -> JsonObject:
    args = message.get("args")
    try:
        uid, _ = authenticate_stream(
            list(args) if isinstance(args, list) else [],
            state.exchange.find_key,
            wire_now_ms=state.wire.now_ms(),
            remote_ip=connection.remote_ip,
        )
    except ApiError as error:
        asked: JsonObject = {"op": "auth", "args": args}
        return _status(connection, message, success=False, text=error.ret_msg) | {"request": asked}
    with state.held() as exchange:
        _, connection.cursor = exchange.events_since(uid, 0)
    connection.uid = uid
    return _status(connection, message, success=True, text="")


def _change_topics(connection: Connection, message: JsonObject, known_topic: Callable[[str, str], bool]) -> JsonObject:
    args = message.get("args")
    topics = [str(item) for item in args] if isinstance(args, list) else []
    if connection.is_private and not connection.uid:
        return _status(connection, message, success=False, text="Request not authorized")
    unknown = [topic for topic in topics if not known_topic(connection.category, topic)]
    if unknown or not topics:
        return _status(connection, message, success=False, text=f"error:handler not found,topic:{','.join(unknown)}")
    if message.get("op") == "subscribe":
        connection.topics.extend(topic for topic in topics if topic not in connection.topics)
    else:
        _forget(connection, topics)
    return _status(connection, message, success=True, text="")


def _forget(connection: Connection, topics: Sequence[str]) -> None:
    connection.topics = [topic for topic in connection.topics if topic not in topics]
    for topic in topics:
        connection.sent.pop(topic, None)


def _status(connection: Connection, message: JsonObject, *, success: bool, text: str) -> JsonObject:
    operation: Json = message.get("op")
    return {
        "success": success,
        "ret_msg": text,
        "conn_id": connection.conn_id,
        "req_id": _text(message, "req_id"),
        "op": operation if isinstance(operation, str) else "",
    }


def _text(message: JsonObject, name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""
