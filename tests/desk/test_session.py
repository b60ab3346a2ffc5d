"""From wire bytes to the analysis: what is read, what is asked again, and what a fault becomes."""

from __future__ import annotations

import pytest
from desk_sessions import open_desk, quick_settings

from market_analysis.desk.monitor import monitor
from market_analysis.desk.session import Look
from market_analysis.domain import Memory, OrderPurpose, Severity, Unknown
from market_analysis.errors import EXIT_AUTHENTICATION, EXIT_UNKNOWN, EXIT_VENUE, AuthenticationError
from market_analysis.risk.analyse import analyse
from market_analysis.risk.types import Verdict
from market_analysis.risk.verdict import exit_status
from market_analysis.venues.simulated import FaultKind

POSITIONS, WALLET, KLINE, LOG = (
    "/v5/position/list",
    "/v5/account/wallet-balance",
    "/v5/market/kline",
    "/v5/account/transaction-log",
)


async def test_the_whole_book_is_read_and_judged() -> None:
    async with open_desk() as desk:
        look = await desk.session.look()
        with desk.server.exchange() as exchange:
            held = {row.symbol: row.size for row in exchange.positions("100200300", "linear", settle_coin="USDT") if row.size}
        assert look.analysis.positions is not None
        reported = {row.symbol: row.position_size for row in look.analysis.positions}
        assert held.items() <= reported.items()
        assert {"BTCPERP", "BTCUSD"} <= reported.keys()
        assert all(state == "ok" for state in look.analysis.data.parts.values()), look.analysis.data
        assert look.analysis.verdict is Verdict.CRITICAL
        assert {"naked_position"} <= {finding.code for finding in look.analysis.findings}
        assert look.analysis.book.room_usd is not None


async def test_between_bar_closes_no_bar_is_asked_for_and_after_one_only_the_new() -> None:
    async with open_desk() as desk:
        await desk.session.look()
        desk.server.requests.clear()
        desk.advance(minutes=5)
        await desk.session.look()
        assert not {KLINE, "/v5/market/instruments-info", "/v5/execution/list"} & desk.server.requests.paths().keys()
        assert desk.server.requests.count(POSITIONS) > 0
        desk.advance(hours=1)
        desk.server.requests.clear()
        look = await desk.session.look()
        assert desk.server.requests.count(KLINE, containing="interval=60&") == len(look.snapshot.instruments)
        bars = next(iter(look.history.hourly.values()))
        assert not isinstance(bars, Unknown)
        assert bars.last_close_time <= look.snapshot.as_of


async def test_an_unreadable_position_list_is_never_an_empty_book_and_the_last_good_one_is_kept() -> None:
    async with open_desk() as desk:
        first = await desk.session.look()
        desk.server.faults.set(endpoint=POSITIONS, kind=FaultKind.RESULT_EMPTY)
        second = await desk.session.look()
        assert isinstance(second.snapshot.positions, Unknown)
        assert second.snapshot.positions.last_good == first.snapshot.positions
        assert second.snapshot.positions.since == second.snapshot.as_of
        assert second.analysis.positions is None
        assert second.analysis.verdict in (Verdict.UNKNOWN, Verdict.CRITICAL)
        assert exit_status(second.analysis) == EXIT_UNKNOWN
        desk.advance(minutes=1)
        third = await desk.session.look()
        assert isinstance(third.snapshot.positions, Unknown)
        assert third.snapshot.positions.since == second.snapshot.as_of
        desk.server.faults.clear()
        healed = await desk.session.look()
        assert not isinstance(healed.snapshot.positions, Unknown)


async def test_with_neither_positions_nor_equity_the_venue_failed() -> None:
    async with open_desk() as desk:
        for endpoint in (POSITIONS, WALLET):
            desk.server.faults.set(endpoint=endpoint, kind=FaultKind.HTTP_500)
        look = await desk.session.look()
        assert exit_status(look.analysis) == EXIT_VENUE
        assert any(finding.severity is Severity.UNKNOWN for finding in look.analysis.findings)


async def test_a_refused_key_ends_the_run() -> None:
    async with open_desk() as desk:
        desk.server.faults.set(endpoint="*", kind=FaultKind.CODE_10003)
        with pytest.raises(AuthenticationError) as caught:
            await desk.session.look()
        assert caught.value.exit_status == EXIT_AUTHENTICATION


async def test_a_key_that_dies_while_watching_leaves_the_last_good_book_and_exits_five() -> None:
    async with open_desk() as desk:
        first = await desk.session.look()
        desk.server.faults.set(endpoint="*", kind=FaultKind.CODE_33004)
        look = await desk.session.look()
        assert isinstance(look.snapshot.positions, Unknown)
        assert look.snapshot.positions.last_good == first.snapshot.positions
        assert exit_status(look.analysis) == EXIT_AUTHENTICATION


@pytest.mark.parametrize("endpoint", [LOG, KLINE, "/v5/market/tickers", "/v5/order/realtime", "/v5/execution/list"])
async def test_each_part_fails_alone_and_says_so(endpoint: str) -> None:
    async with open_desk() as desk:
        desk.server.faults.set(endpoint=endpoint, kind=FaultKind.HTML_WITH_200)
        look = await desk.session.look()
        assert not isinstance(look.snapshot.positions, Unknown)
        assert exit_status(look.analysis) == EXIT_UNKNOWN
        assert look.analysis.verdict in (Verdict.UNKNOWN, Verdict.CRITICAL)


async def test_memory_is_a_cache_a_fresh_session_finds_the_same_ratchets() -> None:
    settings = quick_settings(vol={"bars": 3000})
    async with open_desk(settings) as desk:
        for _ in range(4):
            look = await desk.session.look()
            desk.advance(hours=1)
        remembered = desk.session.memory.positions
        _, rebuilt = analyse(look.snapshot, look.history, Memory(), settings, look.models)
        assert rebuilt.positions.keys() == remembered.keys()
        for key, one in rebuilt.positions.items():
            assert one.stop == pytest.approx(remembered[key].stop, rel=1e-9)
            assert one.peak == remembered[key].peak
            assert (one.r0, one.entry, one.anchor_id) == (remembered[key].r0, remembered[key].entry, remembered[key].anchor_id)


async def test_a_resting_entry_carries_its_own_stop() -> None:
    async with open_desk() as desk:
        look = await desk.session.look()
        assert not isinstance(look.snapshot.orders, Unknown)
        (entry,) = (order for order in look.snapshot.orders if order.purpose is OrderPurpose.ENTRY)
        assert entry.attached_stop is not None
        assert entry.limit_price is not None
        assert entry.attached_stop < entry.limit_price


async def test_a_monitor_says_that_a_look_is_late_while_the_venue_keeps_it_waiting() -> None:
    async with open_desk() as desk:
        desk.server.faults.set(endpoint=POSITIONS, kind=FaultKind.TIME_OUT)
        said: list[float] = []
        looks: list[Look] = []
        last = await monitor(
            desk.session, interval_seconds=0.2, iterations=1, on_look=looks.append, on_late=said.append, late_seconds=0.4
        )
        assert [last] == looks
        assert said[:2] == pytest.approx([0.4, 0.8])
