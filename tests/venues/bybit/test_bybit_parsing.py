"""Recorded and documented Bybit payloads, and rows that contradict themselves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from market_analysis.domain import (
    Category,
    InstrumentId,
    MarginMode,
    OrderPurpose,
    Side,
)
from market_analysis.errors import AuthenticationError, MalformedAnswerError
from market_analysis.venues.bybit.instruments import tiers_of
from market_analysis.venues.bybit.key import admit, key_of
from market_analysis.venues.bybit.orders import order_of, purpose_of
from market_analysis.venues.bybit.positions import is_flat, position_of
from market_analysis.venues.bybit.quotes import quote_of
from market_analysis.venues.bybit.wire.account import KeyResult, WalletResult
from market_analysis.venues.bybit.wire.convert import WireStruct, parse
from market_analysis.venues.bybit.wire.market import InstrumentRow, RiskLimitRow, TickerRow
from market_analysis.venues.bybit.wire.trading import OrderRow, PositionRow

D = Decimal
FIXTURES = Path(__file__).resolve().parents[3].parent / "shared" / "fixtures" / "bybit"
BTC = InstrumentId("bybit", Category.LINEAR, "BTCUSDT")
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def documented(name: str) -> Any:
    """A `result` of the vendor's documentation or of the recorded answers."""
    path = FIXTURES / name
    if not path.exists():
        pytest.skip(f"the recorded payloads are not here: {path.name}")
    told = json.loads(path.read_text())
    return told.get("result", told)


def rows(name: str) -> list[Any]:
    found: list[Any] = documented(name)["list"]
    return found


def test_documented_position() -> None:
    row = parse(PositionRow, rows("bybit_docs_v5/position__position.response-example.json")[0], "p")
    assert not is_flat(row)
    position = position_of(row, Category.INVERSE, "main", MarginMode.CROSS)
    assert (position.side, position.quantity, position.notional, position.liquidation_price) == (Side.SHORT, 300, 300, None)
    assert (position.adl_rank, position.leverage, position.unrealized_pnl) == (2, 10, D("-0.00029413"))


def test_recorded_flat_position_is_dropped_knowingly() -> None:
    row = parse(PositionRow, rows("hirokisan_go/position/v5-position-get-position-info.json")[0], "p")
    assert is_flat(row)


def test_recorded_wallet() -> None:
    wallet = parse(WalletResult, documented("hirokisan_go/account/v5-account-get-wallet-balance.json"), "w").rows[0]
    assert wallet.total_equity == D("79207.48963775")
    btc = next(coin for coin in wallet.coin if coin.coin == "BTC")
    assert (btc.equity, btc.usd_value, btc.collateral_switch) == (D("1.16350244"), D("77769.03891392"), True)


def test_documented_orders() -> None:
    entry = parse(OrderRow, rows("bybit_docs_v5/order__open-order.response-example.json")[0], "o")
    order = order_of(entry, Category.LINEAR, None)
    assert (order.purpose, order.quantity, order.limit_price, order.trigger_price) == (OrderPurpose.ENTRY, D("0.10"), 1600, None)
    assert (order.position_index, order.reduce_only, order.client_order_id) == (1, False, "test-000005")
    spot = parse(OrderRow, rows("hirokisan_go/order/v5-get-open-orders.json")[0], "o")
    assert order_of(spot, Category.SPOT, None).purpose is OrderPurpose.ENTRY


def test_documented_market_rows() -> None:
    for name, category in (("", "linear"), (".2", "linear"), (".3", "spot")):
        row = parse(InstrumentRow, rows(f"bybit_docs_v5/market__instrument.response-example{name}.json")[0], "i")
        assert (row.lot_size_filter.qty_step is None) is (category == "spot")
    ticker = parse(TickerRow, rows("bybit_docs_v5/market__tickers.response-example.json")[0], "t")
    inverse = quote_of(ticker, InstrumentId("bybit", Category.INVERSE, "BTCUSD"), AT)
    assert inverse.turnover_24h_usd == D("115.6907") * D("120635.50")
    assert inverse.next_funding_at == datetime(2025, 10, 13, 16, tzinfo=UTC)
    spot = parse(TickerRow, rows("bybit_docs_v5/market__tickers.response-example.3.json")[0], "t")
    quote = quote_of(spot, InstrumentId("bybit", Category.SPOT, "BTCUSDT"), AT)
    assert (quote.mark, quote.index, quote.funding_rate_frac, quote.reference) == (None, None, None, D("20533.13"))
    assert spot.usd_index_price == D("20784.12009279")


def test_recorded_tiers_get_continuous_deductions() -> None:
    """The recorded answer has no mmDeduction: maintenance margin must not jump where one tier meets the next."""
    tiers = tiers_of([parse(RiskLimitRow, row, "r") for row in rows("hirokisan_go/market/v5-market-get-risk-limit.json")])
    assert len(tiers) > 5
    for low, high in pairwise(tiers):
        at = low.limit_value
        assert at * low.maintenance_margin_frac - low.deduction == at * high.maintenance_margin_frac - high.deduction
    told = parse(RiskLimitRow, rows("hirokisan_go/market/v5-market-get-risk-limit.json")[1] | {"mmDeduction": "1200"}, "r")
    assert tiers_of([told])[0].deduction == 1200


def test_documented_keys() -> None:
    reading = key_of(parse(KeyResult, documented("bybit_docs_v5/user__apikey-info.response-example.json"), "k"))
    assert (reading.uid, reading.is_read_only, reading.can_trade, reading.expires_at) == ("1448939", True, False, None)
    assert reading.addresses == ("18.181.170.164", "13.212.45.47", "13.212.45.48")
    trading = key_of(parse(KeyResult, documented("hirokisan_go/user/v5-user-get-api-key.json"), "k"))
    assert (trading.can_trade, trading.can_withdraw, trading.can_transfer, trading.addresses) == (True, False, True, ())
    assert trading.expires_at == datetime(2023, 4, 23, 5, 52, 24, tzinfo=UTC)


def test_a_key_that_can_withdraw() -> None:
    raw = {"readOnly": 0, "permissions": {"Wallet": ["Withdraw"]}, "userID": 7, "expiredAt": "2027-01-01T00:00:00"}
    key = key_of(parse(KeyResult, raw, "k"))
    assert key.expires_at == datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(AuthenticationError, match="withdraw"):
        admit(key, allow_withdraw_key=False)
    admit(key, allow_withdraw_key=True)
    assert not key_of(parse(KeyResult, raw | {"readOnly": 1}, "k")).can_withdraw
    assert key_of(parse(KeyResult, {k: v for k, v in raw.items() if k != "expiredAt"}, "k")).expires_at is None
    with pytest.raises(MalformedAnswerError, match="expiredAt"):
        key_of(parse(KeyResult, raw | {"expiredAt": "soon"}, "k"))


class Sample(WireStruct, frozen=True):
    """A struct with every kind of field."""

    price: Decimal
    count: int = 0
    deep: list[tuple[Decimal, ...]] = []  # noqa: RUF012  (msgspec copies)
    note: str = "none"


@pytest.mark.parametrize("garbage", ["NaN", "Infinity", "-inf", "12,3x", "", None, [], {}, True, "1e", float("nan")])
def test_garbage_is_named(garbage: object) -> None:
    with pytest.raises(MalformedAnswerError, match=r"/path.*price"):
        parse(Sample, {"price": garbage}, "/path")


def test_blanks_take_the_default_and_numbers_stay_exact() -> None:
    got = parse(Sample, {"price": "0.10", "count": "12", "note": "", "unknown": 1, "deep": [["1", "2.50"]]}, "/path")
    assert (str(got.price), got.count, got.note, got.deep) == ("0.10", 12, "none", [(D(1), D("2.50"))])
    with pytest.raises(MalformedAnswerError, match=r"deep\[0\]\[1\]"):
        parse(Sample, {"price": "1", "deep": [["1", "NaN"]]}, "/path")
    for raw in ([], "x", None):
        with pytest.raises(MalformedAnswerError):
            parse(Sample, raw, "/path")


def position_row(**changes: Any) -> PositionRow:
    raw = {"symbol": "BTCUSDT", "size": "1", "side": "Buy", "positionIdx": 0, "avgPrice": "50000", "markPrice": "51000"}
    return parse(PositionRow, raw | {"unrealisedPnl": "1000", "updatedTime": "1700000000000"} | changes, "p")


@pytest.mark.parametrize(
    "changes",
    [
        {"size": "0"},
        {"side": ""},
        {"side": "Both"},
        {"size": "-1"},
        {"positionIdx": 2},
        {"positionIdx": 1, "side": "Sell"},
        {"size": "0", "side": "Sell"},
    ],
)
def test_rows_that_contradict_themselves(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedAnswerError, match="BTCUSDT"):
        is_flat(position_row(**changes))


@pytest.mark.parametrize("field", ["avgPrice", "markPrice", "unrealisedPnl"])
def test_an_open_row_needs_its_prices(field: str) -> None:
    with pytest.raises(MalformedAnswerError, match=field):
        position_of(position_row(**{field: ""}), Category.LINEAR, "main", MarginMode.CROSS)


def test_portfolio_margin_leaves_fields_unknown() -> None:
    row = position_row(leverage="", positionIM="", positionMM="", liqPrice="", adlRankIndicator=0)
    position = position_of(row, Category.LINEAR, "main", MarginMode.PORTFOLIO)
    assert (position.leverage, position.initial_margin, position.maintenance_margin) == (None, None, None)
    assert (position.liquidation_price, position.adl_rank) == (None, None)
    assert is_flat(position_row(size="0", side="None"))


def order_row(**changes: Any) -> OrderRow:
    raw = {"orderId": "1", "symbol": "BTCUSDT", "side": "Sell", "qty": "1", "orderStatus": "Untriggered", "orderType": "Market"}
    return parse(OrderRow, raw | {"createdTime": "1000", "updatedTime": "1000"} | changes, "o")


@pytest.mark.parametrize(
    ("changes", "category", "purpose"),
    [
        ({}, "linear", "entry"),
        ({"stopOrderType": "UNKNOWN", "reduceOnly": True}, "linear", "reduce"),
        ({"stopOrderType": "StopLoss"}, "linear", "stop_loss"),
        ({"stopOrderType": "PartialTakeProfit"}, "linear", "take_profit"),
        ({"stopOrderType": "TrailingStop"}, "linear", "trailing_stop"),
        ({"stopOrderType": "MmRateClose"}, "linear", "reduce"),
        ({"stopOrderType": "Stop"}, "linear", "entry"),
        ({"stopOrderType": "Stop", "reduceOnly": True, "triggerDirection": 2}, "linear", "stop_loss"),
        ({"stopOrderType": "Stop", "reduceOnly": True, "triggerDirection": 1}, "linear", "take_profit"),
        ({"stopOrderType": "Stop", "closeOnTrigger": True, "triggerDirection": 1, "side": "Buy"}, "inverse", "stop_loss"),
        ({"stopOrderType": "Stop", "reduceOnly": True, "triggerDirection": 2, "side": "Buy"}, "linear", "take_profit"),
        ({"stopOrderType": "Stop", "reduceOnly": True}, "linear", "unknown"),
        ({"stopOrderType": "SomethingNew"}, "linear", "unknown"),
        ({"stopOrderType": "tpslOrder"}, "spot", "unknown"),
        ({"side": "Sell"}, "spot", "reduce"),
        ({"side": "Sell", "isLeverage": "1"}, "spot", "unknown"),
        ({"side": "Buy"}, "spot", "entry"),
    ],
)
def test_purposes(changes: dict[str, Any], category: str, purpose: str) -> None:
    assert purpose_of(order_row(**changes), Category(category)).value == purpose


def test_order_quantities() -> None:
    def quantity(**changes: Any) -> Decimal | None:
        return order_of(order_row(**changes), Category.LINEAR, None).quantity

    assert quantity(stopOrderType="StopLoss", tpslMode="Full") is None
    assert quantity(stopOrderType="StopLoss", tpslMode="Partial") == 1
    assert quantity(stopOrderType="PartialStopLoss", leavesQty="0") == 1, "nothing was filled before the trigger"
    assert quantity(stopOrderType="Stop", qty="0", closeOnTrigger=True, reduceOnly=True, triggerDirection=2) is None
    assert quantity(orderStatus="PartiallyFilled", leavesQty="0.4") == D("0.4")
    for changes in ({"side": "Hold"}, {"qty": "-1"}, {"leavesQty": "-1"}):
        with pytest.raises(MalformedAnswerError):
            quantity(**changes)


def test_a_trailing_stop_by_its_activation_price() -> None:
    trail = {"stopOrderType": "TrailingStop", "triggerBy": "MarkPrice"}
    asleep = order_of(order_row(**trail, triggerPrice="60000", activationPrice="60000"), Category.LINEAR, D(5))
    awake = order_of(order_row(**trail, triggerPrice="61000", activationPrice="60000"), Category.LINEAR, D(5))
    assert (asleep.is_active, awake.is_active, awake.activation_price, awake.trailing_distance) == (False, True, 60000, 5)
