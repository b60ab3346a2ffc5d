"""The book after a proposed trade: a snapshot with the trade in it, and a comparison of the two analyses."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal

from market_analysis.domain import (
    Account,
    Instrument,
    InstrumentId,
    Order,
    Position,
    PositionKey,
    Quote,
    Side,
    Snapshot,
    Unknown,
    quantity,
)
from market_analysis.errors import DataUnknownError, UsageError
from market_analysis.risk.assets import usd_rate
from market_analysis.risk.trade_fill import FillAt, account_after, entries_after, orders_after, position_after
from market_analysis.risk.types import Analysis, BookReport
from market_analysis.risk.valuation import Valuer, dollars, valuer_for


@dataclass(frozen=True, slots=True)
class ProposedTrade:
    """A market trade at the present mark. Exactly one of quantity (contracts) and notional_usd is given, > 0.

    stop, target: trigger prices of full-position orders at the venue, on the loss and the profit side. leverage: of a new position
    (one that exists keeps its own). hedge_mode: which slot the trade goes to; None: as the account's positions show.
    """

    instrument: InstrumentId
    side: Side
    quantity: Decimal | None = None
    notional_usd: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None
    leverage: Decimal = Decimal(10)
    hedge_mode: bool | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of the book before and after the trade."""

    name: str
    before: Decimal | float | int | None
    after: Decimal | float | int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both analyses and the figures that differ."""

    before: Analysis
    after: Analysis
    changes: tuple[Change, ...]


def compare(before: Analysis, after: Analysis) -> Comparison:
    """The numeric figures of the book that the trade changes, in the order of `BookReport`."""
    changes = []
    for field in fields(BookReport):
        old, new = getattr(before.book, field.name), getattr(after.book, field.name)
        if old != new and all(value is None or isinstance(value, (Decimal, float, int)) for value in (old, new)):
            changes.append(Change(field.name, old, new))
    return Comparison(before, after, tuple(changes))


def with_trade(snapshot: Snapshot, proposed: ProposedTrade, slippage_bps: float = 0.0) -> Snapshot:
    """`snapshot` after the trade filled at the mark: netted in its slot, fee and slippage paid, margins recomputed.

    Same side: averaged in; other side in one-way mode: reduced, closed or turned. Raises DataUnknownError where the account, the
    positions or the instrument could not be read (an unknown book cannot be added to), UsageError on an impossible trade.
    """
    account, positions, orders = _readable(snapshot)
    terms, mark = _market(snapshot, proposed.instrument)
    valuer = valuer_for(terms, usd_rate(snapshot, terms.settle), slippage_bps)
    if valuer.usd_rate is None:
        raise DataUnknownError(f"the USD rate of {terms.settle} could not be read", remedy="read again")
    size = _size(proposed, terms, mark, valuer)
    _check_levels(proposed, mark)
    fill = FillAt(
        key=PositionKey(snapshot.account_name, proposed.instrument, _slot(proposed, positions)),
        side=proposed.side,
        quantity=size,
        price=mark,
        terms=terms,
        usd_rate=Decimal(str(valuer.usd_rate)),
        cost_usd=dollars(valuer.usd(valuer.fill_cost(float(size), float(mark)))) or Decimal(0),
        at=snapshot.as_of,
    )
    old = next((held for held in positions if held.key == fill.key), None)
    new = position_after(fill, old, account.margin_mode, proposed.leverage)
    others = tuple(held for held in positions if held.key != fill.key)
    day = snapshot.day
    return replace(
        snapshot,
        account=account_after(fill, account, old, new),
        positions=others if new is None else (*others, new),
        orders=orders_after(fill, orders, new, proposed.stop, proposed.target),
        entries=entries_after(fill, snapshot.entries, old, new),
        day=day if isinstance(day, Unknown) else replace(day, fees_usd=day.fees_usd - fill.cost_usd),
    )


def _readable(snapshot: Snapshot) -> tuple[Account, tuple[Position, ...], tuple[Order, ...]]:
    for name in ("account", "positions", "orders"):
        part = getattr(snapshot, name)
        if isinstance(part, Unknown):
            raise DataUnknownError(f"{name} could not be read: {part.reason}", remedy="a trade cannot be added to an unknown book")
    return snapshot.account, snapshot.positions, snapshot.orders  # type: ignore[return-value]


def _market(snapshot: Snapshot, instrument: InstrumentId) -> tuple[Instrument, Decimal]:
    terms, quote = snapshot.instruments.get(instrument), snapshot.quotes.get(instrument)
    if not isinstance(terms, Instrument) or not isinstance(quote, Quote):
        raise DataUnknownError(f"contract terms or price of {instrument} were not read", remedy="read the instrument first")
    return terms, quote.reference


def _size(proposed: ProposedTrade, terms: Instrument, mark: Decimal, valuer: Valuer) -> Decimal:
    if (proposed.quantity is None) == (proposed.notional_usd is None):
        raise UsageError("give exactly one of quantity and notional_usd", remedy="for example quantity 0.5")
    if proposed.quantity is not None:
        size = quantity(proposed.quantity, terms.quantity_step)
    else:
        per_contract = valuer.usd(valuer.notional(1.0, float(mark))) or 0.0
        size = quantity(float(proposed.notional_usd or 0) / per_contract, terms.quantity_step)
    if size < terms.min_quantity or size <= 0:
        raise UsageError(f"the size is {size} after rounding to lots, the least is {terms.min_quantity}", remedy="propose more")
    return size


def _check_levels(proposed: ProposedTrade, mark: Decimal) -> None:
    sign = proposed.side.sign
    if proposed.stop is not None and (proposed.stop <= 0 or sign * (mark - proposed.stop) <= 0):
        raise UsageError(f"stop {proposed.stop} is not on the loss side of the mark {mark}", remedy="correct the stop")
    if proposed.target is not None and sign * (proposed.target - mark) <= 0:
        raise UsageError(f"target {proposed.target} is not on the profit side of the mark {mark}", remedy="correct the target")
    if proposed.leverage < 1:
        raise UsageError(f"leverage is {proposed.leverage}, must be at least 1", remedy="correct the leverage")


def _slot(proposed: ProposedTrade, positions: tuple[Position, ...]) -> int:
    hedged = proposed.hedge_mode
    if hedged is None:
        hedged = any(held.key.position_index for held in positions)
    return 0 if not hedged else 1 if proposed.side is Side.LONG else 2
