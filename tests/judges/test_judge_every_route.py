"""ccxt, sync and async, asks every route there is; a new route must be added here to pass."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import ccxt
import ccxt.async_support
import pytest
from embedded_exchange import UID, World, ccxt_config, lived_exchange, served_world

from market_analysis.venues.simulated.server import ROUTES, LimitSettings

pytestmark = pytest.mark.judge
BTC = {"category": "linear", "symbol": "BTCUSDT"}
RESTING = {"side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "40000"}
READS: dict[str, dict[str, Any]] = {
    "/v5/account/collateral-info": {},
    "/v5/account/fee-rate": BTC,
    "/v5/account/info": {},
    "/v5/account/transaction-log": {"accountType": "UNIFIED"},
    "/v5/account/wallet-balance": {"accountType": "UNIFIED"},
    "/v5/asset/coin/query-info": {},
    "/v5/execution/list": BTC,
    "/v5/market/funding/history": BTC,
    "/v5/market/index-price-kline": BTC | {"interval": "60"},
    "/v5/market/instruments-info": BTC,
    "/v5/market/kline": BTC | {"interval": "60"},
    "/v5/market/mark-price-kline": BTC | {"interval": "60"},
    "/v5/market/open-interest": BTC | {"intervalTime": "1h"},
    "/v5/market/orderbook": BTC,
    "/v5/market/premium-index-price-kline": BTC | {"interval": "60"},
    "/v5/market/price-limit": BTC,
    "/v5/market/recent-trade": BTC,
    "/v5/market/risk-limit": BTC,
    "/v5/market/tickers": BTC,
    "/v5/market/time": {},
    "/v5/order/history": BTC,
    "/v5/order/realtime": BTC,
    "/v5/position/closed-pnl": BTC,
    "/v5/position/list": BTC,
    "/v5/user/query-api": {},
}
# In the order they are sent: each finds the state that the ones before have left.
WRITES: list[tuple[str, dict[str, Any]]] = [
    ("/v5/order/create", BTC | RESTING | {"orderLinkId": "one"}),
    ("/v5/order/amend", BTC | {"orderLinkId": "one", "qty": "0.02"}),
    ("/v5/order/cancel", BTC | {"orderLinkId": "one"}),
    ("/v5/order/create-batch", {"category": "linear", "request": [BTC | RESTING | {"orderLinkId": "two"}]}),
    ("/v5/order/amend-batch", {"category": "linear", "request": [BTC | {"orderLinkId": "two", "qty": "0.02"}]}),
    ("/v5/order/cancel-batch", {"category": "linear", "request": [BTC | {"orderLinkId": "two"}]}),
    ("/v5/order/cancel-all", BTC),
    ("/v5/position/set-leverage", BTC | {"buyLeverage": "8", "sellLeverage": "8"}),
    ("/v5/position/trading-stop", BTC | {"stopLoss": "50000", "tpslMode": "Full", "positionIdx": 0}),
    ("/v5/position/switch-mode", {"category": "linear", "symbol": "LTCUSDT", "mode": 3}),
    ("/v5/account/set-collateral-switch", {"coin": "BTC", "collateralSwitch": "ON"}),
    ("/v5/account/set-margin-mode", {"setMarginMode": "ISOLATED_MARGIN"}),
    ("/v5/position/add-margin", BTC | {"margin": "25", "positionIdx": 0}),
    ("/v5/position/set-auto-add-margin", BTC | {"autoAddMargin": 1, "positionIdx": 0}),
]


@pytest.fixture
def world() -> Iterator[World]:
    with served_world(lived_exchange(), limits=LimitSettings(enabled=False)) as served:
        yield served


def access(path: str) -> list[str]:
    return ["public" if path.startswith("/v5/market") else "private"]


def test_the_tables_name_every_route() -> None:
    assert {("GET", path) for path in READS} | {("POST", path) for path, _ in WRITES} == set(ROUTES)


def test_sync_client_asks_every_route(world: World) -> None:
    client = ccxt.bybit(ccxt_config(world.server))
    for path, params in READS.items():
        assert client.request(path[1:], access(path), "GET", dict(params))["retCode"] == 0, path
    for path, params in WRITES:
        assert client.request(path[1:], ["private"], "POST", dict(params))["retCode"] == 0, path
    client.session.close()
    (position,) = world.exchange.positions(UID, "linear", symbol="BTCUSDT")
    assert position.auto_add_margin == 1
    assert position.stop_loss == 50_000
    assert position.leverage == 8
    assert world.exchange.account_info(UID).margin_mode == "ISOLATED_MARGIN"
    asked = {(record.method, record.path) for record in world.server.requests}
    assert asked >= set(ROUTES)


async def test_async_client_asks_every_route(world: World) -> None:
    client = ccxt.async_support.bybit(ccxt_config(world.server))
    try:
        answers = await asyncio.gather(
            *(client.request(path[1:], access(path), "GET", dict(params)) for path, params in READS.items())
        )
        assert [answer["retCode"] for answer in answers] == [0] * len(READS)
        for path, params in WRITES:
            assert (await client.request(path[1:], ["private"], "POST", dict(params)))["retCode"] == 0, path
    finally:
        await client.close()
