"""Cursor paging and time windows of list endpoints.

A cursor names the sort key of the last row served, so that rows added or removed between two pages neither repeat
nor hide others. It is opaque to clients. As the recorded answers show, most private lists send a cursor with every
non-empty page; the page after the last one is empty and has none.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import msgspec

from market_analysis.venues.simulated.ledger.refusals import ApiError, parameter_error
from market_analysis.venues.simulated.server.request import Call

Row = TypeVar("Row")
SortKey: TypeAlias = tuple[str | int, ...]

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class PageRule:
    """Page size bounds of an endpoint; `cursor_on_last_page` as Bybit's private lists behave."""

    default_limit: int
    largest_limit: int
    cursor_on_last_page: bool = True


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows and the cursor of the next one (empty at the end)."""

    rows: list[Row]
    cursor: str


POSITIONS = PageRule(20, 200)
OPEN_ORDERS = PageRule(20, 50)
ORDER_HISTORY = PageRule(20, 50)
EXECUTIONS = PageRule(50, 100)
CLOSED_PNL = PageRule(50, 100)
TRANSACTION_LOG = PageRule(20, 50)
INSTRUMENTS = PageRule(500, 1000, cursor_on_last_page=False)
OPEN_INTEREST = PageRule(50, 200)


def cut_page(
    rows: Iterable[Row],
    call: Call,
    rule: PageRule,
    sort_key: Callable[[Row], SortKey],
    *,
    newest_first: bool = False,
) -> Page[Row]:
    """The page of `rows` that the call's `limit` and `cursor` ask for, in `sort_key` order."""
    limit = call.limit(rule.default_limit, rule.largest_limit)
    ordered = sorted(rows, key=sort_key, reverse=newest_first)
    cursor = call.text("cursor")
    if cursor:
        last = decode_cursor(cursor)
        try:
            ordered = [row for row in ordered if (sort_key(row) < last if newest_first else sort_key(row) > last)]
        except TypeError:
            raise _bad_cursor(cursor) from None
    chosen = ordered[:limit]
    more = len(ordered) > limit or (rule.cursor_on_last_page and bool(chosen))
    return Page(chosen, encode_cursor(sort_key(chosen[-1])) if more and chosen else "")


def cut_history(records: Sequence[Row], call: Call, rule: PageRule, wanted: Callable[[Row], bool]) -> Page[Row]:
    """A page of the `wanted` records of a history that is newest first and only ever grows at that end.

    A record's place, counted from the oldest, is its sort key.
    """
    numbered = zip(range(len(records) - 1, -1, -1), records, strict=True)
    chosen = [(number, record) for number, record in numbered if wanted(record)]
    page = cut_page(chosen, call, rule, lambda item: (item[0],), newest_first=True)
    return Page([record for _, record in page.rows], page.cursor)


def encode_cursor(key: SortKey) -> str:
    """URL-safe text of a sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(text: str) -> SortKey:
    """The sort key in a cursor; 10001 for text that this server did not make."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return tuple(msgspec.json.decode(raw, type=list[str | int]))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, binascii.Error):
        raise _bad_cursor(text) from None


def _bad_cursor(text: str) -> ApiError:
    return parameter_error(f"params error: cursor invalid [{text}]")


def time_window(call: Call, *, default_days: int, largest_days: int = 7) -> tuple[int, int]:
    """[start_ms, end_ms] of a history request by Bybit's rule.

    Neither bound given: the last `default_days`. One given: `default_days` from it. Both: at most `largest_days`
    apart, else 10001.
    """
    start, end = call.integer("startTime"), call.integer("endTime")
    span = default_days * DAY_MS
    if start is None and end is None:
        return call.now_ms - span, call.now_ms
    if start is None and end is not None:
        return end - span, end
    if start is not None and end is None:
        return start, start + span
    if start is None or end is None or start > end:
        raise parameter_error(f"The start time must be less than the end time: [{start}] [{end}]")
    if end - start > largest_days * DAY_MS:
        raise parameter_error(f"The time range between startTime and endTime exceeds {largest_days} days")
    return start, end
