"""Wallet, account, collateral and API key answers."""

from __future__ import annotations

from datetime import UTC, datetime

from market_analysis.venues.simulated.ledger.model import AccountInfo, ApiKey, WalletBalance, WalletCoin
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.serialise.text import from_milliseconds, number, stamp

NEVER_EXPIRES = "1970-01-01T00:00:00Z"
DAY_MS = 86_400_000
PERMISSION_GROUPS = (
    "ContractTrade",
    "Spot",
    "Wallet",
    "Options",
    "Derivatives",
    "CopyTrading",
    "BlockTrade",
    "Exchange",
    "NFT",
    "Affiliate",
    "Earn",
    "FiatP2P",
    "FiatConvertBroker",
    "FiatGlobalPay",
    "FiatBitPay",
    "BitCard",
    "ByXPost",
)


def wallet_fields(wallet: WalletBalance, *, coins: frozenset[str] = frozenset()) -> JsonObject:
    """The account's row of `/v5/account/wallet-balance`, all coins or only `coins`; account-wide fields are never filtered."""
    rows: list[Json] = [_coin_row(coin) for coin in wallet.coins if not coins or coin.coin in coins]
    return {
        "totalEquity": number(wallet.total_equity),
        "accountIMRate": number(wallet.account_im_rate),
        "accountIMRateByMp": number(wallet.account_im_rate),
        "totalMarginBalance": number(wallet.total_margin_balance),
        "totalInitialMargin": number(wallet.total_initial_margin),
        "totalInitialMarginByMp": number(wallet.total_initial_margin),
        "accountType": wallet.account_type,
        "totalAvailableBalance": number(wallet.total_available_balance),
        "accountMMRate": number(wallet.account_mm_rate),
        "accountMMRateByMp": number(wallet.account_mm_rate),
        "totalPerpUPL": number(wallet.total_perp_upl),
        "totalWalletBalance": number(wallet.total_wallet_balance),
        "accountLTV": number(wallet.account_ltv),
        "totalMaintenanceMargin": number(wallet.total_maintenance_margin),
        "totalMaintenanceMarginByMp": number(wallet.total_maintenance_margin),
        "coin": rows,
    }


def _coin_row(coin: WalletCoin) -> JsonObject:
    return {
        "availableToBorrow": "",
        "bonus": number(coin.bonus),
        "accruedInterest": number(coin.accrued_interest),
        "availableToWithdraw": number(coin.available_to_withdraw),
        "totalOrderIM": number(coin.total_order_im),
        "equity": number(coin.equity),
        "totalPositionMM": number(coin.total_position_mm),
        "usdValue": number(coin.usd_value),
        "spotHedgingQty": number(coin.spot_hedging_qty),
        "unrealisedPnl": number(coin.unrealised_pnl),
        "collateralSwitch": coin.collateral_switch,
        "borrowAmount": number(coin.borrow_amount),
        "totalPositionIM": number(coin.total_position_im),
        "walletBalance": number(coin.wallet_balance),
        "cumRealisedPnl": number(coin.cum_realised_pnl),
        "locked": number(coin.locked),
        "marginCollateral": coin.margin_collateral,
        "coin": coin.coin,
        "spotBorrow": number(coin.spot_borrow),
    }


def account_info_fields(info: AccountInfo) -> JsonObject:
    """`/v5/account/info`: the margin mode lives here and nowhere else."""
    return {
        "marginMode": info.margin_mode,
        "updatedTime": stamp(info.updated_time_ms),
        "unifiedMarginStatus": info.unified_margin_status,
        "dcpStatus": info.dcp_status,
        "timeWindow": info.time_window,
        "smpGroup": info.smp_group,
        "isMasterTrader": info.is_master_trader,
        "spotHedgingStatus": info.spot_hedging_status,
    }


def collateral_row(coin: WalletCoin) -> JsonObject:
    """One row of `/v5/account/collateral-info`; nothing is lent here, so the borrowing fields are zero."""
    return {
        "availableToBorrow": "0",
        "freeBorrowingAmount": "",
        "freeBorrowAmount": "0",
        "maxBorrowingAmount": "0",
        "hourlyBorrowRate": "0",
        "borrowUsageRate": "0",
        "collateralSwitch": coin.collateral_switch,
        "borrowAmount": number(coin.borrow_amount),
        "borrowable": False,
        "currency": coin.coin,
        "otherBorrowAmount": "0",
        "marginCollateral": coin.margin_collateral,
        "freeBorrowingLimit": "0",
        "collateralRatio": number(coin.collateral_ratio),
    }


def api_key_fields(uid: str, key: ApiKey, *, wire_now_ms: int) -> JsonObject:
    """`/v5/user/query-api`: every permission group, empty where nothing is granted.

    `deadlineDay` counts whole days left for a key that expires, -2 for one that does not.
    """
    permissions: JsonObject = {name: [] for name in PERMISSION_GROUPS}
    permissions.update({name: list(entries) for name, entries in key.permissions})
    user_id = int(uid) if uid.isdecimal() else 0
    rsa = "PUBLIC KEY" in key.secret
    return {
        "id": str(user_id),
        "note": key.note,
        "apiKey": key.api_key,
        "readOnly": int(key.read_only),
        "secret": "",
        "permissions": permissions,
        "ips": list(key.ips),
        "type": 2 if rsa else 1,
        "deadlineDay": -2 if key.expires_ms is None else (key.expires_ms - wire_now_ms) // DAY_MS,
        "expiredAt": NEVER_EXPIRES if key.expires_ms is None else _text_time(from_milliseconds(key.expires_ms)),
        "createdAt": _text_time(from_milliseconds(key.created_ms)),
        "unified": 0,
        "uta": 1,
        "userID": user_id,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": key.secret if rsa else "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_1",
        "kycRegion": "",
        "userIDInt64": str(user_id),
        "inviterIDInt64": "0",
        "affiliateIDInt64": "0",
    }


def _text_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
