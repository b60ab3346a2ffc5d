"""The shape of an answer: Bybit's envelope, and the codes that the protocol layer itself gives.

The error that becomes an answer is the ledger's `ApiError`: HTTP 200 with a non-zero `retCode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]

TIMESTAMP_OUTSIDE_WINDOW = 10002
KEY_INVALID = 10003
SIGNATURE_WRONG = 10004
PERMISSION_DENIED = 10005
TOO_MANY_VISITS = 10006
IP_NOT_ALLOWED = 10010
SERVER_ERROR = 10016
KEY_EXPIRED = 33004


def envelope(
    result: Json,
    *,
    wire_now_ms: int,
    code: int = 0,
    message: str = "OK",
    ext_info: Mapping[str, Json] | None = None,
) -> JsonObject:
    """The object that every answer of the v5 API is; `time` is wire time in milliseconds."""
    return {
        "retCode": code,
        "retMsg": message,
        "result": result,
        "retExtInfo": dict(ext_info) if ext_info is not None else {},
        "time": wire_now_ms,
    }
