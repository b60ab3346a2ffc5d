"""What the transaction log says happened in a span of time, in USD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from market_analysis.domain import Category, DayActivity, FlowKind, InstrumentId, LogTrade, from_milliseconds, to_milliseconds
from market_analysis.errors import MalformedAnswerError
from market_analysis.venues.bybit.account import ACCOUNT_TYPE
from market_analysis.venues.bybit.endpoints import TRANSACTION_LOG
from market_analysis.venues.bybit.log_kinds import LOG_KINDS, TRADING_TYPES
from market_analysis.venues.bybit.positions import VENUE
from market_analysis.venues.bybit.reader import Reader
from market_analysis.venues.bybit.wire.account import LogEntry

MAX_PAGES = 200
WEEK_MS = 7 * 86_400_000
_SPOT = "spot"
_FUNDING = "SETTLEMENT"
_TOLERANCE = Decimal("0.00000002")
"""Rows are rounded to eight decimals; their parts may miss their sum by the last one."""


async def read_log(reader: Reader, since: datetime, until: datetime) -> list[LogEntry]:
    """All entries with `since` <= time <= `until`, all pages, in windows of at most a week."""
    entries: list[LogEntry] = []
    start_ms, until_ms = to_milliseconds(since), to_milliseconds(until)
    while start_ms <= until_ms:
        end_ms = min(start_ms + WEEK_MS - 1, until_ms)
        params: dict[str, str | int] = {"accountType": ACCOUNT_TYPE, "startTime": start_ms, "endTime": end_ms}
        rows = await reader.rows(TRANSACTION_LOG, params, LogEntry, max_pages=MAX_PAGES)
        if any(not start_ms <= row.transaction_time <= end_ms for row in rows):
            raise MalformedAnswerError(f"{TRANSACTION_LOG.path}: an entry lies outside of the window asked for")
        entries.extend(rows)
        start_ms = end_ms + 1
    return entries


def summarise(entries: Sequence[LogEntry], since: datetime, until: datetime, usd_rates: Mapping[str, Decimal]) -> DayActivity:
    """Sums by kind (ruling 16), each entry converted at the present rate of its coin.

    Trading rows: cash flow is profit (of a spot trade: neutral, one coin turned into another), fee a cost, funding apart; sign
    as in the account, so money paid is negative. What makes the day incomplete is named in `unknown_types`: a type that is not
    known (its change counts as neutral), TYPE:parts (parts that do not make up the change; the rest counts as neutral),
    COIN:chain (see `broken_chains`). The equity at the reset is not in the log: None.

    Raises:
        MalformedAnswerError: a coin of the log has no rate.
    """
    unknown = broken_chains(entries)
    sums = dict.fromkeys(("pnl", "fees", "funding", "flows", "neutral"), Decimal(0))
    for entry in entries:
        rate = usd_rates.get(entry.currency)
        if rate is None:
            raise MalformedAnswerError(f"{TRANSACTION_LOG.path}: no USD rate for {entry.currency}, which the log has entries in")
        for name, amount in _parts(entry, unknown):
            sums[name] += amount * rate
    return DayActivity(
        since=since,
        until=until,
        realized_pnl_usd=sums["pnl"],
        fees_usd=sums["fees"],
        funding_usd=sums["funding"],
        flows_usd=sums["flows"],
        neutral_usd=sums["neutral"],
        collateral_revaluation_usd=None,
        equity_at_reset_usd=None,
        equity_at_reset_source="unknown",
        entries=len(entries),
        unknown_types=tuple(sorted(unknown)),
        trades=_trades(entries, usd_rates),
    )


def _trades(entries: Sequence[LogEntry], usd_rates: Mapping[str, Decimal]) -> tuple[LogTrade, ...]:
    """Derivative executions and funding payments, oldest first; a spot trade turns one coin into another and closes nothing."""
    found = [
        LogTrade(
            entry_id=entry.id,
            order_id=entry.order_id,
            instrument=InstrumentId(VENUE, Category(entry.category), entry.symbol),
            realized_usd=entry.cash_flow * usd_rates[entry.currency],
            costs_usd=(entry.fee - entry.funding) * usd_rates[entry.currency],
            time=from_milliseconds(entry.transaction_time),
            is_execution=entry.type != _FUNDING,
        )
        for entry in entries
        if entry.type in TRADING_TYPES and entry.category in (Category.LINEAR.value, Category.INVERSE.value)
    ]
    return tuple(sorted(found, key=lambda trade: (trade.time, trade.entry_id)))


def broken_chains(entries: Sequence[LogEntry]) -> set[str]:
    """Coins whose rows (newest first) do not lead from one cash balance to the next: a row between them is missing.

    balance after = balance before + change, so every row names the balance that the next older one must have left.
    """
    before: dict[str, Decimal] = {}
    broken: set[str] = set()
    for entry in sorted(entries, key=lambda entry: entry.transaction_time, reverse=True):
        if entry.cash_balance is None:
            before.pop(entry.currency, None)
            continue
        expected = before.get(entry.currency, entry.cash_balance)
        if abs(expected - entry.cash_balance) > _TOLERANCE:
            broken.add(f"{entry.currency}:chain")
        before[entry.currency] = entry.cash_balance - entry.change
    return broken


def _parts(entry: LogEntry, unknown: set[str]) -> list[tuple[str, Decimal]]:
    kind = LOG_KINDS.get(entry.type)
    if kind is None:
        unknown.add(entry.type)
        return [("neutral", entry.change)]
    if entry.type not in TRADING_TYPES:
        return [({FlowKind.COST: "fees", FlowKind.FLOW: "flows"}.get(kind, "neutral"), entry.change)]
    rest = entry.change - (entry.cash_flow + entry.funding - entry.fee)
    if abs(rest) > _TOLERANCE:
        unknown.add(f"{entry.type}:parts")
    profit = "neutral" if entry.category == _SPOT else "pnl"
    return [(profit, entry.cash_flow), ("fees", -entry.fee), ("funding", entry.funding), ("neutral", rest)]
