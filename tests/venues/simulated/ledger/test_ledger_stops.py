"""Stops, targets, trailing stops, conditional orders and resting limits on paths given in advance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from market_analysis.venues.simulated.ledger import AmendRequest, ApiError, TradingStopRequest
from market_analysis.venues.simulated.market.rows import MinuteRows

D = Decimal
UID = "1001"
Make = Callable[..., Any]
FALL = {"BTC": [(0, 50000), (10, 50000), (20, 48000), (40, 52000)]}
RISE = {"BTC": [(0, 50000), (10, 50000), (20, 52000), (40, 48000)]}


def stop(desk: Any, **parts: Any) -> None:
    desk.exchange.set_trading_stop(UID, TradingStopRequest("linear", "BTCUSDT", **parts))


def by_type(desk: Any) -> dict[str, Any]:
    return {order.stop_order_type: order for order in desk.exchange.open_orders(UID, "linear")}


def refused(code: int) -> Any:
    return pytest.raises(ApiError, check=lambda error: error.ret_code == code)


def test_full_stop_fills_at_its_price_less_half_a_spread(scripted: Make) -> None:
    desk = scripted(FALL)
    desk.order("Buy", "0.5", stop_loss=D(49000), take_profit=D(51000))
    assert (desk.position().stop_loss, desk.position().take_profit) == (D(49000), D(51000))
    desk.at(14)
    assert desk.position().size == D("0.5")
    desk.at(16)
    row = desk.position()
    assert (row.side, row.stop_loss, row.take_profit) == ("", None, None)
    execution = desk.exchange.executions(UID, "linear")[0]
    assert execution.exec_price == D(49000) - D("1.0")
    assert (execution.stop_order_type, execution.create_type) == ("StopLoss", "CreateByStopLoss")
    orders = {order.stop_order_type: order for order in desk.exchange.orders(UID, "linear")}
    assert orders["StopLoss"].order_status == "Filled"
    assert (orders["TakeProfit"].order_status, orders["TakeProfit"].cancel_type) == ("Cancelled", "CancelByTpSlTsClear")


def test_target_of_a_short(scripted: Make) -> None:
    desk = scripted(FALL)
    desk.order("Sell", "0.5", stop_loss=D(51000), take_profit=D(48500))
    desk.at(60)
    assert desk.exchange.executions(UID, "linear")[0].exec_price == D(48501)
    assert desk.position().size == 0


def test_mark_and_index_sources_are_shown_and_obeyed(scripted: Make) -> None:
    for source in ("MarkPrice", "IndexPrice"):
        desk = scripted(FALL)
        desk.order("Buy", "0.5")
        stop(desk, stop_loss=D(49000), sl_trigger_by=source)
        assert by_type(desk)["StopLoss"].trigger_by == source
        desk.at(14)
        assert desk.position().size > 0
        desk.at(16)
        assert desk.position().size == 0


def test_partial_stop_covers_its_size_only(scripted: Make) -> None:
    desk = scripted(FALL)
    desk.order("Buy", "0.5")
    stop(desk, tpsl_mode="Partial", stop_loss=D(49000), sl_size=D("0.2"))
    order = by_type(desk)["PartialStopLoss"]
    assert (order.qty, order.tpsl_mode, order.reduce_only, order.trigger_direction) == (D("0.2"), "Partial", True, 2)
    assert desk.position().stop_loss is None
    desk.at(20)
    assert desk.position().size == D("0.3")
    with refused(110058):
        stop(desk, tpsl_mode="Partial", stop_loss=D(47000), sl_size=D("0.4"))
    with refused(10001):
        stop(desk, tpsl_mode="Partial", stop_loss=D(47000), take_profit=D(53000), sl_size=D("0.1"), tp_size=D("0.2"))


def test_a_pair_of_partials_goes_together(scripted: Make) -> None:
    desk = scripted(FALL)
    desk.order("Buy", "0.5")
    stop(desk, tpsl_mode="Partial", stop_loss=D(49000), take_profit=D(51500), sl_size=D("0.2"), tp_size=D("0.2"))
    desk.at(20)
    assert desk.position().size == D("0.3")
    assert by_type(desk) == {}


def test_partial_is_amended_by_order_id(scripted: Make) -> None:
    desk = scripted(FALL)
    desk.order("Buy", "0.5")
    stop(desk, tpsl_mode="Partial", stop_loss=D(49000), sl_size=D("0.2"))
    request = AmendRequest("linear", "BTCUSDT", order_id=by_type(desk)["PartialStopLoss"].order_id)
    desk.exchange.amend_order(UID, replace(request, trigger_price=D(47000), qty=D("0.5")))
    desk.at(25)
    assert desk.position().size == D("0.5")
    with refused(110058):
        desk.exchange.amend_order(UID, replace(request, qty=D("0.6")))


def test_limit_stop_rests_after_its_trigger(scripted: Make) -> None:
    """Triggered at 49,000 with a limit of 49,500 above the market: it waits for the recovery and fills there as maker."""
    desk = scripted(FALL)
    desk.order("Buy", "0.5")
    stop(
        desk,
        tpsl_mode="Partial",
        stop_loss=D(49000),
        sl_size=D("0.5"),
        sl_order_type="Limit",
        sl_limit_price=D(49500),
    )
    desk.at(20)
    (order,) = desk.exchange.open_orders(UID, "linear")
    assert (order.order_status, order.price, order.reduce_only) == ("New", D(49500), True)
    desk.at(40)
    execution = desk.exchange.executions(UID, "linear")[0]
    assert (execution.exec_price, execution.is_maker, execution.fee_rate) == (D(49500), True, D("0.0002"))


def test_full_stop_follows_the_size(scripted: Make) -> None:
    desk = scripted(FALL)
    desk.order("Buy", "0.5", stop_loss=D(49000))
    desk.order("Buy", "0.3")
    assert by_type(desk)["StopLoss"].qty == D("0.8")
    desk.order("Sell", "0.6")
    assert by_type(desk)["StopLoss"].qty == D("0.2")
    desk.order("Sell", "1")
    assert by_type(desk) == {}
    assert desk.position().side == "Sell"


def test_trading_stop_refusals(scripted: Make) -> None:
    desk = scripted(FALL)
    with refused(10001):
        stop(desk, stop_loss=D(49000))
    desk.order("Buy", "0.5")
    stop(desk, stop_loss=D(49000))
    with refused(34040):
        stop(desk, stop_loss=D(49000))
    with refused(34040):
        stop(desk, take_profit=D(0))
    with refused(10001):
        stop(desk, stop_loss=D(50500))
    with refused(10001):
        stop(desk, take_profit=D(49900))
    stop(desk, stop_loss=D(0))
    assert desk.position().stop_loss is None


def test_trailing_stop_follows_and_triggers(scripted: Make) -> None:
    """Best price 52,000 less 800: out at 51,200, less half a spread of 1.1."""
    desk = scripted(RISE)
    desk.order("Buy", "0.5")
    stop(desk, trailing_stop=D(800))
    assert desk.position().trailing_stop == D(800)
    assert by_type(desk)["TrailingStop"].trigger_price == D(49200)
    desk.at(20)
    assert by_type(desk)["TrailingStop"].trigger_price == D(51200)
    desk.at(40)
    assert desk.exchange.executions(UID, "linear")[0].exec_price == D(51200) - D("1.1")


def test_trailing_stop_sleeps_before_its_activation(scripted: Make) -> None:
    path = {"BTC": [(0, 50000), (10, 50500), (20, 49000), (30, 51500), (40, 50000)]}
    desk = scripted(path)
    desk.order("Buy", "0.5")
    stop(desk, trailing_stop=D(500), active_price=D(51000))
    desk.at(22)
    asleep = by_type(desk)["TrailingStop"]
    assert (asleep.trigger_price, asleep.active_price) == (None, D(51000))
    assert desk.position().size == D("0.5")
    desk.at(40)
    assert desk.exchange.executions(UID, "linear")[0].exec_price == D(51000) - D("1.1")


def test_conditional_entry_with_attached_stop(scripted: Make) -> None:
    desk = scripted(RISE)
    desk.order("Buy", "0.1", trigger_price=D(51000), trigger_direction=1, trigger_by="MarkPrice", stop_loss=D(50000))
    desk.at(10)
    assert desk.exchange.open_orders(UID, "linear")[0].order_status == "Untriggered"
    desk.at(16)
    assert desk.position().avg_price == D(51000) + D("1.1")
    assert desk.position().stop_loss == D(50000)
    desk.at(40)
    assert desk.position().size == 0
    assert desk.exchange.executions(UID, "linear")[0].exec_price == D(49999)


def test_conditional_reduce_without_position_is_cancelled(scripted: Make) -> None:
    desk = scripted(RISE)
    desk.order("Sell", "0.1", trigger_price=D(51000), trigger_direction=1, reduce_only=True)
    desk.at(20)
    (order,) = desk.exchange.orders(UID, "linear")
    assert (order.order_status, order.cancel_type) == ("Cancelled", "CancelByReduceOnly")


def test_conditional_without_margin_is_cancelled(scripted: Make) -> None:
    desk = scripted(RISE)
    desk.order("Buy", "25", trigger_price=D(51000), trigger_direction=1)
    desk.at(20)
    assert desk.exchange.orders(UID, "linear")[0].order_status == "Cancelled"
    assert desk.exchange.executions(UID, "linear") == []


class GappingMarket:
    """Delegates to a still market, but the next minute opens at `opens` and stays there."""

    def __init__(self, still: Any, opens: float) -> None:
        self._still, self._opens = still, opens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._still, name)

    def minutes(self, category: Any, symbol: str, from_ms: int, to_ms: int) -> MinuteRows:
        times = np.arange(from_ms, to_ms, 60_000, dtype=np.int64)
        return MinuteRows(times, *([np.full(len(times), self._opens)] * 8))


def test_a_gap_fills_at_the_open(still: Make) -> None:
    """The minute opens at 47,000, beyond a stop of 49,000 (less half a spread) and a limit of 48,000 (its own price)."""
    desk = still({"BTCUSDT": "50000"})
    desk.exchange._market = GappingMarket(desk.market, 47000.0)
    desk.order("Buy", "0.5", stop_loss=D(49000))
    desk.order("Buy", "0.1", price=D(48000))
    desk.at(1)
    limit, gapped = desk.exchange.executions(UID, "linear")[:2]
    assert (gapped.exec_price, gapped.create_type) == (D(47000) - D("1.0"), "CreateByStopLoss")
    assert (limit.exec_price, limit.is_maker) == (D(48000), True)


def test_limit_needs_to_be_traded_through(scripted: Make) -> None:
    desk = scripted({"BTC": [(0, 50000), (10, 49000), (20, 50000), (30, 48900), (40, 50000)]})
    touched = desk.order("Buy", "0.1", price=D(49000))
    desk.at(20)
    assert desk.exchange.open_orders(UID, "linear")[0].order_id == touched.order_id
    desk.at(30)
    execution = desk.exchange.executions(UID, "linear")[0]
    assert (execution.exec_price, execution.is_maker) == (D(49000), True)


def test_reducing_limit_goes_with_its_position(scripted: Make) -> None:
    desk = scripted(FALL)
    desk.order("Buy", "0.5", stop_loss=D(49000))
    desk.order("Sell", "0.5", price=D(51500), reduce_only=True)
    desk.at(20)
    orders = {order.order_type: order for order in desk.exchange.orders(UID, "linear") if order.price is not None}
    assert orders["Limit"].cancel_type == "CancelByReduceOnly"
    desk.at(40)
    assert desk.position().size == 0


def test_stop_before_target_within_a_minute(scripted: Make) -> None:
    """A real minute of the market's own holds both levels: the stop is the one that fills, for longs and shorts."""
    desk = scripted({"BTC": [(-60, 50000), (-59, 50000)]})
    start = desk.exchange.now
    rows = desk.market.minutes("linear", "BTCUSDT", int(start.timestamp() * 1000), int(start.timestamp() * 1000) + 86_400_000)
    wide = next(
        n for n in range(len(rows)) if rows.last_high[n] - rows.last_open[n] > 3 and rows.last_open[n] - rows.last_low[n] > 3
    )
    for side, sign in (("Buy", -1), ("Sell", 1)):
        desk = scripted({"BTC": [(-60, 50000), (-59, 50000)]})
        desk.at(wide)
        opened = D(repr(float(rows.last_open[wide])))
        desk.order(side, "0.1", stop_loss=opened + sign * 3, take_profit=opened - sign * 3)
        desk.exchange.advance(desk.exchange.now + timedelta(minutes=1))
        assert desk.exchange.executions(UID, "linear")[0].stop_order_type == "StopLoss"
