"""The embedded exchange judges the joint liquidation: at the move we state, its own ledger has no cushion left.

The ledger's arithmetic (worked examples of the venue's help centre) shares no code with `market_analysis.risk`.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import books
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import Category, Instrument, RiskTier, Side, Snapshot
from market_analysis.risk.joint_liquidation import joint_liquidation_move
from market_analysis.risk.margin_build import margin_model
from market_analysis.risk.margin_model import MarginModel
from market_analysis.risk.market_factor import MarketFactor
from market_analysis.venues.simulated.catalogue import InstrumentSpec, make_catalogue
from market_analysis.venues.simulated.ledger.model import MarginMode as LedgerMode
from market_analysis.venues.simulated.ledger.state import AccountState, CoinState, PositionState
from market_analysis.venues.simulated.ledger.valuation import AccountValue, value_account

D = Decimal
SPECS = {spec.key: spec for spec in make_catalogue().instruments}
MARKS = {"BTC": D(71_000), "ETH": D(2_450)}
BETA = {"BTC": 1.0, "ETH": 1.3}
FACTOR = MarketFactor("BTC", BETA, frozenset())
HAIRCUT = {"BTC": D("0.95"), "ETH": D("0.95")}


class Prices:
    """Marks and USD rates after a move of the factor; all that a valuation asks for."""

    def __init__(self, move: float = 0.0) -> None:
        self.at = {name: mark * D((1 + move) ** BETA[name]) for name, mark in MARKS.items()}

    def mark(self, spec: InstrumentSpec) -> Decimal:
        return self.at[spec.base]

    def usd(self, coin: str) -> Decimal:
        return self.at.get(coin, D(1))


def terms(spec: InstrumentSpec) -> Instrument:
    """Our contract terms of a listed instrument, field by field."""
    base = books.instrument(spec.base, Category(spec.category))
    steps = tuple(
        RiskTier(t.limit_value, t.maintenance_margin_rate, t.initial_margin_rate, t.max_leverage, t.mm_deduction)
        for t in spec.risk_tiers
    )
    return replace(base, tiers=steps, taker_fee_frac=spec.taker_fee_rate, settle=spec.settle)


def ledger(legs: list[tuple[InstrumentSpec, Side, Decimal]], coins: dict[str, Decimal]) -> AccountState:
    """An account of the exchange that opened every leg at the present marks."""
    mode: LedgerMode = "REGULAR_MARGIN"
    account = AccountState("1", 1, 0, D(10), mode, 0, ())
    account.coins = {name: CoinState(balance=amount) for name, amount in coins.items()}
    for index, (spec, side, size) in enumerate(legs):
        mark = MARKS[spec.base]
        value = size / mark if spec.category == "inverse" else size * mark
        name = "Buy" if side is Side.LONG else "Sell"
        account.positions[(spec.category, spec.symbol, index)] = PositionState(spec, index, name, size, value)  # type: ignore[arg-type]
    return account


def ours(legs: list[tuple[InstrumentSpec, Side, Decimal]], coins: dict[str, Decimal], now: AccountValue) -> Snapshot:
    held = [
        books.position(terms(spec), side, size, MARKS[spec.base], position_index=index)
        for index, (spec, side, size) in enumerate(legs)
    ]
    balances = tuple(
        books.coin(name, amount, MARKS.get(name, 1), collateral_frac=HAIRCUT.get(name, D(1))) for name, amount in coins.items()
    )
    wallet = books.account(
        now.equity_usd, coins=balances, margin_balance=now.margin_balance_usd, maintenance_margin=now.maintenance_usd
    )
    items = {spec.key: terms(spec) for spec, _, _ in legs}
    return books.snapshot(held, list(items.values()), wallet=wallet, rates=MARKS)


def judged(legs: list[tuple[InstrumentSpec, Side, Decimal]], coins: dict[str, Decimal]) -> tuple[float | None, Decimal]:
    """Our joint liquidation move, and the exchange's cushion at it over the book's value."""
    account = ledger(legs, coins)
    now = value_account(account, Prices())  # type: ignore[arg-type]
    model = margin_model(ours(legs, coins, now), FACTOR)
    assert isinstance(model, MarginModel)
    assert model.other_maintenance_usd == pytest.approx(0.0, abs=1e-6)
    move = joint_liquidation_move(model)
    after = value_account(account, Prices(move or 0.0))  # type: ignore[arg-type]
    gross = sum((item.value * Prices().usd(item.position.spec.settle) for item in now.positions), D(0))
    return move, after.cushion_usd / gross


BTC_LINEAR, ETH_LINEAR = SPECS[("linear", "BTCUSDT")], SPECS[("linear", "ETHUSDT")]
BTC_INVERSE = SPECS[("inverse", "BTCUSD")]


def test_a_mixed_book_is_dead_exactly_where_we_say() -> None:
    legs = [(BTC_LINEAR, Side.LONG, D(2)), (ETH_LINEAR, Side.LONG, D(30)), (BTC_INVERSE, Side.LONG, D(50_000))]
    move, cushion = judged(legs, {"USDT": D(20_000), "BTC": D(1)})
    assert move is not None
    assert -0.5 < move < -0.05
    assert abs(float(cushion)) < 1e-6


def test_large_positions_cross_tiers() -> None:
    move, cushion = judged([(BTC_LINEAR, Side.SHORT, D(300))], {"USDT": D(5_000_000)})
    assert move is not None
    assert move > 0.05
    assert abs(float(cushion)) < 1e-6


listed = st.tuples(st.sampled_from([BTC_LINEAR, ETH_LINEAR, BTC_INVERSE]), st.sampled_from(list(Side)), st.integers(1, 400))


@settings(deadline=None, max_examples=40)
@given(st.lists(listed, min_size=1, max_size=4), st.integers(3_000, 3_000_000), st.integers(0, 20))
def test_any_book_agrees_with_the_exchange(choice: list[tuple[InstrumentSpec, Side, int]], cash: int, bitcoins: int) -> None:
    legs = [(spec, side, D(size) * (1_000 if spec.category == "inverse" else 1)) for spec, side, size in choice]
    move, cushion = judged(legs, {"USDT": D(cash), "BTC": D(bitcoins)})
    if move is None:
        assert cushion > 0
    elif move == 0.0:
        assert cushion <= D("1e-12")
    else:
        assert abs(float(cushion)) < 1e-6
