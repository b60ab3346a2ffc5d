"""The way of a request: log, address limit, fault, signature, rights, user limit, handler, fault again, envelope."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from aiohttp import web

from market_analysis.errors import VenueRejectedError
from market_analysis.venues.simulated.ledger.model import ApiKey
from market_analysis.venues.simulated.ledger.refusals import PARAMETER_ERROR, ApiError
from market_analysis.venues.simulated.server import fault_answers as table
from market_analysis.venues.simulated.server.faults import CallFacts, FaultKind, FaultRule
from market_analysis.venues.simulated.server.limits import BATCH_ORDER_LIMIT, Allowance
from market_analysis.venues.simulated.server.replies import TOO_MANY_VISITS, Json, JsonObject, envelope
from market_analysis.venues.simulated.server.request import Call, body_params, query_params
from market_analysis.venues.simulated.server.request_log import RequestRecord
from market_analysis.venues.simulated.server.rights import check_right
from market_analysis.venues.simulated.server.signing import SignedRequest, authenticate
from market_analysis.venues.simulated.server.state import Answer, Route, ServerState

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came off the wire."""

    method: str
    path: str
    raw_query: str
    body: bytes
    headers: Mapping[str, str]
    remote_ip: str

    @property
    def payload(self) -> str:
        """What the signature covers."""
        return self.raw_query if self.method == "GET" else self.body.decode(errors="replace")


class Gateway:
    """Answers every HTTP request of the server."""

    def __init__(self, state: ServerState, routes: Mapping[tuple[str, str], Route]) -> None:
        self._state = state
        self._routes = routes
        self.closing = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """aiohttp's handler for every path."""
        path, _, raw_query = request.raw_path.partition("?")
        incoming = Incoming(request.method, path, raw_query, await request.read(), request.headers, request.remote or "")
        state, now_ms = self._state, self._state.wire.now_ms()
        state.requests.add(RequestRecord(incoming.method, path, raw_query, incoming.body.decode(errors="replace"), now_ms))
        if not state.limiter.admits(incoming.remote_ip, now_ms):
            return _plain(403, table.BAN_TEXT.encode())
        rule = state.faults.decide(self._facts(incoming))
        if rule is not None and (rule.kind in table.HANGS or rule.kind in table.RESETS):
            return await self._break(request, incoming, rule)
        return self._respond(incoming, rule)

    def _facts(self, incoming: Incoming) -> CallFacts:
        try:
            params = _params(incoming)
        except ApiError:
            params = {}
        symbol, category = params.get("symbol"), params.get("category")
        return CallFacts(
            endpoint=incoming.path,
            symbol=str(symbol) if symbol else "",
            category=str(category) if category else "",
            has_cursor=bool(params.get("cursor")),
            market_now_ms=self._state.market_now_ms(),
        )

    async def _break(self, request: web.Request, incoming: Incoming, rule: FaultRule) -> web.StreamResponse:
        if rule.kind in table.APPLIED_FIRST:
            self._answer(incoming, None)
        if rule.kind in table.HANGS:
            await self._hang()
        if request.transport is not None:
            request.transport.abort()
        return _plain(502, b"")

    async def _hang(self) -> None:
        try:
            async with asyncio.timeout(self._state.faults.hang_seconds):
                await self.closing.wait()
        except TimeoutError:
            return

    def _respond(self, incoming: Incoming, rule: FaultRule | None) -> web.Response:
        if rule is not None:
            instead = self._instead(rule.kind)
            if instead is not None:
                return instead
        answer, allowance = self._answer(incoming, rule)
        if answer is None:
            return _plain(404, b"")
        if rule is not None and rule.kind is FaultKind.APPLIED_THEN_HTTP_500:
            return _plain(500, b"Internal Server Error")
        return self._reply(answer, allowance, rule)

    def _instead(self, kind: FaultKind) -> web.Response | None:
        """What a fault says in place of an answer, without executing anything; None for faults of other sorts."""
        if kind in table.STATUS_INSTEAD:
            return _plain(*table.STATUS_INSTEAD[kind])
        if kind in table.BODY_INSTEAD:
            return _plain(200, table.BODY_INSTEAD[kind])
        if kind in table.CODE_INSTEAD:
            return self._reply(self._refusal(*table.CODE_INSTEAD[kind]), None, None)
        return None

    def _reply(self, answer: JsonObject, allowance: Allowance | None, rule: FaultRule | None) -> web.Response:
        body = msgspec.json.encode(answer) if rule is None else table.spoil(rule, answer)
        headers = {"Traceid": uuid.uuid4().hex, "Timenow": str(answer.get("time", ""))}
        if allowance is not None:
            headers |= allowance.headers()
        return web.Response(body=body, content_type=JSON_TYPE, charset="utf-8", headers=headers)

    def _answer(self, incoming: Incoming, rule: FaultRule | None) -> tuple[JsonObject | None, Allowance | None]:
        """Execute the request: the envelope (None: no such path) and what the limit headers say."""
        route = self._routes.get((incoming.method, incoming.path))
        if route is None:
            return None, None
        allowance: Allowance | None = None
        try:
            params = _params(incoming)
            uid, key = "", None
            if route.right.signed:
                uid, key = self._owner(incoming, route)
                allowance = self._state.limiter.spend(
                    uid, incoming.path, self._state.wire.now_ms(), cost=_cost(incoming.path, params)
                )
                if not allowance.allowed:
                    return self._refusal(TOO_MANY_VISITS, "Too many visits. Exceeded the API Rate Limit."), allowance
            return self._execute(route, incoming, params, uid, key, rule), allowance
        except VenueRejectedError as error:
            return self._refusal(int(error.venue_code or PARAMETER_ERROR), error.message), allowance

    def _owner(self, incoming: Incoming, route: Route) -> tuple[str, ApiKey]:
        signed = SignedRequest(incoming.headers, incoming.payload, incoming.remote_ip)
        uid, key = authenticate(signed, self._state.exchange.find_key, wire_now_ms=self._state.wire.now_ms())
        check_right(key, route.right)
        return uid, key

    def _execute(
        self,
        route: Route,
        incoming: Incoming,
        params: Mapping[str, object],
        uid: str,
        key: ApiKey | None,
        rule: FaultRule | None,
    ) -> JsonObject:
        with self._state.held():
            now_ms = self._state.market_now_ms()
            if rule is not None and rule.kind is FaultKind.STALE_DATA:
                now_ms -= self._state.faults.stale_by_ms
            outcome = route.handler(self._state, Call(incoming.method, incoming.path, params, now_ms, uid, key))
        if isinstance(outcome, Answer):
            return envelope(outcome.result, wire_now_ms=self._state.wire.now_ms(), ext_info=outcome.ext_info)
        return envelope(outcome, wire_now_ms=self._state.wire.now_ms())

    def _refusal(self, code: int, message: str) -> JsonObject:
        empty: dict[str, Json] = {}
        return envelope(empty, wire_now_ms=self._state.wire.now_ms(), code=code, message=message)


def _params(incoming: Incoming) -> dict[str, object]:
    return query_params(incoming.raw_query) if incoming.method == "GET" else body_params(incoming.body)


def _cost(path: str, params: Mapping[str, object]) -> int:
    orders = params.get("request")
    if path.endswith("-batch") and isinstance(orders, list):
        return min(max(len(orders), 1), BATCH_ORDER_LIMIT)
    return 1


def _plain(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type=_content_type(body))


def _content_type(body: bytes) -> str:
    if body.startswith(b"<"):
        return "text/html"
    return JSON_TYPE if body.startswith((b"{", b"null")) else "text/plain"
