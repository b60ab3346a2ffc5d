"""Faults while a monitor runs: what is unknown is said with since when and how old the last good value is; then it heals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from desk_sessions import open_desk

from market_analysis.cli.report import _Reporter
from market_analysis.cli.view import Console
from market_analysis.desk.last_good import is_readable
from market_analysis.risk.types import Verdict
from market_analysis.venues.simulated import FaultKind

POSITIONS, WALLET, TICKERS = "/v5/position/list", "/v5/account/wallet-balance", "/v5/market/tickers"


async def test_an_outage_shows_the_last_good_screen_with_its_age_and_the_reason_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"
    async with open_desk() as desk:
        reporter = _Reporter(desk.session, Console(), path, None, as_json=False, full=False, live=True)
        good = await desk.session.look()
        reporter.show(good)
        assert "LAST GOOD" not in capsys.readouterr().out

        desk.server.faults.set(endpoint=POSITIONS, kind=FaultKind.RESULT_EMPTY)
        desk.advance(minutes=2)
        reporter.show(await desk.session.look())
        shown = capsys.readouterr()
        assert "POSITIONS could not be read. This is not an empty book." in shown.out
        assert "LAST GOOD 2026-09-17 14:03:27 UTC, 120 s ago. What follows is the past:\n| ROOM" in shown.out
        assert "| DOGE " in shown.out
        assert "malformed_answer: positions: " in shown.err
        assert "\n  -> " in shown.err
        detail = json.loads(path.read_text())["data_quality"]["details"]["positions"]
        assert "unknown since 2026-09-17 14:05:27 UTC, last good 120 s ago (7 of them)" in detail

        desk.advance(minutes=1)
        reporter.show(await desk.session.look())
        shown = capsys.readouterr()
        assert "180 s ago" in shown.out
        assert shown.err == "", "a reason is said when it begins, not at each look"

        desk.server.faults.clear()
        healed = await desk.session.look()
        reporter.show(healed)
        shown = capsys.readouterr()
        assert "LAST GOOD" not in shown.out
        assert "read again: positions" in shown.err
        assert healed.analysis.positions is not None
        assert all(" ago" not in text for text in healed.analysis.data.details.values())


async def test_an_account_that_was_never_read_has_no_last_good_value(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async with open_desk() as desk:
        desk.server.faults.set(endpoint=WALLET, kind=FaultKind.HTTP_500)
        look = await desk.session.look()
        assert "never read before" in look.analysis.data.details["account"]
        assert not is_readable(look.analysis.data)
        _Reporter(desk.session, Console(), tmp_path / "r.json", None, as_json=False, full=False, live=False).show(look)
        shown = capsys.readouterr()
        assert "LAST GOOD" not in shown.out
        assert "check network" in shown.err


async def test_a_part_by_key_has_its_age_too() -> None:
    async with open_desk() as desk:
        await desk.session.look()
        desk.advance(minutes=1)
        desk.server.faults.set(endpoint=TICKERS, kind=FaultKind.HTTP_500)
        look = await desk.session.look()
        quotes = {name: text for name, text in look.analysis.data.details.items() if name.startswith("quote ")}
        assert quotes
        assert all("last good 60 s ago" in text for text in quotes.values())
        assert look.analysis.verdict in (Verdict.UNKNOWN, Verdict.CRITICAL)


async def test_across_midnight_the_day_starts_anew_and_what_was_learned_stays() -> None:
    async with open_desk() as desk:
        before = await desk.session.look()
        remembered = {key: (one.r0, one.entry, one.anchor_id) for key, one in desk.session.memory.positions.items()}
        desk.advance(hours=9, minutes=55)
        last = await desk.session.look()
        assert last.snapshot.next_reset == before.snapshot.next_reset
        assert last.analysis.book.day_realized_usd
        desk.advance(minutes=3)
        after = await desk.session.look()
        assert after.snapshot.next_reset > last.snapshot.next_reset
        assert after.analysis.book.day_realized_usd == 0
        assert after.analysis.book.day_fees_usd == 0
        held = {key: (one.r0, one.entry, one.anchor_id) for key, one in desk.session.memory.positions.items()}
        assert held.items() <= remembered.items()
        assert held
        for key, bars in after.history.hourly.items():
            old = last.history.hourly[key]
            assert bars.last_close_time > old.last_close_time  # type: ignore[union-attr]
            assert bars.last_close_time <= after.snapshot.as_of  # type: ignore[union-attr]
