"""Balances, margin and holdings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from market_analysis.domain import Account, CoinBalance, MarginMode
from market_analysis.errors import MalformedAnswerError, VenueRejectedError
from market_analysis.venues.bybit.concurrent import read_group
from market_analysis.venues.bybit.endpoints import ACCOUNT_INFO, COLLATERAL, WALLET
from market_analysis.venues.bybit.reader import Reader
from market_analysis.venues.bybit.wire.account import AccountInfo, CollateralResult, Wallet, WalletCoin, WalletResult

ACCOUNT_TYPE = "UNIFIED"
MARGIN_MODES: Mapping[str, MarginMode] = MappingProxyType(
    {
        "REGULAR_MARGIN": MarginMode.CROSS,
        "ISOLATED_MARGIN": MarginMode.ISOLATED,
        "PORTFOLIO_MARGIN": MarginMode.PORTFOLIO,
    }
)


async def read_wallet(reader: Reader) -> Wallet:
    """The unified account's wallet; equity of an isolated-margin account stays readable, several sums do not apply."""
    result = await reader.read(WALLET, {"accountType": ACCOUNT_TYPE}, WalletResult)
    if len(result.rows) != 1:
        raise MalformedAnswerError(f"{WALLET.path}: {len(result.rows)} accounts, must be exactly one")
    wallet = result.rows[0]
    if wallet.account_type != ACCOUNT_TYPE:
        raise MalformedAnswerError(f"{WALLET.path}: accountType is {wallet.account_type!r}, must be {ACCOUNT_TYPE!r} as asked")
    names = [coin.coin for coin in wallet.coin]
    if len(set(names)) < len(names):
        raise MalformedAnswerError(f"{WALLET.path}: a coin is listed twice")
    return wallet


async def read_margin_mode(reader: Reader) -> MarginMode:
    """Cross, isolated or portfolio: only the account's own settings tell (positions' tradeMode is always 0)."""
    info = await reader.read(ACCOUNT_INFO, {}, AccountInfo)
    return MARGIN_MODES.get(info.margin_mode, MarginMode.UNKNOWN)


async def read_collateral_fracs(reader: Reader) -> Mapping[str, Decimal]:
    """Share of each coin's value that counts as margin; empty where the venue refuses to tell."""
    try:
        result = await reader.read(COLLATERAL, {}, CollateralResult)
    except VenueRejectedError:
        return {}
    return {row.currency: row.collateral_ratio for row in result.rows if row.collateral_ratio is not None}


async def read_account(reader: Reader, *, name: str, venue: str, uid: str, as_of: datetime) -> Account:
    """Account-wide figures in USD and every coin."""
    async with read_group() as group:
        reading_wallet = group.create_task(read_wallet(reader))
        reading_mode = group.create_task(read_margin_mode(reader))
        reading_fracs = group.create_task(read_collateral_fracs(reader))
    wallet, fracs = reading_wallet.result(), reading_fracs.result()
    return Account(
        name=name,
        venue=venue,
        uid=uid,
        margin_mode=reading_mode.result(),
        equity=wallet.total_equity,
        wallet_balance=wallet.total_wallet_balance,
        margin_balance=wallet.total_margin_balance,
        available_balance=wallet.total_available_balance,
        unrealized_pnl=wallet.unrealised_pnl,
        initial_margin=wallet.total_initial_margin,
        maintenance_margin=wallet.total_maintenance_margin,
        initial_margin_frac=wallet.initial_margin_rate,
        maintenance_margin_frac=wallet.maintenance_margin_rate,
        coins=tuple(_coin(row, fracs) for row in wallet.coin),
        as_of=as_of,
    )


def _coin(row: WalletCoin, fracs: Mapping[str, Decimal]) -> CoinBalance:
    return CoinBalance(
        coin=row.coin,
        wallet_balance=row.wallet_balance,
        equity=row.equity,
        unrealized_pnl=row.unrealised_pnl,
        usd_value=row.usd_value,
        is_collateral=row.margin_collateral and row.collateral_switch,
        collateral_value_frac=fracs.get(row.coin),
        borrowed=row.borrow_amount,
    )
