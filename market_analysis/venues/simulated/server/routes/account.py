"""The account and the key: balances, margin mode, fees, collateral, coins, rights."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.server import serialise
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.request import Call
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.routes.history import UNIFIED
from market_analysis.venues.simulated.server.routes.instruments import listed_specs
from market_analysis.venues.simulated.server.state import Route, ServerState

STABLE_COINS = ("USDT", "USDC")


def query_api(state: ServerState, call: Call) -> Json:
    """Rights, addresses and expiry of the key that asks."""
    if call.key is None:
        raise parameter_error("params error: this endpoint must be signed")
    return serialise.api_key_fields(call.uid, call.key, wire_now_ms=state.wire.now_ms())


def account_info(state: ServerState, call: Call) -> Json:
    """Margin mode and account status."""
    return serialise.account_info_fields(state.exchange.account_info(call.uid))


def wallet_balance(state: ServerState, call: Call) -> Json:
    """Equity, margin and coins of the unified account; `coin` (comma separated) narrows the coins."""
    if call.required("accountType") != UNIFIED:
        raise parameter_error("accountType only support UNIFIED.")
    coins = frozenset(name for name in call.text("coin").split(",") if name)
    return {"list": [serialise.wallet_fields(state.exchange.wallet_balance(call.uid), coins=coins)]}


def fee_rate(state: ServerState, call: Call) -> Json:
    """The account's own taker and maker rates."""
    category = call.category()
    rows: list[Json] = []
    if category != "option":
        rows = [
            {
                "symbol": spec.symbol,
                "takerFeeRate": serialise.number(spec.taker_fee_rate),
                "makerFeeRate": serialise.number(spec.maker_fee_rate),
            }
            for spec in listed_specs(state, call, category)
        ]
    return {"list": rows}


def collateral_info(state: ServerState, call: Call) -> Json:
    """Collateral ratio and switch of each coin of the wallet."""
    currency = call.text("currency")
    coins = state.exchange.wallet_balance(call.uid).coins
    return {"list": [serialise.collateral_row(coin) for coin in coins if currency in ("", coin.coin)]}


def coin_info(state: ServerState, call: Call) -> Json:
    """Coins known to the exchange; every chain is closed for deposits and withdrawals."""
    wanted = call.text("coin")
    names = {*STABLE_COINS, *(spec.base for spec in state.market.specs.values())}
    return {"rows": [_coin(name) for name in sorted(names) if wanted in ("", name)]}


def _coin(name: str) -> JsonObject:
    return {
        "name": name,
        "coin": name,
        "remainAmount": "0",
        "chains": [
            {
                "chainType": name,
                "confirmation": "1",
                "withdrawFee": "",
                "depositMin": "0",
                "withdrawMin": "0",
                "chain": name,
                "chainDeposit": "0",
                "chainWithdraw": "0",
                "minAccuracy": "8",
                "withdrawPercentageFee": "0",
                "contractAddress": "",
                "safeConfirmNumber": "1",
            }
        ],
    }


ROUTES = {
    ("GET", "/v5/user/query-api"): Route(query_api, Right.ANY_KEY),
    ("GET", "/v5/account/info"): Route(account_info, Right.ANY_KEY),
    ("GET", "/v5/account/wallet-balance"): Route(wallet_balance, Right.ANY_KEY),
    ("GET", "/v5/account/fee-rate"): Route(fee_rate, Right.ANY_KEY),
    ("GET", "/v5/account/collateral-info"): Route(collateral_info, Right.ANY_KEY),
    ("GET", "/v5/asset/coin/query-info"): Route(coin_info, Right.ANY_KEY),
}
