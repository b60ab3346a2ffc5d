"""The full text: document 003's sections, horizons beside every probability, widths, unknowns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import analyses
import pytest

from market_analysis.domain import Severity
from market_analysis.report.layout import WIDTH, note, pairs
from market_analysis.report.table import position_table
from market_analysis.report.text import full_text
from market_analysis.risk.types import Analysis, ProtectionState

D = Decimal
MAKERS = (analyses.demo, analyses.calm, analyses.flat, analyses.unknown, analyses.stale, analyses.hedged, analyses.many)
SECTIONS = (
    "RISK REPORT",
    "Generated: 2026-03-02 14:04:00 UTC",
    "PORTFOLIO SUMMARY",
    "ACCOUNT OVERVIEW",
    "INDIVIDUAL POSITION ANALYSIS",
    "RECOMMENDATIONS",
    "DATA QUALITY",
)
PARTS = (
    "Current Status:",
    "Volatility Analysis:",
    "Recommended Levels:",
    "Professional Analysis:",
    "Risk Management:",
    "Risk Assessment:",
)


@pytest.mark.parametrize("make", MAKERS)
def test_sections_in_document_003s_order(make: Callable[[], Analysis]) -> None:
    text = full_text(make())
    places = [text.index(name) for name in SECTIONS]
    assert places == sorted(places)
    assert text.isascii()
    assert text.endswith("\n")


@pytest.mark.parametrize("make", [maker for maker in MAKERS if maker is not analyses.many])
def test_the_text_is_no_wider_than_the_screen(make: Callable[[], Analysis]) -> None:
    assert max(map(len, full_text(make()).splitlines())) <= WIDTH


def test_every_position_has_every_part() -> None:
    text = full_text(analyses.demo())
    for part in PARTS:
        assert text.count(f" {part}\n") == 3


def test_the_account_names_document_003s_figures() -> None:
    text = full_text(analyses.demo())
    for line in (
        "Total equity            25,410 USD",
        "Available balance       21,800 USD",
        "Total unrealised PnL    +152 USD",
        "Today's realised PnL    -270 USD",
        "Today's combined PnL    -312 USD",
    ):
        assert line in text


@pytest.mark.parametrize("make", MAKERS)
def test_no_probability_without_its_horizon_and_none_finer_than_one_percent(make: Callable[[], Analysis]) -> None:
    text = full_text(make())
    words = re.findall(r"(?:target|at a loss|or better|still open|touches the stop with) ([<>]?[01]?\.\d+)", text)
    assert all(re.fullmatch(r"[<>]?1?\.\d\d", word) for word in words)
    for line in text.splitlines():
        if "Odds" in line or "Noise alone" in line:
            assert re.search(r"within \d+ h", line), line
        if " p " in line:
            assert re.search(r"p\d+h", line), line


def test_sigma_comes_with_its_money() -> None:
    assert "1.20% = 852.0 in price = 170 USD on the position" in full_text(analyses.demo())


def test_document_003s_table() -> None:
    head, *rows = position_table(analyses.demo()).splitlines()
    assert head.split() == ["Symbol", "Side", "Entry", "Price", "Size", "SL", "TP", "R:R", "Risk%", "k/m", "Trail", "Method"]
    assert [row.split()[0] for row in rows] == ["DOGE", "BTC", "ETH"]
    cells = "BTC L 70200.0 71000.0 0.2 69200.0 75400.0 2.20 0.50% 2.2/3.5 69200.0 garch+har+atr"
    assert rows[1].split() == cells.split()
    assert position_table(analyses.flat()).split()[0] == "Symbol"
    assert "BTC#2" in position_table(analyses.hedged())
    assert "--" in position_table(analyses.hedged())


def test_size_hints_never_ask_for_more() -> None:
    small = analyses.row(risk_deviation_ratio=0.3)
    text = full_text(replace(analyses.demo(), positions=(analyses.row(), small)))
    assert "POSITION SIZE TOO LARGE: 2.22 times the planned size" in text
    assert "POSITION SIZE SMALL: 0.30 times the planned size; that is no reason to add" in text


def test_a_plan_is_not_protection() -> None:
    text = full_text(analyses.demo())
    assert "Stop at exchange      NONE, naked, covers 0% of the size" in text
    assert "459 of it by the assumed stress gap" in text


def test_recommendations_name_action_and_next_command() -> None:
    text = full_text(analyses.demo())
    assert "  CRITICAL DOGEUSDT: no resting stop protects 20000" in text
    assert "-> ADD STOP" in text
    assert "risk-manager explain DOGEUSDT" in text
    assert "Nothing needs attention." in full_text(analyses.flat())
    quiet = analyses.finding("target_passed", Severity.INFO, "main/ETHUSDT", "the target lies behind the mark")
    informed = full_text(replace(analyses.calm(), findings=(quiet,)))
    assert "To know:\n  INFO     ETHUSDT: the target lies behind the mark" in informed


def test_what_is_not_known_is_said() -> None:
    unread = full_text(analyses.unknown())
    assert "Positions could not be read. This is not an empty book." in unread
    assert re.search(r"account +VENUE_UNAVAILABLE  account was not readable", unread)
    text = full_text(analyses.hedged())
    assert "not modelled" in text
    assert "none (not_modelled)" in text
    assert "No open positions (read and proven)." in full_text(analyses.flat())


@pytest.mark.parametrize(("safe", "word"), [(True, "safe"), (False, "TOO THIN")])
def test_the_liquidation_buffer(safe: bool, word: str) -> None:
    row = analyses.row(liquidation_buffer_safe=safe, liquidation_buffer_ratio=0.7, portfolio_note="cluster BTC capped")
    text = full_text(replace(analyses.demo(), positions=(row,)))
    assert f"62000.0; {word}, stop to liquidation 0.70 R" in text
    assert "* cluster BTC capped" in text


def test_a_dropped_model_is_named() -> None:
    base = analyses.volatility()
    dropped = replace(base.models[0], status="dropped", weight=0.0, sigma_h=None)
    row = analyses.row(volatility=replace(base, models=(dropped, *base.models[1:])))
    assert "garch dropped, har" in full_text(replace(analyses.demo(), positions=(row,)))


def test_a_partial_stop_in_the_text() -> None:
    part = analyses.protection(ProtectionState.PARTIAL, "68950", covered=0.5, lose="700", assumed="500")
    assert "68950.0 on last, partial, covers 50% of the size" in full_text(
        replace(analyses.demo(), positions=(analyses.row(protection=part),))
    )


def test_layout_keeps_columns() -> None:
    body = pairs([("Label", "word " * 40)])
    assert all(line.startswith(" " * 24) for line in body.splitlines()[1:])
    assert note("word " * 40).splitlines()[1].startswith("    word")


def test_the_same_finding_of_several_positions_is_said_once() -> None:
    notes = tuple(
        analyses.finding("target_unreachable", Severity.INFO, f"main/{symbol}", "no multiple in 2..6")
        for symbol in ("AUSDT", "BUSDT")
    )
    text = full_text(replace(analyses.calm(), findings=notes))
    assert "INFO     AUSDT, BUSDT: no multiple in 2..6" in text


def test_data_quality_groups_what_is_fresh_and_keeps_spot_apart() -> None:
    base = analyses.stale().data
    parts = {**base.parts, "quote bybit:spot:BTCUSDT": "ok", "bars bybit:linear:BTCUSDT": "ok"}
    text = full_text(replace(analyses.stale(), data=replace(base, parts=parts)))
    assert re.search(r"quote BTCUSDT +STALE  quote", text)
    assert re.search(r"quote +ok  DOGEUSDT, ETHUSDT, BTCUSDT spot", text)
    assert re.search(r"bars +ok  BTCUSDT 1600 closed 1h \(0 missing\)", text)
