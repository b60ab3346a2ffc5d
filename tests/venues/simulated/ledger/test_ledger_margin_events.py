"""Funding, isolated and cross liquidation, the liquidation estimate, margin modes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from market_analysis.venues.simulated.ledger import ApiError

D = Decimal
UID = "1001"
Make = Callable[..., Any]


def refused(code: int) -> Any:
    return pytest.raises(ApiError, check=lambda error: error.ret_code == code)


def test_funding_is_charged_on_the_mark_at_each_interval(still: Make) -> None:
    """1 BTC at 50,000 and a rate of 0.01 %: the long pays 5 every eight hours, the short receives it; PEPE pays every four."""
    desk = still({"BTCUSDT": "50000", "1000PEPEUSDT": "0.01"})
    desk.order("Buy", "1")
    desk.order("Sell", "100000", "1000PEPEUSDT")
    before = desk.balance()
    desk.market.prices["BTCUSDT"] = D(60000)
    desk.at(8 * 60)
    assert desk.balance() == before - 6 + D("0.2")
    entries = [entry for entry in desk.exchange.transaction_log(UID) if entry.type == "SETTLEMENT"]
    assert [(entry.symbol, entry.funding, entry.change) for entry in reversed(entries)] == [
        ("1000PEPEUSDT", D("0.1"), D("0.1")),
        ("BTCUSDT", D("-6"), D("-6")),
        ("1000PEPEUSDT", D("0.1"), D("0.1")),
    ]
    execution = next(item for item in desk.exchange.executions(UID, "linear") if item.symbol == "BTCUSDT")
    assert (execution.exec_type, execution.exec_fee, execution.fee_rate) == ("Funding", D(6), D("0.0001"))
    desk.order("Sell", "1")
    assert desk.exchange.closed_pnls(UID, "linear")[0].closed_pnl == 10000 - 110000 * D("0.00055")
    assert desk.position().cum_realised_pnl == 10000 - 110000 * D("0.00055") - 6


def test_inverse_funding_is_in_coin(still: Make) -> None:
    desk = still({"BTCUSD": "50000", "BTCUSDT": "50000"}, wallet=(("BTC", D(2)),))
    desk.order("Sell", "50000", "BTCUSD", "inverse")
    before = desk.balance("BTC")
    desk.at(480)
    assert desk.balance("BTC") == before + D("0.0001")


def test_isolated_loss_is_the_margin(scripted: Make) -> None:
    """1 BTC at 50,000, 10x: liquidated at 45000/0.995, closed at 45,000: lost are the margin of 5,000 and the closing fee."""
    desk = scripted({"BTC": [(0, 50000), (10, 50000), (20, 40000), (40, 40000)]}, margin_mode="ISOLATED_MARGIN")
    opening = desk.order("Buy", "1", stop_loss=D(20000))
    entry = opening.avg_price
    row = desk.position()
    bust = entry * D("0.9")
    assert row.bust_price == (bust / D("0.1")).to_integral_value(rounding="ROUND_CEILING") * D("0.1")
    assert row.liq_price is not None
    assert 0 <= row.liq_price - bust / D("0.995") < D("0.1")
    assert row.position_im == entry / 10 + bust * D("0.00055")
    after_opening = desk.balance()
    desk.at(40)
    assert desk.position().size == 0
    loss = after_opening - desk.balance()
    assert row.position_im - D("0.1") <= loss <= row.position_im
    entry_log = desk.exchange.transaction_log(UID)[0]
    assert entry_log.type == "LIQUIDATION"
    execution = desk.exchange.executions(UID, "linear")[0]
    assert (execution.exec_type, execution.create_type) == ("BustTrade", "CreateByTakeOver_PassThrough")
    assert desk.exchange.closed_pnls(UID, "linear")[0].exec_type == "BustTrade"
    assert desk.exchange.open_orders(UID, "linear") == ()


def test_isolated_stop_nearer_than_liquidation_saves_the_rest(scripted: Make) -> None:
    desk = scripted({"BTC": [(0, 50000), (10, 50000), (11, 40000), (40, 40000)]}, margin_mode="ISOLATED_MARGIN")
    desk.order("Buy", "1", stop_loss=D(48000))
    desk.at(40)
    assert [order.create_type for order in desk.exchange.orders(UID, "linear") if order.order_status == "Filled"] == [
        "CreateByStopLoss",
        "CreateByUser",
    ]


def test_added_margin_moves_liquidation_away(scripted: Make) -> None:
    desk = scripted({"BTC": [(0, 50000), (10, 50000), (20, 44000), (40, 44000)]}, margin_mode="ISOLATED_MARGIN")
    desk.order("Buy", "1")
    before = desk.position()
    after = desk.exchange.add_margin(UID, "linear", "BTCUSDT", D(2000))
    moved = D(2000) / (1 - D("0.00055")) / D("0.995")
    assert abs((before.liq_price - after.liq_price) - moved) <= D("0.1")
    assert after.position_im - before.position_im == 2000
    desk.at(30)
    assert desk.position().size == 1
    with refused(110078):
        desk.exchange.add_margin(UID, "linear", "BTCUSDT", D(-2001))
    with refused(110011):
        desk.exchange.add_margin(UID, "linear", "BTCUSDT", D(-2000))
    with refused(110014):
        desk.exchange.add_margin(UID, "linear", "BTCUSDT", D(10**6))


def test_cross_account_margin_by_hand(still: Make) -> None:
    """5 BTC at 50,000, 10x, mark 48,000: margins follow the mark."""
    desk = still({"BTCUSDT": "50000"}, wallet=(("USDT", D(50000)),))
    desk.order("Buy", "5")
    desk.market.prices["BTCUSDT"] = D(48000)
    fee = 5 * 48000 * D("0.9") * D("0.00055")
    wallet = desk.exchange.wallet_balance(UID)
    assert wallet.total_wallet_balance == 50000 - D("137.5")
    assert wallet.total_perp_upl == -10000
    assert wallet.total_margin_balance == wallet.total_equity == D("39862.5")
    assert wallet.total_initial_margin == 24000 + fee
    assert wallet.total_maintenance_margin == 1200 + fee
    assert wallet.account_mm_rate == ((1200 + fee) / D("39862.5")).quantize(D("0.0001"))
    assert wallet.total_available_balance == D("39862.5") - 24000 - fee


def test_cross_liquidation_estimate_is_where_the_rate_is_one(still: Make) -> None:
    desk = still({"BTCUSDT": "50000", "ETHUSDT": "2000"}, wallet=(("USDT", D(50000)),))
    desk.order("Buy", "5")
    desk.order("Sell", "20", "ETHUSDT")
    for symbol in ("BTCUSDT", "ETHUSDT"):
        price = desk.position(symbol).liq_price
        assert price is not None
        before = desk.market.prices[symbol]
        desk.market.prices[symbol] = price
        assert abs(desk.exchange.wallet_balance(UID).account_mm_rate - 1) < D("0.03")
        desk.market.prices[symbol] = before


def test_cross_liquidates_the_largest_until_it_carries_the_rest(scripted: Make) -> None:
    desk = scripted(
        {
            "BTC": [(0, 50000), (10, 50000), (60, 44500), (90, 44500)],
            "ETH": [(0, 2000), (10, 2000), (60, 1990), (90, 1990)],
        },
        wallet=(("USDT", D(27000)),),
    )
    desk.order("Buy", "5")
    desk.order("Buy", "5", "ETHUSDT")
    resting = desk.order("Buy", "0.01", price=D(30000))
    desk.at(60)
    assert desk.position().size == 0
    assert desk.position("ETHUSDT").size == 5
    assert desk.exchange.wallet_balance(UID).account_mm_rate < 1
    orders = {order.order_id: order for order in desk.exchange.orders(UID, "linear")}
    assert orders[resting.order_id].cancel_type == "CancelAllBeforeLiq"
    liquidation = desk.exchange.executions(UID, "linear")[0]
    assert (liquidation.exec_type, liquidation.create_type) == ("BustTrade", "CreateByLiq")
    assert desk.exchange.transaction_log(UID)[0].type == "LIQUIDATION"
    assert desk.balance() > 0


def test_inverse_short_on_its_own_collateral_is_dollars(still: Make) -> None:
    """50,000 USD short on 1 BTC (less fees): equity in USD hardly moves with the price (ruling 17)."""
    desk = still({"BTCUSD": "50000", "BTCUSDT": "50000"}, wallet=(("BTC", D(1)),))
    desk.order("Sell", "50000", "BTCUSD", "inverse")
    before = desk.exchange.wallet_balance(UID).total_equity
    desk.market.prices.update({"BTCUSD": D(30000), "BTCUSDT": D(30000)})
    assert abs(desk.exchange.wallet_balance(UID).total_equity - before) < 20


def test_margin_modes(still: Make) -> None:
    desk = still({"BTCUSDT": "50000"})
    with refused(110026):
        desk.exchange.set_margin_mode(UID, "REGULAR_MARGIN")
    with refused(110073):
        desk.exchange.set_margin_mode(UID, "PORTFOLIO_MARGIN")
    desk.order("Buy", "1")
    with refused(110015):
        desk.exchange.add_margin(UID, "linear", "BTCUSDT", D(10))
    with refused(110076):
        desk.exchange.set_auto_add_margin(UID, "linear", "BTCUSDT", True)
    desk.exchange.set_margin_mode(UID, "ISOLATED_MARGIN")
    wallet = desk.exchange.wallet_balance(UID)
    assert (wallet.account_mm_rate, wallet.total_available_balance) == (None, None)
    desk.market.prices["BTCUSDT"] = D(44000)
    desk.exchange.advance(desk.exchange.now)
    assert desk.position().size == 1
    assert desk.exchange.account_info(UID).margin_mode == "ISOLATED_MARGIN"


def test_profit_raises_the_adl_light(still: Make) -> None:
    desk = still({"BTCUSDT": "50000"})
    desk.order("Buy", "1")
    lights = []
    for price in (49000, 51000, 52500, 60000):
        desk.market.prices["BTCUSDT"] = D(price)
        lights.append(desk.position().adl_rank_indicator)
    assert lights == [1, 2, 3, 5]


@pytest.mark.parametrize(("category", "symbol", "qty"), [("linear", "BTCUSDT", "0.5"), ("inverse", "BTCUSD", "20000")])
@pytest.mark.parametrize("side", ["Buy", "Sell"])
def test_closing_at_break_even_costs_nothing(still: Make, category: str, symbol: str, qty: str, side: str) -> None:
    """Fees and funding included: after closing at the row's break-even price the wallet is back where it was, to the tick."""
    desk = still({"BTCUSDT": "50000", "BTCUSD": "50000"}, wallet=(("USDT", D(20000)), ("BTC", D(1))))
    coin = "USDT" if category == "linear" else "BTC"
    before = desk.balance(coin)
    desk.order(side, qty, symbol, category)
    desk.at(480)
    desk.market.prices[symbol] = desk.position(symbol, category).break_even_price
    desk.order("Sell" if side == "Buy" else "Buy", qty, symbol, category)
    tick_worth = D("0.05") if category == "linear" else D("0.1") * 20000 / D(49000) ** 2
    assert 0 <= desk.balance(coin) - before <= tick_worth


def test_hedge_legs_liquidate_one_by_one_when_isolated(scripted: Make) -> None:
    """Long and short of one symbol at 20x: a fall of 8 % takes the long, the short lives on its profit."""
    desk = scripted(
        {"BTC": [(0, 50000), (10, 50000), (30, 46000), (60, 46000)]},
        margin_mode="ISOLATED_MARGIN",
        hedge_symbols=frozenset({"BTCUSDT"}),
        default_leverage=D(20),
    )
    desk.order("Buy", "1", position_idx=1)
    desk.order("Sell", "1", position_idx=2)
    desk.at(60)
    assert (desk.position(index=1).size, desk.position(index=2).size) == (0, 1)
    assert desk.exchange.executions(UID, "linear")[0].position_idx == 1


def test_debts_pay_interest_by_the_hour(still: Make) -> None:
    """A loss larger than the USDT wallet, carried by BTC collateral, pays at each full hour, on the growing debt."""
    desk = still({"BTCUSDT": "50000"}, wallet=(("BTC", D(1)),))
    desk.order("Buy", "0.1")
    desk.market.prices["BTCUSDT"] = D(40055)
    desk.order("Sell", "0.1")
    debt = desk.balance()
    assert debt < 0
    wallet = desk.exchange.wallet_balance(UID).coins[1]
    assert (wallet.coin, wallet.borrow_amount) == ("USDT", -debt)
    desk.at(150)
    first = (debt * D("0.0000057")).quantize(D("1e-8"))
    second = ((debt + first) * D("0.0000057")).quantize(D("1e-8"))
    assert [entry.change for entry in desk.exchange.transaction_log(UID)[:2]] == [second, first]
    assert desk.exchange.transaction_log(UID)[0].type == "INTEREST"
    assert desk.balance() == debt + first + second


def test_a_position_opened_on_the_way_pays_its_funding(scripted: Make) -> None:
    """A resting entry fills after half an hour; advanced in one piece, the funding at 08:00 and 16:00 is charged."""
    desk = scripted({"BTC": [(0, 50000), (30, 48000), (60, 50000), (1200, 50000)]})
    desk.order("Buy", "0.1", price=D(49000))
    desk.at(1100)
    kinds = [entry.type for entry in desk.exchange.transaction_log(UID)]
    assert kinds == ["SETTLEMENT", "SETTLEMENT", "TRADE", "TRANSFER_IN"]
