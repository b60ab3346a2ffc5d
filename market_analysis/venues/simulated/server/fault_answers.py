"""What each fault does to an answer: the table from `FaultKind` to status, code and body.

A kind is of one of three sorts: given instead of an answer (nothing is executed), done to the connection, or done to
the finished answer (the request was executed, which for a write is the dangerous case).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from market_analysis.venues.simulated.server.faults import FaultKind, FaultRule
from market_analysis.venues.simulated.server.replies import Json, JsonObject

BAN_TEXT = "403, access too frequent"
HTML_PAGE = b"<html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
FOREIGN_SYMBOL = "FOREIGNUSDT"

STATUS_INSTEAD: Mapping[FaultKind, tuple[int, bytes]] = MappingProxyType(
    {
        FaultKind.HTTP_401: (401, b""),
        FaultKind.HTTP_403_BAN: (403, BAN_TEXT.encode()),
        FaultKind.HTTP_429: (429, b"{}"),
        FaultKind.HTTP_429_JSON: (
            429,
            b'{"retCode":429,"retMsg":"System level frequency protection","result":{},"retExtInfo":{},"time":0}',
        ),
        FaultKind.HTTP_500: (500, b"Internal Server Error"),
        FaultKind.HTTP_502: (502, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
        FaultKind.HTTP_503: (503, b"Service Unavailable"),
        FaultKind.HTTP_504: (504, b"<html><body><h1>504 Gateway Time-out</h1></body></html>"),
    }
)
CODE_INSTEAD: Mapping[FaultKind, tuple[int, str]] = MappingProxyType(
    {
        FaultKind.CODE_10002: (
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            "req_timestamp[0],server_timestamp[0],recv_window[5000]",
        ),
        FaultKind.CODE_10003: (10003, "API key is invalid."),
        FaultKind.CODE_10004: (10004, "error sign!"),
        FaultKind.CODE_10005: (10005, "Permission denied, please check your API key permissions."),
        FaultKind.CODE_10006: (10006, "Too many visits. Exceeded the API Rate Limit."),
        FaultKind.CODE_10010: (10010, "Unmatched IP, please check your API key's bound IP addresses."),
        FaultKind.CODE_10016: (10016, "Server error."),
        FaultKind.CODE_10018: (10018, "Exceeded the IP Rate Limit."),
        FaultKind.CODE_33004: (33004, "Your api key has expired."),
    }
)
BODY_INSTEAD: Mapping[FaultKind, bytes] = MappingProxyType(
    {
        FaultKind.EMPTY_BODY: b"",
        FaultKind.HTML_WITH_200: HTML_PAGE,
        FaultKind.JSON_NULL: b"null",
        FaultKind.JSON_EMPTY_OBJECT: b"{}",
    }
)
APPLIED_FIRST = frozenset({FaultKind.APPLIED_THEN_HTTP_500, FaultKind.APPLIED_THEN_RESET, FaultKind.APPLIED_THEN_TIME_OUT})
HANGS = frozenset({FaultKind.TIME_OUT, FaultKind.APPLIED_THEN_TIME_OUT})
RESETS = frozenset({FaultKind.CONNECTION_RESET, FaultKind.APPLIED_THEN_RESET})

AT_CONNECT = frozenset(STATUS_INSTEAD) | {FaultKind.TIME_OUT, FaultKind.CONNECTION_RESET}
"""Faults that a stream can meet while it is being opened."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_NOT_MEASURES = re.compile(r"(?i)(time|id|seq|idx|timestamp|scale)$")


def spoil(rule: FaultRule, answer: JsonObject) -> bytes:
    """The bytes of a finished answer after the fault was done to it."""
    kind = rule.kind
    if kind is FaultKind.TRUNCATED_JSON:
        body = msgspec.json.encode(answer)
        return body[: max(1, len(body) * 2 // 3)]
    if kind is FaultKind.FROZEN_ANSWER:
        return rule.freeze(msgspec.json.encode(answer))
    if kind is FaultKind.RESULT_MISSING:
        return msgspec.json.encode({name: value for name, value in answer.items() if name != "result"})
    if kind in (FaultKind.RESULT_NULL, FaultKind.RESULT_EMPTY):
        return msgspec.json.encode(answer | {"result": None if kind is FaultKind.RESULT_NULL else {}})
    result = answer.get("result")
    change = _RESULT_CHANGES.get(kind)
    if change is None or not isinstance(result, dict):
        return msgspec.json.encode(answer)
    return msgspec.json.encode(answer | {"result": change(rule, result)})


def _without_cursor(_: FaultRule, result: JsonObject) -> JsonObject:
    return result | {"nextPageCursor": ""} if "nextPageCursor" in result else result


def _without_rows(rule: FaultRule, result: JsonObject) -> JsonObject:
    rows = result.get("list")
    if not isinstance(rows, list):
        return result
    if not rule.symbol:
        return result | {"list": rows[: len(rows) // 2]}
    return result | {"list": [row for row in rows if not (isinstance(row, dict) and row.get("symbol") == rule.symbol)]}


def _foreign_symbol(_: FaultRule, result: JsonObject) -> JsonObject:
    changed = _map_rows(result, lambda row: row | {"symbol": FOREIGN_SYMBOL} if "symbol" in row else row)
    return changed | {"symbol": FOREIGN_SYMBOL} if "symbol" in result else changed


def _foreign_category(_: FaultRule, result: JsonObject) -> JsonObject:
    other = "inverse" if result.get("category") == "linear" else "linear"
    changed = _map_rows(result, lambda row: row | {"category": other} if "category" in row else row)
    return changed | {"category": other} if "category" in result else changed


def _foreign_account(_: FaultRule, result: JsonObject) -> JsonObject:
    changed = _map_rows(result, lambda row: row | {"accountType": "FUND"} if "accountType" in row else row)
    return changed | {"userID": 1} if "userID" in result else changed


def _numbers_to(text: str) -> Callable[[FaultRule, JsonObject], JsonObject]:
    def change(_: FaultRule, result: JsonObject) -> JsonObject:
        return {name: _spoil_numbers(value, name, text) for name, value in result.items()}

    return change


def _spoil_numbers(value: Json, name: str, text: str) -> Json:
    if isinstance(value, dict):
        return {key: _spoil_numbers(item, key, text) for key, item in value.items()}
    if isinstance(value, list):
        # The first cell of a bar is its time, which stays: only the prices are garbage.
        is_bar = bool(value) and all(isinstance(item, str) for item in value)
        return [item if is_bar and i == 0 else _spoil_numbers(item, name, text) for i, item in enumerate(value)]
    if isinstance(value, str) and _NUMBER.fullmatch(value) and not _NOT_MEASURES.search(name):
        return text
    return value


def _map_rows(result: JsonObject, change: Callable[[JsonObject], JsonObject]) -> JsonObject:
    rows = result.get("list")
    if not isinstance(rows, list):
        return result
    return result | {"list": [change(row) if isinstance(row, dict) else row for row in rows]}


_RESULT_CHANGES: Mapping[FaultKind, Callable[[FaultRule, JsonObject], JsonObject]] = MappingProxyType(
    {
        FaultKind.CURSOR_DROPPED: _without_cursor,
        FaultKind.ROWS_DROPPED: _without_rows,
        FaultKind.WRONG_SYMBOL: _foreign_symbol,
        FaultKind.WRONG_CATEGORY: _foreign_category,
        FaultKind.WRONG_ACCOUNT: _foreign_account,
        FaultKind.NOT_A_NUMBER: _numbers_to("NaN"),
        FaultKind.GARBAGE_NUMBER: _numbers_to("12,3x"),
    }
)
