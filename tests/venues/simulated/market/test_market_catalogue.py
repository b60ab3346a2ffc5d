"""The catalogue against the exchange's own answers, and against itself."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from market_analysis.venues.simulated.catalogue import InstrumentSpec, make_catalogue
from market_analysis.venues.simulated.catalogue.tiers import make_tiers

FIXTURES = Path(__file__).resolve().parents[4].parent / "shared" / "fixtures" / "bybit"
needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason="../shared/fixtures/bybit is not here")
SPECS = {spec.key: spec for spec in make_catalogue(50).instruments}


def fixture(path: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((FIXTURES / path).read_text())
    result: dict[str, Any] = answer.get("result", answer)
    return result


def test_what_is_listed() -> None:
    listed = [spec.key for spec in make_catalogue().instruments]
    assert len(set(listed)) == len(listed) == 20
    assert {key for key in listed if key[0] == "inverse"} == {("inverse", "BTCUSD"), ("inverse", "ETHUSD")}
    assert {SPECS[k].settle for k in listed if k[0] == "linear"} == {"USDT", "USDC"}
    assert {SPECS[k].settle for k in listed if k[0] == "inverse"} == {"BTC", "ETH"}
    assert {spec.funding_interval_minutes for spec in SPECS.values() if spec.is_perpetual} == {480, 240, 60}


def test_extra_symbols_widen_without_changing_the_rest() -> None:
    few, many = make_catalogue(3), make_catalogue(500)
    assert many.instruments[: len(few.instruments)] == few.instruments
    assert len(many.instruments) == 520
    assert many.instruments[20].symbol == "ALT001USDT"
    assert len({spec.key for spec in many.instruments}) == 520
    assert make_catalogue(500) == many


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: f"{spec.category}-{spec.symbol}")
def test_each_instrument_is_consistent(spec: InstrumentSpec) -> None:
    profile = make_catalogue(50).bases[spec.base]
    price = Decimal(str(profile.start_price))
    assert spec.tick_size * 100 <= price  # a tick is at most 1 % of the price
    assert spec.price_scale >= -int(spec.tick_size.normalize().as_tuple().exponent)
    assert spec.min_order_qty % spec.qty_step == 0
    assert spec.max_order_qty % spec.qty_step == 0
    assert spec.min_order_qty < spec.max_mkt_order_qty <= spec.max_order_qty
    assert 0 <= spec.maker_fee_rate <= spec.taker_fee_rate < Decimal("0.01")
    lot_value = spec.qty_step if spec.category == "inverse" else spec.qty_step * price
    assert lot_value < 150, "a lot is small enough to size with"
    if spec.category == "spot":
        assert (spec.risk_tiers, spec.funding_interval_minutes, spec.contract_type) == ((), 0, "")
        return
    assert spec.lower_funding_rate == -spec.upper_funding_rate < 0
    assert spec.max_leverage == spec.risk_tiers[0].max_leverage
    assert 1440 % spec.funding_interval_minutes == 0
    for tier in spec.risk_tiers:
        assert tier.maintenance_margin_rate < tier.initial_margin_rate
        assert tier.initial_margin_rate * tier.max_leverage == pytest.approx(1, rel=Decimal("0.01"))
        assert spec.tier_for(tier.limit_value) == tier
    for lower, upper in pairwise(spec.risk_tiers):
        assert lower.limit_value < upper.limit_value
        assert lower.max_leverage > upper.max_leverage
        at_limit = [lower.limit_value * tier.maintenance_margin_rate - tier.mm_deduction for tier in (lower, upper)]
        assert at_limit[0] == at_limit[1], "maintenance margin is continuous across tiers"
        assert spec.tier_for(lower.limit_value + Decimal("0.01")) == upper
    assert spec.tier_for(spec.risk_tiers[-1].limit_value * 2) == spec.risk_tiers[-1]


def test_deductions_by_hand() -> None:
    first, second, third = make_tiers([("100", "0.01", "0.02", "50"), ("300", "0.02", "0.04", "25"), ("900", "0.05", "0.1", "10")])
    assert [tier.mm_deduction for tier in (first, second, third)] == [Decimal(0), Decimal(1), Decimal(10)]
    # Marginally: 100 at 1 %, 200 at 2 %, 400 at 5 % = 1 + 4 + 20.
    assert 700 * third.maintenance_margin_rate - third.mm_deduction == 25


@needs_fixtures
def test_btc_tiers_are_the_recorded_ones() -> None:
    recorded = [row for row in fixture("hirokisan_go/market/v5-market-get-risk-limit.json")["list"] if row["symbol"] == "BTCUSDT"]
    ours = SPECS["linear", "BTCUSDT"].risk_tiers
    assert len(ours) <= len(recorded)
    for tier, row in zip(ours, recorded, strict=False):
        assert tier.id == row["id"]
        assert tier.limit_value == Decimal(row["riskLimitValue"])
        assert tier.maintenance_margin_rate == Decimal(row["maintenanceMargin"])
        assert tier.initial_margin_rate == Decimal(row["initialMargin"])
        assert tier.max_leverage == Decimal(row["maxLeverage"])


@needs_fixtures
def test_btcusdt_is_the_documented_one() -> None:
    row = fixture("bybit_docs_v5/market__instrument.response-example.3.json")["list"][0]
    if row.get("contractType") != "LinearPerpetual" or row["symbol"] != "BTCUSDT":
        row = next(
            candidate
            for path in sorted(FIXTURES.glob("bybit_docs_v5/market__instrument.response-example*.json"))
            for candidate in json.loads(path.read_text())["result"]["list"]
            if candidate["symbol"] == "BTCUSDT" and "contractType" in candidate
        )
    spec = SPECS["linear", "BTCUSDT"]
    assert spec.contract_type == row["contractType"]
    assert (spec.base, spec.quote, spec.settle) == (row["baseCoin"], row["quoteCoin"], row["settleCoin"])
    assert spec.launch_time.timestamp() * 1000 == int(row["launchTime"])
    assert str(spec.price_scale) == row["priceScale"]
    assert str(spec.tick_size) == row["priceFilter"]["tickSize"]
    assert spec.max_price == Decimal(row["priceFilter"]["maxPrice"])
    lots = row["lotSizeFilter"]
    assert [str(v) for v in (spec.max_order_qty, spec.min_order_qty, spec.qty_step, spec.max_mkt_order_qty)] == [
        lots["maxOrderQty"], lots["minOrderQty"], lots["qtyStep"], lots["maxMktOrderQty"]
    ]  # fmt: skip
    assert spec.min_notional == Decimal(lots["minNotionalValue"])
    assert spec.funding_interval_minutes == row["fundingInterval"]
    assert spec.upper_funding_rate == Decimal(row["upperFundingRate"])
    assert spec.max_leverage == Decimal(row["leverageFilter"]["maxLeverage"])
    assert spec.price_limit_ratio_x == Decimal(row["riskParameters"]["priceLimitRatioX"])
