"""Orders: fills, averages, flips, hedge legs, refusals with Bybit's codes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from market_analysis.venues.simulated.ledger import AmendRequest, ApiError

D = Decimal
UID = "1001"
Still = Callable[..., Any]


def refused(code: int) -> Any:
    """Expects a refusal with Bybit's code."""
    return pytest.raises(ApiError, check=lambda error: error.ret_code == code)


def test_average_price_partial_close_and_fees(still: Still) -> None:
    """1 at 100 and 3 at 104 average 103; closing 2 at 110 makes 14 gross; fees 0.055 %."""
    desk = still({"ETHUSDT": "100"})
    desk.order("Buy", "1", "ETHUSDT")
    desk.market.prices["ETHUSDT"] = D(104)
    desk.order("Buy", "3", "ETHUSDT")
    assert desk.position("ETHUSDT").avg_price == D(103)
    desk.market.prices["ETHUSDT"] = D(110)
    desk.order("Sell", "2", "ETHUSDT", reduce_only=True)
    row = desk.position("ETHUSDT")
    assert (row.side, row.size, row.avg_price, row.unrealised_pnl) == ("Buy", D(2), D(103), D(14))
    (closed,) = desk.exchange.closed_pnls(UID, "linear")
    open_fee = (100 + 312) * D("0.00055")
    close_fee = 220 * D("0.00055")
    assert closed.closed_pnl == 14 - open_fee / 2 - close_fee
    assert (closed.side, closed.avg_entry_price, closed.avg_exit_price) == ("Sell", D(103), D(110))
    assert row.cum_realised_pnl == row.cur_realised_pnl == 14 - open_fee - close_fee
    assert desk.balance() == 100000 + 14 - open_fee - close_fee


def test_flip_closes_then_opens(still: Still) -> None:
    desk = still({"ETHUSDT": "100"})
    desk.order("Buy", "2", "ETHUSDT")
    desk.market.prices["ETHUSDT"] = D(90)
    desk.order("Sell", "5", "ETHUSDT")
    row = desk.position("ETHUSDT")
    assert (row.side, row.size, row.avg_price, row.unrealised_pnl) == ("Sell", D(3), D(90), D(0))
    (closed,) = desk.exchange.closed_pnls(UID, "linear")
    assert closed.closed_size == 2
    assert closed.closed_pnl == -20 - 200 * D("0.00055") - 180 * D("0.00055")
    assert row.cur_realised_pnl == -270 * D("0.00055")
    execution = desk.exchange.executions(UID, "linear")[0]
    assert (execution.exec_qty, execution.closed_size) == (5, 2)


def test_inverse_profit_is_in_coin(still: Still) -> None:
    """60,000 USD long from 50,000 to 60,000 makes 60000 * (1/50000 - 1/60000) = 0.2 BTC."""
    desk = still({"BTCUSD": "50000", "BTCUSDT": "50000"}, wallet=(("BTC", D(2)),))
    desk.order("Buy", "60000", "BTCUSD", "inverse")
    desk.market.prices.update({"BTCUSD": D(60000), "BTCUSDT": D(60000)})
    row = desk.position("BTCUSD", "inverse")
    assert (row.unrealised_pnl, row.position_value) == (D("0.2"), D(1))
    desk.order("Sell", "60000", "BTCUSD", "inverse")
    fee = D("1.2") * D("0.00055") + D("0.00055")
    assert desk.balance("BTC") == D("2.2") - fee
    assert desk.position("BTCUSD", "inverse").side == ""


def test_inverse_average_is_harmonic(still: Still) -> None:
    """30,000 USD at 50,000 (0.6 BTC) and 40,000 at 40,000 (1 BTC): 70,000 / 1.6 = 43,750."""
    desk = still({"BTCUSD": "50000", "BTCUSDT": "50000"}, wallet=(("BTC", D(2)),))
    desk.order("Buy", "30000", "BTCUSD", "inverse")
    desk.market.prices["BTCUSD"] = D(40000)
    desk.order("Buy", "40000", "BTCUSD", "inverse")
    assert desk.position("BTCUSD", "inverse").avg_price == D(43750)


def test_hedge_mode_holds_two_positions(still: Still) -> None:
    desk = still({"BTCUSDT": "50000"})
    desk.exchange.switch_position_mode(UID, "linear", mode=3, coin="USDT")
    desk.order("Buy", "0.2", position_idx=1)
    desk.order("Sell", "0.1", position_idx=2)
    assert [(row.position_idx, row.side, row.size) for row in desk.exchange.positions(UID, "linear", symbol="BTCUSDT")] == [
        (1, "Buy", D("0.2")),
        (2, "Sell", D("0.1")),
    ]
    desk.order("Sell", "0.5", position_idx=1)
    assert desk.position(index=1).size == 0
    with refused(10001):
        desk.order("Buy", "0.1")
    with refused(110017):
        desk.order("Sell", "0.1", position_idx=1)
    with refused(110024):
        desk.exchange.switch_position_mode(UID, "linear", mode=0, coin="USDT")
    with refused(110025):
        desk.exchange.switch_position_mode(UID, "linear", mode=3, symbol="BTCUSDT")
    with refused(110029):
        desk.exchange.switch_position_mode(UID, "inverse", mode=3, symbol="BTCUSD")


def test_limit_orders_by_time_in_force(still: Still) -> None:
    desk = still({"BTCUSDT": "50000"})
    resting = desk.order("Buy", "0.1", price=D(49000))
    assert (resting.order_status, resting.leaves_qty) == ("New", D("0.1"))
    taking = desk.order("Buy", "0.1", price=D(51000))
    assert (taking.order_status, taking.avg_price) == ("Filled", D(50000))
    passive = desk.order("Buy", "0.1", price=D(51000), time_in_force="PostOnly")
    assert (passive.order_status, passive.reject_reason) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")
    for in_force in ("IOC", "FOK"):
        missed = desk.order("Buy", "0.1", price=D(49000), time_in_force=in_force)
        assert (missed.order_status, missed.reject_reason) == ("Cancelled", "EC_NoImmediateQtyToFill")
    assert [order.order_id for order in desk.exchange.open_orders(UID, "linear")] == [resting.order_id]


def test_client_id_is_used_once(still: Still) -> None:
    desk = still({"BTCUSDT": "50000"})
    first = desk.order("Buy", "0.1", price=D(49000), order_link_id="mine")
    with refused(110072):
        desk.order("Buy", "0.1", price=D(49000), order_link_id="mine")
    desk.exchange.cancel_order(UID, "linear", "BTCUSDT", order_link_id="mine")
    with refused(110072):
        desk.order("Buy", "0.1", price=D(48000), order_link_id="mine")
    with refused(110001):
        desk.exchange.cancel_order(UID, "linear", "BTCUSDT", order_id=first.order_id)


@pytest.mark.parametrize(
    ("qty", "more", "code"),
    [
        ("0.0001", {}, 10001),
        ("0.0015", {}, 10001),
        ("2000", {}, 10001),
        ("0.1", {"price": D("49000.05")}, 10001),
        ("0.1", {"price": D("99999999")}, 110003),
        ("0.1", {"symbol": "NOSUCH"}, 10001),
        ("0.1", {"category": "spot"}, 10001),
        ("0.1", {"reduce_only": True}, 110017),
        ("30", {}, 110007),
        ("0.1", {"stop_loss": D(50000)}, 10001),
        ("0.1", {"take_profit": D(49000)}, 10001),
        ("0.1", {"trigger_price": D(51000)}, 10001),
        ("0.1", {"trigger_price": D(49000), "trigger_direction": 1}, 110092),
        ("0.1", {"trigger_price": D(51000), "trigger_direction": 2}, 110093),
        ("0.1", {"position_idx": 1}, 10001),
    ],
)
def test_refusals_change_nothing(still: Still, qty: str, more: dict[str, Any], code: int) -> None:
    desk = still({"BTCUSDT": "50000", "NOSUCH": "1"})
    before = (desk.exchange.wallet_balance(UID), desk.exchange.events_since(UID, 0)[1])
    with refused(code):
        desk.order("Buy", qty, **more)
    assert before == (desk.exchange.wallet_balance(UID), desk.exchange.events_since(UID, 0)[1])
    assert desk.exchange.orders(UID, "linear") == []


def test_least_notional(still: Still) -> None:
    desk = still({"DOGEUSDT": "0.1"})
    with refused(110094):
        desk.order("Buy", "49", "DOGEUSDT")
    assert desk.order("Buy", "50", "DOGEUSDT").order_status == "Filled"


def test_resting_orders_hold_margin(still: Still) -> None:
    """10 BTC at 49,000, 10x: 49,000 + closing fee at 44,100 + opening fee, in USD."""
    desk = still({"BTCUSDT": "50000"})
    desk.order("Buy", "10", price=D(49000))
    expected = 49000 + 10 * 44100 * D("0.00055") + 490000 * D("0.00055")
    wallet = desk.exchange.wallet_balance(UID)
    assert wallet.total_initial_margin == expected
    assert wallet.total_available_balance == 100000 - expected
    assert wallet.coins[0].total_order_im == expected
    with refused(110007):
        desk.order("Buy", "11", price=D(49000))


def test_amend_moves_price_size_and_attached_stop(still: Still) -> None:
    desk = still({"BTCUSDT": "50000"})
    order = desk.order("Buy", "0.1", price=D(49000), stop_loss=D(48000))
    changed = desk.exchange.amend_order(
        UID, AmendRequest("linear", "BTCUSDT", order_id=order.order_id, price=D(49500), qty=D("0.2"), stop_loss=D(0))
    )
    assert (changed.price, changed.qty, changed.leaves_qty, changed.stop_loss) == (D(49500), D("0.2"), D("0.2"), None)
    with refused(10001):
        desk.exchange.amend_order(UID, AmendRequest("linear", "BTCUSDT", order_id=order.order_id, price=D(49500)))
    with refused(110007):
        desk.exchange.amend_order(UID, AmendRequest("linear", "BTCUSDT", order_id=order.order_id, qty=D(100)))
    assert desk.exchange.open_orders(UID, "linear")[0].qty == D("0.2")
    filled = desk.exchange.amend_order(UID, AmendRequest("linear", "BTCUSDT", order_id=order.order_id, price=D(50500)))
    assert (filled.order_status, filled.avg_price) == ("Filled", D(50000))


def test_leverage_rules(still: Still) -> None:
    desk = still({"BTCUSDT": "50000"}, wallet=(("USDT", D(30000)),))
    desk.order("Buy", "1")
    with refused(110043):
        desk.exchange.set_leverage(UID, "linear", "BTCUSDT", D(10), D(10))
    with refused(10001):
        desk.exchange.set_leverage(UID, "linear", "BTCUSDT", D(5), D(10))
    with refused(10001):
        desk.exchange.set_leverage(UID, "linear", "BTCUSDT", D(101), D(101))
    with refused(110012):
        desk.exchange.set_leverage(UID, "linear", "BTCUSDT", D(1), D(1))
    desk.exchange.set_leverage(UID, "linear", "BTCUSDT", D(20), D(20))
    assert desk.position().leverage == 20
    assert desk.position().position_im == 2500 + 47500 * D("0.00055")


def test_tier_limits_leverage(still: Still) -> None:
    """BTCUSDT at 100x may be worth 2,000,000; the tier of 2,500,000 allows 90x."""
    desk = still({"BTCUSDT": "50000"}, wallet=(("USDT", D(10**6)),))
    desk.exchange.set_leverage(UID, "linear", "BTCUSDT", D(100), D(100))
    with refused(110090):
        desk.order("Buy", "50")
    desk.exchange.set_leverage(UID, "linear", "BTCUSDT", D(80), D(80))
    desk.order("Buy", "50")
    assert (desk.position().risk_id, desk.position().risk_limit_value) == (2, D(2600000))
    with refused(110013):
        desk.exchange.set_leverage(UID, "linear", "BTCUSDT", D(95), D(95))


def test_money_flows_are_no_profit(still: Still) -> None:
    desk = still({"BTCUSDT": "50000"})
    desk.exchange.deposit(UID, "USDT", D(500))
    desk.exchange.withdraw(UID, "USDT", D(200))
    desk.order("Buy", "10")
    with refused(131212):
        desk.exchange.withdraw(UID, "USDT", D(60000))
    log = desk.exchange.transaction_log(UID)
    assert [entry.type for entry in log] == ["TRADE", "TRANSFER_OUT", "TRANSFER_IN", "TRANSFER_IN"]
    assert desk.exchange.wallet_balance(UID).coins[0].cum_realised_pnl == log[0].change


def test_collateral_is_valued_with_its_ratio(still: Still) -> None:
    desk = still({"BTCUSDT": "50000"}, wallet=(("USDT", D(1000)), ("BTC", D("0.2"))))
    wallet = desk.exchange.wallet_balance(UID)
    assert (wallet.total_equity, wallet.total_margin_balance) == (D(11000), D(10500))
    desk.exchange.set_collateral(UID, "BTC", False)
    assert desk.exchange.wallet_balance(UID).total_margin_balance == D(1000)
    assert desk.exchange.wallet_balance(UID).total_equity == D(11000)


def test_events_tell_what_changed(still: Still) -> None:
    desk = still({"BTCUSDT": "50000"})
    _, cursor = desk.exchange.events_since(UID, 0)
    desk.order("Buy", "0.1")
    events, _ = desk.exchange.events_since(UID, cursor)
    assert [event.topic for event in events] == ["execution", "order", "position", "wallet"]
    assert events[2].record == desk.position()
    assert events[3].record == desk.exchange.wallet_balance(UID)


def test_flat_rows_exist_once_touched(still: Still) -> None:
    desk = still({"BTCUSDT": "50000", "ETHUSDT": "2000"})
    assert desk.exchange.positions(UID, "linear") == ()
    assert desk.position("ETHUSDT").seq == -1
    desk.order("Buy", "0.1")
    desk.at(5)
    desk.order("Sell", "0.1")
    (row,) = desk.exchange.positions(UID, "linear", settle_coin="USDT")
    assert (row.side, row.size, row.avg_price, row.liq_price) == ("", 0, 0, None)
    desk.at(6)
    desk.order("Sell", "0.1")
    again = desk.position()
    assert again.created_time_ms == row.created_time_ms < row.updated_time_ms < again.open_time_ms
