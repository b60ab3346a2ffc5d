"""Margin arithmetic against Bybit's published worked examples and hand arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.venues.simulated.catalogue import Catalogue, InstrumentSpec, make_catalogue
from market_analysis.venues.simulated.catalogue.tiers import make_tiers
from market_analysis.venues.simulated.ledger.margin import (
    bankruptcy_price,
    closing_fee,
    initial_margin,
    isolated_liquidation_price,
    maintenance_requirement,
    value_at,
)

D = Decimal
ZERO = D(0)
ONE_TIER = make_tiers((("1000000000", "0.005", "0.01", "100"),))


def contract(catalogue: Catalogue, category: str, symbol: str, **changes: Any) -> InstrumentSpec:
    spec = next(item for item in catalogue.instruments if item.key == (category, symbol))
    return replace(spec, **changes)


@pytest.fixture
def linear(catalogue: Catalogue) -> InstrumentSpec:
    return contract(catalogue, "linear", "BTCUSDT", risk_tiers=ONE_TIER, taker_fee_rate=D("0.00075"))


@pytest.fixture
def inverse(catalogue: Catalogue) -> InstrumentSpec:
    return contract(catalogue, "inverse", "BTCUSD", risk_tiers=ONE_TIER, taker_fee_rate=D("0.00055"))


def test_order_cost_example(linear: InstrumentSpec) -> None:
    """1 BTC at 10,000, 50x: margin 200, bankruptcy price 9,800, closing fee 7.35 at 0.075 % (Bybit help centre, order cost)."""
    value = value_at(linear, D(1), D(10000))
    assert bankruptcy_price(linear, "Buy", D(1), value, D(50), ZERO) == D(9800)
    assert closing_fee(linear, "Buy", value, D(50)) == D("7.35")
    assert initial_margin(linear, "Buy", value, D(50)) == D("207.35")


def test_extra_margin_against_the_older_published_example(linear: InstrumentSpec) -> None:
    """Short 1 BTC at 20,000, 50x, 3,000 added: 23,300 by the older page; now (20000 + 400 + 3000 / 1.00075) / 1.005."""
    price = isolated_liquidation_price(linear, "Sell", D(1), D(20000), D(50), D(3000))
    assert price is not None
    assert price == (20400 + D(3000) / D("1.00075")) / D("1.005")
    assert abs(price - 23300) < 20


def test_tiered_maintenance_example(catalogue: Catalogue) -> None:
    """Help centre, "Maintenance Margin (USDT Contract)": tiers of 1,000 at 2, 2.5, 3, 3.5 %: 3,500 takes 20+25+30+17.5."""
    rates = ("0.02", "0.025", "0.03", "0.035", "0.04")
    tiers = make_tiers(tuple((str(1000 * n), rate, rate, "10") for n, rate in enumerate(rates, start=1)))
    spec = contract(catalogue, "linear", "BTCUSDT", risk_tiers=tiers)
    assert maintenance_requirement(spec.tier_for(D(3500)), D(3500)) == D("92.5")


def test_inverse_formula_of_the_help_centre(inverse: InstrumentSpec) -> None:
    """60,000 USD at 50,000, 10x, 0.5 %: long 60000*1.005/(1.2+0.12), short 60000*0.995/(1.2-0.12) (article of 2026-05-27)."""
    value = value_at(inverse, D(60000), D(50000))
    long = isolated_liquidation_price(inverse, "Buy", D(60000), value, D(10), ZERO)
    short = isolated_liquidation_price(inverse, "Sell", D(60000), value, D(10), ZERO)
    assert long is not None
    assert short is not None
    assert round(long, 4) == D("45681.8182")
    assert round(short, 4) == D("55277.7778")


def test_inverse_extra_margin(inverse: InstrumentSpec) -> None:
    """Long: extra / (1 + fee); short: extra / (1 - fee), as the article says."""
    value = D("1.2")
    long = isolated_liquidation_price(inverse, "Buy", D(60000), value, D(10), D("0.1"))
    short = isolated_liquidation_price(inverse, "Sell", D(60000), value, D(10), D("0.1"))
    expected_long = Fraction(60000) * Fraction(1005, 1000) / (Fraction("1.32") + Fraction("0.1") / Fraction("1.00055"))
    expected_short = Fraction(60000) * Fraction(995, 1000) / (Fraction("1.08") - Fraction("0.1") / Fraction("0.99945"))
    assert float(long or 0) == pytest.approx(float(expected_long), rel=1e-15)
    assert float(short or 0) == pytest.approx(float(expected_short), rel=1e-15)


@pytest.mark.parametrize(
    ("side", "entry", "leverage", "published"),
    [("Buy", 20000, 50, 19700), ("Buy", 10000, 50, 9850), ("Sell", 8000, 40, 8160)],
)
def test_linear_against_the_older_published_examples(
    linear: InstrumentSpec, side: str, entry: int, leverage: int, published: int
) -> None:
    """Pages before September 2025 took maintenance at entry, E(1 -+ 1/L +- rate); at the mark it differs by rate * distance."""
    price = isolated_liquidation_price(linear, side, D(1), D(entry), D(leverage), ZERO)
    assert price is not None
    assert abs(price - published) <= D("0.0051") * abs(entry - D(published)) + D("0.5")
    sign = 1 if side == "Buy" else -1
    assert price == (D(entry) - sign * D(entry) / leverage) / (1 - sign * D("0.005"))


SPECS = {item.key: item for item in make_catalogue().instruments}


@settings(deadline=None, max_examples=150)
@given(
    key=st.sampled_from([("linear", "BTCUSDT"), ("linear", "DOGEUSDT"), ("inverse", "BTCUSD"), ("inverse", "ETHUSD")]),
    side=st.sampled_from(["Buy", "Sell"]),
    steps=st.integers(1, 10**6),
    price_ticks=st.integers(1000, 10**6),
    leverage=st.integers(2, 50),
    extra_percent=st.integers(0, 300),
)
def test_liquidation_price_solves_its_equation(
    key: tuple[str, str], side: str, steps: int, price_ticks: int, leverage: int, extra_percent: int
) -> None:
    """There margin + profit = maintenance margin, in the tier the position is then in; and it lies before bankruptcy."""
    spec = SPECS[key]
    size, entry = steps * spec.qty_step, price_ticks * spec.tick_size
    value = value_at(spec, size, entry)
    extra = value / leverage * extra_percent / 100
    price = isolated_liquidation_price(spec, side, size, value, D(leverage), extra)
    if price is None:
        return
    sign = (1 if side == "Buy" else -1) * (-1 if spec.category == "inverse" else 1)
    at_price = value_at(spec, size, price)
    maintenance = maintenance_requirement(spec.tier_for(at_price), at_price)
    fee = closing_fee(spec, side, value, D(leverage))
    bankrupt = bankruptcy_price(spec, side, size, value, D(leverage), extra)
    margin = value / leverage + fee + extra
    at_bankruptcy = value_at(spec, size, bankrupt) if bankrupt else None
    close_at_bankruptcy = ZERO if at_bankruptcy is None else at_bankruptcy * spec.taker_fee_rate
    balance = margin + sign * (at_price - value) - close_at_bankruptcy
    if bankrupt is not None:
        assert abs(balance - maintenance) <= D("1e-15") * max(value, at_price)
        assert (price >= bankrupt) if side == "Buy" else (price <= bankrupt)
        assert abs(margin + sign * ((at_bankruptcy or ZERO) - value) - close_at_bankruptcy) <= D("1e-15") * value


def test_the_recorded_closed_pnl(still: Callable[..., Any]) -> None:
    """A record of the real API: 0.01 BTC bought at 28,144.70, sold at 28,149.90, fee 0.06 %: closed pnl -0.2857676."""
    desk = still({"BTCUSDT": "28144.7"}, taker_fee="0.0006")
    desk.order("Buy", "0.01")
    desk.market.prices["BTCUSDT"] = D("28149.9")
    desk.order("Sell", "0.01")
    (closed,) = desk.exchange.closed_pnls("1001", "linear")
    assert closed.closed_pnl == D("-0.2857676")
    sell = desk.exchange.transaction_log("1001")[0]
    assert (sell.cash_flow, sell.fee, sell.change) == (D("0.052"), D("0.1688994"), D("-0.1168994"))
