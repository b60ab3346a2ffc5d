"""The one seam through which every REST answer passes before anything is believed (law 1).

ccxt turns an empty body, an HTML page, `null` or an answer without a result into an empty list; a risk desk must not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from market_analysis.errors import MalformedAnswerError
from market_analysis.venues.bybit.failures import error_for_code, error_for_status

_SHORTEST_WAIT_S = 0.05


def endpoint_of(url: str) -> str:
    """The path of a request's address, as errors name it."""
    return urlsplit(url).path


def check_answer(endpoint: str, status: int, headers: Mapping[str, str], body: str, answer: object) -> None:
    """Raise the most specific error unless the answer is a whole Bybit v5 envelope with a filled result.

    Raises:
        VenueError: of the kind that the status, the `retCode` or the shape tells.
    """
    whole = check_envelope(endpoint, status, headers, body, answer)
    result = whole.get("result")
    if not isinstance(result, dict) or not result:
        raise MalformedAnswerError(f"{endpoint}: result is {_kind(result)}, must be a filled object: {_excerpt(body)}")


def check_envelope(endpoint: str, status: int, headers: Mapping[str, str], body: str, answer: object) -> Mapping[str, Any]:
    """The same, whatever the result: that of a write may be empty. The envelope.

    Raises:
        VenueError: of the kind that the status, the `retCode` or the shape tells.
    """
    code = answer.get("retCode") if isinstance(answer, dict) else None
    if isinstance(answer, dict) and isinstance(code, int) and not isinstance(code, bool) and code != 0:
        raise error_for_code(endpoint, code, str(answer.get("retMsg", "")), retry_after_s=_retry_after(headers, answer))
    if status != 200:
        raise error_for_status(endpoint, status, body or "", retry_after_s=_retry_after(headers, None))
    if not isinstance(answer, dict):
        raise MalformedAnswerError(f"{endpoint} answered no JSON object: {_excerpt(body)}")
    if code != 0 or isinstance(code, bool):
        raise MalformedAnswerError(f"{endpoint}: retCode is {code!r}, must be an integer: {_excerpt(body)}")
    time_ms = answer.get("time")
    if not isinstance(time_ms, int) or isinstance(time_ms, bool) or time_ms <= 0:
        raise MalformedAnswerError(f"{endpoint}: time is {time_ms!r}, must be Unix milliseconds: {_excerpt(body)}")
    return answer


def _retry_after(headers: Mapping[str, str], answer: Mapping[str, Any] | None) -> float | None:
    """Seconds to wait: until the limit's reset on the venue's own clock, else what the Retry-After header says."""
    by_name = {name.lower(): value for name, value in headers.items()}
    reset_ms = _integer(by_name.get("x-bapi-limit-reset-timestamp"))
    now_ms = answer.get("time") if answer is not None else None
    if reset_ms and isinstance(now_ms, int) and now_ms > 0:
        return max(_SHORTEST_WAIT_S, (reset_ms - now_ms) / 1000)
    seconds = _integer(by_name.get("retry-after"))
    return None if seconds is None else max(_SHORTEST_WAIT_S, float(seconds))


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() else None


def _excerpt(body: str | None) -> str:
    return repr(body[:80]) if body else "the body is empty"


def _kind(value: object) -> str:
    return "empty" if value == {} else "missing or null" if value is None else f"a {type(value).__name__}"
