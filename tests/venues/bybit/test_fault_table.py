"""The fault table: every fault kind x endpoint x stage, through the real ccxt, against the embedded exchange.

Each cell is a typed error of the expected class, or (where the fault cannot touch that endpoint's answer) exactly the
result of a read without it. In no cell may a book look flat or shorter than it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market_analysis.domain import Category, InstrumentId, ManualClock, MarginMode, from_milliseconds, to_milliseconds
from market_analysis.errors import (
    AuthenticationError,
    ClockSkewError,
    MalformedAnswerError,
    RateLimitedError,
    VenueError,
    VenueUnavailableError,
)
from market_analysis.venues.bybit import BybitVenue
from market_analysis.venues.simulated.server.faults import FaultKind as F
from market_analysis.venues.simulated.server.faults import Stage
from market_analysis.venues.simulated.server.limits import LimitSettings
from market_analysis.venues.simulated.server.wire import SteppedWireClock

pytestmark = pytest.mark.xdist_group("fault table")
"""One process: the last test counts what all of them have reached."""

BTC = InstrumentId("bybit", Category.LINEAR, "BTCUSDT")
RESET = datetime(2026, 3, 2, tzinfo=UTC)
Read = Callable[[BybitVenue, Any], Awaitable[Any]]


async def read_instruments(venue: BybitVenue, _: Any) -> Any:
    return raise_first(await venue.instruments([BTC]))


async def read_quotes(venue: BybitVenue, _: Any) -> Any:
    quotes = raise_first(await venue.quotes([BTC]))
    return {key: replace(quote, time=RESET) for key, quote in quotes.items()}


async def read_bars(venue: BybitVenue, desk: Any) -> Any:
    now = desk.clock.now()
    bars = await venue.bars(BTC, 60, to_milliseconds(now - timedelta(hours=20)), now)
    return bars.open_time_ms.tolist(), bars.close.tolist()


async def read_entry(venue: BybitVenue, desk: Any) -> Any:
    with desk.server.exchange() as exchange:
        held = exchange.positions("1001", "linear", symbol="ETHUSDT")[0]
    position = desk.memory["ETHUSDT"]
    assert held.size == position.quantity
    return await venue.entry(position)


def raise_first(answers: Any) -> Any:
    """A venue's per-instrument faults, as one."""
    for answer in answers.values():
        if isinstance(answer, VenueError):
            raise answer
    return answers


READS: dict[str, Read] = {
    "/v5/market/time": lambda venue, _: clocked(venue),
    "/v5/user/query-api": lambda venue, _: venue.key_info(),
    "/v5/account/info": lambda venue, _: account_of(venue),
    "/v5/account/wallet-balance": lambda venue, _: account_of(venue),
    "/v5/account/collateral-info": lambda venue, _: account_of(venue),
    "/v5/account/fee-rate": read_instruments,
    "/v5/market/instruments-info": read_instruments,
    "/v5/market/risk-limit": read_instruments,
    "/v5/market/tickers": read_quotes,
    "/v5/market/kline": read_bars,
    "/v5/position/list": lambda venue, _: venue.positions(),
    "/v5/order/realtime": lambda venue, _: venue.orders(),
    "/v5/order/history": read_entry,
    "/v5/execution/list": read_entry,
    "/v5/account/transaction-log": lambda venue, desk: venue.day(RESET, desk.clock.now(), {}),
}
PAGED = ("/v5/position/list", "/v5/order/realtime", "/v5/order/history", "/v5/execution/list", "/v5/account/transaction-log")


async def clocked(venue: BybitVenue) -> bool:
    """The venue's clock differs from read to read: only that there is one."""
    return (await venue.server_time()).tzinfo is UTC


async def account_of(venue: BybitVenue) -> Any:
    return replace(await venue.account(), as_of=RESET)


EXPECTED: dict[F, type[VenueError]] = {
    **dict.fromkeys((F.TIME_OUT, F.CONNECTION_RESET, F.HTTP_500, F.HTTP_502, F.HTTP_503, F.HTTP_504), VenueUnavailableError),
    **dict.fromkeys((F.APPLIED_THEN_HTTP_500, F.APPLIED_THEN_RESET, F.APPLIED_THEN_TIME_OUT), VenueUnavailableError),
    F.CODE_10016: VenueUnavailableError,
    **dict.fromkeys((F.HTTP_401, F.CODE_10003, F.CODE_10004, F.CODE_10005, F.CODE_10010, F.CODE_33004), AuthenticationError),
    **dict.fromkeys((F.HTTP_403_BAN, F.HTTP_429, F.HTTP_429_JSON, F.CODE_10006, F.CODE_10018), RateLimitedError),
    F.CODE_10002: ClockSkewError,
    **dict.fromkeys((F.EMPTY_BODY, F.HTML_WITH_200, F.JSON_NULL, F.JSON_EMPTY_OBJECT), MalformedAnswerError),
    **dict.fromkeys((F.RESULT_MISSING, F.RESULT_NULL, F.RESULT_EMPTY, F.TRUNCATED_JSON), MalformedAnswerError),
}
CONTENT = (
    F.CURSOR_DROPPED,
    F.ROWS_DROPPED,
    F.STALE_DATA,
    F.WRONG_SYMBOL,
    F.WRONG_CATEGORY,
    F.WRONG_ACCOUNT,
    F.NOT_A_NUMBER,
    F.GARBAGE_NUMBER,
)
GOT_OVER = (F.TIME_OUT, F.CONNECTION_RESET, F.HTTP_403_BAN, F.CODE_10018, F.CODE_10002, F.HTML_WITH_200, F.TRUNCATED_JSON)
"""After these (and every fault of content or rights) the same client must read well again; one of each sort will do."""
SLOW = (F.TIME_OUT, F.APPLIED_THEN_TIME_OUT)
"""Faults of the content: believed only where they leave the answer as it was."""

FALLS_BACK: set[tuple[str, F]] = {
    ("/v5/account/fee-rate", kind) for kind, error in EXPECTED.items() if error is AuthenticationError
}
"""The account's own fees are refused: Bybit's base fees stand in (here they are the same)."""

CANNOT_BE_PROVEN: dict[tuple[str, F], str] = {
    ("/v5/order/realtime", F.ROWS_DROPPED): "an order list has no sum to check it by; fewer stops are the safe side",
    ("/v5/order/realtime", F.STALE_DATA): "orders carry no heartbeat",
    ("/v5/order/realtime", F.WRONG_SYMBOL): "asked for without a symbol; the foreign one is not listed, so its quote fails",
    ("/v5/execution/list", F.ROWS_DROPPED): "the walk then ends short of flat: complete is False",
    ("/v5/execution/list", F.STALE_DATA): "the same",
    ("/v5/order/history", F.ROWS_DROPPED): "only the first stop's origin is lost: None",
    ("/v5/order/history", F.STALE_DATA): "the same",
    ("/v5/market/risk-limit", F.ROWS_DROPPED): "tiers have no count to check them by",
    ("/v5/market/kline", F.ROWS_DROPPED): "bars may begin late, as of a young listing; the reader counts them",
    ("/v5/account/transaction-log", F.ROWS_DROPPED): "here the oldest are gone; one missing between two breaks the chain",
    ("/v5/account/transaction-log", F.STALE_DATA): "the log has no heartbeat; the equity bridge shows the residual",
    ("/v5/account/transaction-log", F.WRONG_SYMBOL): "every sum is right; only whose a trade was is told wrongly",
    ("/v5/account/transaction-log", F.WRONG_CATEGORY): "the same",
    ("/v5/account/collateral-info", F.ROWS_DROPPED): "a missing coin's share is None, which is unknown",
    ("/v5/account/wallet-balance", F.STALE_DATA): "balances carry no heartbeat",
    ("/v5/position/list", F.STALE_DATA): "positions carry no heartbeat; their margin is checked against the wallet",
}
CELLS: list[str] = []


@dataclass
class Cell:
    """What a read under a fault came to."""

    error: VenueError | None
    value: Any


async def outcome(read: Read, venue: BybitVenue, desk: Any) -> Cell:
    try:
        return Cell(None, await read(venue, desk))
    except VenueError as error:
        return Cell(error, None)


def judge(endpoint: str, kind: F, cell: Cell, clean: Any) -> str:
    """The cell's class; fails the test when it is not the expected one."""
    label = f"{endpoint} {kind.value}: {cell.error or cell.value!r}"[:400]
    if (endpoint, kind) in FALLS_BACK and cell.error is None:
        assert cell.value == clean, label
        return "fallback"
    if endpoint == "/v5/order/history" and EXPECTED.get(kind) is AuthenticationError:
        assert cell.value == replace(clean, first_protective_stop=None), label
        return "fallback"
    if kind in EXPECTED:
        assert type(cell.error) is EXPECTED[kind], label
        assert endpoint in str(cell.error), label
        return "error"
    if cell.error is not None:
        assert isinstance(cell.error, MalformedAnswerError), label
        return "error"
    if cell.value == clean:
        return "untouched"
    assert (endpoint, kind) in CANNOT_BE_PROVEN or says_so(cell.value), label
    assert not (isinstance(cell.value, tuple) and cell.value == ()), label
    return "said" if says_so(cell.value) else "unproven"


def says_so(value: Any) -> bool:
    """Whether a result names its own incompleteness."""
    return bool(getattr(value, "unknown_types", ())) or getattr(value, "complete", True) is False


class Watch:
    """The venues of one server: one with patience, one without, both with a clock of their own for bans to run out on."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        self._venues: dict[float, BybitVenue] = {}
        self.now = 0.0

    async def venue(self, kind: F) -> BybitVenue:
        timeout_s = 0.6 if kind in SLOW else 10.0
        if timeout_s not in self._venues:
            options = {"timeout_s": timeout_s, "monotonic": lambda: self.now, "sleep": no_wait, "requests_per_second": 100}
            self._venues[timeout_s] = await self._desk.venue(**options)
        return self._venues[timeout_s]

    def outlast_ban(self) -> None:
        """Ten minutes go by."""
        self.now += 601.0


async def no_wait(_: float) -> None:
    """A sleeper for a clock that stands still."""


@pytest.fixture
async def faulty(open_desk: Any) -> Any:
    """The book of seven on a server without rate limits, and its positions."""
    desk = await open_desk(limits=LimitSettings(enabled=False))
    desk.watch = Watch(desk)
    positions = await (await desk.watch.venue(F.HTTP_500)).positions()
    desk.memory = {position.instrument.symbol: position for position in positions}
    return desk


async def run_cells(desk: Any, endpoint: str, stage: Stage, name: str) -> None:
    """Every kind at one endpoint and stage, on the same client."""
    read = READS[endpoint]
    for kind in (*EXPECTED, *CONTENT):
        venue = await desk.watch.venue(kind)
        rule = desk.server.faults.set(endpoint, kind, stage)
        if stage.after_advance:
            desk.server.advance(timedelta(seconds=1))
        under = await outcome(read, venue, desk)
        hits = rule.hits
        desk.server.faults.clear()
        if kind in (F.HTTP_403_BAN, F.CODE_10018) and under.error is not None:
            banned = await outcome(read, venue, desk)
            assert isinstance(banned.error, RateLimitedError), "while a ban lasts, nothing is sent"
        desk.watch.outlast_ban()
        clean = None
        if kind in CONTENT or kind in GOT_OVER or EXPECTED[kind] is AuthenticationError:
            after = await outcome(read, await desk.watch.venue(F.HTTP_500) if kind in SLOW else venue, desk)
            assert after.error is None, f"{endpoint} {kind.value} was not got over: {after.error}"
            clean = after.value
        judge(endpoint, kind, under, clean)
        assert hits > 0, f"{endpoint} {kind.value} {name}: the fault was never met"
        CELLS.append(f"{endpoint}|{kind.value}|{name}")


@pytest.mark.parametrize("endpoint", READS)
async def test_fault_on_first_load(faulty: Any, endpoint: str) -> None:
    await run_cells(faulty, endpoint, Stage.always(), "first load")


@pytest.mark.parametrize("endpoint", PAGED)
async def test_fault_on_page_two(faulty: Any, endpoint: str) -> None:
    """The private lists send a cursor with every page that has rows, so each read has a second page."""
    await run_cells(faulty, endpoint, Stage.page_two(), "page 2")


@pytest.mark.parametrize("endpoint", READS)
async def test_fault_in_mid_loop(faulty: Any, endpoint: str) -> None:
    """One round reads well, the next fails by name, and the one after it is right again."""
    assert (await outcome(READS[endpoint], await faulty.watch.venue(F.HTTP_500), faulty)).error is None
    await run_cells(faulty, endpoint, Stage.mid_loop(), "mid-loop")


@pytest.mark.parametrize("kind", EXPECTED)
async def test_no_account_read_before_the_key_is_checked(faulty: Any, kind: F) -> None:
    """A fault of the key's own answer reaches whoever asks first, and is got over."""
    if kind in SLOW:
        return
    faulty.server.faults.set("/v5/user/query-api", kind)
    watch = Watch(faulty)
    venue = await watch.venue(kind)
    with pytest.raises(EXPECTED[kind]):
        await venue.positions()
    faulty.server.faults.clear()
    watch.outlast_ban()
    assert len(await venue.positions()) == 7


@pytest.mark.parametrize("endpoint", READS)
async def test_frozen_answers_are_stale(open_desk: Any, endpoint: str) -> None:
    """A server or a cache that repeats an old answer is found out by the stamp of its envelope."""
    start = to_milliseconds(datetime(2026, 3, 2, 10, 10, tzinfo=UTC))
    wire, ours = SteppedWireClock(start), ManualClock(from_milliseconds(start))
    desk = await open_desk(wire_clock=wire, limits=LimitSettings(enabled=False))
    venue = await desk.venue(wire_clock=ours, timeout_s=5.0)
    desk.memory = {position.instrument.symbol: position for position in await venue.positions()}
    desk.server.faults.set(endpoint, F.FROZEN_ANSWER)

    async def two_rounds() -> None:
        await READS[endpoint](venue, desk)
        wire.step(60_000)
        ours.advance(timedelta(minutes=1))
        await READS[endpoint](venue, desk)

    if endpoint == "/v5/market/time":
        await two_rounds()  # this answer is the measure of staleness itself; the others correct it
        return
    # A list of several requests betrays itself at once: its second page or book is the first one again.
    with pytest.raises(MalformedAnswerError, match=r"stale|twice|category is"):
        await two_rounds()
    CELLS.append(f"{endpoint}|frozen_answer|mid-loop")


async def test_fault_of_account_settings_leaves_positions_readable(faulty: Any) -> None:
    """The margin mode is then unknown, and says so."""
    faulty.server.faults.set("/v5/account/info", F.HTTP_500)
    positions = await (await faulty.watch.venue(F.HTTP_500)).positions()
    assert {position.margin_mode for position in positions} == {MarginMode.UNKNOWN}
    assert len(positions) == 7


@pytest.mark.parametrize("kind", [*EXPECTED, F.ROWS_DROPPED, F.WRONG_ACCOUNT])
async def test_listed_positions_stand_without_the_wallet(faulty: Any, kind: F) -> None:
    """The seven listed positions stand when the wallet that would confirm them cannot be read (a ban stops all reads)."""
    faulty.server.faults.set("/v5/account/wallet-balance", kind)
    venue = await faulty.watch.venue(kind)
    if kind in (F.HTTP_403_BAN, F.CODE_10018):
        with pytest.raises(RateLimitedError):
            await venue.positions()
        return
    assert len(await venue.positions()) == 7


def test_every_fault_kind_has_its_column() -> None:
    """Half-open streams are the one kind left out: this venue holds no stream."""
    assert [kind for kind in F if kind not in EXPECTED and kind not in CONTENT] == [F.FROZEN_ANSWER, F.HALF_OPEN]


def test_the_table_is_whole(record_property: Callable[[str, object], None]) -> None:
    """Every cell was reached, if the file ran as a whole; the count goes into the test report."""
    columns = len(EXPECTED) + len(CONTENT)
    whole = columns * (2 * len(READS) + len(PAGED)) + len(READS) - 1
    record_property("fault_table_cells", len(CELLS))
    assert len(set(CELLS)) == len(CELLS)
    if len({cell.split("|")[0] for cell in CELLS}) == len(READS):
        assert len(CELLS) == whole
