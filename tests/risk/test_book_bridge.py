"""The equity bridge, what is remembered of a day, the equity's peak, and ROOM."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import books
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import DayMarks, Memory, Severity
from market_analysis.risk.bridge import equity_bridge
from market_analysis.risk.day_marks import marks_of, updated_marks
from market_analysis.risk.peaks import equity_peak
from market_analysis.risk.room import room, room_finding

D = Decimal
DAY = books.AS_OF.replace(hour=0, minute=0)
MARKED = Memory(days={"2026-03-02": DayMarks(D(10_000), D(200))})
amounts = st.decimals(-10_000, 10_000, places=2)


def test_a_day_that_explains_itself() -> None:
    # 10,000 + realised 300 - fees 20 - funding 5 + deposit 1,000 + collateral 40 + unrealised 200 -> 50: 11,165
    day = books.day(None, realized=300, fees=-20, funding=-5, flows=1_000, revaluation=40)
    found = equity_bridge(D(11_165), D(50), day, MARKED, 0.002)
    assert (found.equity_at_reset_usd, found.source) == (D(10_000), "recorded")
    assert found.unexplained_usd == 0
    assert found.day_pnl_usd == 165
    assert found.findings == ()


@pytest.mark.parametrize(("equity", "warned"), [("10020", False), ("10020.05", True), ("9979.9", True), ("9980.1", False)])
def test_residual_above_tolerance_is_a_finding(equity: str, warned: bool) -> None:
    # 0.2 % of 10,020 is 20.04; of 9,979.9 it is 19.9598
    day = books.day(None)
    found = equity_bridge(D(equity), D(200), day, MARKED, 0.002)
    assert found.unexplained_usd == D(equity) - 10_000
    assert [(f.code, f.severity) for f in found.findings] == ([("unexplained_equity_change", Severity.WARNING)] if warned else [])


def test_the_venues_own_anchor_comes_first_and_carries_its_source() -> None:
    found = equity_bridge(D(10_500), D(0), books.day(10_400, source="rebuilt", flows=50), MARKED, 0.002)
    assert (found.equity_at_reset_usd, found.source, found.day_pnl_usd) == (D(10_400), "rebuilt", D(50))
    assert found.unexplained_usd is None


def test_an_anchor_read_late_is_rebuilt_or_estimated() -> None:
    only_unrealized = Memory(days={"2026-03-02": DayMarks(None, D(200))})
    day = books.day(None, realized=300, fees=-20, flows=1_000, revaluation=40)
    rebuilt = equity_bridge(D(11_165), D(50), day, only_unrealized, 0.002)
    assert (rebuilt.equity_at_reset_usd, rebuilt.source) == (D(11_165) - 1_280 + 150 - 40, "rebuilt")
    estimated = equity_bridge(D(11_165), D(50), day, Memory(), 0.002)
    assert (estimated.equity_at_reset_usd, estimated.source) == (D(11_165) - 1_280 - 50 - 40, "estimated")
    no_collateral = equity_bridge(D(11_165), D(50), replace(day, collateral_revaluation_usd=None), only_unrealized, 0.002)
    assert (no_collateral.equity_at_reset_usd, no_collateral.source) == (D(11_165) - 1_280 + 150, "estimated")
    assert rebuilt.unexplained_usd is estimated.unexplained_usd is None


def test_nothing_known_nothing_said() -> None:
    unread = equity_bridge(D(1), D(0), books.unknown(), Memory(), 0.002)  # type: ignore[arg-type]
    assert (unread.equity_at_reset_usd, unread.day_pnl_usd, unread.findings) == (None, None, ())
    no_profit = equity_bridge(D(1), None, books.day(None), Memory(), 0.002)
    assert (no_profit.equity_at_reset_usd, no_profit.day_pnl_usd) == (None, None)
    recorded = equity_bridge(D(10_100), None, books.day(None), MARKED, 0.002)
    assert (recorded.day_pnl_usd, recorded.unexplained_usd) == (D(100), None)


def test_an_unknown_log_type_is_unknown() -> None:
    found = equity_bridge(D(10_000), D(200), books.day(None, unknown_types=("AIRDROP", "ABC")), MARKED, 0.002)
    assert [(f.code, f.severity) for f in found.findings] == [("unknown_log_type", Severity.UNKNOWN)]
    assert "ABC, AIRDROP" in found.findings[0].message


@settings(deadline=None)
@given(amounts, amounts, amounts, amounts)
def test_moved_money_is_never_profit(flow: Decimal, realized: Decimal, start: Decimal, fees: Decimal) -> None:
    memory = Memory(days={"2026-03-02": DayMarks(start, D(0))})
    found = equity_bridge(
        start + flow + realized + fees, D(0), books.day(None, flows=flow, realized=realized, fees=fees), memory, 1e-9
    )
    assert found.day_pnl_usd == realized + fees
    assert found.unexplained_usd == 0


def test_equity_is_recorded_only_at_the_boundary() -> None:
    day = books.day(None, flows=70)
    at_once = updated_marks(Memory(), DAY + timedelta(seconds=90), day, D(5_000), D(10))
    assert marks_of(Memory(days=at_once), DAY) == DayMarks(D(5_000), D(10), D(70))
    late = updated_marks(Memory(), DAY + timedelta(seconds=121), day, D(5_000), D(10))
    assert marks_of(Memory(days=late), DAY) == DayMarks(None, None, D(70))
    again = updated_marks(Memory(days=at_once), DAY + timedelta(seconds=100), day, D(6_000), None)
    assert again["2026-03-02"].equity_usd == D(5_000)
    no_profit = updated_marks(Memory(), DAY, day, D(5_000), None)
    assert no_profit["2026-03-02"].unrealized_usd is None


def test_only_two_days_are_kept_and_an_unread_day_changes_nothing() -> None:
    memory = Memory(days={"2026-02-27": DayMarks(D(1)), "2026-03-01": DayMarks(D(2), None, D(3))})
    kept = updated_marks(memory, books.AS_OF, books.day(None), D(9), D(0))
    assert sorted(kept) == ["2026-03-01", "2026-03-02"]
    assert updated_marks(MARKED, books.AS_OF, books.unknown(), D(9), D(0)) == MARKED.days  # type: ignore[arg-type]


def look(memory: Memory, equity: int, flows: int, day_start_offset: int = 0) -> tuple[Memory, float | None]:
    at = books.AS_OF + timedelta(days=day_start_offset)
    day = replace(books.day(None, flows=flows), since=DAY + timedelta(days=day_start_offset))
    peak = equity_peak(memory, at, D(equity), day)
    marks = updated_marks(memory, at, day, D(equity), D(0))
    return replace(memory, equity_peak_usd=peak.peak_usd, equity_peak_at=peak.at, days=marks), peak.drawdown_frac


def test_the_peak_follows_profit_not_deposits() -> None:
    memory, drawdown = look(Memory(), 10_000, 0)
    assert (memory.equity_peak_usd, drawdown) == (D(10_000), None)
    memory, drawdown = look(memory, 9_000, 0)
    assert drawdown == pytest.approx(0.1)
    memory, drawdown = look(memory, 14_000, 5_000)  # a deposit of 5,000 on the same day
    assert (memory.equity_peak_usd, drawdown) == (D(15_000), pytest.approx(1 / 15))
    memory, drawdown = look(memory, 14_000, 5_000)  # seen again: not counted twice
    assert memory.equity_peak_usd == D(15_000)
    memory, drawdown = look(memory, 12_000, -2_000, 1)  # next day: 2,000 withdrawn
    assert (memory.equity_peak_usd, drawdown) == (D(13_000), pytest.approx(1 / 13))
    memory, drawdown = look(memory, 13_500, -2_000, 1)
    assert (memory.equity_peak_usd, drawdown) == (D(13_500), 0.0)


def test_a_peak_that_cannot_be_told_is_not_told() -> None:
    known = Memory(equity_peak_usd=D(10_000), equity_peak_at=DAY)
    assert equity_peak(known, books.AS_OF, D(9_000), books.unknown()).drawdown_frac is None  # type: ignore[arg-type]
    assert equity_peak(known, books.AS_OF, D(9_000), books.unknown()).peak_usd == D(10_000)  # type: ignore[arg-type]
    emptied = equity_peak(known, books.AS_OF, D(-5), books.day(None, flows=-10_000))
    assert (emptied.peak_usd, emptied.drawdown_frac) == (D(0), None)


def test_room_of_the_screen() -> None:
    # rulings, The screen: day -312, left 974 of 1,286, all stops 1,164 -> ROOM -190
    figures = room(0.05, D(25_720), D(-312), D(1_164))
    assert (figures.limit_usd, figures.left_usd, figures.room_usd) == (D(1_286), D(974), D(-190))
    finding = room_finding(figures)
    assert finding is not None
    assert (finding.code, finding.severity) == ("room_negative", Severity.WARNING)
    assert room_finding(room(0.05, D(25_720), D(-312), D(974))) is None


def test_room_needs_a_limit_and_knowledge() -> None:
    assert room(None, D(1), D(1), D(1)) == room(0.05, None, D(1), D(1))
    assert room_finding(room(None, D(1), D(1), D(1))) is None
    assert room(0.1, D(100), None, D(1)).left_usd is None
    assert room(0.1, D(100), D(5), None).room_usd is None
    assert room(0.1, D(100), D(5), None).left_usd == D(15)
