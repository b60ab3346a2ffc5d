"""Texts about trades that are only thought of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import analyses
from books import instrument

from market_analysis.domain import Severity
from market_analysis.report.trade import comparison_text, levels_text, size_text
from market_analysis.risk.sizing import SizePlan
from market_analysis.risk.types import Verdict
from market_analysis.risk.what_if import compare

D = Decimal


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_levels_with_their_distances_and_horizon() -> None:
    shown = lines(levels_text(analyses.row()))
    assert shown[0] == ["BTCUSDT", "long"]
    assert ["stop", "69200.0", "2.54%", "away,", "k", "2.20"] in shown
    assert ["target", "first", ".27", "within", "72", "h,", "standard", "error", "0.004"] in shown
    assert ["size", "0.09", "risks", "127", "USD"] in shown


def test_levels_of_what_cannot_be_modelled() -> None:
    shown = lines(levels_text(analyses.unmodelled()))
    assert ["size", "none:", "not_modelled", "risks", "--", "USD"] in shown
    assert not any(line[:2] == ["target", "first"] for line in shown)


def test_a_size_and_its_arithmetic() -> None:
    plan = SizePlan(D("0.09"), None, "", 127.05, 1411.67, 127.05)
    text = size_text(plan, instrument("BTC"), D("71000"), D("69667"), D("25410"), 0.005)
    shown = lines(text)
    assert shown[0] == ["size", "0.09", "BTCUSDT,", "lot", "0.001"]
    assert ["budget", "0.50%", "of", "25,410", "=", "127", "USD"] in shown
    assert ["stop", "69667.00", "1.88%", "away"] in shown


def test_a_refused_size_says_why() -> None:
    plan = SizePlan(None, "below_min_notional", "the budget buys a notional of 3, the minimum is 5", 1.0, 10.0, None)
    text = size_text(plan, instrument("BTC"), D("71000"), D("69667"), D("200"), 0.005)
    assert text.splitlines()[0] == "BTCUSDT: no size (below_min_notional): the budget buys a notional of 3, the minimum is 5"


def test_the_book_before_and_after() -> None:
    before = analyses.demo()
    late = analyses.finding("room_negative", Severity.WARNING, "book", "the day's limit is passed by 690 USD")
    quiet = analyses.finding("target_passed", Severity.INFO, "main/BTCUSDT", "quiet")
    after = replace(
        before,
        verdict=Verdict.WARNING,
        book=analyses.book(
            room_usd=D(-690), naked_count=0, total_positions=4, risk_of_equity_frac=0.0655, portfolio_scale=0.8, available_usd=None
        ),
        clusters=(replace(analyses.CLUSTER, risk_usd=D(700)), replace(analyses.CLUSTER, name="SOL", over_cap=False, cap_usd=None)),
        findings=(late, quiet, *before.findings[1:]),
    )
    text = comparison_text(compare(before, after))
    shown = lines(text)
    assert shown[0] == ["before", "after"]
    assert shown[1] == ["ROOM,", "USD", "-190", "-690"]
    assert ["all", "stops,", "of", "equity", "4.58%", "6.55%"] in shown
    assert ["NAKED", "positions", "1", "0"] in shown
    assert ["available,", "USD", "21,800", "--"] in shown
    assert ["cluster", "BTC", "ETH", "DOGE,", "USD", "597", "of", "381", "OVER", "700", "of", "381", "OVER"] in shown
    assert ["cluster", "SOL,", "USD", "-", "597"] in shown
    assert "verdict CRITICAL -> WARNING" in text
    assert "new findings:\n  WARNING  book: the day's limit is passed by 690 USD" in text
    assert "settled findings:\n  CRITICAL DOGEUSDT: no resting stop" in text
    assert "quiet" not in text


def test_a_trade_that_changes_nothing_and_figures_without_a_name() -> None:
    same = comparison_text(compare(analyses.demo(), analyses.demo()))
    assert same == "nothing changes\nverdict CRITICAL -> CRITICAL"
    after = replace(analyses.demo(), book=analyses.book(unexplained_usd=D(12), equity_usd=D(25400), day_fees_usd=D("-21.41")))
    shown = lines(comparison_text(compare(analyses.demo(), after)))
    assert [line[0] for line in shown[1:-1]] == ["equity,", "unexplained_usd"]
