"""Money of a contract, by hand arithmetic."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import books
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import Category
from market_analysis.risk.valuation import Valuer, dollars, valuer_for

PRICE = st.floats(0.01, 1e6)
LINEAR = Valuer(False, 1.0, 0.00055, 0.0005, 1.0)
INVERSE = Valuer(True, 1.0, 0.00055, 0.0005, 50_000.0)


def test_linear_profit_and_notional_by_hand() -> None:
    assert LINEAR.profit(1, 2.0, 100.0, 90.0) == pytest.approx(-20.0)
    assert LINEAR.profit(-1, 2.0, 100.0, 90.0) == pytest.approx(20.0)
    assert LINEAR.notional(2.0, 100.0) == 200.0


def test_inverse_profit_and_notional_by_hand() -> None:
    # 10,000 contracts of 1 USD, long from 50,000 to 40,000: 10,000 * (1/50,000 - 1/40,000) = .2 - .25 = -.05 BTC
    assert INVERSE.profit(1, 10_000.0, 50_000.0, 40_000.0) == pytest.approx(-0.05)
    assert INVERSE.notional(10_000.0, 50_000.0) == pytest.approx(0.2)
    assert INVERSE.usd(-0.05) == pytest.approx(-2_500.0)


def test_costs_of_a_stop_are_fee_and_slippage_on_its_own_price() -> None:
    # 2 * 90 * (.00055 + .0005) = .189
    assert LINEAR.loss_after_costs(1, 2.0, 100.0, 90.0) == pytest.approx(20.189)
    assert LINEAR.fill_cost(2.0, 90.0, slips=False) == pytest.approx(0.099)


def test_a_stop_in_profit_has_a_negative_loss() -> None:
    assert LINEAR.loss_after_costs(1, 1.0, 100.0, 110.0) < 0


@given(PRICE, PRICE, st.sampled_from([LINEAR, INVERSE]))
def test_long_and_short_mirror_and_the_sign_follows_the_move(start: float, end: float, valuer: Valuer) -> None:
    assert valuer.profit(1, 3.0, start, end) == -valuer.profit(-1, 3.0, start, end)
    if end > start:
        assert valuer.profit(1, 3.0, start, end) >= 0


@given(PRICE, PRICE, PRICE)
def test_inverse_profit_is_additive_along_a_path(first: float, second: float, third: float) -> None:
    parts = INVERSE.profit(1, 1.0, first, second) + INVERSE.profit(1, 1.0, second, third)
    assert parts == pytest.approx(INVERSE.profit(1, 1.0, first, third), rel=1e-9, abs=1e-9 * max(1 / first, 1 / second, 1 / third))


def test_valuer_takes_the_accounts_fee_the_contract_size_and_the_coins_rate() -> None:
    item = replace(books.instrument("BTC", Category.INVERSE), contract_size=Decimal(100))
    valuer = valuer_for(item, Decimal(60_000), 5.0)
    assert (valuer.is_inverse, valuer.contract_size, valuer.taker_fee_frac) == (True, 100.0, 0.00055)
    assert valuer.slippage_frac == pytest.approx(0.0005)
    assert valuer.usd(0.5) == 30_000.0


def test_an_unknown_rate_makes_money_unknown_never_zero() -> None:
    for rate in (None, books.unknown()):
        valuer = valuer_for(books.instrument(), rate, 5.0)
        assert valuer.usd(1.0) is None
    assert dollars(None) is None


def test_dollars_keep_a_hundredth_of_a_cent() -> None:
    assert dollars(1.23456) == Decimal("1.2346")
