"""An account's balances, margin and holdings, as the venue states them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class MarginMode(StrEnum):
    """How margin is shared between positions."""

    CROSS = "cross"
    ISOLATED = "isolated"
    PORTFOLIO = "portfolio"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CoinBalance:
    """One coin of the wallet.

    `equity` = wallet balance + unrealised profit, in the coin. `usd_value` is the venue's valuation of that equity.
    `collateral_value_frac` is the haircut factor (1 = counts in full) if readable; `is_collateral` whether it backs margin.
    """

    coin: str
    wallet_balance: Decimal
    equity: Decimal
    unrealized_pnl: Decimal
    usd_value: Decimal | None
    is_collateral: bool
    collateral_value_frac: Decimal | None
    borrowed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Account:
    """Account-wide figures in USD. None where the venue says it does not apply (isolated margin leaves several empty).

    `maintenance_margin_frac` is maintenance margin over margin balance (Bybit accountMMRate): at 1 the account is liquidated.
    """

    name: str
    venue: str
    uid: str
    margin_mode: MarginMode
    equity: Decimal
    wallet_balance: Decimal | None
    margin_balance: Decimal | None
    available_balance: Decimal | None
    unrealized_pnl: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    initial_margin_frac: Decimal | None
    maintenance_margin_frac: Decimal | None
    coins: tuple[CoinBalance, ...]
    as_of: datetime
    currency: str = "USD"
