"""Executions and cash movements: what really happened to an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market_analysis.domain.instrument import InstrumentId
from market_analysis.domain.order import OrderSide


class FillKind(StrEnum):
    """Why an execution happened. Funding is a cash movement, never a fill."""

    TRADE = "trade"
    LIQUIDATION = "liquidation"
    AUTO_DELEVERAGING = "auto_deleveraging"
    SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution.

    quantity: > 0 contracts. closed_quantity: how much of it reduced a position. fee: > 0 paid, in fee_currency.
    """

    fill_id: str
    order_id: str
    instrument: InstrumentId
    side: OrderSide
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    closed_quantity: Decimal
    kind: FillKind
    time: datetime


class FlowKind(StrEnum):
    """What a transaction-log entry is (ruling 16): profit, cost, external flow, or neutral (a conversion, a move within)."""

    PNL = "pnl"
    COST = "cost"
    FLOW = "flow"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class LogTrade:
    """One execution as the transaction log has it, or (is_execution False) a funding payment. realized_usd: closed profit before
    costs, 0 of an opening fill. costs_usd: > 0 paid, fee and funding of that row."""

    entry_id: str
    order_id: str
    instrument: InstrumentId
    realized_usd: Decimal
    costs_usd: Decimal
    time: datetime
    is_execution: bool = True


@dataclass(frozen=True, slots=True)
class DayActivity:
    """What the transaction log says happened since the account's last reset. USD; profit and inflow positive, costs negative.

    realized_pnl_usd: closed profit before fees and funding. fees_usd and funding_usd: negative when paid.
    flows_usd: deposits less withdrawals and transfers. unknown_types: log types this version cannot place; not empty means
    that the day's figures are incomplete and equity-based verdicts are withheld.
    equity_at_reset_usd: equity at the boundary, or None; `equity_at_reset_source` says how it is known: `recorded` (read at
    the boundary), `rebuilt` (equity less log entries and mark changes since), `estimated`.
    trades: the executions behind it, oldest first. collateral_revaluation_usd: change in value of non-stable balances since the
    reset, None when unknown.
    """

    since: datetime
    until: datetime
    realized_pnl_usd: Decimal
    fees_usd: Decimal
    funding_usd: Decimal
    flows_usd: Decimal
    neutral_usd: Decimal
    collateral_revaluation_usd: Decimal | None
    equity_at_reset_usd: Decimal | None
    equity_at_reset_source: str
    entries: int
    unknown_types: tuple[str, ...]
    trades: tuple[LogTrade, ...] = ()
