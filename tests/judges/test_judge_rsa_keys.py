"""Self-generated (RSA) keys: ccxt and pybit sign with the private key, the exchange knows the public one only."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import ccxt
import pybit.unified_trading
import pytest
from Crypto.PublicKey import RSA
from embedded_exchange import NOW, TRADE_GROUPS, World, ccxt_config, served_world, standard_market

from market_analysis.venues.simulated import Account, ApiKey, Exchange

pytestmark = pytest.mark.judge
PAIR = RSA.generate(2048)
STRANGER = RSA.generate(2048)


def private_text(pair: RSA.RsaKey) -> str:
    return pair.export_key().decode()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    key = ApiKey("rsa-key", PAIR.public_key().export_key().decode(), read_only=False, permissions=TRADE_GROUPS)
    account = Account("5", (key,), wallet=(("USDT", Decimal(1_000)),))
    with served_world(Exchange(standard_market(), [account], start=NOW)) as served:
        yield served


def test_ccxt(world: World) -> None:
    client = ccxt.bybit(ccxt_config(world.server, ApiKey("rsa-key", private_text(PAIR))))
    assert client.private_get_v5_user_query_api()["result"]["type"] == 2
    body = {"category": "linear", "symbol": "BTCUSDT", "buyLeverage": "5", "sellLeverage": "5"}
    assert client.private_post_v5_position_set_leverage(body)["retCode"] == 0
    client.secret = private_text(STRANGER)
    with pytest.raises(ccxt.AuthenticationError):
        client.private_get_v5_user_query_api()
    client.session.close()


def test_pybit(world: World) -> None:
    session = pybit.unified_trading.HTTP(rsa_authentication=True, api_key="rsa-key", api_secret=private_text(PAIR))
    session.endpoint = world.server.base_url
    assert session.get_wallet_balance(accountType="UNIFIED")["result"]["list"][0]["accountType"] == "UNIFIED"
    session.client.close()
