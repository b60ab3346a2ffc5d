"""Writing things down: orders, executions, money.

Every change of a wallet is a log entry, so a balance is the sum of its changes.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from market_analysis.venues.simulated.catalogue import InstrumentSpec
from market_analysis.venues.simulated.ledger.model import (
    ZERO,
    Execution,
    LedgerEvent,
    LogType,
    Order,
    Position,
    TransactionLogEntry,
    WalletBalance,
)
from market_analysis.venues.simulated.ledger.state import AccountState

MONEY_STEP = Decimal("0.00000001")


def money(amount: Decimal) -> Decimal:
    """`amount` rounded to the eight decimals wallets keep."""
    return amount.quantize(MONEY_STEP, rounding=ROUND_HALF_EVEN)


def tell(account: AccountState, record: Order | Execution | Position | WalletBalance, time_ms: int) -> None:
    """Add a private-stream event; its seq is its place in the account's stream."""
    match record:
        case Order():
            account.events.append(LedgerEvent(len(account.events) + 1, account.uid, "order", time_ms, record))
        case Execution():
            account.events.append(LedgerEvent(len(account.events) + 1, account.uid, "execution", time_ms, record))
        case Position():
            account.events.append(LedgerEvent(len(account.events) + 1, account.uid, "position", time_ms, record))
        case WalletBalance():
            account.events.append(LedgerEvent(len(account.events) + 1, account.uid, "wallet", time_ms, record))


def write_order(account: AccountState, order: Order, time_ms: int, **changes: Any) -> Order:
    """Store an order's new state and tell it; keeps the list of open orders."""
    written = replace(order, **changes, updated_time_ms=time_ms, seq=account.next_seq())
    account.orders[written.order_id] = written
    if written.order_link_id:
        account.link_ids[written.order_link_id] = written.order_id
    if written.is_open:
        account.open_ids.setdefault(written.order_id)
    else:
        account.open_ids.pop(written.order_id, None)
    account.wallet_touched = True
    tell(account, written, time_ms)
    return written


def close_order(account: AccountState, order: Order, time_ms: int, cancel_type: str, reason: str = "EC_PerCancelRequest") -> Order:
    """Cancel an open order (a conditional one that never triggered becomes Deactivated on spot only.

    Here Cancelled).
    """
    return write_order(
        account,
        order,
        time_ms,
        order_status="Cancelled",
        cancel_type=cancel_type,
        reject_reason=reason,
        leaves_qty=ZERO,
        leaves_value=ZERO,
    )


def write_execution(account: AccountState, execution: Execution) -> None:
    """Store and tell an execution."""
    account.executions.append(execution)
    tell(account, execution, execution.exec_time_ms)


def book_trade(
    account: AccountState, execution: Execution, spec: InstrumentSpec, cash_flow: Decimal, signed_size: Decimal
) -> TransactionLogEntry:
    """Book a fill or liquidation: change = cash_flow - fee, in the settle coin."""
    kind: LogType = "LIQUIDATION" if execution.exec_type == "BustTrade" else "TRADE"
    return _book(
        account,
        spec.settle,
        cash_flow=cash_flow,
        fee=execution.exec_fee,
        funding=None,
        kind=kind,
        execution=execution,
        signed_size=signed_size,
    )


def book_funding(account: AccountState, execution: Execution, spec: InstrumentSpec, signed_size: Decimal) -> TransactionLogEntry:
    """Book a funding charge: the execution's fee is what was paid, so `funding` is its negative."""
    return _book(
        account,
        spec.settle,
        cash_flow=ZERO,
        fee=ZERO,
        funding=-execution.exec_fee,
        kind="SETTLEMENT",
        execution=execution,
        signed_size=signed_size,
    )


def book_flow(account: AccountState, coin: str, amount: Decimal, kind: LogType, time_ms: int) -> TransactionLogEntry:
    """Book a deposit, withdrawal or transfer: the whole change is cash flow, and is no profit."""
    wallet = account.coin(coin)
    wallet.balance += amount
    entry = TransactionLogEntry(
        id=f"{account.uid}_{coin}_{account.next_seq()}",
        symbol="",
        category="",
        side="None",
        transaction_time_ms=time_ms,
        type=kind,
        trans_sub_type="",
        qty=abs(amount),
        size=ZERO,
        currency=coin,
        trade_price=ZERO,
        funding=None,
        fee=ZERO,
        cash_flow=amount,
        change=amount,
        cash_balance=wallet.balance,
        fee_rate=ZERO,
        trade_id="",
        order_id="",
        order_link_id="",
    )
    account.log.append(entry)
    account.wallet_touched = True
    return entry


def _book(
    account: AccountState,
    coin: str,
    *,
    cash_flow: Decimal,
    fee: Decimal,
    funding: Decimal | None,
    kind: LogType,
    execution: Execution,
    signed_size: Decimal,
) -> TransactionLogEntry:
    change = cash_flow - fee + (funding or ZERO)
    wallet = account.coin(coin)
    wallet.balance += change
    wallet.cum_realised += change
    entry = TransactionLogEntry(
        id=f"{account.uid}_{execution.symbol}_{execution.seq}",
        symbol=execution.symbol,
        category=execution.category,
        side=execution.side,
        transaction_time_ms=execution.exec_time_ms,
        type=kind,
        trans_sub_type="",
        qty=execution.exec_qty,
        size=signed_size,
        currency=coin,
        trade_price=execution.exec_price,
        funding=funding,
        fee=fee,
        cash_flow=cash_flow,
        change=change,
        cash_balance=wallet.balance,
        fee_rate=execution.fee_rate,
        trade_id=execution.exec_id,
        order_id=execution.order_id,
        order_link_id=execution.order_link_id,
    )
    account.log.append(entry)
    account.wallet_touched = True
    return entry
