"""Signed requests by hand: nothing foreign between the wire and the test."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import time
from collections.abc import Mapping

from embedded_exchange import TRADER

from market_analysis.venues.simulated.ledger.model import ApiKey
from market_analysis.venues.simulated.server import SimulatedServer


def signed_headers(payload: str, key: ApiKey = TRADER) -> dict[str, str]:
    """The X-BAPI headers over a query string or body, signed now."""
    stamp = str(time.time_ns() // 1_000_000)
    origin = f"{stamp}{key.api_key}5000{payload}"
    return {
        "X-BAPI-API-KEY": key.api_key,
        "X-BAPI-TIMESTAMP": stamp,
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": hmac.new(key.secret.encode(), origin.encode(), hashlib.sha256).hexdigest(),
        "Content-Type": "application/json",
    }


def ask_raw(server: SimulatedServer, path: str, query: str = "", body: str | None = None) -> tuple[Mapping[str, str], int, bytes]:
    """(headers, status, body) of a GET, or of a POST where `body` is given."""
    connection = http.client.HTTPConnection(server.base_url.removeprefix("http://"), timeout=5)
    headers = signed_headers(query if body is None else body)
    with contextlib.closing(connection):
        connection.request("GET" if body is None else "POST", f"{path}?{query}" if query else path, body, headers)
        answer = connection.getresponse()
        return dict(answer.getheaders()), answer.status, answer.read()
