"""The daemon's language: one JSON object a line, a request up, answers down. A refusal has `error`, `message` and `exit_status`."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from market_analysis.errors import EXIT_UNKNOWN, EXIT_USAGE

T = TypeVar("T")


class RefusedError(Exception):
    """A request that is not carried out; never leaves the daemon, its client gets it as an answer."""

    def __init__(self, code: str, message: str, exit_status: int = EXIT_UNKNOWN, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.exit_status = exit_status
        self.remedy = remedy


class Refusal(msgspec.Struct):
    """The same on the wire."""

    error: str
    message: str
    exit_status: int
    remedy: str = ""


class ReadRequest(msgspec.Struct, forbid_unknown_fields=True):
    """status: one answer. watch: one after every change, and at least one each `every` seconds. account: None for all."""

    request: str
    account: str | None = None
    every: float = 5.0


def refusal(error: RefusedError) -> bytes:
    """As a line."""
    return encoded(Refusal(error.code, error.message, error.exit_status, error.remedy))


def encoded(value: object) -> bytes:
    """As a line."""
    return msgspec.json.encode(value) + b"\n"


def decoded(line: bytes, kind: type[T]) -> T:
    """A request of that shape.

    Raises:
        RefusedError: it is none.
    """
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("not_understood", f"no request: {error}", EXIT_USAGE) from None
