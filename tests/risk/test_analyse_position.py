"""One position, whole: from a snapshot to a report, findings and verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache

import books
import pytest

from market_analysis.domain import (
    Account,
    Bars,
    Category,
    EntryHistory,
    ExecutionStyle,
    Finding,
    Instrument,
    MarginMode,
    Order,
    OrderSide,
    Position,
    PositionMemory,
    Quote,
    Severity,
    Side,
    Snapshot,
    Unknown,
)
from market_analysis.risk.position import analyse_position
from market_analysis.risk.position_findings import action_of, verdict_of
from market_analysis.risk.position_result import PositionResult
from market_analysis.risk.types import ProtectionState, Verdict
from market_analysis.risk.volatility import VolatilityModel, fit_models
from market_analysis.settings import PortfolioSettings, ProbSettings, RiskSettings, Settings, StopsSettings, VolSettings

SETTINGS = Settings(prob=ProbSettings(paths=2_000), vol=VolSettings(method="blend", garch_distribution="normal"))
"""The blend: the bars below are made so that its sigma leaves the levels where these tests want them."""
ITEM = books.instrument()
D = Decimal


@cache
def bars(last: float = 100.0, count: int = 1_200) -> Bars:
    """A quiet walk whose last three days stay within a fraction of a stop distance."""
    calm = books.correlated_returns([[1.0]], count=count, sigma=0.006, seed=21)[0]  # type: ignore[arg-type]
    calm[-60:] = 0.003 * ((-1.0) ** (calm[-60:] > 0))
    calm[-60:] -= calm[-60:].mean()
    return books.bars_from_returns(calm, last)


def held(
    side: Side = Side.LONG, quantity: float = 10, entry: float = 100, mark: float = 100, item: Instrument = ITEM, **more: object
) -> Position:
    return books.position(item, side, quantity, entry, mark, **more)  # type: ignore[arg-type]


def look(
    position: Position,
    *orders: Order,
    memory: PositionMemory | None = None,
    settings: Settings = SETTINGS,
    item: Instrument = ITEM,
    change: dict[str, object] | None = None,
    series: Bars | None = None,
) -> PositionResult:
    snapshot = replace(books.snapshot([position], [item], orders=orders), **(change or {}))  # type: ignore[arg-type]
    history = books.history({item.id: bars() if series is None else series})
    model = fit_models(history, [item.id], settings, snapshot.as_of)[item.id]
    return analyse_position(position, snapshot, history, memory, settings, model)


def codes(result: PositionResult) -> set[str]:
    return {finding.code for finding in result.report.findings}


def found(result: PositionResult, code: str) -> Finding:
    return next(finding for finding in result.report.findings if finding.code == code)


def planned(position: Position) -> Decimal:
    stop = look(position).report.dynamic_stop_loss
    assert stop is not None
    return stop


def test_a_protected_position_of_planned_size_is_normal() -> None:
    position = held()
    stop = books.stop_for(position, ITEM, planned(position))
    result = look(position, stop)
    report = result.report
    assert codes(result) <= {"target_unreachable"}
    assert (report.position_health, report.action_required) == (Verdict.NORMAL, "ok")
    assert report.protection.state is ProtectionState.PROTECTED
    assert report.stop_loss == stop.trigger_price
    assert report.stop_loss is not None
    assert report.take_profit is not None
    assert report.stop_loss < report.current_price < report.take_profit
    assert report.sl_distance == report.current_price - report.stop_loss
    assert report.sl_frac == pytest.approx(float(report.sl_distance) / 100)
    assert report.dynamic_p_tp == report.probabilities.p_tp if report.probabilities else False
    assert report.opened_at == books.AS_OF - timedelta(hours=50)
    assert not report.anchor_estimated
    assert result.sigma_day is not None
    assert report.sigma_H is not None
    assert result.sigma_day > report.sigma_H


def test_the_short_has_its_levels_on_the_other_side() -> None:
    report = look(held(Side.SHORT)).report
    assert report.stop_loss is not None
    assert report.take_profit is not None
    assert report.take_profit < report.current_price < report.stop_loss


def test_the_planned_size_risks_the_budget_costs_in() -> None:
    report = look(held()).report
    fraction = report.risk_target_frac
    assert fraction is not None
    assert report.dollar_risk is not None
    assert 0.0025 <= fraction <= 0.005
    assert float(report.dollar_risk) <= 10_000 * fraction + 1e-4
    assert float(report.dollar_risk) == pytest.approx(10_000 * fraction, rel=0.001)
    assert report.risk_deviation_ratio == pytest.approx(10 / float(report.optimal_position_size or 1))
    assert report.tp1_quantity is not None
    assert report.runner_quantity is not None
    assert report.tp1_quantity + (report.tp2_quantity or 0) + report.runner_quantity == 10
    assert report.dollar_reward is not None
    assert report.current_dollar_risk is not None
    assert float(report.current_dollar_risk / report.dollar_risk) == pytest.approx(report.risk_deviation_ratio, rel=1e-4)


def test_naked_is_critical_and_asks_for_a_stop() -> None:
    result = look(held())
    assert (result.report.position_health, result.report.action_required) == (Verdict.CRITICAL, "ADD STOP")
    assert found(result, "naked_position").rule
    assert result.can_lose_usd == pytest.approx(150 + 10 * 85 * 0.00105)
    assert result.report.protection.assumed_usd > 0


def test_findings_of_resting_stops_with_their_verdicts() -> None:
    position = held()
    plan = planned(position)
    wrong = look(position, books.stop_for(position, ITEM, 105))
    assert {"naked_position", "stop_wrong_side"} <= codes(wrong)
    assert found(wrong, "stop_wrong_side").severity is Severity.CRITICAL
    asleep = look(position, replace(books.stop_for(position, ITEM, 96), is_active=False))
    assert {"naked_position", "stop_asleep"} <= codes(asleep)
    partial = look(position, books.stop_for(position, ITEM, plan, 4))
    assert (partial.report.position_health, partial.report.action_required) == (Verdict.WARNING, "cover the rest")
    looser = look(position, books.stop_for(position, ITEM, plan - D("0.01")))
    assert (looser.report.position_health, looser.report.action_required) == (Verdict.WARNING, "raise stop")
    assert found(looser, "stop_looser_than_plan").threshold == str(plan)
    beyond = look(
        position, books.stop_for(position, ITEM, plan), replace(books.stop_for(position, ITEM, 99), style=ExecutionStyle.LIMIT)
    )
    assert found(beyond, "stop_is_limit").severity is Severity.INFO
    assert beyond.report.position_health is Verdict.NORMAL


def test_short_is_told_to_lower_its_stop() -> None:
    position = held(Side.SHORT)
    result = look(position, books.stop_for(position, ITEM, planned(position) + 1))
    assert result.report.action_required == "lower stop"


def test_isolated_liquidation_tests() -> None:
    near = held(margin_mode=MarginMode.ISOLATED, liquidation="99.5")
    stop = books.stop_for(near, ITEM, 99)
    result = look(near, stop)
    assert {"naked_position", "stop_beyond_liquidation", "planned_stop_beyond_liquidation"} <= codes(result)
    assert result.report.stop_loss is None
    assert result.report.probabilities is None
    assert result.report.size_refusal == "stop_beyond_liquidation"
    assert result.report.liquidation_buffer_safe is False
    plan = planned(held())
    thin = held(margin_mode=MarginMode.ISOLATED, liquidation=plan - D("0.2"))
    found_thin = look(thin, books.stop_for(thin, ITEM, plan))
    assert "liquidation_buffer_thin" in codes(found_thin)
    assert (found_thin.report.position_health, found_thin.report.action_required) == (Verdict.NORMAL, "add margin")
    cross = held(liquidation="99.5")
    assert look(cross, books.stop_for(cross, ITEM, plan)).report.liquidation_buffer_safe is None


def test_a_held_isolated_position_without_liquidation_price_is_not_given_one() -> None:
    position = held(margin_mode=MarginMode.ISOLATED, leverage=100)
    record = books.entry_history(position, ITEM, opened=books.AS_OF - timedelta(minutes=5))
    report = look(position, books.stop_for(position, ITEM, 99.9), change={"entries": {position.key: record}}).report
    assert report.size_refusal is None
    assert report.liquidation_buffer_safe is None


def test_a_tight_first_stop_does_not_buy_a_size_that_the_planned_stop_would_not_bear() -> None:
    position = held()
    record = books.entry_history(position, ITEM, opened=books.AS_OF - timedelta(minutes=5), first_stop=99.9)
    tight = look(position, change={"entries": {position.key: record}})
    memory, report = tight.memory, tight.report
    assert memory is not None
    assert memory.stop < 99
    assert report.optimal_position_size is not None
    assert report.risk_target_frac is not None
    at_plan = float(report.optimal_position_size) * (100 - memory.stop)
    assert at_plan <= 10_000 * report.risk_target_frac


def test_a_passed_stop_is_not_moved() -> None:
    position = held(mark=90)
    result = look(position, books.stop_for(position, ITEM, 85))
    assert (result.report.position_health, result.report.action_required) == (Verdict.WARNING, "exit or set your own")
    assert "stop_looser_than_plan" not in codes(result)
    assert (result.report.stop_loss, result.report.take_profit, result.report.probabilities) == (None, None, None)
    assert result.report.size_refusal == "stop_passed"
    assert "stop_passed: the planned stop lies behind the mark" in result.report.dynamic_reasons


def test_a_passed_target_is_information() -> None:
    position = held(mark=125)
    result = look(position, books.stop_for(position, ITEM, 120))
    assert "target_passed" in codes(result)
    assert result.report.position_health is Verdict.NORMAL
    assert result.report.take_profit is None
    assert result.report.dynamic_p_tp is None
    assert result.report.probabilities is not None
    assert result.report.probabilities.p_tp == 0.0
    assert result.report.risk_reward_ratio is None
    assert result.report.stop_loss == D(120)
    assert any("tighter than the plan" in line for line in result.report.dynamic_reasons)


def test_an_unreachable_target_keeps_the_base_and_is_said_once() -> None:
    settings = SETTINGS.model_copy(update={"prob": ProbSettings(paths=1_000, prob_target=0.99)})
    first = look(held(), settings=settings)
    assert found(first, "target_unreachable").severity is Severity.INFO
    assert first.report.m_eff == first.report.m_multiplier == 4.0
    again = look(held(), settings=settings, memory=first.memory)
    assert "target_unreachable" not in codes(again)
    assert again.report.m_eff == 4.0
    assert again.memory is not None
    assert not again.memory.target_reachable
    assert any(line.startswith("base m 4: at the anchor no multiple") for line in again.report.dynamic_reasons)


def test_size_above_plan_only_beyond_the_threshold() -> None:
    optimal = look(held()).report.optimal_position_size
    assert optimal is not None

    def at(factor: str) -> PositionResult:
        position = held(quantity=float(optimal * D(factor)))
        return look(position, books.stop_for(position, ITEM, planned(position)))

    result = at("1.25")
    assert "size_above_plan" not in codes(at("1.19"))
    assert found(result, "size_above_plan").threshold == 1.2
    assert result.report.action_required == "trim"


def test_memory_and_rebuild_give_the_same_report() -> None:
    first = look(held())
    again = look(held(), memory=first.memory)
    assert again.memory == first.memory
    assert again.report == replace(first.report, dynamic_reasons=again.report.dynamic_reasons, findings=again.report.findings)


def test_same_input_same_result_and_another_seed_another_sample() -> None:
    assert look(held()) == look(held())
    other = look(held(), settings=SETTINGS.model_copy(update={"seed": 1}))
    assert other.report.probabilities != look(held()).report.probabilities


def test_unreadable_orders_make_the_position_unknown() -> None:
    result = look(held(), change={"orders": books.unknown()})
    assert result.report.protection.state is ProtectionState.UNKNOWN
    assert (result.report.position_health, result.report.action_required) == (Verdict.UNKNOWN, "check orders at venue")
    assert "naked_position" not in codes(result)
    assert result.can_lose_usd is not None
    assert result.can_lose_usd > 150


def test_without_terms_the_position_still_appears_at_its_worst() -> None:
    result = look(held(), change={"instruments": {ITEM.id: books.unknown()}})
    assert (result.report.position_health, result.report.action_required) == (Verdict.CRITICAL, "ADD STOP")
    assert found(result, "not_modelled").inputs["reason"] == "instrument_unknown"
    assert result.can_lose_usd == pytest.approx(150 + 10 * 85 * 0.0011)
    assert (result.report.stop_loss, result.report.optimal_position_size, result.memory) == (None, None, None)
    assert result.report.size_refusal == "not_modelled"
    inverse = books.instrument("ETH", Category.INVERSE)
    position = held(item=inverse, entry=100)
    blind = look(position, item=inverse, change={"instruments": {}}, series=bars())
    assert blind.can_lose_usd is None
    assert blind.report.funding_per_day_usd is None


@pytest.mark.parametrize(("series", "reason"), [("short", "not_enough_bars"), ("none", "not_read")])
def test_without_a_model_memory_is_kept(series: str, reason: str) -> None:
    position = held()
    memory = look(position).memory
    snapshot = books.snapshot([position], [ITEM])
    history = books.history({ITEM.id: bars()[:50]})
    model = fit_models(history, [ITEM.id], SETTINGS, snapshot.as_of)[ITEM.id] if series == "short" else None
    result = analyse_position(position, snapshot, history, memory, SETTINGS, model)
    assert found(result, "not_modelled").inputs["reason"] == reason
    assert result.memory == memory
    assert result.sigma_day is None
    assert result.report.volatility is None


def test_a_model_that_breaks_is_flagged_not_raised() -> None:
    position = held()
    snapshot, history = books.snapshot([position], [ITEM]), books.history({ITEM.id: bars()})
    model = fit_models(history, [ITEM.id], SETTINGS, snapshot.as_of)[ITEM.id]
    assert isinstance(model, VolatilityModel)
    broken = replace(model, residuals=-model.series.bars.close.reshape(-1, 3))
    result = analyse_position(position, snapshot, history, None, SETTINGS, broken)
    assert found(result, "not_modelled").inputs["reason"] == "model_failed"
    absurd = replace(model, series=replace(model.series, atr=model.series.atr * 1_000))
    result = analyse_position(position, snapshot, history, None, SETTINGS, absurd)
    assert found(result, "not_modelled").inputs["reason"] == "no_stop_possible"


def test_unknown_equity_refuses_the_size_and_nothing_else() -> None:
    result = look(held(), change={"account": books.unknown()})
    assert (result.report.optimal_position_size, result.report.size_refusal) == (None, "no_equity")
    assert result.report.stop_loss is not None
    assert result.planned_risk_usd is None


def test_unknown_fills_are_estimated_from_first_sight() -> None:
    result = look(held(), change={"entries": {}})
    assert result.report.anchor_estimated
    assert result.report.opened_at is None
    assert result.report.stop_loss is not None
    assert any("anchor_estimated" in line for line in result.report.dynamic_reasons)
    under = look(held(entry=100, mark=80), change={"entries": {}}, series=bars(80.0))
    assert "stop_passed" in codes(under)
    assert under.report.m_eff == 4.0


def test_the_first_protective_stop_is_the_unit_of_r() -> None:
    position = held(mark=101)
    record = books.entry_history(position, ITEM, first_stop=98)
    result = look(position, books.stop_for(position, ITEM, 98), change={"entries": {position.key: record}})
    assert (result.report.r0, result.report.r0_source) == (D(2), "first_protective_stop")
    assert result.report.r_multiple == pytest.approx(0.5)
    assert result.report.protection.can_lose_from_entry_r == pytest.approx(1.0 + 98 * 0.00105 / 2)


def test_a_reduced_position_has_its_scale_outs_behind_it() -> None:
    position = held(quantity=3)
    opening = books.entry_history(position, ITEM).fills[0]
    fills = (
        replace(opening, quantity=D(10)),
        replace(opening, fill_id="x", side=OrderSide.SELL, quantity=D(7), closed_quantity=D(7)),
    )
    result = look(position, change={"entries": {position.key: EntryHistory(fills, True)}})
    assert (result.report.tp1, result.report.tp2, result.report.runner_quantity) == (None, None, D(3))


def test_funding_a_day_is_signed_by_who_pays() -> None:
    # .0001 every 8 h on 1,000 USD: .30 a day, paid by the long
    assert look(held()).report.funding_per_day_usd == D("-0.3")
    assert look(held(Side.SHORT)).report.funding_per_day_usd == D("0.3")
    quote = replace(books.quote(ITEM, 100), funding_rate_frac=None)
    assert look(held(), change={"quotes": {ITEM.id: quote}}).report.funding_per_day_usd is None
    assert look(held(), change={"quotes": {}}).report.current_price == 100


def test_the_quotes_mark_is_the_price() -> None:
    quote: Quote = books.quote(ITEM, 101)
    assert look(held(), change={"quotes": {ITEM.id: quote}}).report.current_price == 101


def test_static_levels_are_reported_when_asked_for() -> None:
    report = look(held(), settings=SETTINGS.model_copy(update={"stops": StopsSettings(use_state_anchored=False)})).report
    assert report.stop_loss == report.static_stop_loss
    assert report.take_profit == report.static_take_profit
    assert report.stop_loss is not None
    assert report.sigma_H is not None
    assert float(report.stop_loss) == pytest.approx(100 * (1 - (report.k_eff or 0) * report.sigma_H), abs=0.011)


def test_price_anchored_targets_are_advice() -> None:
    report = look(held(), settings=SETTINGS.model_copy(update={"stops": StopsSettings(tp_anchor="price")})).report
    assert any("advice only" in line for line in report.dynamic_reasons)


def test_a_raised_k_is_explained() -> None:
    stops = StopsSettings(min_stop_atr_multiple=5.0)
    report = look(held(), settings=SETTINGS.model_copy(update={"stops": stops})).report
    assert report.k_eff is not None
    assert report.k_eff > 2.2
    assert any("k raised" in line for line in report.dynamic_reasons)


def test_an_inverse_position_is_worth_dollars() -> None:
    item = books.instrument("BTC", Category.INVERSE)
    position = held(item=item, quantity=1_000)
    result = look(position, books.stop_for(position, item, 96), item=item)
    assert result.report.notional == 1_000
    # long inverse 1,000 from 100 to 96: .41667 coins, paid when a coin is worth 96 USD: 40 USD, and costs 1,000/96 * .00105 * 96
    assert result.can_lose_usd == pytest.approx(1_000 * (1 / 96 - 1 / 100) * 96 + 1_000 / 96 * 0.00105 * 96)


def test_notional_base_by_setting() -> None:
    settings = SETTINGS.model_copy(update={"risk": RiskSettings(base="notional")})
    report = look(held(), settings=settings).report
    assert report.risk_target_frac is not None
    assert float(report.dollar_risk or 0) <= 1_000 * report.risk_target_frac + 1e-4


def test_stress_gap_is_the_settings() -> None:
    settings = SETTINGS.model_copy(update={"portfolio": PortfolioSettings(stress_gap_frac=0.3)})
    assert (look(held(), settings=settings).can_lose_usd or 0) > 300


def test_verdicts_rank_critical_unknown_warning() -> None:
    def finding(severity: Severity, action: str = "") -> Finding:
        return Finding("x", severity, "s", "m", action=action)

    every = [
        finding(Severity.INFO, "later"),
        finding(Severity.WARNING),
        finding(Severity.UNKNOWN, "now"),
        finding(Severity.CRITICAL),
    ]
    assert verdict_of(every) is Verdict.CRITICAL
    assert verdict_of(every[:3]) is Verdict.UNKNOWN
    assert verdict_of(every[:2]) is Verdict.WARNING
    assert verdict_of(every[:1]) is Verdict.NORMAL
    assert verdict_of([]) is Verdict.NORMAL
    assert action_of(every) == "now"
    assert action_of([]) == "ok"


def test_a_later_quiet_hour_neither_loosens_the_stop_nor_moves_the_target_away() -> None:
    position = held()
    whole = bars()
    record = books.entry_history(position, ITEM)
    snapshot: Snapshot = books.snapshot([position], [ITEM])
    memory: PositionMemory | None = None
    stops, targets = [], []
    for back in range(12, -1, -1):
        series = whole[: len(whole) - back]
        history = books.history({ITEM.id: series})
        now = replace(snapshot, as_of=series.last_close_time, entries={position.key: record})
        model = fit_models(history, [ITEM.id], SETTINGS, now.as_of)[ITEM.id]
        memory = analyse_position(position, now, history, memory, SETTINGS, model).memory
        assert memory is not None
        stops.append(memory.stop)
        targets.append(memory.target or 0.0)
    assert stops == sorted(stops)
    assert targets == sorted(targets, reverse=True)


def test_types_stay_exact() -> None:
    report = look(held()).report
    for name in ("stop_loss", "take_profit", "static_stop_loss", "tp1", "breakeven_price"):
        value = getattr(report, name)
        assert isinstance(value, Decimal)
        assert value % ITEM.tick_size == 0
    assert isinstance(books.account(), Account)
    assert not isinstance(report.findings, Unknown)
