"""Pages, retries, the request gate, the clock, and reads at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import ManualClock
from market_analysis.errors import (
    AuthenticationError,
    ClockSkewError,
    MalformedAnswerError,
    RateLimitedError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
)
from market_analysis.venues.bybit.concurrent import each, together
from market_analysis.venues.bybit.gate import BURST_REQUESTS, RequestGate
from market_analysis.venues.bybit.paging import Page, read_pages
from market_analysis.venues.bybit.retry import RetryPolicy, with_retries
from market_analysis.venues.bybit.wire_time import WireTime


def pages_of(pages: dict[str, Page[int]], limit: int = 0, most: int = 10) -> list[int]:
    async def fetch(cursor: str) -> Page[int]:
        return pages[cursor]

    return asyncio.run(read_pages(fetch, "/list", page_limit=limit, max_pages=most))


def test_pages_end_with_no_cursor_or_an_empty_page() -> None:
    assert pages_of({"": Page([], "")}) == []
    assert pages_of({"": Page([1], "")}) == [1]
    assert pages_of({"": Page([1, 2], "a"), "a": Page([3], "b"), "b": Page([], "")}, limit=2) == [1, 2, 3]
    assert pages_of({"": Page([1], "a"), "a": Page([], "a")}) == [1], "an empty page may name itself"


@pytest.mark.parametrize(
    ("pages", "limit", "why"),
    [
        ({"": Page([1, 2], "")}, 2, "full page"),
        ({"": Page([], "a")}, 0, "empty page with a cursor"),
        ({"": Page([1], "a"), "a": Page([], "b")}, 0, "further one"),
        ({"": Page([1], "a"), "a": Page([1], "b")}, 0, "same page"),
        ({"": Page([1], "a"), "a": Page([2], "a")}, 0, "cursor came twice"),
        ({str(i) if i else "": Page([i], str(i + 1)) for i in range(30)}, 0, "no end after 10 pages"),
    ],
)
def test_pages_that_prove_nothing(pages: dict[str, Page[int]], limit: int, why: str) -> None:
    with pytest.raises(MalformedAnswerError, match=why):
        pages_of(pages, limit)


def test_a_failed_page_fails_the_list() -> None:
    async def fetch(cursor: str) -> Page[int]:
        if cursor:
            raise VenueUnavailableError("page 2")
        return Page([1], "a")

    with pytest.raises(VenueUnavailableError, match="page 2"):
        asyncio.run(read_pages(fetch, "/list", page_limit=0, max_pages=3))


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=4, unique=True), max_size=6, unique_by=tuple))
@settings(deadline=None)
def test_all_rows_of_all_pages_in_order(chunks: list[list[int]]) -> None:
    cursors = ["", *(f"c{i}" for i in range(len(chunks)))]
    pages = {cursors[i]: Page(chunk, cursors[i + 1]) for i, chunk in enumerate(chunks)} | {cursors[len(chunks)]: Page([], "")}
    assert pages_of(pages) == [row for chunk in chunks for row in chunk]


class Attempts:
    """Fails with each error in turn, then succeeds; notes what was waited for."""

    def __init__(self, *errors: VenueError) -> None:
        self.errors, self.tries, self.waits, self.measured = list(errors), 0, [], 0
        self.measure_error: VenueError | None = None

    async def attempt(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "read"

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def resynchronise(self) -> None:
        self.measured += 1
        if self.measure_error is not None:
            raise self.measure_error

    def run(self, attempts: int = 3) -> str:
        policy = RetryPolicy(attempts)
        return asyncio.run(with_retries(self.attempt, policy, sleep=self.sleep, resynchronise=self.resynchronise))


def test_only_what_can_help_is_tried_again() -> None:
    again = Attempts(VenueUnavailableError("a"), MalformedAnswerError("b"))
    assert (again.run(), again.tries, again.waits) == ("read", 3, [0.25, 0.5])
    for final in (AuthenticationError("x"), VenueRejectedError("x")):
        once = Attempts(final)
        with pytest.raises(type(final)):
            once.run()
        assert (once.tries, once.waits) == (1, [])
    spent = Attempts(*(VenueUnavailableError(str(i)) for i in range(3)))
    with pytest.raises(VenueUnavailableError, match="2"):
        spent.run()
    assert spent.tries == 3


def test_the_venues_wait_is_honoured_unless_too_long() -> None:
    short = Attempts(RateLimitedError("x", retry_after_s=2.0))
    assert (short.run(), short.waits) == ("read", [2.0])
    ban = Attempts(RateLimitedError("x", retry_after_s=600.0))
    with pytest.raises(RateLimitedError):
        ban.run()
    assert ban.waits == []


def test_a_wrong_clock_is_measured_once() -> None:
    skewed = Attempts(ClockSkewError("x"))
    assert (skewed.run(), skewed.measured, skewed.waits) == ("read", 1, [])
    stubborn = Attempts(ClockSkewError("x"), ClockSkewError("y"))
    with pytest.raises(ClockSkewError, match="y"):
        stubborn.run(attempts=9)
    assert (stubborn.measured, stubborn.tries) == (1, 2)
    deaf = Attempts(ClockSkewError("x"))
    deaf.measure_error = VenueUnavailableError("no clock")
    with pytest.raises(ClockSkewError):
        deaf.run()


class Pace:
    """A clock that moves only when slept on."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_requests_are_spread_after_a_burst() -> None:
    pace = Pace()
    gate = RequestGate(3, 10.0, monotonic=pace.monotonic, sleep=pace.sleep)
    times: list[float] = []

    async def ask() -> None:
        for _ in range(BURST_REQUESTS + 20):
            async with gate.passage("/x"):
                times.append(round(pace.now - 100.0, 6))

    asyncio.run(ask())
    # The gate starts empty of credit: one at once, then one each tenth of a second.
    assert times == [round(i / 10, 6) for i in range(len(times))]
    pace.now += 60.0
    times.clear()
    asyncio.run(ask())
    assert len([t for t in times if t == times[0]]) == BURST_REQUESTS


def test_no_more_than_so_many_at_once() -> None:
    pace = Pace()
    gate = RequestGate(4, 1000.0, monotonic=pace.monotonic, sleep=pace.sleep)
    inside = most = 0

    async def ask() -> None:
        nonlocal inside, most
        async with gate.passage("/x"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async def crowd() -> None:
        await asyncio.gather(*(ask() for _ in range(40)))

    asyncio.run(crowd())
    assert most == 4


def test_a_ban_stops_everything_for_its_time() -> None:
    pace = Pace()
    gate = RequestGate(1, 1000.0, monotonic=pace.monotonic, sleep=pace.sleep)

    async def ask() -> None:
        async with gate.passage("/x"):
            pass

    gate.ban(600.0)
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(ask())
    assert caught.value.retry_after_s == pytest.approx(600.0)
    pace.now += 600.5
    asyncio.run(ask())


def test_clock_offset_is_clamped_to_what_an_answer_proves() -> None:
    wire = WireTime(ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))
    base = wire.local_ms()
    assert not wire.measured
    wire.observe(base, base + 100, base + 5_050)
    assert wire.offset_ms == 5_000
    wire.observe(base, base + 2_000, base + 6_000)
    assert wire.offset_ms == 5_000, "a slow answer proves [4000, 6000] only"
    wire.observe(base, base + 10, base + 7_000)
    assert wire.offset_ms == 6_990
    wire.observe(base, base + 10, base + 3_000)
    assert wire.offset_ms == 3_000
    assert wire.now_ms() == base + 3_000
    wire.measure(base, base + 10, base + 105)
    assert wire.offset_ms == 100


async def failing(error: BaseException) -> int:
    await asyncio.sleep(0)
    raise error


async def one() -> int:
    return 1


async def test_reads_at_once_raise_the_gravest_error_plainly() -> None:
    assert await together([one(), one()]) == [1, 1]
    with pytest.raises(AuthenticationError):
        await together([failing(MalformedAnswerError("m")), failing(AuthenticationError("a")), failing(VenueUnavailableError("u"))])
    with pytest.raises(VenueUnavailableError):
        await together([failing(MalformedAnswerError("m")), failing(VenueUnavailableError("u"))])
    with pytest.raises(ExceptionGroup):
        await together([failing(ValueError("a bug is not a venue's fault"))])


async def test_each_key_has_its_own_outcome() -> None:
    async def read(key: int) -> int:
        return await (one() if key else failing(VenueRejectedError("zero")))

    answers: dict[int, int | VenueError] = await each([0, 1], read)
    assert answers[1] == 1
    assert isinstance(answers[0], VenueRejectedError)


def test_policy_table() -> None:
    policy: Callable[[int, VenueError], float | None] = RetryPolicy(3).delay_s
    assert [policy(n, VenueUnavailableError("x")) for n in (1, 2, 3)] == [0.25, 0.5, None]
