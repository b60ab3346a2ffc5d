"""How an account of the embedded exchange is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from market_analysis.venues.simulated.ledger.model import ApiKey, MarginMode


@dataclass(frozen=True, slots=True)
class Account:
    """An account as opened: `wallet` holds coin balances (not negative) booked as TRANSFER_IN at the exchange's start.

    An account as opened: `wallet` holds coin balances (not negative) booked as TRANSFER_IN at the exchange's start.
    """

    uid: str
    api_keys: tuple[ApiKey, ...] = ()
    margin_mode: MarginMode = "REGULAR_MARGIN"
    wallet: tuple[tuple[str, Decimal], ...] = ()
    hedge_symbols: frozenset[str] = frozenset()
    collateral_off: frozenset[str] = frozenset()
    default_leverage: Decimal = field(default=Decimal(10))
