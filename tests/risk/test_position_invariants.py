"""Whatever the book looks like, a position's report keeps its promises."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache

import books
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import (
    Bars,
    Category,
    ExecutionStyle,
    Instrument,
    MarginMode,
    Order,
    OrderPurpose,
    OrderSide,
    Position,
    Side,
)
from market_analysis.risk.position import analyse_position
from market_analysis.risk.position_result import PositionResult
from market_analysis.risk.types import PositionReport, ProtectionState, Verdict
from market_analysis.risk.volatility import VolatilityModel, fit_models
from market_analysis.settings import ProbSettings, RiskSettings, Settings

SETTINGS = Settings(prob=ProbSettings(paths=1_000))


@cache
def market(seed: int, category: Category, count: int) -> tuple[Instrument, Bars, VolatilityModel]:
    item = books.instrument("BTC", category)
    bars = books.walk(100, count=count, sigma=0.004 * (1 + seed), seed=seed)
    model = fit_models(books.history({item.id: bars}), [item.id], SETTINGS, books.AS_OF)[item.id]
    assert isinstance(model, VolatilityModel)
    return item, bars, model


ORDER = st.tuples(
    st.sampled_from([OrderPurpose.STOP_LOSS, OrderPurpose.TRAILING_STOP, OrderPurpose.TAKE_PROFIT, OrderPurpose.REDUCE]),
    st.floats(60, 140).map(lambda price: round(price, 2)),
    st.none() | st.integers(1, 30),
    st.sampled_from([ExecutionStyle.MARKET, ExecutionStyle.LIMIT]),
    st.booleans(),
    st.booleans(),
)


@st.composite
def looks(draw: st.DrawFn) -> tuple[Position, PositionResult]:
    category = draw(st.sampled_from([Category.LINEAR, Category.INVERSE]))
    item, bars, model = market(draw(st.integers(0, 2)), category, draw(st.sampled_from([120, 600])))
    side = draw(st.sampled_from(list(Side)))
    position = books.position(
        item,
        side,
        draw(st.integers(1, 5_000)),
        round(draw(st.floats(40, 250)), 2),
        round(draw(st.floats(60, 140)), 2),
        margin_mode=draw(st.sampled_from(list(MarginMode))),
        leverage=draw(st.sampled_from([1, 5, 10, 17, 50])),
        liquidation=draw(st.none() | st.floats(20, 200).map(lambda price: round(price, 2))),
    )
    closing = OrderSide.SELL if side is Side.LONG else OrderSide.BUY
    orders: list[Order] = []
    for number, (purpose, price, quantity, style, active, reduces) in enumerate(draw(st.lists(ORDER, max_size=3))):
        plain = books.order(item, closing, purpose, quantity=quantity, trigger=price, is_active=active, order_id=str(number))
        orders.append(replace(plain, style=style, reduce_only=reduces))
    snapshot = books.snapshot([position], [item], orders=orders)
    opened = books.AS_OF - timedelta(minutes=draw(st.integers(0, 60 * 90)))
    first_stop = draw(st.none() | st.floats(20, 300).map(lambda price: round(price, 2)))
    entry = draw(st.sampled_from([books.entry_history(position, item, opened=opened, first_stop=first_stop), books.unknown()]))
    snapshot = replace(snapshot, entries={position.key: entry})  # type: ignore[dict-item]
    result = analyse_position(position, snapshot, books.history({item.id: bars}), None, SETTINGS, model)
    return position, result


@settings(deadline=None, max_examples=80)
@given(looks())
def test_every_report_keeps_its_promises(look: tuple[Position, PositionResult]) -> None:
    position, result = look
    report, sign = result.report, position.side.sign
    check_levels(report, sign)
    check_money(report, result)
    check_protection(report, position)
    for field in fields(PositionReport):
        value = getattr(report, field.name)
        assert not isinstance(value, float) or math.isfinite(value), field.name
        assert not isinstance(value, Decimal) or value.is_finite(), field.name
    assert "not_modelled" not in {finding.code for finding in report.findings}
    assert result.memory is not None


def check_levels(report: PositionReport, sign: int) -> None:
    mark = report.current_price
    if report.stop_loss is not None:
        assert report.stop_loss > 0
        assert sign * (mark - report.stop_loss) > 0
        if report.margin_mode is MarginMode.ISOLATED and report.liquidation_price is not None:
            assert sign * (report.stop_loss - report.liquidation_price) > 0
    for level in (report.take_profit, report.tp1, report.tp2):
        assert level is None or (level > 0 and sign * (level - mark) >= 0)
    if report.take_profit is not None:
        assert report.stop_loss is not None
        assert sign * (report.take_profit - mark) > 0
    resting = report.protection.nearest_stop
    if report.stop_loss is not None and report.protection.covered_frac == 1.0 and len(report.protection.stops) == 1:
        assert resting is not None
        assert sign * (report.stop_loss - resting) >= 0


def check_money(report: PositionReport, result: PositionResult) -> None:
    if report.optimal_position_size is None:
        assert report.size_refusal
    else:
        assert report.dollar_risk is not None
        budget = 10_000 * (report.risk_target_frac or 0.0)
        assert 0 < float(report.dollar_risk) <= budget + 1e-4
        assert budget <= 10_000 * RiskSettings().equity_risk_frac
    assert result.can_lose_usd is not None
    assert result.can_lose_usd > 0
    p = report.probabilities
    if p is not None:
        assert abs(p.p_tp + p.p_sl + p.p_breakeven + p.p_open - 1.0) < 1e-9
        assert p.horizon_hours == 72
    if report.tp1_quantity is not None or report.tp2_quantity is not None:
        parts = (report.tp1_quantity or 0) + (report.tp2_quantity or 0) + (report.runner_quantity or 0)
        assert parts == report.position_size


def check_protection(report: PositionReport, position: Position) -> None:
    protection = report.protection
    codes = {finding.code for finding in report.findings}
    counting = [stop for stop in protection.stops if stop.counts]
    assert (protection.covered_frac == 0.0) is (not counting)
    assert ("naked_position" in codes) is (not counting)
    assert (protection.state is ProtectionState.PROTECTED) is (protection.covered_frac == 1.0)
    assert (protection.assumed_usd > 0) is (protection.covered_frac < 1.0)
    if not counting:
        assert report.position_health is Verdict.CRITICAL
    if report.position_health is Verdict.NORMAL:
        assert protection.covered_frac == 1.0
    actions = {finding.action for finding in report.findings}
    assert not any(word in action for action in actions for word in ("add size", "increase", "widen"))
    looser = {"stop_looser_than_plan"} & codes
    if looser and report.dynamic_stop_loss is not None and counting:
        farthest = min(position.side.sign * stop.trigger_price for stop in counting)
        assert position.side.sign * report.dynamic_stop_loss > farthest
