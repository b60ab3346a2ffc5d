"""Interest on debts: a coin whose wallet is below zero is borrowed, and pays at each full hour.

One rate for all coins; no interest-free amount, borrowing limit or forced repayment is modelled.
"""

from __future__ import annotations

from decimal import Decimal

from market_analysis.venues.simulated.ledger.journal import book_flow, money
from market_analysis.venues.simulated.ledger.state import AccountState

HOUR_MS = 3_600_000
HOURLY_BORROW_RATE = Decimal("0.0000057")  # about 5 % a year, the order of magnitude Bybit charges for dollar coins


def is_indebted(account: AccountState) -> bool:
    """Whether any coin's wallet is below zero."""
    return any(coin.balance < 0 for coin in account.coins.values())


def next_interest_ms(account: AccountState, after_ms: int) -> int | None:
    """The first full hour after `after_ms`, None without debts."""
    return (after_ms // HOUR_MS + 1) * HOUR_MS if is_indebted(account) else None


def charge_interest(account: AccountState, time_ms: int) -> None:
    """Charge every debt if `time_ms` is a full hour."""
    if time_ms % HOUR_MS != 0:
        return
    for name, coin in account.coins.items():
        if coin.balance < 0:
            book_flow(account, name, money(coin.balance * HOURLY_BORROW_RATE), "INTEREST", time_ms)
