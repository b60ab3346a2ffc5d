"""The tail of hypothetical books: hand arithmetic, and NumPy as the slow twin's other hand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_views import instrument

from market_analysis.domain.tail import TailModel
from market_analysis.rules.tail import expected_shortfall, raises_tail

D = Decimal
BTC, PERP, ETH, DOGE, NEW = (instrument(name) for name in ("BTC", "BTCPERP", "ETH", "DOGE", "NEW"))
# 2 % and 3 % a day, correlation .8: covariance .00048
MODEL = TailModel(
    assets=("BTC", "ETH"),
    covariance=((D("0.0004"), D("0.00048")), (D("0.00048"), D("0.0009"))),
    per_contract={BTC: ("BTC", D(70_000)), PERP: ("BTC", D(70_000)), ETH: ("ETH", D(2_500)), DOGE: ("DOGE", D("0.2"))},
)


def test_by_hand() -> None:
    # one BTC: 70,000 * 2 % * 2.66521422
    assert expected_shortfall(MODEL, {BTC: D(1)}) == pytest.approx(D("3731.30"), abs=D("0.01"))
    # long 1 BTC, short 28 ETH: 70,000 each side; sqrt(.0004 + .0009 - 2 * .00048) = .01843909
    assert expected_shortfall(MODEL, {BTC: D(1), ETH: D(-28)}) == pytest.approx(D("3440.09"), abs=D("0.01"))
    # an asset without history loses its gap: 10,000 * .2 * .15
    assert expected_shortfall(MODEL, {DOGE: D(-10_000)}) == D(300)
    assert expected_shortfall(MODEL, {}) == 0
    assert expected_shortfall(MODEL, {NEW: D(0)}) == 0
    assert expected_shortfall(MODEL, {NEW: D(1)}) is None


def test_what_raises_it() -> None:
    hedged = {BTC: D(1), ETH: D(-28)}
    assert raises_tail(MODEL, hedged, {BTC: D(1)}) is True
    assert raises_tail(MODEL, hedged, {}) is False
    assert raises_tail(MODEL, hedged, hedged) is False
    assert raises_tail(MODEL, {BTC: D(1), PERP: D(-1)}, {BTC: D(1)}) is True
    assert raises_tail(MODEL, hedged, {NEW: D(1)}) is None
    assert raises_tail(MODEL, {NEW: D(1)}, hedged) is None


def test_a_holding_is_hedged_by_its_short() -> None:
    model = TailModel(MODEL.assets, MODEL.covariance, MODEL.per_contract, {"BTC": D(70_000)})
    assert expected_shortfall(model, {PERP: D(-1)}) == 0
    assert raises_tail(model, {PERP: D(-1)}, {}) is True


sizes = st.integers(-50, 50)


@given(btc=sizes, perp=sizes, eth=sizes, doge=sizes)
def test_as_numpy_says(btc: int, perp: int, eth: int, doge: int) -> None:
    told = expected_shortfall(MODEL, {BTC: D(btc), PERP: D(perp), ETH: D(eth), DOGE: D(doge)})
    deltas = np.array([(btc + perp) * 70_000.0, eth * 2_500.0])
    matrix = np.array([[0.0004, 0.00048], [0.00048, 0.0009]])
    expected = 2.66521422 * np.sqrt(max(deltas @ matrix @ deltas, 0.0)) + 0.15 * abs(doge * 0.2)
    assert told is not None
    assert float(told) == pytest.approx(expected, rel=1e-9, abs=1e-9)
