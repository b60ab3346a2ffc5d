"""One look at an account as the guard's events. What a look could not read is Unknown in them, and stays so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from market_analysis.desk.mark_board import believed
from market_analysis.desk.session import Look
from market_analysis.domain import DayActivity, EntryHistory, Instrument, Position, Quote, Read, Side, Snapshot, Unknown
from market_analysis.domain.event import (
    AccountRead,
    AnalysisMade,
    Event,
    FillSeen,
    HeldPosition,
    MoneyRead,
    PeriodStartKnown,
    TradesRead,
)
from market_analysis.risk.assets import asset_of_instrument, usd_rate
from market_analysis.risk.bridge import ESTIMATED
from market_analysis.risk.types import Analysis, BookReport, PositionReport
from market_analysis.risk.valuation import rounded
from market_analysis.rules.view import Period


def events_of(look: Look, uptime_ms: int, number: int, told: frozenset[str]) -> Iterator[Event]:
    """Facts of the day first, then the analysis, then the read itself, so that rules judge the read with all of it known.

    number: of this read. told: entries of the log that were told before.
    """
    snapshot = look.snapshot
    at = snapshot.as_of
    if isinstance(snapshot.day, DayActivity):
        yield from _day(snapshot, snapshot.day, look.analysis.book, uptime_ms, told)
    yield _analysis(look.analysis, at, uptime_ms)
    positions = _positions(snapshot)
    yield AccountRead(
        at=at,
        uptime_ms=uptime_ms,
        number=number,
        money=_money(snapshot),
        positions=positions,
        orders=snapshot.orders,
        unexplained=look.analysis.book.unexplained_usd,
    )


def _day(snapshot: Snapshot, day: DayActivity, book: BookReport, uptime_ms: int, told: frozenset[str]) -> Iterator[Event]:
    at = snapshot.as_of
    start = _day_start(snapshot, day, book)
    if start is not None:
        yield PeriodStartKnown(at, uptime_ms, Period.DAY.value, *start)
    for trade in day.trades:
        if trade.entry_id not in told:
            yield FillSeen(
                at=at,
                uptime_ms=uptime_ms,
                fill_id=trade.entry_id,
                order_id=trade.order_id,
                client_order_id=None,
                instrument=trade.instrument,
                root=asset_of_instrument(trade.instrument, snapshot.instruments),
                time=trade.time,
                realized=rounded(trade.realized_usd) or None,
                costs=rounded(trade.costs_usd),
                is_execution=trade.is_execution,
            )
    if not day.unknown_types:
        yield TradesRead(at, uptime_ms, day.since)


def _day_start(snapshot: Snapshot, day: DayActivity, book: BookReport) -> tuple[Decimal, Decimal] | None:
    """Balance and equity at the reset; the balance is today's less all that the log has changed since. None where the equity is
    only estimated: a limit that is measured from a guess is none."""
    account, equity = snapshot.account, book.equity_at_reset_usd
    if isinstance(account, Unknown) or account.wallet_balance is None or equity is None or day.unknown_types:
        return None
    if book.equity_at_reset_source == ESTIMATED:
        return None
    changed = day.realized_pnl_usd + day.fees_usd + day.funding_usd + day.flows_usd + day.neutral_usd
    return rounded(account.wallet_balance - changed), rounded(equity)


def _money(snapshot: Snapshot) -> Read[MoneyRead]:
    account = snapshot.account
    if isinstance(account, Unknown):
        return Unknown(account.reason, account.detail, account.since)
    if account.wallet_balance is None:
        return Unknown("no_balance", "the venue states no balance in this margin mode", snapshot.as_of)
    margin = None if account.initial_margin is None else rounded(account.initial_margin)
    return MoneyRead(rounded(account.wallet_balance), rounded(account.equity), _equity_if_flat(snapshot, account.equity), margin)


def _equity_if_flat(snapshot: Snapshot, equity: Decimal) -> Decimal | None:
    """Equity if every position were closed now (ruling 24): the way from the mark to the book's far side, and the taker's fee.

    equity - sum of units * (|mark - far side|, where it is worse) and fee * value. Depth is not read: a large position costs more.
    None as soon as a price, a rate or a term of one position is not known.
    """
    if isinstance(snapshot.positions, Unknown):
        return None
    cost = Decimal(0)
    for item in snapshot.positions:
        terms, quote = snapshot.instruments.get(item.instrument), snapshot.quotes.get(item.instrument)
        if not isinstance(terms, Instrument) or not isinstance(quote, Quote):
            return None
        far, rate = quote.bid if item.side is Side.LONG else quote.ask, usd_rate(snapshot, terms.quote)
        if far is None or far <= 0 or rate is None or item.mark_price <= 0:
            return None
        worse = max(item.side.sign * (item.mark_price - far), Decimal(0)) / item.mark_price
        cost += abs(item.notional) * rate * (worse + terms.taker_fee_frac)
    return rounded(equity - cost)


def _positions(snapshot: Snapshot) -> Read[tuple[HeldPosition, ...]]:
    """All of them, or Unknown: a position whose terms could not be read has no tick, and a book without it would be a smaller
    one."""
    positions = snapshot.positions
    if isinstance(positions, Unknown):
        return Unknown(positions.reason, positions.detail, positions.since)
    found = []
    for item in positions:
        terms = snapshot.instruments.get(item.instrument)
        if not isinstance(terms, Instrument):
            detail = f"the terms of {item.instrument.symbol} could not be read"
            return Unknown("no_terms", detail, snapshot.as_of)
        found.append(_held(snapshot, item, terms))
    return tuple(found)


def _held(snapshot: Snapshot, item: Position, terms: Instrument) -> HeldPosition:
    rate = usd_rate(snapshot, terms.settle)
    quote = usd_rate(snapshot, terms.quote)
    price = snapshot.quotes.get(item.instrument)
    sound = believed(item.mark_price, price.index if isinstance(price, Quote) else None)
    linear = None if terms.is_inverse or rate is None else terms.tick_size * terms.contract_size * rate
    return HeldPosition(
        key=item.key,
        root=asset_of_instrument(item.instrument, snapshot.instruments),
        side=item.side,
        quantity=item.quantity,
        entry_price=item.entry_price,
        opened_at=_opened_at(snapshot, item),
        mark=item.mark_price if sound else None,
        unrealized=None if rate is None or not sound else rounded(item.unrealized_pnl * rate),
        tick_size=terms.tick_size,
        tick_value=linear,
        quantity_step=terms.quantity_step,
        # Also where the mark is not believed: size rules ask for the mark first, and a hedge's ratio from a doubtful value is
        # nearer than from none.
        notional=None if quote is None else rounded(item.notional * quote),
        most_per_order=terms.max_quantity,
        most_per_market_order=terms.max_market_quantity or terms.max_quantity,
    )


def _opened_at(snapshot: Snapshot, item: Position) -> datetime:
    """The first fill since the slot was flat; of a record that does not reach so far its first fill, which is later."""
    entry = snapshot.entries.get(item.key)
    fills = entry.fills if isinstance(entry, EntryHistory) else ()
    return fills[0].time if fills else item.updated_at


def _analysis(analysis: Analysis, at: datetime, uptime_ms: int) -> AnalysisMade:
    stops = {row.key: row.stop_loss for row in analysis.positions or () if row.stop_loss is not None}
    clusters = tuple(
        (frozenset(item.name.split()), item.risk_usd, item.cap_usd) for item in analysis.clusters if item.cap_usd is not None
    )
    book = analysis.book
    return AnalysisMade(
        at=at,
        uptime_ms=uptime_ms,
        planned_stops=stops,
        clusters=clusters,
        margin_rate_at_stops=_decimal(book.mmr_at_stops_frac),
        joint_liquidation_move_frac=_decimal(book.joint_liquidation_move_frac),
        planned_exits={row.key: _exits(row) for row in analysis.positions or () if row.stop_loss is not None},
        tail=analysis.tail_model,
    )


def _exits(row: PositionReport) -> tuple[tuple[Decimal, Decimal], ...]:
    parts = ((row.tp1, row.tp1_quantity), (row.tp2, row.tp2_quantity))
    return tuple((price, quantity) for price, quantity in parts if price is not None and quantity)


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
