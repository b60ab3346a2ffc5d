"""The one screen: golden by hand, widths, order, and that nothing looks good that is not known to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import analyses
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import Severity, Side
from market_analysis.report.columns import Column, fit_table
from market_analysis.report.names import full_name, subject_name
from market_analysis.report.screen import WIDTH, screen_lines, screen_rich, screen_text
from market_analysis.risk.types import Analysis, ProtectionState, Verdict

D = Decimal
ALL = (analyses.demo, analyses.calm, analyses.flat, analyses.unknown, analyses.stale, analyses.hedged, analyses.many)

DEMO = """\
ROOM -190 USD (-0.7% eq) OVER   day left 974 of 1,286 (resets 09:56h)   if all stops fill 1,164
eq 25,410  day -312  joint liq -11.8%  MMR 9%  NAKED 1  resting entries +310  data 2s
SYM   SIDE  notional     mark    R  STOP@EXCH  trig  can lose     PLAN      TGT  p72h  ADL  fund/d  DO
DOGE  L        3,060    .1530  -.4       NONE  -         459!    .1452    .1680   .24    4    -1.1  ADD STOP
BTC   L       14,200  71000.0  +.6    68950.0  last       435  69200.0  75400.0   .27    2    -4.3  raise stop
ETH   S        9,800  2450.00  +.2    2524.00  mark       295  2519.00  2290.00   .29    1    +2.0  ok
CLUSTER BTC ETH DOGE net 597 gross 1,164 cap 381 OVER
FINDINGS 3 (1 critical) -> risk-manager explain DOGEUSDT   CRITICAL"""

FLAT = """\
ROOM -- (no daily limit: set [risk] daily_loss_limit_frac)   if all stops fill 0 USD
eq 25,410  day -312  joint liq --  MMR 9%  NAKED 0  resting entries 0  data 2s
no open positions (read and proven)
FINDINGS 0   NORMAL"""

UNKNOWN = """\
UNKNOWN: account venue_unavailable, orders venue_unavailable, positions malformed_answer. No all-clear.
ROOM -- (equity not known)   if all stops fill -- USD
eq --  day --  joint liq --  MMR --  NAKED ?  resting entries --  data --
POSITIONS could not be read. This is not an empty book.
FINDINGS 1 (1 unknown)   UNKNOWN"""


@pytest.mark.parametrize(("analysis", "screen"), [(analyses.demo, DEMO), (analyses.flat, FLAT), (analyses.unknown, UNKNOWN)])
def test_the_screen_as_ruled(analysis: object, screen: str) -> None:
    assert screen_text(analysis()) == screen  # type: ignore[operator]


@pytest.mark.parametrize("make", ALL)
def test_no_line_is_wider_than_the_screen(make: object) -> None:
    assert max(len(line.text) for line in screen_lines(make())) <= WIDTH  # type: ignore[operator]


def test_a_crowded_screen_keeps_what_matters() -> None:
    head = next(line.text for line in screen_lines(analyses.many(3)) if line.text.startswith("SYM"))
    for name in ("mark", "STOP@EXCH", "can lose", "PLAN", "TGT", "p72h", "DO"):
        assert name in head.split() or name in head
    assert "ADL" not in head


def test_worst_first_then_the_largest_loss_and_an_unknown_loss_before_all() -> None:
    lost = replace(analyses.eth(), key=replace(analyses.eth().key, position_index=1), symbol="LOST")
    lost = replace(lost, protection=replace(lost.protection, can_lose_usd=None))
    small = replace(analyses.eth(), symbol="SMALL", protection=replace(analyses.eth().protection, can_lose_usd=D(5)))
    analysis = replace(
        analyses.demo(), positions=(small, analyses.eth(), lost, analyses.row(), analyses.unmodelled(), analyses.doge())
    )
    text = screen_text(analysis)
    places = [text.index(f"\n{name} ") for name in ("DOGE", "NEW", "BTC", "LOST", "ETH", "SMALL")]
    assert places == sorted(places)


def _styles(analysis: Analysis) -> set[str]:
    return {str(span.style) for span in screen_rich(analysis).spans}


def test_green_is_only_for_a_normal_book_on_fresh_data() -> None:
    assert "green" in _styles(analyses.calm())
    for make in (analyses.demo, analyses.unknown, analyses.stale, analyses.hedged):
        assert not any("green" in style for style in _styles(make()))


def test_green_never_shows_on_stale_data_even_if_the_verdict_says_normal() -> None:
    wrong = replace(analyses.stale(), verdict=Verdict.NORMAL)
    assert not any("green" in style for style in _styles(wrong))


def test_colour_repeats_the_words() -> None:
    assert screen_rich(analyses.demo()).plain == DEMO + "\n"
    assert {"bold red", "yellow"} <= _styles(analyses.demo())


def test_stale_and_unknown_are_loud() -> None:
    assert screen_text(analyses.stale()).startswith("STALE: quote BTCUSDT stale. No all-clear.")
    many = replace(
        analyses.demo(), data=analyses.data(**{f"quote bybit:linear:COIN{n}USDT": "venue_unavailable" for n in range(9)})
    )
    first = screen_text(many).splitlines()[0]
    assert first.startswith("UNKNOWN: quote COIN0USDT venue_unavailable")
    assert "and 6 more. No all-clear." in first


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"equity_usd": None}, "equity not known"),
        ({"day_limit_usd": None}, "no daily limit: set [risk] daily_loss_limit_frac"),
        ({"day_limit_usd": None, "equity_at_reset_usd": None}, "equity at the reset not known"),
        ({"day_left_usd": None}, "day's profit not known"),
        ({"loss_if_all_stops_fill_usd": None}, "loss if all stops fill not known"),
    ],
)
def test_a_missing_room_says_why(changes: dict[str, None], why: str) -> None:
    analysis = replace(analyses.demo(), book=analyses.book(room_usd=None, **changes))
    room = next(line for line in screen_lines(analysis) if line.text.startswith("ROOM"))
    assert room.text.startswith(f"ROOM -- ({why})")
    assert (room.verdict is Verdict.UNKNOWN) == ("not known" in why)


def test_room_without_equity_share_and_joint_liquidation_out_of_reach() -> None:
    book = analyses.book(equity_usd=D(0), room_usd=D(100), joint_liquidation_move_frac=None)
    lines = screen_text(replace(analyses.demo(), book=book)).splitlines()
    assert lines[0].startswith("ROOM 100 USD   day left")
    assert "joint liq none" in lines[1]


def test_hedge_legs_are_two_positions_and_holdings_a_line_of_their_own() -> None:
    text = screen_text(analyses.hedged())
    assert "\nBTC L " in text
    assert "\nBTC S " in text
    assert "72900.0 50%" in text
    assert "302!" in text
    assert "HOLDINGS BTC 21,300   stress loss 0" in text
    assert full_name(analyses.hedged().positions[1]) == "BTCUSDT#2"  # type: ignore[index]


def test_many_holdings_are_cut() -> None:
    held = analyses.hedged().holdings[0]
    analysis = replace(analyses.flat(), holdings=tuple(replace(held, coin=f"C{n}") for n in range(8)))
    assert "C5 21,300 and 2 more" in screen_text(analysis)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (ProtectionState.NAKED, "NONE"),
        (ProtectionState.UNKNOWN, "?"),
        (ProtectionState.ASLEEP, "ASLEEP"),
        (ProtectionState.WRONG_SIDE, "WRONG"),
        (ProtectionState.BEYOND_LIQUIDATION, "BEYOND LIQ"),
    ],
)
def test_what_does_not_protect_is_named_not_priced(state: ProtectionState, word: str) -> None:
    bad = analyses.protection(state, "68950", covered=0.0, lose="500", assumed="500")
    line = screen_text(replace(analyses.demo(), positions=(analyses.row(protection=bad),))).splitlines()[3]
    assert f" {word} " in line
    assert "68950" not in line


def test_levels_left_behind_say_so() -> None:
    passed = analyses.finding("stop_passed", Severity.WARNING, "main/BTCUSDT", "passed")
    row = analyses.row(stop_loss=None, take_profit=None, dynamic_p_tp=None, findings=(passed,))
    line = screen_text(replace(analyses.demo(), positions=(row,))).splitlines()[3]
    assert line.split()[8:11] == ["passed", "--", "--"]


def test_names_from_outside_are_made_safe() -> None:
    row = analyses.row("\x1b[2JEVIL\u202eUSDT", Side.SHORT)
    text = screen_text(replace(analyses.demo(), positions=(row,)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "?[2JEVIL?" in text


def test_the_screen_depends_on_nothing_but_the_analysis() -> None:
    later = replace(analyses.demo(), as_of=analyses.AS_OF + timedelta(hours=1))
    assert screen_text(analyses.demo()) == screen_text(analyses.demo())
    assert "resets 08:56h" in screen_text(later)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("main/BTCUSDT#2", "BTCUSDT#2"),
        ("quote bybit:linear:BTCUSDT", "quote BTCUSDT"),
        ("entry main/BTCUSDT#1", "entry BTCUSDT#1"),
        ("rate USDT", "rate USDT"),
        ("bars bybit:spot:BTCUSDT", "bars BTCUSDT spot"),
        ("book", "book"),
        ("BTC ETH DOGE", "BTC ETH DOGE"),
    ],
)
def test_subjects_are_shortened(subject: str, name: str) -> None:
    assert subject_name(subject) == name


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(*[st.text(alphabet="abc9.", max_size=14)] * 5), max_size=4),
    st.integers(40, 120),
)
def test_a_table_always_fits(rows: list[tuple[str, ...]], width: int) -> None:
    columns = [
        Column("one", right=False),
        Column("two", may_go=1),
        Column("three"),
        Column("four", may_go=0),
        Column("DO", right=False),
    ]
    lines = fit_table(columns, rows, width)
    assert len(lines) == len(rows) + 1
    assert all(len(line) <= width for line in lines)


def test_a_table_with_nothing_to_spare_is_cut_not_broken() -> None:
    lines = fit_table([Column("first", right=False), Column("DO", right=False)], [("a" * 30, "b" * 30)], 20)
    assert lines == ["first..", "a" * 18 + ".."]
