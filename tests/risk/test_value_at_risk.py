"""The tail of a book, from a snapshot: known markets, hedges, caps, what is unknown, and the backtest of the very book."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import books
import numpy as np
import pytest
from two_coins import BTC, ETH, INVERSE, long_btc, market, snapshot

from market_analysis.domain import History, MarginMode, Memory, Side, Snapshot
from market_analysis.quant.value_at_risk.losses import line_losses
from market_analysis.quant.value_at_risk.measures import tail_measure
from market_analysis.risk.analyse import analyse
from market_analysis.risk.value_at_risk import LEAST_SCENARIOS, book_scenarios
from market_analysis.risk.value_at_risk_backtest import book_backtests
from market_analysis.risk.value_at_risk_report import ValueAtRiskReport
from market_analysis.settings import ProbSettings, Settings

D = Decimal
SETTINGS = Settings(prob=ProbSettings(paths=1_000))


def tail(now: Snapshot, history: History | None = None, settings: Settings = SETTINGS) -> ValueAtRiskReport:
    analysis, _ = analyse(now, history or market(), Memory(), settings)
    return analysis.value_at_risk


def usd(report: ValueAtRiskReport, days: int, confidence: float) -> tuple[float, float]:
    figure = next(item for item in report.figures if (item.horizon_days, item.confidence) == (days, confidence))
    return float(figure.value_at_risk_usd), float(figure.expected_shortfall_usd)


def test_a_walk_of_known_volatility_has_the_normal_tail() -> None:
    """7,000 dollars long at .4 % an hour, that is 1.96 % a day: VaR 99 % about 2.33 x 137 = 319 dollars."""
    report = tail(snapshot(long_btc()))
    sigma = 7_000 * 0.004 * 24**0.5
    assert report.reason is None
    assert usd(report, 1, 0.99)[0] == pytest.approx(2.326 * sigma, rel=0.3)
    assert usd(report, 1, 0.95)[0] == pytest.approx(1.645 * sigma, rel=0.3)
    assert float(report.parametric_99_1d_usd or 0) == pytest.approx(2.326 * sigma, rel=0.3)
    assert float(report.historical_99_1d_usd or 0) == pytest.approx(2.326 * sigma, rel=0.3)
    assert usd(report, 5, 0.99)[0] == pytest.approx(2.326 * sigma * 5**0.5, rel=0.35)
    for days in (1, 5):
        assert usd(report, days, 0.99)[0] > usd(report, days, 0.95)[0] > 0
        assert usd(report, days, 0.99)[1] >= usd(report, days, 0.99)[0]


def test_the_parts_sum_to_the_whole_and_the_hedge_is_negative() -> None:
    report = tail(snapshot(long_btc(), books.position(ETH, Side.SHORT, "1", 2_500)))
    var, shortfall = usd(report, 1, 0.99)
    assert sum(float(part.expected_shortfall_usd) for part in report.components) == pytest.approx(shortfall, abs=0.001)
    assert sum(float(part.value_at_risk_usd) for part in report.components) == pytest.approx(var, abs=0.001)
    parts = {part.subject: float(part.expected_shortfall_usd) for part in report.components}
    assert parts["main/BTCUSDT"] > 0 > parts["main/ETHUSDT"]
    assert var < usd(tail(snapshot(long_btc())), 1, 0.99)[0]


def test_an_inverse_short_hedges_the_same_coin() -> None:
    pair = tail(snapshot(long_btc(), books.position(INVERSE, Side.SHORT, "7000", 70_000)))
    assert abs(usd(pair, 1, 0.99)[0]) < 0.01 * usd(tail(snapshot(long_btc())), 1, 0.99)[0]


def test_an_isolated_position_loses_no_more_than_its_margin() -> None:
    position = replace(long_btc(), margin_mode=MarginMode.ISOLATED, initial_margin=D(100), unrealized_pnl=D(20))
    report = tail(snapshot(position))
    assert usd(report, 1, 0.99) == (pytest.approx(120.0), pytest.approx(120.0))
    drained = replace(position, unrealized_pnl=D(-150))
    assert usd(tail(snapshot(drained)), 5, 0.99)[0] == 0.0


def test_a_proven_empty_book_loses_nothing() -> None:
    report = tail(snapshot())
    assert (report.reason, report.components) == (None, ())
    assert {float(figure.expected_shortfall_usd) for figure in report.figures} == {0.0}
    assert report.backtest_reason == "no exposure with history"


def test_what_could_not_be_read_has_no_figures() -> None:
    whole = snapshot(long_btc())
    for broken in (replace(whole, positions=books.unknown()), replace(whole, account=books.unknown())):
        report = tail(broken)
        assert "could not be read" in (report.reason or "")
        assert (report.figures, report.components, report.parametric_99_1d_usd) == ((), (), None)
    nameless = replace(whole, instruments={**whole.instruments, BTC.id: books.unknown()})
    assert "no value in dollars" in (tail(nameless).reason or "")


def test_a_line_without_history_counts_at_the_stress_gap_in_the_open() -> None:
    history = market()
    without = books.history({**history.hourly, ETH.id: books.unknown()})  # type: ignore[dict-item]
    alone = usd(tail(snapshot(long_btc()), without), 1, 0.99)[1]
    report = tail(snapshot(long_btc(), books.position(ETH, Side.SHORT, "1", 2_500)), without)
    part = next(item for item in report.components if item.subject == "main/ETHUSDT")
    assert part.assumed
    assert float(part.expected_shortfall_usd) == pytest.approx(0.15 * 2_500)
    assert usd(report, 1, 0.99)[1] == pytest.approx(alone + 375.0, rel=1e-6)


def test_too_few_days_in_common_are_refused_by_name() -> None:
    report = tail(snapshot(long_btc()), market(count=700))
    assert f"at least {LEAST_SCENARIOS}" in (report.reason or "")
    short = tail(snapshot(long_btc()), market(count=1_500))
    assert short.reason is None
    assert short.backtests == ()
    assert "could be judged" in (short.backtest_reason or "")


def test_same_input_same_figures_and_the_seed_moves_five_days_only() -> None:
    first, again = (tail(snapshot(long_btc())) for _ in range(2))
    other = tail(snapshot(long_btc()), settings=SETTINGS.model_copy(update={"seed": 99}))
    assert first == again
    assert usd(first, 1, 0.99) == usd(other, 1, 0.99)
    assert usd(first, 5, 0.99) != usd(other, 5, 0.99)


def test_the_backtest_by_a_slow_loop() -> None:
    rng = np.random.default_rng(4)
    start_ms = np.arange(0, 140 * 24, 4) * 3_600_000
    z = rng.standard_t(5, (start_ms.size, 2))
    sigma = 0.03 * np.exp(0.3 * rng.standard_normal((start_ms.size, 2)))
    deltas, caps = np.array([1_000.0, -400.0]), np.array([np.inf, np.inf])
    (found, _), reason = book_backtests(start_ms, z, sigma, deltas, caps, (0.95, 0.99))
    breaches = days = 0
    for row, moment in enumerate(start_ms):
        if moment % 86_400_000 or moment < 61 * 86_400_000:
            continue
        past = z[[at for at, then in enumerate(start_ms) if then <= moment - 86_400_000]]
        past = np.clip(past - past.mean(axis=0), -5.0, 5.0)
        losses = sorted((-deltas @ np.expm1(row_z * sigma[row]) for row_z in past), reverse=True)
        days += 1
        breaches += -deltas @ np.expm1(z[row] * sigma[row]) > losses[int(np.ceil(round(0.05 * len(losses), 9))) - 1]
    assert reason is None
    assert (found.days, found.breaches) == (days, breaches)
    assert found.expected_breaches == pytest.approx(0.05 * days)


def test_the_scenarios_are_the_assets_own_days_together() -> None:
    now, history = snapshot(long_btc(), books.position(ETH, Side.SHORT, "1", 2_500)), market()
    from market_analysis.risk.exposure import Line
    from market_analysis.risk.volatility import fit_models

    models = fit_models(history, history.hourly, SETTINGS, now.as_of)
    lines = [Line("a", "BTC", None, 7_000.0, None, None), Line("b", "ETH", None, -2_500.0, None, None)]
    scenarios = book_scenarios(now, lines, models, SETTINGS)
    assert not isinstance(scenarios, str)
    assert np.corrcoef(scenarios.residuals.T)[0, 1] == pytest.approx(0.8, abs=0.1)
    both = tail_measure(line_losses(scenarios.residuals * scenarios.sigmas, scenarios.deltas, scenarios.caps), 0.95)
    assert both.expected_shortfall > 0
