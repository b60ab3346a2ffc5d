"""ccxt (sync) trades: what it asked for is what the ledger holds; refusals arrive as the right error."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import ccxt
import pytest
from embedded_exchange import BARE, READER, TRADER, UID, World, ccxt_config, served_world

from market_analysis.venues.simulated.ledger.model import ApiKey, Order, Position
from market_analysis.venues.simulated.server import LimitSettings

pytestmark = pytest.mark.judge
BTC = "BTC/USDT:USDT"


@pytest.fixture
def client(fresh_world: World) -> Iterator[Any]:
    yield from connected(fresh_world, TRADER)


def connected(world: World, key: ApiKey) -> Iterator[Any]:
    exchange = ccxt.bybit(ccxt_config(world.server, key, fetchMarkets={"types": ["linear", "inverse"]}))
    exchange.load_markets()
    yield exchange
    exchange.session.close()


def held_order(world: World, order_id: str) -> Order:
    return next(order for order in world.exchange.orders(UID, "linear") if order.order_id == order_id)


def held_position(world: World, symbol: str, index: int = 0) -> Position:
    return next(row for row in world.exchange.positions(UID, "linear", symbol=symbol) if row.position_idx == index)


def test_market_order_moves_the_position(client: Any, fresh_world: World) -> None:
    before = held_position(fresh_world, "BTCUSDT").size
    order = client.create_order(BTC, "market", "buy", 0.05)
    assert held_order(fresh_world, order["id"]).order_status == "Filled"
    assert held_position(fresh_world, "BTCUSDT").size == before + Decimal("0.05")
    client.create_order(BTC, "market", "sell", 0.05, None, {"reduceOnly": True})
    assert held_position(fresh_world, "BTCUSDT").size == before


def test_limit_order_amended_and_cancelled(client: Any, fresh_world: World) -> None:
    order = client.create_order(BTC, "limit", "buy", 0.01, 50_000, {"clientOrderId": "mine-1"})
    held = held_order(fresh_world, order["id"])
    assert (held.price, held.qty, held.order_link_id, held.order_status) == (Decimal(50_000), Decimal("0.010"), "mine-1", "New")
    client.edit_order(order["id"], BTC, "limit", "buy", 0.02, 51_000)
    held = held_order(fresh_world, order["id"])
    assert (held.price, held.qty) == (Decimal(51_000), Decimal("0.020"))
    client.cancel_order(order["id"], BTC)
    assert held_order(fresh_world, order["id"]).order_status == "Cancelled"
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(order["id"], BTC)


def test_attached_stops_and_cancel_all(client: Any, fresh_world: World) -> None:
    params = {"stopLoss": {"triggerPrice": 45_000}, "takeProfit": {"triggerPrice": 60_000}}
    order = client.create_order(BTC, "limit", "buy", 0.01, 50_000, params)
    held = held_order(fresh_world, order["id"])
    assert (held.stop_loss, held.take_profit) == (Decimal(45_000), Decimal(60_000))
    cancelled = client.cancel_all_orders(BTC)
    assert order["id"] in {row["id"] for row in cancelled}
    assert not [row for row in fresh_world.exchange.open_orders(UID, "linear") if row.symbol == "BTCUSDT"]


def test_conditional_order(client: Any, fresh_world: World) -> None:
    order = client.create_order(BTC, "market", "sell", 0.1, None, {"stopLossPrice": 50_000, "reduceOnly": True})
    held = held_order(fresh_world, order["id"])
    assert (held.order_status, held.trigger_price, held.reduce_only) == ("Untriggered", Decimal(50_000), True)
    assert held.trigger_direction == 2


def test_position_stop_is_set_changed_and_triggers(client: Any, fresh_world: World) -> None:
    client.create_order(BTC, "market", "sell", None, None, {"stopLossPrice": 50_000, "tradingStopEndpoint": True})
    assert held_position(fresh_world, "BTCUSDT").stop_loss == 50_000
    body = {"category": "linear", "symbol": "BTCUSDT", "stopLoss": "50000", "tpslMode": "Full", "positionIdx": 0}
    with pytest.raises(ccxt.ExchangeError, match="34040"):
        client.private_post_v5_position_trading_stop(body)
    client.private_post_v5_position_trading_stop(body | {"stopLoss": "0", "takeProfit": "0"})
    assert held_position(fresh_world, "BTCUSDT").stop_loss is None
    mark = fresh_world.market.mark_price("linear", "BTCUSDT", fresh_world.clock.now())
    close = (mark * Decimal("0.9995")).quantize(Decimal("0.1"))
    client.private_post_v5_position_trading_stop(body | {"stopLoss": str(close)})
    for _ in range(30):
        fresh_world.server.advance(timedelta(hours=2))
        if not held_position(fresh_world, "BTCUSDT").size:
            break
    assert held_position(fresh_world, "BTCUSDT").size == 0
    assert client.fetch_position(BTC)["contracts"] == 0


def test_trailing_and_partial_stops(client: Any, fresh_world: World) -> None:
    body = {"category": "linear", "symbol": "SOLUSDT", "positionIdx": 0}
    client.private_post_v5_position_trading_stop(body | {"tpslMode": "Full", "trailingStop": "5"})
    assert held_position(fresh_world, "SOLUSDT").trailing_stop == 5
    last = fresh_world.market.last_price("linear", "SOLUSDT", fresh_world.clock.now())
    partial = body | {"tpslMode": "Partial", "stopLoss": str(last + 20), "slSize": "4", "slOrderType": "Market"}
    client.private_post_v5_position_trading_stop(partial)
    stops = [row for row in fresh_world.exchange.open_orders(UID, "linear") if row.stop_order_type == "PartialStopLoss"]
    assert [(row.symbol, row.qty, row.trigger_price) for row in stops] == [("SOLUSDT", Decimal(4), last + 20)]


def test_hedge_legs(client: Any, fresh_world: World) -> None:
    before = held_position(fresh_world, "ETHUSDT", 2).size
    client.create_order("ETH/USDT:USDT", "market", "sell", 0.3, None, {"positionIdx": 2})
    assert held_position(fresh_world, "ETHUSDT", 2).size == before + Decimal("0.3")
    client.create_order("ETH/USDT:USDT", "market", "buy", 0.3, None, {"positionIdx": 2, "reduceOnly": True})
    assert held_position(fresh_world, "ETHUSDT", 2).size == before


def test_leverage_and_modes(client: Any, fresh_world: World) -> None:
    client.set_leverage(20, BTC)
    assert held_position(fresh_world, "BTCUSDT").leverage == 20
    with pytest.raises(ccxt.BadRequest, match="110043"):
        client.set_leverage(20, BTC)
    client.set_position_mode(True, "LTC/USDT:USDT")
    assert len(fresh_world.exchange.positions(UID, "linear", symbol="LTCUSDT")) == 2
    with pytest.raises(ccxt.NoChange, match="110025"):
        client.set_position_mode(True, "LTC/USDT:USDT")


def test_margin_mode_and_isolated_margin() -> None:
    with served_world(limits=LimitSettings(enabled=False)) as world:
        for client in connected(world, TRADER):
            client.private_post_v5_account_set_margin_mode({"setMarginMode": "ISOLATED_MARGIN"})
            assert world.exchange.account_info(UID).margin_mode == "ISOLATED_MARGIN"
            client.create_order(BTC, "market", "buy", 0.1)
            before = held_position(world, "BTCUSDT")
            answer = client.private_post_v5_position_add_margin({"category": "linear", "symbol": "BTCUSDT", "margin": "100"})
            after = held_position(world, "BTCUSDT")
            assert after.position_balance == before.position_balance + 100
            assert Decimal(answer["result"]["liqPrice"]) == after.liq_price
            assert before.liq_price is not None
            assert after.liq_price is not None
            assert after.liq_price < before.liq_price


def test_batches(client: Any, fresh_world: World) -> None:
    wanted = [
        {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": 40_000},
        {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.02, "price": 41_000},
    ]
    placed = client.create_orders(wanted)
    assert [held_order(fresh_world, row["id"]).price for row in placed] == [40_000, 41_000]
    edited = client.edit_orders([{"id": row["id"], **item, "amount": 0.03} for row, item in zip(placed, wanted, strict=True)])
    assert [held_order(fresh_world, row["id"]).qty for row in edited] == [Decimal("0.03")] * 2
    client.cancel_orders([row["id"] for row in placed], BTC)
    assert {held_order(fresh_world, row["id"]).order_status for row in placed} == {"Cancelled"}
    body = {"category": "linear", "request": [{"symbol": "BTCUSDT", "orderId": placed[0]["id"]}, {"symbol": "BTCUSDT"}]}
    codes = client.private_post_v5_order_cancel_batch(body)["retExtInfo"]["list"]
    assert [row["code"] for row in codes] == [110001, 10001]


def test_refusals_of_orders(client: Any, fresh_world: World) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(BTC, "market", "buy", 90)
    with pytest.raises(ccxt.BadRequest, match="10001"):
        client.private_post_v5_order_create({"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market"})
    with pytest.raises(ccxt.BadRequest, match="symbol invalid"):
        client.private_get_v5_position_list({"category": "linear", "symbol": "NOPEUSDT"})
    with pytest.raises(ccxt.BadRequest, match="settleCoin"):
        client.private_get_v5_position_list({"category": "linear"})
    assert not [order for order in fresh_world.exchange.orders(UID, "linear") if order.qty == 90 and order.is_open]


def test_rights(fresh_world: World) -> None:
    held = len(fresh_world.exchange.orders(UID, "linear"))
    for client in connected(fresh_world, READER):
        assert client.fetch_positions()
        with pytest.raises(ccxt.PermissionDenied):
            client.create_order(BTC, "market", "buy", 0.01)
        with pytest.raises(ccxt.PermissionDenied):
            client.set_leverage(7, BTC)
    for client in connected(fresh_world, BARE):
        with pytest.raises(ccxt.PermissionDenied):
            client.fetch_positions()
    assert len(fresh_world.exchange.orders(UID, "linear")) == held


def test_wrong_keys(fresh_world: World) -> None:
    for key in (ApiKey("nobody", "x"), ApiKey(TRADER.api_key, "wrong")):
        client = ccxt.bybit(ccxt_config(fresh_world.server, key))
        with pytest.raises(ccxt.AuthenticationError):
            client.private_get_v5_account_info()
        client.session.close()
