"""All pages or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from market_analysis.errors import MalformedAnswerError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page's rows and the cursor to the next; "" is the venue's word that there is none."""

    rows: list[T]
    cursor: str


async def read_pages(fetch: Callable[[str], Awaitable[Page[T]]], endpoint: str, *, page_limit: int, max_pages: int) -> list[T]:
    """The rows of every page, in order.

    The end is proven by an answer without cursor on a page that is not full, or by an empty page after the first. (The
    private lists send a cursor with every page that has rows.) Anything else contradicts itself.

    Raises:
        MalformedAnswerError: a cursor or a page came twice, a full page has no cursor, an empty first page has one, or
            `max_pages` is reached.
    """
    rows: list[T] = []
    seen: set[str] = set()
    previous: list[T] = []
    cursor = ""
    for _ in range(max_pages):
        page = await fetch(cursor)
        if page.rows and page.rows == previous:
            raise MalformedAnswerError(f"{endpoint}: the same page came twice")
        rows.extend(page.rows)
        if _is_last(endpoint, page, page_limit, asked=cursor):
            return rows
        if page.cursor in seen:
            raise MalformedAnswerError(f"{endpoint}: the cursor came twice, the list cannot be read to its end")
        seen.add(page.cursor)
        previous, cursor = page.rows, page.cursor
    raise MalformedAnswerError(f"{endpoint}: no end after {max_pages} pages")


def _is_last(endpoint: str, page: Page[T], page_limit: int, *, asked: str) -> bool:
    if page.cursor == "":
        if page_limit and len(page.rows) >= page_limit:
            raise MalformedAnswerError(f"{endpoint}: a full page of {len(page.rows)} rows without a cursor proves no end")
        return True
    if page.rows:
        return False
    if asked in ("", page.cursor):
        if asked == "":
            raise MalformedAnswerError(f"{endpoint}: an empty page with a cursor to more proves nothing")
        return True
    raise MalformedAnswerError(f"{endpoint}: an empty page points to a further one")
