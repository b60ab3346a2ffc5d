"""Cursors and windows: nothing lost, nothing twice, whatever happens between pages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.venues.simulated.ledger.refusals import ApiError
from market_analysis.venues.simulated.server.paging import (
    DAY_MS,
    PageRule,
    cut_history,
    cut_page,
    decode_cursor,
    encode_cursor,
    time_window,
)
from market_analysis.venues.simulated.server.request import Call

RULE = PageRule(default_limit=5, largest_limit=20)
NOW_MS = 1_700_000_000_000


def call(**params: object) -> Call:
    return Call("GET", "/x", {name: str(value) for name, value in params.items()}, NOW_MS)


def walk(rows: Sequence[str], limit: int, rule: PageRule = RULE) -> list[list[str]]:
    pages, cursor = [], ""
    while True:
        page = cut_page(rows, call(limit=limit, cursor=cursor), rule, lambda row: (row,))
        pages.append(page.rows)
        cursor = page.cursor
        if not cursor:
            return pages


@settings(deadline=None)
@given(st.sets(st.text(min_size=1, max_size=6), max_size=30), st.integers(1, 20), st.booleans())
def test_pages_partition_the_rows(rows: set[str], limit: int, trailing: bool) -> None:
    pages = walk(sorted(rows), limit, PageRule(5, 20, cursor_on_last_page=trailing))
    assert [row for page in pages for row in page] == sorted(rows)
    assert all(len(page) == limit for page in pages[:-1]) or trailing


def test_last_page_carries_a_cursor_to_an_empty_page_as_recorded() -> None:
    assert walk(["a", "b", "c"], 2) == [["a", "b"], ["c"], []]
    assert walk(["a", "b", "c"], 2, PageRule(5, 20, cursor_on_last_page=False)) == [["a", "b"], ["c"]]


def test_history_pages_are_stable_while_records_arrive() -> None:
    history = ["c", "b", "a"]
    first = cut_history(history, call(limit=1), RULE, lambda _: True)
    grown = ["e", "d", *history]
    second = cut_history(grown, call(limit=5, cursor=first.cursor), RULE, lambda _: True)
    assert (first.rows, second.rows) == (["c"], ["b", "a"])


@pytest.mark.parametrize("limit", [0, 21, "many"])
def test_limit_is_bounded(limit: object) -> None:
    with pytest.raises(ApiError) as caught:
        cut_page(["a"], call(limit=limit), RULE, lambda row: (row,))
    assert caught.value.ret_code == 10001


@pytest.mark.parametrize("cursor", ["junk", "%%%", encode_cursor((3,)), "e30"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ApiError, match="cursor"):
        cut_page(["a"], call(cursor=cursor), RULE, lambda row: (row,))


@given(st.lists(st.one_of(st.integers(-(2**53), 2**53), st.text(max_size=8)), min_size=1, max_size=4))
def test_cursor_round_trip(key: list[int | str]) -> None:
    assert decode_cursor(encode_cursor(tuple(key))) == tuple(key)


def test_time_windows() -> None:
    week = 7 * DAY_MS
    assert time_window(call(), default_days=7) == (NOW_MS - week, NOW_MS)
    assert time_window(call(startTime=5), default_days=7) == (5, 5 + week)
    assert time_window(call(endTime=week), default_days=1) == (week - DAY_MS, week)
    assert time_window(call(startTime=1, endTime=1 + week), default_days=1) == (1, 1 + week)
    for start, end in ((2, 1), (1, 2 + week)):
        with pytest.raises(ApiError):
            time_window(call(startTime=start, endTime=end), default_days=7)
