"""Answers about the account and its key. None: the venue says "" (not applicable, for example under isolated margin)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from market_analysis.venues.bybit.wire.convert import WireStruct


class WalletCoin(WireStruct, frozen=True):
    """One coin of the wallet."""

    coin: str
    equity: Decimal
    wallet_balance: Decimal
    usd_value: Decimal | None = None
    unrealised_pnl: Decimal = Decimal(0)
    borrow_amount: Decimal = Decimal(0)
    margin_collateral: bool = False
    collateral_switch: bool = False
    position_margin: Decimal | None = msgspec.field(default=None, name="totalPositionMM")


class Wallet(WireStruct, frozen=True):
    """The unified account's row."""

    account_type: str
    coin: list[WalletCoin]
    total_equity: Decimal
    total_wallet_balance: Decimal | None = None
    total_margin_balance: Decimal | None = None
    total_available_balance: Decimal | None = None
    total_initial_margin: Decimal | None = None
    total_maintenance_margin: Decimal | None = None
    unrealised_pnl: Decimal | None = msgspec.field(default=None, name="totalPerpUPL")
    initial_margin_rate: Decimal | None = msgspec.field(default=None, name="accountIMRate")
    maintenance_margin_rate: Decimal | None = msgspec.field(default=None, name="accountMMRate")


class WalletResult(WireStruct, frozen=True):
    """/v5/account/wallet-balance."""

    rows: list[Wallet] = msgspec.field(name="list")


class AccountInfo(WireStruct, frozen=True):
    """/v5/account/info."""

    margin_mode: str


class CollateralCoin(WireStruct, frozen=True):
    """One row of /v5/account/collateral-info."""

    currency: str
    collateral_ratio: Decimal | None = None


class CollateralResult(WireStruct, frozen=True):
    """/v5/account/collateral-info."""

    rows: list[CollateralCoin] = msgspec.field(name="list")


class KeyResult(WireStruct, frozen=True):
    """/v5/user/query-api. `read_only` 1: the key cannot write. `uta` 1: a unified trading account."""

    read_only: int
    permissions: dict[str, list[str]]
    user_id: int = msgspec.field(name="userID")
    ips: tuple[str, ...] = ()
    expired_at: str = ""
    uta: int = 0
    unified: int = 0
    note: str = ""
    is_master: bool = True


class LogEntry(WireStruct, frozen=True):
    """One row of /v5/account/transaction-log. `change` = cash_flow + funding - fee, in `currency`."""

    type: str
    currency: str
    change: Decimal
    transaction_time: int
    category: str = ""
    symbol: str = ""
    id: str = ""
    trade_id: str = ""
    order_id: str = ""
    cash_flow: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    cash_balance: Decimal | None = None
