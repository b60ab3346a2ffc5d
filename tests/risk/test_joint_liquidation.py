"""Joint liquidation against hand arithmetic, a brute-force scan, and its own defining equation."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import books
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import Category, Finding, Instrument, MarginMode, Position, Severity, Side, Snapshot
from market_analysis.risk.joint_liquidation import AtStop, grid_within, joint_liquidation_move, margin_rate_at_stops
from market_analysis.risk.margin_build import margin_model
from market_analysis.risk.margin_model import MarginModel
from market_analysis.risk.market_factor import MarketFactor

BTC, ETH = books.instrument("BTC"), books.instrument("ETH")
BTC_INVERSE = books.instrument("BTC", Category.INVERSE)
ONE = MarketFactor("BTC", {"BTC": 1.0, "ETH": 1.0}, frozenset())


def free_of_fees(item: Instrument) -> Instrument:
    return replace(item, taker_fee_frac=Decimal(0))


def model_of(snapshot: Snapshot, factor: MarketFactor = ONE) -> MarginModel:
    built = margin_model(snapshot, factor)
    assert isinstance(built, MarginModel)
    return built


def linear_book(side: Side, quantity: str, equity: str = "1000") -> MarginModel:
    item = free_of_fees(BTC)
    held = books.position(item, side, quantity, 100, leverage=10)
    wallet = books.account(equity, maintenance_margin=held.maintenance_margin or 0)
    return model_of(books.snapshot([held], [item], wallet=wallet))


def test_long_by_hand() -> None:
    # 50 coins at 100, margin 1000, 0.5 %: 1000 + 50 (P - 100) = .005 * 50 P  ->  49.75 P = 4000  ->  P = 80.40201
    assert joint_liquidation_move(linear_book(Side.LONG, "50")) == pytest.approx(4000 / 49.75 / 100 - 1, abs=1e-9)


def test_short_by_hand_is_upward() -> None:
    # 1000 - 50 (P - 100) = .005 * 50 P  ->  50.25 P = 6000
    assert joint_liquidation_move(linear_book(Side.SHORT, "50")) == pytest.approx(6000 / 50.25 / 100 - 1, abs=1e-9)


def test_second_tier_uses_its_deduction() -> None:
    # 30,000 coins at 100 = 3,000,000: tier 2, 1 % less 10,000. 300,000 + 30,000 (P - 100) = .01 * 30,000 P - 10,000
    # -> 29,700 P = 2,690,000 -> 90.572; value there 2,717,171 > 2,000,000: still tier 2.
    found = joint_liquidation_move(linear_book(Side.LONG, "30000", "300000"))
    assert found == pytest.approx(2_690_000 / 29_700 / 100 - 1, abs=1e-9)


def test_falls_from_the_second_tier_into_the_first() -> None:
    # 21,000 coins = 2,100,000: tier 2 now; at the root 21,000 P is below 2,000,000: rate .005, no deduction.
    # 300,000 + 21,000 (P - 100) = .005 * 21,000 P -> 20,895 P = 1,800,000 -> 86.145, value 1,809,045
    found = joint_liquidation_move(linear_book(Side.LONG, "21000", "300000"))
    assert found == pytest.approx(1_800_000 / 20_895 / 100 - 1, abs=1e-9)


def test_closing_fee_is_part_of_maintenance() -> None:
    held = books.position(BTC, Side.LONG, 50, 100, leverage=10)
    fee = float(BTC.taker_fee_frac) * (1 - 1 / 10)
    wallet = books.account(1000, maintenance_margin=5000 * (0.005 + fee))
    move = joint_liquidation_move(model_of(books.snapshot([held], [BTC], wallet=wallet)))
    assert move == pytest.approx(4000 / (50 * (1 - 0.005 - fee)) / 100 - 1, abs=1e-9)


def test_the_venues_maintenance_margin_sets_the_level() -> None:
    # The venue states 25 more than the model (options, borrowings): it stays as a constant.
    item = free_of_fees(BTC)
    held = books.position(item, Side.LONG, 50, 100)
    wallet = books.account(1000, maintenance_margin=50)
    model = model_of(books.snapshot([held], [item], wallet=wallet))
    assert model.other_maintenance_usd == pytest.approx(25)
    assert model.margin_rate(0.0) == pytest.approx(0.05)
    assert joint_liquidation_move(model) == pytest.approx(4025 / 49.75 / 100 - 1, abs=1e-9)


def test_betas_scale_each_asset_in_logs() -> None:
    item = free_of_fees(ETH)
    held = books.position(item, Side.LONG, 50, 100)
    wallet = books.account(1000, maintenance_margin=25)
    factor = MarketFactor("BTC", {"ETH": 2.0}, frozenset())
    move = joint_liquidation_move(model_of(books.snapshot([held], [item], wallet=wallet), factor))
    assert move == pytest.approx(math.sqrt(4000 / 49.75 / 100) - 1, abs=1e-9)


def test_inverse_short_on_its_own_collateral_is_dollars() -> None:
    # 1 BTC of collateral at 50,000, no haircut, short 50,000 contracts: worth 50,000 USD at any price, never liquidated.
    item = free_of_fees(BTC_INVERSE)
    held = books.position(item, Side.SHORT, 50_000, 50_000, leverage=1)
    wallet = books.account(50_000, coins=(books.coin("BTC", 1, 50_000),), maintenance_margin=250)
    model = model_of(books.snapshot([held], [item], wallet=wallet))
    moves = np.log(np.array([0.2, 0.5, 1.0, 2.0, 4.0]))
    maintenance = 0.005 * 50_000
    assert model.cushion_usd(moves) == pytest.approx(50_000 - maintenance, rel=1e-9)
    assert joint_liquidation_move(model) is None


def test_inverse_long_on_its_own_collateral_by_hand() -> None:
    # 1 BTC and long 50,000 contracts at 50,000: balance in coins 1 + 50,000 (1/50,000 - 1/P) = .005 * 50,000 / P -> 2 P = 50,250.
    item = free_of_fees(BTC_INVERSE)
    held = books.position(item, Side.LONG, 50_000, 50_000, leverage=10)
    wallet = books.account(50_000, coins=(books.coin("BTC", 1, 50_000),), maintenance_margin=250)
    move = joint_liquidation_move(model_of(books.snapshot([held], [item], wallet=wallet)))
    assert move == pytest.approx(50_250 / 2 / 50_000 - 1, abs=1e-9)


def test_inverse_profit_already_made_moves_with_the_coin() -> None:
    # Opened at 40,000, now 50,000: profit 50,000 (1/40,000 - 1/50,000) = .25 BTC. 1.25 BTC in all: 1.25 + 1 - 50,000/P = 250/P.
    item = free_of_fees(BTC_INVERSE)
    held = books.position(item, Side.LONG, 50_000, 40_000, 50_000, leverage=10)
    coins = (books.coin("BTC", "1.25", 50_000, unrealized="0.25"),)
    wallet = books.account(62_500, coins=coins, maintenance_margin=250)
    move = joint_liquidation_move(model_of(books.snapshot([held], [item], wallet=wallet)))
    assert move == pytest.approx(50_250 / 2.25 / 50_000 - 1, abs=1e-9)


@pytest.mark.parametrize(
    ("haircut", "down_share", "up_share"), [("0.9", 0.9, 0.9), (None, 0.0, 0.0), ("unreadable", 1.0, 0.0), ("debt", 1.0, 1.0)]
)
def test_collateral_haircuts(haircut: str | None, down_share: float, up_share: float) -> None:
    held = books.position(BTC, Side.LONG, 1, 100)
    amount = -10 if haircut == "debt" else 10
    coin = books.coin("ETH", amount, 50, collateral_frac=haircut if haircut == "0.9" else None)
    if haircut == "unreadable":
        coin = replace(coin, is_collateral=True)
    wallet = books.account(1000, coins=(books.coin("USDT", 500), coin))
    model = model_of(books.snapshot([held], [BTC, ETH], wallet=wallet, prices={ETH.id: 50}))
    (item,) = model.collateral
    assert item.change_usd(np.array([0.5, 1.5])) == pytest.approx([amount * 50 * -0.5 * down_share, amount * 50 * 0.5 * up_share])


def test_already_there_is_zero_and_out_of_reach_is_none() -> None:
    item = free_of_fees(BTC)
    held = books.position(item, Side.LONG, 50, 100)
    dead = books.account(20, maintenance_margin=25)
    assert joint_liquidation_move(model_of(books.snapshot([held], [item], wallet=dead))) == 0.0
    rich = books.account(1_000_000, maintenance_margin=25)
    assert joint_liquidation_move(model_of(books.snapshot([held], [item], wallet=rich))) is None


def test_the_nearer_of_two_directions() -> None:
    # Long 50 of BTC (beta 1), short 30 of ETH with beta 3: down a fall hurts the long, up the rise of ETH cubes.
    btc, eth = free_of_fees(BTC), free_of_fees(ETH)
    held = [books.position(btc, Side.LONG, 50, 100), books.position(eth, Side.SHORT, 30, 100)]
    wallet = books.account(1000, maintenance_margin=40)
    model = model_of(books.snapshot(held, [btc, eth], wallet=wallet), MarketFactor("BTC", {"BTC": 1.0, "ETH": 3.0}, frozenset()))
    assert joint_liquidation_move(model) == pytest.approx(brute_force(model), abs=1e-4)
    assert (joint_liquidation_move(model) or 0) > 0


def brute_force(model: MarginModel, step: float = 2e-5) -> float | None:
    """The obvious twin: walk outward in both directions and take the first dead step."""
    for number in range(1, int(4.0 / step)):
        for move in (-number * step, number * step):
            if move <= -0.99:
                continue
            if float(model.cushion_usd(np.array([math.log1p(move)]))[0]) <= 0.0:
                return move
    return None


legs = st.tuples(st.sampled_from(["BTC", "ETH", "inverse"]), st.sampled_from(list(Side)), st.integers(1, 60))


def random_book(choice: list[tuple[str, Side, int]], equity: int, coins: int) -> Snapshot:
    items = {"BTC": BTC, "ETH": ETH, "inverse": BTC_INVERSE}
    held: list[Position] = []
    for index, (name, side, size) in enumerate(choice):
        quantity = size * 100 if name == "inverse" else size
        held.append(books.position(items[name], side, quantity, 100, position_index=index, leverage=10))
    balance = equity + 0.9 * 100 * coins
    rates = {BTC_INVERSE.id: 100}
    maintenance = sum(float(item.maintenance_margin or 0) * rates.get(item.instrument, 1) for item in held)
    wallet = books.account(
        equity + 100 * coins,
        coins=(books.coin("USDT", equity), books.coin("BTC", coins, 100, collateral_frac="0.9")),
        margin_balance=balance,
        maintenance_margin=maintenance,
    )
    return books.snapshot(held, list(items.values()), wallet=wallet, prices={item.id: 100 for item in items.values()})


@settings(deadline=None, max_examples=60)
@given(st.lists(legs, min_size=1, max_size=4), st.integers(500, 5000), st.integers(0, 20), st.floats(-0.5, 2.5))
def test_the_solution_is_a_root_and_nothing_nearer_is(
    choice: list[tuple[str, Side, int]], equity: int, coins: int, beta: float
) -> None:
    model = model_of(random_book(choice, equity, coins), MarketFactor("BTC", {"BTC": 1.0, "ETH": beta}, frozenset()))
    move = joint_liquidation_move(model)
    inside = model.cushion_usd(grid_within(None if move is None else abs(move) * (1 - 1e-6)))
    if move == 0.0:
        assert model.margin_rate(0.0) >= 1.0
        return
    assert (inside > 0.0).all()
    if move is not None:
        assert model.margin_rate(move) == pytest.approx(1.0, abs=1e-6)
        assert float(model.cushion_usd(np.array([math.log1p(move * 1.0001)]))[0]) < 1e-6 * equity


def at_stop(held: Position, price: float, loss: float) -> AtStop:
    return AtStop(held.key, price, loss)


def test_margin_rate_at_stops_by_hand() -> None:
    # Long 50 at 100 with a stop at 90: balance 1000 - 500 = 500, maintenance .005 * 4500 = 22.5 -> .045
    item = free_of_fees(BTC)
    held = books.position(item, Side.LONG, 50, 100)
    model = model_of(books.snapshot([held], [item], wallet=books.account(1000, maintenance_margin=25)))
    assert margin_rate_at_stops(model, {held.key: at_stop(held, 90, 500)}) == pytest.approx(0.045)
    assert margin_rate_at_stops(model, {held.key: at_stop(held, 79, 1050)}) == math.inf
    assert margin_rate_at_stops(model, {}) is None


def test_collateral_falls_to_the_lowest_stop_of_its_asset() -> None:
    item = free_of_fees(BTC)
    held = books.position(item, Side.LONG, 5, 100)
    wallet = books.account(
        1000, coins=(books.coin("BTC", 10, 100, collateral_frac="0.9"),), margin_balance=900, maintenance_margin="2.5"
    )
    model = model_of(books.snapshot([held], [item], wallet=wallet))
    # Maintenance .005 * 450 = 2.25; balance 900 - 50 - 10 * 100 * .1 * .9 = 760.
    assert margin_rate_at_stops(model, {held.key: at_stop(held, 90, 50)}) == pytest.approx(2.25 / 760)


@pytest.mark.parametrize("what", ["tiers", "terms", "rate", "balance", "account", "positions", "collateral_rate"])
def test_what_cannot_be_read_is_a_finding_and_no_number(what: str) -> None:
    held = books.position(BTC, Side.LONG, 5, 100)
    wallet = books.account(1000, coins=(books.coin("USDT", 900), books.coin("XRP", 100, 1)))
    snapshot = books.snapshot([held], [BTC], wallet=wallet, rates={"XRP": 1})
    broken = {
        "tiers": lambda: replace(snapshot, instruments={BTC.id: replace(BTC, tiers=())}),
        "terms": lambda: replace(snapshot, instruments={BTC.id: books.unknown()}),
        "rate": lambda: replace(snapshot, usd_rates={"XRP": Decimal(1)}),
        "balance": lambda: replace(snapshot, account=replace(wallet, margin_balance=None)),
        "account": lambda: books.with_unknown(snapshot, "account"),
        "positions": lambda: books.with_unknown(snapshot, "positions"),
        "collateral_rate": lambda: replace(snapshot, usd_rates={"USDT": Decimal(1), "XRP": books.unknown()}),
    }[what]()
    found = margin_model(broken, ONE)
    assert isinstance(found, Finding)
    assert found.severity is Severity.UNKNOWN
    assert found.code == "joint_liquidation_unknown"


def test_isolated_positions_are_left_out_and_portfolio_margin_says_so() -> None:
    alone = books.position(BTC, Side.LONG, 5, 100, margin_mode=MarginMode.ISOLATED)
    assert margin_model(books.snapshot([alone], [BTC]), ONE) is None
    cross = books.position(ETH, Side.LONG, 5, 100)
    model = model_of(books.snapshot([alone, cross], [BTC, ETH]))
    assert [line.key for line in model.lines] == [cross.key]
    portfolio = books.account(1000, margin_mode=MarginMode.PORTFOLIO)
    found = margin_model(books.snapshot([cross], [ETH], wallet=portfolio), ONE)
    assert isinstance(found, Finding)
    assert (found.code, found.severity) == ("portfolio_margin_not_modelled", Severity.WARNING)


def test_a_position_without_leverage_pays_the_plain_closing_fee() -> None:
    held = replace(books.position(BTC, Side.LONG, 5, 100), leverage=None)
    (line,) = model_of(books.snapshot([held], [BTC])).lines
    assert line.closing_fee_frac == pytest.approx(float(BTC.taker_fee_frac))


def test_no_stated_maintenance_margin_means_the_models_own() -> None:
    held = books.position(BTC, Side.LONG, 5, 100)
    wallet = replace(books.account(1000), maintenance_margin=None)
    assert model_of(books.snapshot([held], [BTC], wallet=wallet)).other_maintenance_usd == 0.0


def test_a_venue_that_states_less_scales_the_model_down() -> None:
    # Offsets of a hedged book: stated 10 of the model's 25; half the value keeps half of it: never negative.
    item = free_of_fees(BTC)
    held = books.position(item, Side.LONG, 50, 100)
    wallet = books.account(1000, maintenance_margin=10)
    model = model_of(books.snapshot([held], [item], wallet=wallet))
    assert (model.other_maintenance_usd, model.maintenance_scale) == (0.0, pytest.approx(0.4))
    assert model.margin_rate(0.0) == pytest.approx(0.01)
    # 1000 + 50 (P - 100) = .4 * .005 * 50 P  ->  49.9 P = 4000
    assert joint_liquidation_move(model) == pytest.approx(4000 / 49.9 / 100 - 1, abs=1e-9)
