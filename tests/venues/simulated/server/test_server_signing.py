"""Signature checks against hand-made HMAC and an RSA implementation that is not ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

import pytest
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import PKCS1_v1_5

from market_analysis.venues.simulated.ledger.model import ApiKey
from market_analysis.venues.simulated.ledger.refusals import ApiError
from market_analysis.venues.simulated.server.rights import Right, check_right
from market_analysis.venues.simulated.server.signing import SignedRequest, authenticate, authenticate_stream

NOW_MS = 1_700_000_000_000
KEY = ApiKey("k-1", "s-1", ips=("*",))
BOUND = ApiKey("k-2", "s-2", ips=("10.0.0.9",))
EXPIRED = ApiKey("k-3", "s-3", expires_ms=NOW_MS)
KEYS = {key.api_key: ("7", key) for key in (KEY, BOUND, EXPIRED)}


def headers(
    key: str = "k-1", signed_with: str = "s-1", *, at: int = NOW_MS, window: str = "5000", payload: str = "a=1"
) -> dict[str, str]:
    sign = hmac.new(signed_with.encode(), f"{at}{key}{window}{payload}".encode(), hashlib.sha256).hexdigest()
    return {"X-BAPI-API-KEY": key, "X-BAPI-TIMESTAMP": str(at), "X-BAPI-RECV-WINDOW": window, "X-BAPI-SIGN": sign}


def refusal(sent: Mapping[str, str], payload: str = "a=1") -> int:
    with pytest.raises(ApiError) as caught:
        authenticate(SignedRequest(sent, payload, "127.0.0.1"), KEYS.get, wire_now_ms=NOW_MS)
    return caught.value.ret_code


def test_right_signature_names_the_owner() -> None:
    uid, key = authenticate(SignedRequest(headers(), "a=1", "127.0.0.1"), KEYS.get, wire_now_ms=NOW_MS)
    assert (uid, key) == ("7", KEY)


@pytest.mark.parametrize("at", [NOW_MS - 5000, NOW_MS, NOW_MS + 999])
def test_window_edges_inside(at: int) -> None:
    authenticate(SignedRequest(headers(at=at), "a=1", ""), KEYS.get, wire_now_ms=NOW_MS)


@pytest.mark.parametrize("at", [NOW_MS - 5001, NOW_MS + 1000])
def test_window_edges_outside(at: int) -> None:
    assert refusal(headers(at=at)) == 10002


def test_codes_of_bad_requests() -> None:
    assert refusal({}) == 10001
    assert refusal(headers() | {"X-BAPI-TIMESTAMP": "soon"}) == 10001
    assert refusal(headers(key="nobody")) == 10003
    assert refusal(headers(signed_with="other")) == 10004
    assert refusal(headers(), payload="a=2") == 10004
    assert refusal(headers("k-2", "s-2")) == 10010
    assert refusal(headers("k-3", "s-3")) == 33004


def test_rsa_key_is_checked_against_a_foreign_signer() -> None:
    pair = RSA.generate(2048)
    for pem in (pair.public_key().export_key().decode(),):
        key = ApiKey("rsa", pem)
        origin = f"{NOW_MS}rsa5000a=1"
        good = base64.b64encode(PKCS1_v1_5.new(pair).sign(SHA256.new(origin.encode()))).decode()
        sent = headers("rsa") | {"X-BAPI-SIGN": good}
        authenticate(SignedRequest(sent, "a=1", ""), {"rsa": ("7", key)}.get, wire_now_ms=NOW_MS)
        for bad in (good[:-8] + "AAAAAAA=", "not base64!", ""):
            with pytest.raises(ApiError):
                authenticate(SignedRequest(sent | {"X-BAPI-SIGN": bad}, "a=1", ""), {"rsa": ("7", key)}.get, wire_now_ms=NOW_MS)


def test_unreadable_public_key_matches_nothing() -> None:
    key = ApiKey("rsa", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")
    sent = headers("rsa") | {"X-BAPI-SIGN": "AAAA"}
    with pytest.raises(ApiError, match="error sign"):
        authenticate(SignedRequest(sent, "a=1", ""), {"rsa": ("7", key)}.get, wire_now_ms=NOW_MS)


def test_stream_authentication() -> None:
    def args(expires: int, signed_with: str = "s-1") -> list[object]:
        return ["k-1", expires, hmac.new(signed_with.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()]

    uid, _ = authenticate_stream(args(NOW_MS + 1), KEYS.get, wire_now_ms=NOW_MS, remote_ip="")
    assert uid == "7"
    short: list[object] = ["k-1"]
    for bad in (args(NOW_MS), args(NOW_MS + 1, "other"), short):
        with pytest.raises(ApiError):
            authenticate_stream(bad, KEYS.get, wire_now_ms=NOW_MS, remote_ip="")


@pytest.mark.parametrize(
    ("right", "read_only", "permissions", "allowed"),
    [
        (Right.ANY_KEY, True, (), True),
        (Right.READ_POSITIONS, True, (), False),
        (Right.READ_POSITIONS, True, (("ContractTrade", ("Position",)),), True),
        (Right.WRITE_POSITIONS, True, (("ContractTrade", ("Position",)),), False),
        (Right.WRITE_POSITIONS, False, (("ContractTrade", ("Order",)),), False),
        (Right.WRITE_POSITIONS, False, (("ContractTrade", ("Order", "Position")),), True),
        (Right.WRITE_ORDERS, False, (("Spot", ("SpotTrade",)),), True),
        (Right.WRITE_ORDERS, False, (("Wallet", ("Withdraw",)),), False),
    ],
)
def test_rights(right: Right, read_only: bool, permissions: tuple[tuple[str, tuple[str, ...]], ...], allowed: bool) -> None:
    key = ApiKey("k", "s", read_only=read_only, permissions=permissions)
    if allowed:
        check_right(key, right)
    else:
        with pytest.raises(ApiError) as caught:
            check_right(key, right)
        assert caught.value.ret_code == 10005
