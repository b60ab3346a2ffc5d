"""The seam of answers, the error tables, and the client that cannot write."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from ccxt import errors as ccxt_errors

from market_analysis.domain import SystemClock
from market_analysis.errors import (
    AuthenticationError,
    ClockSkewError,
    MalformedAnswerError,
    RateLimitedError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
    WriteRefusedError,
)
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.answers import check_answer, endpoint_of
from market_analysis.venues.bybit.client import WatchOnlyBybit, open_client
from market_analysis.venues.bybit.endpoints import ALL_ENDPOINTS
from market_analysis.venues.bybit.failures import BAN_SECONDS, CCXT_ERRORS, error_for_code, error_for_status, from_ccxt
from market_analysis.venues.bybit.wire_time import WireTime

PATH = "/v5/position/list"
GOOD = {"retCode": 0, "retMsg": "OK", "result": {"list": []}, "retExtInfo": {}, "time": 1_700_000_000_000}


def check(answer: object, status: int = 200, body: str = "x", headers: dict[str, str] | None = None) -> None:
    check_answer(PATH, status, headers or {}, body, answer)


def test_a_whole_envelope_passes() -> None:
    check(GOOD)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "text",
        {},
        GOOD | {"retCode": "0"},
        GOOD | {"retCode": None},
        GOOD | {"retCode": True},
        GOOD | {"retCode": False},
        GOOD | {"result": None},
        GOOD | {"result": {}},
        GOOD | {"result": []},
        {key: value for key, value in GOOD.items() if key != "result"},
        GOOD | {"time": 0},
        GOOD | {"time": "1700000000000"},
        GOOD | {"time": True},
    ],
)
def test_anything_less_is_malformed(answer: object) -> None:
    with pytest.raises(MalformedAnswerError, match=PATH):
        check(answer)


def test_an_empty_body_is_named() -> None:
    with pytest.raises(MalformedAnswerError, match="body is empty"):
        check(None, body="")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (10001, VenueRejectedError),
        (10002, ClockSkewError),
        (-1, ClockSkewError),
        (10003, AuthenticationError),
        (10004, AuthenticationError),
        (10005, AuthenticationError),
        (10007, AuthenticationError),
        (10010, AuthenticationError),
        (33004, AuthenticationError),
        (-2015, AuthenticationError),
        (10006, RateLimitedError),
        (10018, RateLimitedError),
        (429, RateLimitedError),
        (10000, VenueUnavailableError),
        (10016, VenueUnavailableError),
        (10028, VenueRejectedError),
        (110001, VenueRejectedError),
        (987654, VenueRejectedError),
    ],
)
def test_codes(code: int, kind: type[VenueError]) -> None:
    with pytest.raises(kind) as caught:
        check(GOOD | {"retCode": code, "retMsg": "why"})
    assert caught.value.venue_code == str(code)
    assert ("why" in caught.value.message) == (kind is not AuthenticationError)
    assert caught.value.remedy or kind is not AuthenticationError


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, "", AuthenticationError),
        (403, "403, access too frequent", RateLimitedError),
        (403, "", RateLimitedError),
        (403, "blocked in your country", VenueRejectedError),
        (404, "", VenueRejectedError),
        (408, "", VenueUnavailableError),
        (429, "", RateLimitedError),
        (500, "", VenueUnavailableError),
        (599, "", VenueUnavailableError),
        (204, "", MalformedAnswerError),
        (302, "", VenueRejectedError),
    ],
)
def test_statuses(status: int, body: str, kind: type[VenueError]) -> None:
    with pytest.raises(kind, match=f"HTTP {status}"):
        check(None, status=status, body=body)
    assert type(error_for_status(PATH, status, body)) is kind


def test_a_limit_says_how_long_to_wait() -> None:
    limited = GOOD | {"retCode": 10006}
    with pytest.raises(RateLimitedError) as caught:
        check(limited, headers={"X-Bapi-Limit-Reset-Timestamp": str(GOOD["time"] + 1500)})  # type: ignore[operator]
    assert caught.value.retry_after_s == pytest.approx(1.5)
    with pytest.raises(RateLimitedError) as caught:
        check(None, status=429, headers={"Retry-After": "7"})
    assert caught.value.retry_after_s == 7.0
    with pytest.raises(RateLimitedError) as caught:
        check(limited, headers={"retry-after": "soon"})
    assert caught.value.retry_after_s is None
    ban = error_for_code(PATH, 10018, "")
    assert isinstance(ban, RateLimitedError)
    assert ban.retry_after_s == BAN_SECONDS


def all_ccxt_errors(base: type[BaseException] = ccxt_errors.BaseError) -> set[type[BaseException]]:
    return {base}.union(*(all_ccxt_errors(child) for child in base.__subclasses__() if child.__module__.startswith("ccxt")))


def test_every_ccxt_error_is_in_the_table() -> None:
    names = {error.__name__ for error in all_ccxt_errors()}
    assert names == set(CCXT_ERRORS)


@pytest.mark.parametrize("kind", sorted(all_ccxt_errors(), key=lambda kind: kind.__name__))
def test_ccxt_errors_map_to_their_row(kind: type[Exception]) -> None:
    mapped = from_ccxt(PATH, kind("text"))
    assert type(mapped) is CCXT_ERRORS[kind.__name__]
    assert PATH in mapped.message


def test_a_new_ccxt_error_takes_its_parents_row_and_a_broken_transfer_is_told_by_its_cause() -> None:
    fresh = type("MaintenanceSoon", (ccxt_errors.OnMaintenance,), {})
    assert type(from_ccxt(PATH, fresh("x"))) is VenueUnavailableError
    broken = ccxt_errors.ExchangeError("bybit GET ...")
    broken.__cause__ = aiohttp.ClientPayloadError("cut short")
    assert type(from_ccxt(PATH, broken)) is VenueUnavailableError


def client() -> WatchOnlyBybit:
    return open_client(BybitSettings(), Credentials("key", "secret"), WireTime(SystemClock()), 1.0)


def test_our_reads_exist_in_ccxt() -> None:
    one = client()
    assert all(callable(getattr(one, endpoint.method)) for endpoint in ALL_ENDPOINTS)


def write_methods() -> list[str]:
    return sorted(
        name
        for name in dir(WatchOnlyBybit)
        if name.startswith(("private_post", "public_post", "private_put", "private_delete")) and "_" in name
    )


async def test_no_write_leaves() -> None:
    """Every POST that ccxt knows of Bybit, and the unified calls that trade."""
    one = client()
    assert len(write_methods()) > 100
    for name in write_methods():
        with pytest.raises(WriteRefusedError):
            await getattr(one, name)({})
    for method in ("PUT", "DELETE", "PATCH", "post"):
        with pytest.raises(WriteRefusedError):
            await one.fetch("https://api.bybit.com/v5/order/create", method)
    assert one.session is None, "nothing was even opened"


def test_addresses() -> None:
    wire = WireTime(SystemClock())
    keys = Credentials("key", "secret")

    def api(**settings: Any) -> Any:
        return open_client(BybitSettings(**settings), keys, wire, 1.0).urls["api"]

    assert "api-testnet" in api(sandbox=True)["private"]
    assert "api-demo" in api(demo_trading=True)["private"]
    for settings in ({}, {"sandbox": True}, {"demo_trading": True}):
        assert {v for v in api(base_url="http://127.0.0.1:9/", **settings).values() if isinstance(v, str)} == {"http://127.0.0.1:9"}


def test_settings_reach_the_client() -> None:
    one = open_client(BybitSettings(recv_window_ms=9000), Credentials("key", "secret"), WireTime(SystemClock()), 2.5)
    assert (one.options["recvWindow"], one.timeout, one.enableRateLimit) == (9000, 2500, False)


def test_endpoint_of() -> None:
    assert endpoint_of("http://127.0.0.1:1/v5/market/time?x=1") == "/v5/market/time"


def test_credentials_hide_the_secret() -> None:
    keys = Credentials(" abcdefgh ", "s3cret\n")
    assert (keys.key, keys.secret) == ("abcdefgh", "s3cret")
    assert "s3cret" not in repr(keys)
    assert "efgh" not in repr(keys)
    for blank in (("", "x"), ("x", "  ")):
        with pytest.raises(AuthenticationError, match="blank"):
            Credentials(*blank)


def test_importing_the_package_does_not_load_ccxt() -> None:
    async def modules() -> bytes:
        import sys

        code = "import sys, market_analysis.venues.bybit; print('ccxt' in sys.modules, 'pandas' in sys.modules)"
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
        return (await process.communicate())[0]

    assert asyncio.run(modules()).split() == [b"False", b"False"]


def test_what_bybit_says_of_a_refused_key_is_not_passed_on() -> None:
    refused = error_for_code(PATH, 10004, "error sign! origin_string[1700000000000CANARY-KEY5000accountType=UNIFIED]")
    assert "CANARY" not in str(refused)
    assert "check the API secret" in str(refused)


def test_why_the_wire_failed_is_said() -> None:
    error = Exception("bybit GET https://api.bybit.com")
    error.__cause__ = OSError("Name or service not known")
    assert "Name or service not known" in str(from_ccxt(PATH, error))
