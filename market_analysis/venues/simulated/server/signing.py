"""Request authentication as Bybit v5 does it: X-BAPI headers, time window, HMAC-SHA256 or RSA, IP list, expiry.

signature = HMAC-SHA256(secret, timestamp + key + recv_window + (raw query string | raw body)), hex.
window:     server_time - recv_window <= timestamp < server_time + 1000, in wire time.
WebSocket:  signature = HMAC-SHA256(secret, "GET/realtime" + expires), with expires in the future.
Source: Bybit v5 documentation, "Integration Guidance" and "Connect".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from market_analysis.venues.simulated.ledger.model import ApiKey
from market_analysis.venues.simulated.ledger.refusals import PARAMETER_ERROR, ApiError
from market_analysis.venues.simulated.server import replies
from market_analysis.venues.simulated.server.rsa_signature import rsa_signature_matches

DEFAULT_RECV_WINDOW_MS = 5_000
FUTURE_TOLERANCE_MS = 1_000

Owner: TypeAlias = tuple[str, ApiKey]
FindKey: TypeAlias = Callable[[str], Owner | None]


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a signature covers: the headers as sent and the payload (raw query string for GET, raw body for POST)."""

    headers: Mapping[str, str]
    payload: str
    remote_ip: str


def authenticate(request: SignedRequest, find_key: FindKey, *, wire_now_ms: int) -> Owner:
    """Return the (uid, key) that signed the request, or raise `ApiError` with Bybit's code.

    10001 a header is missing or not a number, 10003 unknown key, 33004 expired, 10010 address not bound,
    10002 outside the time window, 10004 wrong signature.
    """
    headers = request.headers
    key_text = headers.get("X-BAPI-API-KEY", "")
    timestamp_text = headers.get("X-BAPI-TIMESTAMP", "")
    signature = headers.get("X-BAPI-SIGN", "")
    if not (key_text and timestamp_text and signature):
        raise ApiError(
            PARAMETER_ERROR,
            f"empty value: apiTimestamp[{timestamp_text}] apiKey[{key_text}] apiSignature[{signature}]",
        )
    window_text = headers.get("X-BAPI-RECV-WINDOW") or str(DEFAULT_RECV_WINDOW_MS)
    timestamp_ms = _milliseconds(timestamp_text, "timestamp")
    recv_window_ms = _milliseconds(window_text, "recv_window")
    owner = _usable_key(key_text, find_key, remote_ip=request.remote_ip, wire_now_ms=wire_now_ms)
    if not wire_now_ms - recv_window_ms <= timestamp_ms < wire_now_ms + FUTURE_TOLERANCE_MS:
        raise ApiError(
            replies.TIMESTAMP_OUTSIDE_WINDOW,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{timestamp_ms}],server_timestamp[{wire_now_ms}],recv_window[{recv_window_ms}]",
        )
    origin = timestamp_text + key_text + headers.get("X-BAPI-RECV-WINDOW", "") + request.payload
    if not signature_matches(owner[1].secret, origin, signature):
        raise ApiError(replies.SIGNATURE_WRONG, f"error sign! origin_string[{origin}]")
    return owner


def authenticate_stream(args: list[object], find_key: FindKey, *, wire_now_ms: int, remote_ip: str) -> Owner:
    """Check the three arguments of a WebSocket `auth` request; raises `ApiError` as `authenticate` does."""
    if len(args) != 3:
        raise ApiError(PARAMETER_ERROR, "Params Error")
    key_text, expires_text, signature = (str(item) for item in args)
    expires_ms = _milliseconds(expires_text, "expires")
    owner = _usable_key(key_text, find_key, remote_ip=remote_ip, wire_now_ms=wire_now_ms)
    if expires_ms <= wire_now_ms:
        raise ApiError(replies.SIGNATURE_WRONG, "Params Error: expires is in the past")
    if not signature_matches(owner[1].secret, f"GET/realtime{expires_text}", signature):
        raise ApiError(replies.SIGNATURE_WRONG, "error sign!")
    return owner


def signature_matches(secret: str, origin: str, signature: str) -> bool:
    """Whether `signature` over `origin` fits the secret: RSA (base64) where the secret is a public key in PEM, else HMAC (hex)."""
    if "PUBLIC KEY" in secret:
        try:
            raw = base64.b64decode(signature, validate=True)
        except binascii.Error:
            return False
        return rsa_signature_matches(secret, origin.encode(), raw)
    expected = hmac.new(secret.encode(), origin.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def _usable_key(text: str, find_key: FindKey, *, remote_ip: str, wire_now_ms: int) -> Owner:
    owner = find_key(text)
    if owner is None:
        raise ApiError(replies.KEY_INVALID, "API key is invalid.")
    _, key = owner
    if key.expires_ms is not None and key.expires_ms <= wire_now_ms:
        raise ApiError(replies.KEY_EXPIRED, "Your api key has expired.")
    if "*" not in key.ips and remote_ip not in key.ips:
        raise ApiError(replies.IP_NOT_ALLOWED, "Unmatched IP, please check your API key's bound IP addresses.")
    return owner


def _milliseconds(text: str, name: str) -> int:
    if not text.isdecimal():
        raise ApiError(PARAMETER_ERROR, f"params error: {name} invalid [{text}]")
    return int(text)
