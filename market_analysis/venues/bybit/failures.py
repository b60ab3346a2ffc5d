"""Everything that can go wrong on the wire, mapped once to our own errors (law 12).

Sources: Bybit v5 documentation, "Error Codes" and "Rate Limit Rules"; ccxt 4.5.90, `ccxt.base.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from market_analysis.errors import (
    AuthenticationError,
    ClockSkewError,
    MalformedAnswerError,
    RateLimitedError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
)

BAN_SECONDS = 600.0
"""How long an address is shut out after 600 requests in 5 seconds (HTTP 403)."""

_KEY_REMEDIES: Mapping[int, str] = MappingProxyType(
    {
        10003: "the key is unknown here: check that it belongs to this system (live, testnet or demo trading)",
        10004: "the signature is wrong: check the API secret",
        10005: "the key lacks the right to read this: give it read access to account, positions and orders",
        10007: "the key was not accepted: check key and secret",
        10010: "the key is bound to other addresses: add this machine's address to the key, or run from a bound one",
        33004: "the key has expired: make a new one",
        -2015: "the key has expired: make a new one",
    }
)
_REJECTION_REMEDIES: Mapping[int, str] = MappingProxyType(
    {
        10028: "only unified trading accounts can be read: upgrade the account at Bybit",
        10009: "Bybit does not serve this region",
        10024: "Bybit's compliance rules forbid this request: see the account's notices",
    }
)
_UNAVAILABLE_CODES = frozenset({10000, 10016, 10019, 170001, 170007, 170032, 3400214})
_RATE_CODES = frozenset({10006, 10018, 429, 10429})
_SKEW_CODES = frozenset({10002, -1})
ADDRESS_BAN_CODE = 10018

_TOO_FREQUENT = "frequen"
_PLACE_WORDS = ("country", "region", "location")


def error_for_code(endpoint: str, code: int, message: str, *, retry_after_s: float | None = None) -> VenueError:
    """The error of an answer whose `retCode` is not zero.

    What the venue says of a refused key is not passed on: for a wrong signature it repeats what was signed, the key among it.
    """
    venue_code = str(code)
    if code in _KEY_REMEDIES:
        return AuthenticationError(f"{endpoint} answered code {code}", remedy=_KEY_REMEDIES[code], venue_code=venue_code)
    text = f"{endpoint} answered code {code}: {message[:200]}"
    if code in _SKEW_CODES:
        return ClockSkewError(text, venue_code=venue_code)
    if code in _RATE_CODES:
        return RateLimitedError(
            text, venue_code=venue_code, retry_after_s=BAN_SECONDS if code == ADDRESS_BAN_CODE else retry_after_s
        )
    if code in _UNAVAILABLE_CODES:
        return VenueUnavailableError(text, venue_code=venue_code)
    return VenueRejectedError(text, venue_code=venue_code, remedy=_REJECTION_REMEDIES.get(code))


def error_for_status(endpoint: str, status: int, body: str, *, retry_after_s: float | None = None) -> VenueError:
    """The error of an answer whose HTTP status is not 200."""
    text = f"{endpoint} answered HTTP {status}: {body[:120]!r}"
    venue_code = f"http_{status}"
    if status == 401:
        return AuthenticationError(text, venue_code=venue_code)
    if status == 403:
        return _forbidden(text, venue_code, body.lower())
    if status == 429:
        return RateLimitedError(text, venue_code=venue_code, retry_after_s=retry_after_s)
    if status == 408 or status >= 500:
        return VenueUnavailableError(text, venue_code=venue_code)
    if 200 <= status < 300:
        return MalformedAnswerError(text, venue_code=venue_code)
    return VenueRejectedError(text, venue_code=venue_code, remedy="check [bybit] base_url: it must be a Bybit v5 address")


def _forbidden(text: str, venue_code: str, body: str) -> VenueError:
    """HTTP 403 is a ban of the address, or a refusal of its country; without a word about the latter, the ban is assumed."""
    if _TOO_FREQUENT not in body and any(word in body for word in _PLACE_WORDS):
        return VenueRejectedError(text, venue_code=venue_code, remedy="Bybit does not serve this address's region")
    return RateLimitedError(
        text,
        venue_code=venue_code,
        retry_after_s=BAN_SECONDS,
        remedy="wait ten minutes; lower [bybit] requests_per_second if it comes again",
    )


CCXT_ERRORS: Mapping[str, type[VenueError]] = MappingProxyType(
    {
        "BaseError": VenueRejectedError,
        "ExchangeError": VenueRejectedError,
        "AuthenticationError": AuthenticationError,
        "PermissionDenied": AuthenticationError,
        "AccountNotEnabled": AuthenticationError,
        "AccountSuspended": AuthenticationError,
        "ArgumentsRequired": VenueRejectedError,
        "BadRequest": VenueRejectedError,
        "BadSymbol": VenueRejectedError,
        "OperationRejected": VenueRejectedError,
        "NoChange": VenueRejectedError,
        "MarginModeAlreadySet": VenueRejectedError,
        "MarketClosed": VenueRejectedError,
        "ManualInteractionNeeded": VenueRejectedError,
        "RestrictedLocation": VenueRejectedError,
        "InsufficientFunds": VenueRejectedError,
        "InvalidAddress": VenueRejectedError,
        "AddressPending": VenueRejectedError,
        "InvalidOrder": VenueRejectedError,
        "OrderNotFound": VenueRejectedError,
        "OrderNotCached": VenueRejectedError,
        "OrderImmediatelyFillable": VenueRejectedError,
        "OrderNotFillable": VenueRejectedError,
        "DuplicateOrderId": VenueRejectedError,
        "ContractUnavailable": VenueRejectedError,
        "NotSupported": VenueRejectedError,
        "InvalidProxySettings": VenueRejectedError,
        "ExchangeClosedByUser": VenueRejectedError,
        "OperationFailed": VenueUnavailableError,
        "NetworkError": VenueUnavailableError,
        "DDoSProtection": RateLimitedError,
        "RateLimitExceeded": RateLimitedError,
        "ExchangeNotAvailable": VenueUnavailableError,
        "OnMaintenance": VenueUnavailableError,
        "InvalidNonce": ClockSkewError,
        "ChecksumError": MalformedAnswerError,
        "RequestTimeout": VenueUnavailableError,
        "BadResponse": MalformedAnswerError,
        "NullResponse": MalformedAnswerError,
        "CancelPending": VenueUnavailableError,
        "UnsubscribeError": VenueUnavailableError,
    }
)
"""ccxt's exception classes by name: this table does not import ccxt, which is slow to load."""


def from_ccxt(endpoint: str, error: Exception) -> VenueError:
    """The nearest of our errors to one that ccxt raised by itself, before or instead of an answer.

    ccxt turns a broken transfer (aiohttp's payload errors) into a plain ExchangeError: its cause tells.
    """
    cause = error.__cause__
    reason = "" if cause is None else f" ({type(cause).__name__}: {str(cause)[:120]})"
    text = f"{endpoint}: {type(error).__name__}: {str(error)[:200]}{reason}"
    if cause is not None and type(cause).__module__.startswith("aiohttp"):
        return VenueUnavailableError(text)
    kind = next((CCXT_ERRORS[base.__name__] for base in type(error).__mro__ if base.__name__ in CCXT_ERRORS), VenueRejectedError)
    return kind(text)
