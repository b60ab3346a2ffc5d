"""The explanation of a position: who is meant, and that the printed arithmetic comes out."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import analyses
import pytest

from market_analysis.domain import Category, MarginMode, Side
from market_analysis.errors import DataUnknownError, UsageError
from market_analysis.report.explain import explain, find_position
from market_analysis.report.layout import WIDTH
from market_analysis.report.names import full_name
from market_analysis.risk.types import PositionReport, ProtectionState, RestingStop
from market_analysis.settings import PortfolioSettings, RiskSettings, Settings

D = Decimal
SECTIONS = ("VERDICT", "POSITION NOW", "VOLATILITY", "LEVELS", "ODDS", "SIZE", "CAN LOSE")


def text_of(row: PositionReport, settings: Settings | None = None) -> str:
    return explain(replace(analyses.demo(), positions=(row,)), full_name(row), settings or Settings())


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", ["BTCUSDT", "btcusdt", "BTC", " btc ", "Btc"])
def test_a_position_by_its_symbol(name: str) -> None:
    assert find_position(analyses.demo(), name).symbol == "BTCUSDT"


def test_hedge_legs_by_their_suffix() -> None:
    assert find_position(analyses.hedged(), "btcusdt#2").side is Side.SHORT
    assert find_position(analyses.hedged(), "BTC#1").side is Side.LONG


def test_an_ambiguous_name_lists_its_candidates() -> None:
    with pytest.raises(UsageError, match="'BTC' may be any of BTCUSDT#1, BTCUSDT#2"):
        find_position(analyses.hedged(), "BTC")


@pytest.mark.parametrize("name", ["XRP", "", "BTCUSDT#7", "#", "USDT"])
def test_an_unknown_name_lists_what_is_known(name: str) -> None:
    with pytest.raises(UsageError, match="known are BTCUSDT, ETHUSDT, DOGEUSDT"):
        find_position(analyses.demo(), name)


def test_an_exact_symbol_wins_over_a_prefix() -> None:
    perp, spot = analyses.row("BTCPERP"), analyses.row("BTCUSDT")
    analysis = replace(analyses.demo(), positions=(perp, spot, analyses.row("BTCUSD")))
    assert find_position(analysis, "BTCUSD").symbol == "BTCUSD"
    assert find_position(analysis, "btc").symbol == "BTCUSDT"
    assert find_position(analysis, "btcp").symbol == "BTCPERP"


def test_flat_and_unread_books() -> None:
    with pytest.raises(UsageError, match="there are no open positions"):
        find_position(analyses.flat(), "BTC")
    with pytest.raises(DataUnknownError, match="could not be read"):
        explain(analyses.unknown(), "BTC", Settings())


def test_a_name_from_outside_cannot_drive_the_terminal() -> None:
    with pytest.raises(UsageError) as caught:
        find_position(analyses.demo(), "\x1b[2J")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("name", ["BTC", "ETH", "DOGE"])
def test_sections_and_width(name: str) -> None:
    text = explain(analyses.demo(), name, Settings())
    places = [text.index(f"\n{section}") for section in SECTIONS]
    assert places == sorted(places)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.isascii()


def test_the_blend_is_a_sum_that_comes_out() -> None:
    text = one_line(text_of(analyses.row()))
    terms = re.findall(r"(0\.\d+) x (\d\.\d+)% \((?:garch|har|atr)\)", text)
    assert len(terms) == 3
    total = sum(float(weight) * float(sigma) for weight, sigma in terms)
    assert f"= {total:.3f}%" in text
    assert "Fallback chain garch" in text


def test_fallbacks_are_open() -> None:
    base = analyses.volatility()
    dropped = replace(base.models[0], status="dropped", weight=0.0, issues=("not_stationary",), sigma_h=None)
    report = replace(base, models=(dropped, *base.models[1:]), fallback_chain=("garch", "ewma", "garch_har_outlier_guard"))
    text = one_line(text_of(analyses.row(volatility=report)))
    assert "garch -> ewma -> garch_har_outlier_guard" in text
    assert "garch: dropped, sigma --, weight 0.000" in text
    assert "issues: not_stationary" in text
    assert "GARCH is above 2 times HAR" in text


def test_levels_say_where_they_come_from() -> None:
    text = one_line(text_of(analyses.row()))
    assert "R0, one R 1333 in price: distance of the planned stop" in text
    assert "(71000.0 - 70200.0) x +1 / 1333 = +.60 R" in text
    assert "k 2.20 from [stops] for leverage 10.0x" in text
    assert "70277.3 = E and both fees" in text
    assert "the largest m of 2 to 6 by 0.25 with P(target) >= 0.25 within 72 h and reward to risk >= 1.5" in text
    assert "E + side x 1.5 x R0 = 72199.5, closes 0.08 (40%)" in text


def test_other_roads_to_the_levels() -> None:
    row = analyses.row(
        anchor_estimated=True, r0_source="first_protective_stop", k_eff=3.1, leverage=None, tp2=None, sigma_H=None, tp1=None
    )
    text = one_line(text_of(row))
    assert "ESTIMATED: fills or bars do not reach back" in text
    assert "first protective stop that rested on the loss side of E" in text
    assert "raised to 3.100: at least 1 ATR or 3 times the costs away" in text
    assert "leverage not known" in text
    assert "R0: void" in text
    assert "would be not known" in text


def test_odds_carry_horizon_error_and_method() -> None:
    text = text_of(analyses.row())
    section = text[text.index("\nODDS") : text.index("\nSIZE")]
    assert "Target first          .27 within 72 h" in section
    assert "10000 paths of 72 hourly bars" in section
    assert "+-0.01" in section
    for line in section.splitlines():
        for p in re.findall(r"(?<![\d.])\.\d+", line):
            assert len(p) == 3 or p == ".005"
            assert "72 h" in line or "standard error" in line


def test_closed_form_odds_and_none() -> None:
    chance = replace(analyses.probabilities(), paths=0, method="static stop", standard_error=0.02, static_stop_p_tp=None)
    text = one_line(text_of(analyses.row(probabilities=chance, take_profit=None)))
    assert "too few residuals to simulate" in text
    assert "no target, so none within 72 h" in text
    assert "good to about +-0.04" in text
    assert "at most .02" in text
    assert "Check" not in text
    assert "No odds without a stop that is possible" in text_of(analyses.row(probabilities=None))


def test_size_is_budget_over_loss_and_adds_up() -> None:
    text = one_line(text_of(analyses.row()))
    assert "= risk fraction x equity = 0.500% x 25,410 = 127.05 USD at most" in text
    found = re.search(r"Loss per contract ([\d.]+) USD at that stop = ([\d.]+) by distance \+ ([\d.]+) by fees", text)
    assert found is not None
    loss, distance, costs = (float(part) for part in found.groups())
    assert loss == pytest.approx(distance + costs, abs=1)
    assert distance == 1333
    assert loss == pytest.approx(127.05 / 0.09, rel=1e-3)
    assert "after caps = 0.09" in text
    assert "0.2 = 2.22 times the plan; a warning above 1.2" in text


def test_an_inverse_contract_is_sized_in_coins() -> None:
    key = replace(analyses.row().key, instrument=analyses.instrument("BTCUSD", Category.INVERSE))
    coins = abs(1 / D("68867") - 1 / D("70200")) * D("68867")  # coins lost count at what they are worth at the stop
    row = analyses.row(
        "BTCUSD",
        key=key,
        position_size=D(14200),
        dollar_risk=D(5000) * (coins + D("0.002")),
        optimal_position_size=D(5000),
        dynamic_stop_loss=D("69200"),
    )
    text = one_line(text_of(row))
    assert f"= {coins:.5f} by distance + 0.002000 by fees" in text
    impossible = one_line(text_of(replace(row, r0=D(80000))))
    assert "by distance" not in impossible
    gone = replace(row, protection=analyses.protection(stop="68950", lose="450", quantity="14200"))
    assert "14200 x 2050.0 from the mark = 410 USD before costs" in one_line(text_of(gone))


def test_refusals_caps_and_bases() -> None:
    refused = analyses.row(size_refusal="below_min_notional", optimal_position_size=None, dollar_risk=None)
    assert "none: below_min_notional. A size that does not fit is refused, never clipped" in text_of(refused)
    noted = one_line(text_of(analyses.row(portfolio_scale=0.7, portfolio_note="cluster BTC planned risk 545 -> cap 381 USD")))
    assert "scaled by 0.700" in noted
    assert "* cluster BTC planned risk 545 -> cap 381 USD" in noted
    notional = Settings(risk=RiskSettings(base="notional", use_dynamic=False))
    text = one_line(text_of(analyses.row(risk_target_frac=0.025, dynamic_stop_loss=None, notional=None), notional))
    assert "risk fraction x notional = 2.500% x -- = -- USD" in text
    assert "not used ([risk] use_dynamic)" in text


def test_can_lose_stop_by_stop_adds_up() -> None:
    stops = (
        RestingStop("a", D("68950"), "last", D("0.1"), True, None),
        RestingStop("b", D("72000"), "mark", D("0.2"), False, "wrong_side"),
    )
    guard = replace(
        analyses.protection(ProtectionState.PARTIAL, "68950", covered=0.5, lose="1280", assumed="1070"),
        stops=stops,
        resting_take_profits=(D("75000"),),
    )
    text = one_line(text_of(analyses.row(protection=guard)))
    assert "0.1 x 2050.0 from the mark = 205 USD before costs" in text
    assert "(order b): does NOT count, wrong_side" in text
    assert "Uncovered 0.1, counted at a 15% gap" in text
    assert "205 + 1,070 + 5.00 = 1,280 USD from the mark" in text
    assert "Resting targets 75000.0" in text
    other = text_of(analyses.row(protection=guard), Settings(portfolio=PortfolioSettings(stress_gap_frac=0.25)))
    assert "counted at a 25% gap" in one_line(other)


def test_isolated_liquidation_is_a_test_and_cross_is_not() -> None:
    isolated = analyses.row(margin_mode=MarginMode.ISOLATED, liquidation_buffer_safe=False, liquidation_buffer_ratio=0.31)
    assert "|stop - liquidation| / |E - stop| = 0.31, at least 0.5 wanted: TOO THIN" in one_line(text_of(isolated))
    assert "an estimate under cross margin" in text_of(analyses.row())


def test_findings_with_rule_inputs_threshold_action() -> None:
    text = one_line(explain(analyses.demo(), "DOGE", Settings()))
    assert "CRITICAL naked_position: no resting stop protects 20000" in text
    assert "rule an active market reduce-only stop rests on the loss side" in text
    assert "inputs covered_frac = 0, mark = 0.1530, size = 20000" in text
    assert "threshold 1" in text
    assert "action ADD STOP" in text
    assert "every rule for a position was tested and holds" in explain(analyses.demo(), "ETH", Settings())
    bare = analyses.row(findings=(replace(analyses.NAKED, rule="", inputs={"x": None}, threshold=None, action=""),))
    assert "x = --" in text_of(bare)
    empty = analyses.row(findings=(replace(analyses.NAKED, rule="", inputs={}, threshold=None, action=""),))
    assert "rule " not in text_of(empty)[: text_of(empty).index("POSITION NOW")]


def test_an_unmodelled_position_is_explained_as_such() -> None:
    text = explain(analyses.hedged(), "new", Settings())
    assert "Not modelled; the findings say why" in text
    assert "No plan; the findings say why" in text
    assert "No stop rests at the exchange." in text
    unpriced = replace(analyses.unmodelled(), protection=analyses.protection(stop="68950", lose=None))
    assert "= -- USD before costs" in one_line(text_of(unpriced))


def test_doubtful_data_is_named_at_the_top() -> None:
    assert "NOT ALL DATA IS FRESH: quote BTCUSDT stale" in explain(analyses.stale(), "ETH", Settings())
    assert "NOT ALL DATA" not in explain(analyses.calm(), "ETH", Settings())
