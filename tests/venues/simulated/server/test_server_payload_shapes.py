"""Every payload served has the field names and JSON types of Bybit's own examples.

Each difference that is allowed is listed with its reason; anything else fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from embedded_exchange import World, lived_exchange, served_world
from payload_shapes import FIXTURES, load_example, shape_differences
from signed_requests import ask_raw

from market_analysis.venues.simulated.server import LimitSettings

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded Bybit payloads are not beside this checkout")
DOCS = "bybit_docs_v5"
HISTORY = "startTime=1741500000000&endTime=1741966220000"

# Documented in the endpoint's reference table although the example leaves it out.
IN_THE_TABLE = {
    "/v5/account/info": {"+.retExtInfo", "+.time"},
    "/v5/position/list": {"+.result.list[].openTime", "+.result.list[].mmrSysUpdatedTime"},
    "/v5/position/closed-pnl": {"+.result.list[].openFee", "+.result.list[].closeFee"},
    "/v5/execution/list": {f"+.result.list[].{name}" for name in ("isLeverage", "marketUnit", "createType", "execPnl")},
    "/v5/order/realtime": {
        f"+.result.list[].{name}"
        for name in (
            "createType",
            "marketUnit",
            "ocoTriggerBy",
            "slippageToleranceType",
            "slippageTolerance",
            "extraFees",
            "rpiTakerAccess",
            "rpiMatchedQty",
        )
    },
    "/v5/order/history": {f"+.result.list[].{name}" for name in ("createType", "marketUnit", "ocoTriggerBy")},
}
# The example spells it mmrSysUpdateTime, the table and recorded answers mmrSysUpdatedTime.
MISSPELT = {"/v5/position/list": {"-.result.list[].mmrSysUpdateTime"}}
# An order without fills has paid no fee yet, so the object of fees by coin is empty; filled ones name their own coin.
FEE_COINS = {"-.result.list[].cumFeeDetail.MNT", "+.result.list[].cumFeeDetail.USDT", "+.result.list[].cumFeeDetail.BTC"}

READS = [
    ("/v5/market/time", "", "market__time"),
    ("/v5/market/instruments-info", "category=linear", "market__instrument"),
    ("/v5/market/instruments-info", "category=spot", "market__instrument.3"),
    ("/v5/market/tickers", "category=inverse", "market__tickers"),
    ("/v5/market/tickers", "category=linear", "market__tickers"),
    ("/v5/market/tickers", "category=spot", "market__tickers.3"),
    ("/v5/market/kline", "category=inverse&symbol=BTCUSD&interval=60", "market__kline"),
    ("/v5/market/mark-price-kline", "category=linear&symbol=BTCUSDT&interval=60", "market__mark-kline"),
    ("/v5/market/index-price-kline", "category=linear&symbol=BTCUSDT&interval=60", "market__mark-kline"),
    ("/v5/market/premium-index-price-kline", "category=linear&symbol=BTCUSDT&interval=60", "market__mark-kline"),
    ("/v5/market/funding/history", "category=linear&symbol=BTCUSDT", "market__history-fund-rate"),
    ("/v5/market/open-interest", "category=linear&symbol=BTCUSDT&intervalTime=1h", "market__open-interest"),
    ("/v5/market/recent-trade", "category=spot&symbol=BTCUSDT", "market__recent-trade"),
    ("/v5/market/price-limit", "category=linear&symbol=BTCUSDT", "market__order-price-limit"),
    ("/v5/account/info", "", "account__account-info"),
    ("/v5/account/wallet-balance", "accountType=UNIFIED", "account__wallet-balance"),
    ("/v5/account/fee-rate", "category=linear", "account__fee-rate"),
    ("/v5/account/transaction-log", f"accountType=UNIFIED&{HISTORY}", "account__transaction-log"),
    ("/v5/account/collateral-info", "", "account__collateral-info"),
    ("/v5/user/query-api", "", "user__apikey-info"),
    ("/v5/position/list", "category=linear&settleCoin=USDT", "position__position"),
    ("/v5/position/list", "category=linear&symbol=XRPUSDT", "position__position"),
    ("/v5/position/list", "category=inverse", "position__position"),
    ("/v5/position/closed-pnl", f"category=linear&{HISTORY}", "position__close-pnl"),
    ("/v5/execution/list", f"category=linear&{HISTORY}", "order__execution"),
    ("/v5/order/realtime", "category=linear&settleCoin=USDT", "order__open-order"),
    ("/v5/order/history", f"category=linear&{HISTORY}", "order__order-list"),
]
WRITES: list[tuple[str, dict[str, object], str]] = [
    (
        "/v5/order/create",
        {"side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "40000", "orderLinkId": "w"},
        "order__create-order",
    ),
    ("/v5/order/amend", {"orderLinkId": "w", "qty": "0.02"}, "order__amend-order"),
    ("/v5/order/cancel", {"orderLinkId": "w"}, "order__cancel-order"),
    ("/v5/order/cancel-all", {}, "order__cancel-all"),
    ("/v5/position/set-leverage", {"buyLeverage": "9", "sellLeverage": "9"}, "position__leverage"),
    ("/v5/position/trading-stop", {"stopLoss": "51000", "tpslMode": "Full", "positionIdx": 0}, "position__trading-stop"),
    ("/v5/position/switch-mode", {"symbol": "LTCUSDT", "mode": 3}, "position__position-mode"),
    ("/v5/account/set-margin-mode", {"setMarginMode": "ISOLATED_MARGIN"}, ""),
    ("/v5/position/add-margin", {"margin": "10", "positionIdx": 0}, "position__manual-add-margin"),
    ("/v5/position/set-auto-add-margin", {"autoAddMargin": 1, "positionIdx": 0}, "position__auto-add-margin"),
]
BATCHES: list[tuple[str, list[dict[str, str]], str]] = [
    (
        "/v5/order/create-batch",
        [{"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "40000", "orderLinkId": "b"}],
        "order__batch-place",
    ),
    ("/v5/order/amend-batch", [{"symbol": "BTCUSDT", "orderLinkId": "b", "qty": "0.02"}], "order__batch-amend"),
    ("/v5/order/cancel-batch", [{"symbol": "BTCUSDT", "orderLinkId": "b"}], "order__batch-cancel"),
]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with served_world(lived_exchange(), limits=LimitSettings(enabled=False)) as served:
        yield served


def ask(world: World, path: str, query: str = "", body: Mapping[str, object] | None = None) -> Any:
    """The answer to a request signed by hand."""
    return json.loads(ask_raw(world.server, path, query, None if body is None else json.dumps(body))[2])


def example_of(name: str) -> Any:
    stem, _, number = name.partition(".")
    return load_example(f"{DOCS}/{stem}.response-example{'.' + number if number else ''}.json")


@pytest.mark.parametrize(("path", "query", "example"), READS, ids=lambda value: value or "-")
def test_reads(world: World, path: str, query: str, example: str) -> None:
    given = ask(world, path, query)
    assert given["retCode"] == 0, given
    result = given["result"]
    if "list" in result:
        assert result["list"], "an empty list proves nothing"
    allowed = IN_THE_TABLE.get(path, set()) | MISSPELT.get(path, set()) | FEE_COINS
    assert shape_differences(given, example_of(example)) - allowed == set()


def test_risk_limit_rows(world: World) -> None:
    given = ask(world, "/v5/market/risk-limit", "category=linear&symbol=BTCUSDT")["result"]
    example = load_example("hirokisan_go/market/v5-market-get-risk-limit.json")
    # The table adds it; the recording is of a client that did not know them.
    assert shape_differences(given, example) == {"+.list[].mmDeduction"}
    assert {key: value for key, value in given["list"][0].items() if key != "mmDeduction"} == example["list"][0]


def test_writes(world: World) -> None:
    for path, fields, example in WRITES:
        body: dict[str, object] = {"category": "linear", "symbol": "BTCUSDT", **fields}
        given = ask(world, path, body=body)
        assert given["retCode"] == 0, (path, given)
        if example:
            assert shape_differences(given, example_of(example)) == set(), path
    assert ask(world, "/v5/account/set-margin-mode", body={"setMarginMode": "REGULAR_MARGIN"})["result"] == {"reasons": []}


def test_batches(world: World) -> None:
    for path, orders, example in BATCHES:
        given = ask(world, path, body={"category": "linear", "request": orders})
        assert given["retExtInfo"]["list"] == [{"code": 0, "msg": "OK"}], (path, given)
        assert shape_differences(given, example_of(example)) == set(), path


def test_refusals_keep_the_envelope(world: World) -> None:
    given = ask(world, "/v5/position/list", "category=linear&symbol=NOPE")
    assert (given["retCode"], given["result"]) == (10001, {})
    assert shape_differences(given, example_of("position__leverage")) == set()


def test_the_comparer_sees_differences() -> None:
    example = {"a": "1", "rows": [{"x": 1, "y": None, "z": "s"}], "bars": [["1", "2"]]}
    assert shape_differences(example, example) == set()
    given = {"a": 1, "rows": [{"x": 1, "y": None, "w": 1}], "bars": [["1"]], "b": 1}
    assert shape_differences(given, example) == {"!.a number/string", "+.b", "+.rows[].w", "-.rows[].z", "!.bars[] length 1"}
