"""Stress, liquidity, score and concentration of a book, by hand; what is unknown stays unknown."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import books
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from two_coins import BTC, ETH, INVERSE, long_btc, market, snapshot

from market_analysis.domain import Bars, MarginMode, Memory, Side, Snapshot
from market_analysis.risk.analyse import analyse
from market_analysis.risk.asset_classes import AssetClass, asset_class
from market_analysis.risk.assets import asset_of
from market_analysis.risk.book_structure import BookStructure, StressResult
from market_analysis.risk.exposure import Line
from market_analysis.risk.liquidity import position_liquidity
from market_analysis.risk.market_factor import MarketFactor
from market_analysis.risk.risk_score import WEIGHTS, risk_score
from market_analysis.risk.stress import Scenario, StressBook, scenarios, stress_result
from market_analysis.risk.stress_windows import stress_windows
from market_analysis.settings import PortfolioSettings, ProbSettings, Settings, StressScenario

D = Decimal
SETTINGS = Settings(prob=ProbSettings(paths=1_000))


def structure(now: Snapshot, settings: Settings = SETTINGS) -> BookStructure:
    return analyse(now, market(), Memory(), settings)[0].structure


def named(found: BookStructure, text: str) -> StressResult:
    return next(item for item in found.stress if item.name.startswith(text))


def test_the_shipped_days_are_falls_that_history_knows() -> None:
    found = {(window.date, moves.hours): moves for window in stress_windows() for moves in window.moves}
    assert len(found) == 10
    # Public record: BTC lost about half of its value from 12 to 13 March 2020, SOL more than 40 % on 8 and 9 November 2022.
    assert -0.55 < found["2020-03-12", 24].coins["BTC"] < -0.4
    assert found["2022-11-09", 24].coins["SOL"] < -0.4
    assert all(-0.7 < moves.other_coins < -0.05 for moves in found.values())
    assert all(moves.coins["BTC"] == min(moves.coins["BTC"], -0.15) for moves in found.values())


def test_a_long_loses_its_share_of_the_fall_and_the_rest_is_equity() -> None:
    found = structure(snapshot(long_btc()))
    crash = named(found, "Covid crash, 24 h")
    btc = stress_windows()[0].moves[0].coins["BTC"]
    assert float(crash.pnl_usd) == pytest.approx(7_000 * btc, abs=0.01)
    equity = float(analyse(snapshot(long_btc()), market(), Memory(), SETTINGS)[0].book.equity_usd or 0)
    assert float(crash.equity_after_usd or 0) == pytest.approx(equity + 7_000 * btc, abs=0.01)
    assert (crash.worst, crash.liquidated) == ("main/BTCUSDT", False)
    assert float(named(found, "BTC +20%").pnl_usd) == pytest.approx(1_400, abs=0.01)
    assert named(found, "BTC +20%").worst is None


def test_a_hedged_book_makes_nothing_of_any_day() -> None:
    found = structure(snapshot(long_btc(), books.position(INVERSE, Side.SHORT, "7000", 70_000)))
    assert all(abs(float(item.pnl_usd)) < 0.01 for item in found.stress)


def test_the_other_coin_follows_by_its_beta() -> None:
    now = snapshot(books.position(ETH, Side.SHORT, "1", 2_500))
    analysis, _ = analyse(now, market(), Memory(), SETTINGS)
    beta = (analysis.structure.concentration.beta_usd_per_percent or D(0)) / D(-25)  # type: ignore[union-attr]
    assert float(beta) == pytest.approx(0.8 * 6 / 4, abs=0.15)  # rho sigma_eth / sigma_btc
    expected = -2_500 * (0.8 ** float(beta) - 1)
    assert float(named(analysis.structure, "BTC -20%").pnl_usd) == pytest.approx(expected, rel=1e-3)


def test_a_margin_that_does_not_last_is_said() -> None:
    large = books.position(BTC, Side.LONG, "3", 70_000)
    wallet = replace(snapshot(large), orders=())
    found = structure(wallet)
    equity = float(found.stress[0].equity_after_usd or 0) - float(found.stress[0].pnl_usd)
    ruin = -equity / 210_000
    for item in found.stress:
        if item.kind == "historical":
            assert item.liquidated is (float(item.pnl_usd) / 210_000 < ruin + 0.02), item
    assert named(found, "BTC +10%").liquidated is False


def test_an_isolated_loss_ends_with_its_margin() -> None:
    position = replace(long_btc(), margin_mode=MarginMode.ISOLATED, initial_margin=D(300), unrealized_pnl=D(0))
    assert float(named(structure(snapshot(position)), "Covid crash, 24 h").pnl_usd) == -300.0


def test_days_of_the_users_own() -> None:
    factor = MarketFactor("BTC", {"BTC": 1.0, "ETH": 1.5, "SOL": 2.0}, frozenset())
    own = (
        StressScenario(name="by beta", moves={"btc": -0.2, "SOL": -0.5}),
        StressScenario(name="all else", moves={"ETH": 0.1}, other=-0.3),
        StressScenario(name="alone", moves={"ETH": 0.1}),
    )
    found = {item.name: item for item in scenarios(["BTC", "ETH", "SOL"], factor, {}, {}, own) if item.kind == "user"}
    assert found["by beta"].moves == {"BTC": -0.2, "ETH": pytest.approx(0.8**1.5 - 1), "SOL": -0.5}
    assert found["all else"].moves == {"BTC": -0.3, "ETH": 0.1, "SOL": -0.3}
    assert found["alone"].moves == {"BTC": 0.0, "ETH": 0.1, "SOL": 0.0}
    settings = SETTINGS.model_copy(update={"portfolio": PortfolioSettings(stress_scenarios=own)})
    assert named(structure(snapshot(long_btc()), settings), "by beta").pnl_usd == D(-1400)


def test_without_a_volatility_there_is_no_worst_case() -> None:
    factor = MarketFactor("BTC", {"BTC": 1.0}, frozenset())
    kinds = {item.kind for item in scenarios(["BTC"], factor, {"BTC": 1.0}, {}, ())}
    assert kinds == {"historical", "hypothetical"}
    worst = next(item for item in scenarios(["BTC"], factor, {"BTC": -5.0}, {"BTC": 0.05}, ()) if item.kind == "worst_case")
    assert worst.moves["BTC"] == pytest.approx(math.exp(2.3263478740408408 * 0.05) - 1)


@given(st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(-0.9, 3.0)), min_size=1, max_size=5))
def test_stress_adds_up(items: list[tuple[float, float]]) -> None:
    lines = tuple(Line(f"l{place}", f"A{place}", None, delta, None, None) for place, (delta, _) in enumerate(items))
    scenario = Scenario("s", "user", None, {f"A{place}": move for place, (_, move) in enumerate(items)}, "")
    found = stress_result(scenario, StressBook(lines, (math.inf,) * len(items), 1_000.0, None, margin_known=False))
    total = sum(delta * move for delta, move in items)
    assert float(found.pnl_usd) == pytest.approx(total, abs=0.01 + 1e-9 * abs(total))
    assert found.liquidated is None


def test_liquidity_by_hand() -> None:
    hours = 48
    times = np.arange(hours) * 3_600_000
    close = np.where(np.arange(hours) < 24, 100.0, 110.0)
    bars = Bars(60, times, close, close, close, close, np.full(hours, 10.0))
    found = position_liquidity("x", BTC.id, -2_400.0, 1.0, bars, 0.04, 0.1)
    mean = (24 * 10 * 100 + 24 * 10 * 110) / 2
    assert float(found.daily_volume_usd or 0) == pytest.approx(mean)
    assert found.days_to_exit == pytest.approx(2_400 / (0.1 * mean))
    assert found.impact_bps == pytest.approx(1e4 * 0.04 * math.sqrt(2_400 / mean))
    assert float(found.impact_usd or 0) == pytest.approx(2_400 * 0.04 * math.sqrt(2_400 / mean), abs=0.01)
    assert found.amihud_per_million_usd == pytest.approx(math.log(1.1) / (24 * 10 * 110 / 1e6))
    inverse = position_liquidity("x", INVERSE.id, 2_400.0, 1.0, bars, None, 0.1)
    assert float(inverse.daily_volume_usd or 0) == 240.0
    assert (inverse.impact_usd, inverse.reason) == (None, "no volatility is known")


def test_a_volume_that_is_not_known_is_no_number() -> None:
    short = Bars(60, np.arange(3) * 3_600_000, *(np.ones(3) for _ in range(5)))
    still = Bars(60, np.arange(24) * 3_600_000, *(np.ones(24) for _ in range(4)), np.zeros(24))
    for notional, rate, bars in ((None, 1.0, still), (5.0, None, still), (5.0, 1.0, None), (5.0, 1.0, short), (5.0, 1.0, still)):
        found = position_liquidity("x", BTC.id, notional, rate, bars, 0.04, 0.1)
        assert found.days_to_exit is None
        assert found.reason


SOME = dict.fromkeys(WEIGHTS, 0.1)


def test_the_score_by_hand() -> None:
    inputs = {
        "value_at_risk_95_1d_frac": 0.05,
        "leverage": 1.0,
        "hhi": 0.25,
        "drawdown_frac": 0.1,
        "correlation": 0.5,
        "days_to_exit": 0.0,
    }
    found = risk_score(inputs)
    assert found.score == pytest.approx(0.25 * 50 + 0.20 * 50 + 0.20 * 50 + 0.15 * 50 + 0.10 * 50 + 0.0)
    assert found.level == "medium"
    assert risk_score(dict.fromkeys(WEIGHTS, 0.0)).level == "low"
    assert risk_score(dict.fromkeys(WEIGHTS, 9.0)).score == pytest.approx(100.0)
    assert risk_score(dict.fromkeys(WEIGHTS, 9.0)).level == "critical"
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)


@given(st.sampled_from(sorted(WEIGHTS)), st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_the_score_rises_with_every_input(name: str, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert (risk_score(SOME | {name: low}).score or 0) <= (risk_score(SOME | {name: high}).score or 0)


def test_a_missing_input_is_not_a_zero() -> None:
    found = risk_score(SOME | {"drawdown_frac": None})
    assert (found.score, found.level) == (None, None)
    assert "drawdown_frac" in (found.reason or "")
    assert len(found.parts) == 5


def test_concentration_of_a_book() -> None:
    found = structure(snapshot(long_btc(), books.position(ETH, Side.SHORT, "1.4", 2_500))).concentration
    assert found is not None
    shares = np.array([7_000, 3_500]) / 10_500
    assert found.hhi == pytest.approx((shares**2).sum())
    assert found.largest_share == pytest.approx(2 / 3)
    assert found.mean_correlation == pytest.approx(0.8, abs=0.06)
    assert found.effective_assets == pytest.approx(2 / (1 + (found.mean_correlation or 0)))
    assert 1.0 < (found.effective_bets or 0) <= 2.0
    assert [item.name for item in found.classes] == ["major"]
    assert (found.classes[0].net_usd, found.classes[0].gross_usd) == (D(3500), D(10500))


def test_an_empty_and_an_unread_book() -> None:
    empty = structure(snapshot())
    assert empty.reason is None
    assert empty.concentration is not None
    assert (empty.concentration.hhi, empty.concentration.leverage) == (None, 0.0)
    assert all(item.pnl_usd == 0 for item in empty.stress)
    whole = snapshot(long_btc())
    for broken in (replace(whole, positions=books.unknown()), replace(whole, account=books.unknown())):
        found = structure(broken)
        assert "could not be read" in (found.reason or "")
        assert (found.concentration, found.stress, found.score) == (None, (), None)


def test_classes_go_by_the_coin_and_not_by_a_piece_of_the_symbol() -> None:
    assert asset_class(asset_of("1000PEPE")) is AssetClass.MEME
    assert asset_class("UNI") is AssetClass.DEFI
    assert asset_class("UNIFI") is AssetClass.ALTCOIN
    assert asset_class("USDT") is AssetClass.STABLECOIN
    assert asset_class("BTC") is AssetClass.MAJOR
