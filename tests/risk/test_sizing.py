"""The size that a budget buys, and every refusal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import books
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import Category, MarginMode
from market_analysis.risk.liquidation_buffer import isolated_liquidation
from market_analysis.risk.lots import split_lots
from market_analysis.risk.sizing import SizeRequest, loss_per_contract_usd, plan_size
from market_analysis.risk.valuation import Valuer, valuer_for
from market_analysis.settings import RiskSettings

ITEM = replace(books.instrument(), taker_fee_frac=Decimal(0))
FREE = Valuer(False, 1.0, 0.0, 0.0, 1.0)
RISK = RiskSettings()
BASE = SizeRequest(1, 100.0, 95.0, 10_000.0, None, 0.005, 10.0, MarginMode.CROSS)


def test_budget_over_distance_by_hand() -> None:
    plan = plan_size(BASE, ITEM, FREE, RISK)
    # .005 * 10,000 / 5 = 10
    assert (plan.quantity, plan.refusal, plan.budget_usd) == (Decimal("10.000"), None, 50.0)
    assert plan.loss_usd == pytest.approx(50.0)


def test_fees_slippage_and_paid_funding_make_the_size_smaller_by_hand() -> None:
    request = replace(BASE, funding_frac=0.0001, funding_intervals=9.0)
    valuer = Valuer(False, 1.0, 0.001, 0.002, 1.0)
    # 5 + 100 * .001 + 95 * .003 + 100 * .0009 = 5.475; 50 / 5.475 = 9.1324
    assert loss_per_contract_usd(request, valuer) == pytest.approx(5.475)
    assert plan_size(request, ITEM, valuer, RISK).quantity == Decimal("9.132")


def test_funding_received_is_not_spent_on_size() -> None:
    short = replace(BASE, sign=-1, stop=105.0, funding_frac=0.01, funding_intervals=9.0)
    assert loss_per_contract_usd(short, FREE) == pytest.approx(5.0)


def test_inverse_size_by_hand() -> None:
    item = books.instrument("BTC", Category.INVERSE)
    request = SizeRequest(1, 50_000.0, 40_000.0, 100_000.0, None, 0.01, 10.0, MarginMode.CROSS)
    valuer = Valuer(True, 1.0, 0.0, 0.0, 50_000.0)
    # one contract loses 1/40,000 - 1/50,000 = 5e-6 BTC, at 40,000 USD each .2 USD; 1,000 / .2 = 5,000 contracts
    assert plan_size(request, item, valuer, RISK).quantity == 5_000
    # and a short, stopped where the coin is dear: 1/50,000 - 1/60,000 at 60,000 USD
    assert plan_size(replace(request, sign=-1, stop=60_000.0), item, valuer, RISK).quantity == 5_000


def test_notional_base_reads_the_notional() -> None:
    settings = RiskSettings(base="notional")
    request = replace(BASE, notional_usd=2_000.0, risk_frac=0.025)
    assert plan_size(request, ITEM, FREE, settings).quantity == Decimal("10.000")
    assert plan_size(replace(request, notional_usd=None), ITEM, FREE, settings).refusal == "no_notional"
    assert plan_size(replace(request, notional_usd=0.0), ITEM, FREE, settings).refusal == "no_notional"


@pytest.mark.parametrize(
    ("request_change", "item_change", "code"),
    [
        ({"equity_usd": None}, {}, "no_equity"),
        ({"equity_usd": 0.0}, {}, "no_equity"),
        ({"stop": None}, {}, "no_stop"),
        ({"stop": 100.0}, {}, "stop_wrong_side"),
        ({"stop": 101.0}, {}, "stop_wrong_side"),
        ({"stop": -1.0}, {}, "stop_wrong_side"),
        ({"margin_mode": MarginMode.ISOLATED, "liquidation": 96.0}, {}, "stop_beyond_liquidation"),
        ({}, {"min_quantity": Decimal(11)}, "below_min_quantity"),
        ({"equity_usd": 1e-3}, {"min_quantity": Decimal(0)}, "below_min_quantity"),
        ({}, {"min_notional": Decimal(1001)}, "below_min_notional"),
        ({}, {"max_quantity": Decimal(9)}, "above_max_quantity"),
        ({}, {"tiers": books.tiers(100)}, "above_tier_limit"),
        ({"leverage": 60.0}, {"tiers": books.tiers(600)}, "leverage_above_tier"),
        ({"leverage": 101.0}, {"tiers": ()}, "leverage_above_tier"),
        ({"leverage": 1.0, "stop": 99.6}, {}, "exceeds_equity"),
        ({"margin_mode": MarginMode.ISOLATED, "leverage": 20.0}, {}, "stop_beyond_liquidation"),
    ],
)
def test_every_refusal_has_its_name_and_no_quantity(
    request_change: dict[str, object], item_change: dict[str, object], code: str
) -> None:
    plan = plan_size(replace(BASE, **request_change), replace(ITEM, **item_change), FREE, RISK)  # type: ignore[arg-type]
    assert (plan.quantity, plan.refusal, plan.loss_usd) == (None, code, None)
    assert plan.detail


def test_liquidation_of_a_new_isolated_trade_by_hand() -> None:
    tiers = books.tiers(2_000_000)
    # (100 - 10) / (1 - .005) and (100 + 10) / (1 + .005)
    assert isolated_liquidation(1, 1.0, 100.0, 10.0, FREE, tiers) == pytest.approx(90.45226)
    assert isolated_liquidation(-1, 1.0, 100.0, 10.0, FREE, tiers) == pytest.approx(109.45274)
    assert isolated_liquidation(1, 1.0, 100.0, 1.0, FREE, tiers) is None
    assert isolated_liquidation(1, 1.0, 100.0, 10.0, FREE, ()) is None
    inverse = Valuer(True, 1.0, 0.0, 0.0, 50_000.0)
    # 10,000 USD at 50,000 is .2 BTC: 10,000 * 1.005 / (.2 + .02) and 10,000 * .995 / (.2 - .02)
    assert isolated_liquidation(1, 10_000.0, 50_000.0, 10.0, inverse, tiers) == pytest.approx(45_681.82, abs=0.01)
    assert isolated_liquidation(-1, 10_000.0, 50_000.0, 10.0, inverse, tiers) == pytest.approx(55_277.78, abs=0.01)
    assert isolated_liquidation(-1, 10_000.0, 50_000.0, 1.0, inverse, tiers) is None


@given(st.sampled_from([1, -1]), st.floats(2, 50), st.floats(1_000, 9_000_000))
def test_at_liquidation_margin_and_profit_equal_maintenance_margin(sign: int, leverage: float, value: float) -> None:
    tiers = books.tiers(1_000_000)
    size = value / 100.0
    price = isolated_liquidation(sign, size, 100.0, leverage, FREE, tiers)
    if price is None:
        return
    there = size * price
    tier = next((tier for tier in tiers if there <= float(tier.limit_value)), tiers[-1])
    maintenance = there * float(tier.maintenance_margin_frac) - float(tier.deduction)
    assert value / leverage + FREE.profit(sign, size, 100.0, price) == pytest.approx(maintenance, abs=1e-6 * value)


def test_a_held_position_is_tested_against_the_venues_price_only() -> None:
    request = replace(BASE, margin_mode=MarginMode.ISOLATED, leverage=20.0, is_held=True)
    assert plan_size(request, ITEM, FREE, RISK).refusal is None
    assert plan_size(replace(request, liquidation=96.0), ITEM, FREE, RISK).refusal == "stop_beyond_liquidation"


def test_no_rate_no_size() -> None:
    assert plan_size(BASE, ITEM, replace(FREE, usd_rate=None), RISK).refusal == "no_usd_rate"


def test_unknown_leverage_is_taken_as_the_tiers_own() -> None:
    assert plan_size(replace(BASE, leverage=None), ITEM, FREE, RISK).quantity == Decimal("10.000")
    assert plan_size(replace(BASE, leverage=None), replace(ITEM, tiers=(), max_leverage=None), FREE, RISK).quantity is not None


@given(
    st.floats(1.0, 1e5),
    st.floats(1e-3, 0.5),
    st.sampled_from([1, -1]),
    st.floats(1e3, 1e7),
    st.floats(1e-4, 0.1),
    st.booleans(),
    st.floats(-0.001, 0.001),
)
def test_the_loss_at_the_stop_costs_in_never_exceeds_the_budget(
    entry: float, distance: float, sign: int, equity: float, frac: float, inverse: bool, funding: float
) -> None:
    item = books.instrument("BTC", Category.INVERSE if inverse else Category.LINEAR)
    valuer = valuer_for(item, Decimal(str(entry)) if inverse else Decimal(1), 5.0)
    stop = entry * (1 - sign * distance)
    request = SizeRequest(sign, entry, stop, equity, None, frac, 5.0, MarginMode.CROSS, None, funding, 9.0)
    plan = plan_size(request, item, valuer, RISK)
    if plan.quantity is None:
        assert plan.refusal
        return
    size = float(plan.quantity)
    # linear and inverse alike: |entry - stop| of the entry value, fee on the entry value, fee and slippage on the exit's
    value = size if inverse else size * entry
    exact = value * distance + value * 0.00055 + (value if inverse else size * stop) * 0.00105
    assert exact <= equity * frac * (1 + 1e-9)
    assert plan.quantity % item.quantity_step == 0
    assert plan.quantity >= item.min_quantity


@pytest.mark.parametrize(
    ("quantity", "step", "fractions", "parts"),
    [
        ("10", "1", (0.4, 0.3, 0.3), "4 3 3"),
        ("1", "1", (0.4, 0.3, 0.3), "1 0 0"),
        ("5", "1", (0.4, 0.3, 0.3), "2 2 1"),
        ("1.05", "0.1", (0.5, 0.0, 0.5), "0.5 0.0 0.55"),
    ],
)
def test_largest_remainder_by_hand(quantity: str, step: str, fractions: tuple[float, ...], parts: str) -> None:
    assert split_lots(Decimal(quantity), Decimal(step), fractions) == tuple(Decimal(part) for part in parts.split())


@given(st.integers(0, 10_000), st.sampled_from(["1", "0.1", "0.001"]), st.floats(0, 1), st.floats(0, 1))
def test_parts_are_lots_and_sum_exactly(lots: int, raw: str, first: float, second: float) -> None:
    step = Decimal(raw)
    fractions = (first, (1 - first) * second, 1 - first - (1 - first) * second)
    parts = split_lots(lots * step, step, fractions)
    assert sum(parts) == lots * step
    for part, fraction in zip(parts, fractions, strict=True):
        assert part % step == 0
        assert abs(float(part / step) - fraction * lots) <= 1.0 + 1e-6
