"""Accounts, orders, positions, margin and money of the embedded exchange: pure, exact, deterministic."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.account import Account
from market_analysis.venues.simulated.ledger.exchange import Exchange
from market_analysis.venues.simulated.ledger.model import (
    AccountInfo,
    ApiKey,
    ClosedPnl,
    Execution,
    LedgerEvent,
    MarginMode,
    Order,
    Position,
    TransactionLogEntry,
    WalletBalance,
    WalletCoin,
)
from market_analysis.venues.simulated.ledger.refusals import ApiError
from market_analysis.venues.simulated.ledger.requests import AmendRequest, OrderRequest, TradingStopRequest

__all__ = [
    "Account", "AccountInfo", "AmendRequest", "ApiError", "ApiKey", "ClosedPnl", "Exchange", "Execution", "LedgerEvent",
    "MarginMode", "Order", "OrderRequest", "Position", "TradingStopRequest", "TransactionLogEntry", "WalletBalance", "WalletCoin",
]  # fmt: skip
