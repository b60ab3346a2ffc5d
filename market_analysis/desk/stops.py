"""What each stop type says of a position that is held, or of an entry now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import numpy as np

from market_analysis.desk.instruments import require_listed
from market_analysis.desk.session import Look, Session
from market_analysis.desk.what_if import quote_of, terms_of
from market_analysis.domain import Bars, InstrumentId, MarginMode, Position, PositionMemory, Side, Unknown, stop_price
from market_analysis.errors import DataUnknownError
from market_analysis.risk.asset_classes import asset_class
from market_analysis.risk.assets import asset_of_instrument
from market_analysis.risk.stop_types.tightest import Standing, all_stop_types, tightest_stop
from market_analysis.risk.stop_types.view import StopView
from market_analysis.risk.volatility import VolatilityModel

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StopRow:
    """One type's level on the tick grid, never looser than it said, and what became of it."""

    name: str
    level: Decimal | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class StopsAnswer:
    """held: whether the position is held; else the levels are those of an entry at `price`. hours_held None: unknown, taken as 0.

    level: where the stop belongs, None when none is possible; moved_by: the type that tightened it; triggered: the price is there.
    """

    symbol: str
    side: Side
    held: bool
    entry: Decimal
    price: Decimal
    tick_size: Decimal
    hours_held: float | None
    level: Decimal | None
    moved_by: str | None
    triggered: bool
    types: tuple[StopRow, ...]


async def stops(session: Session, instrument: InstrumentId, side: Side) -> StopsAnswer:
    """Every type's level for the position held on that side, from its entry, best price and planned stop; else for an entry now.

    Raises:
        UsageError: there is no such contract.
        DataUnknownError: book, price or history could not be read.
    """
    await require_listed(session.venue, instrument)
    look = await session.look(also=(instrument,))
    snapshot = look.snapshot
    if isinstance(snapshot.positions, Unknown):
        raise DataUnknownError(f"the positions could not be read: {snapshot.positions.detail}", remedy="try again")
    terms, quote = terms_of(snapshot, instrument), quote_of(snapshot, instrument)
    held = next((item for item in snapshot.positions if item.instrument == instrument and item.side is side), None)
    memory = None if held is None else session.memory.positions.get(held.key)
    hours = None if memory is None else max((snapshot.as_of - memory.anchor_time) / HOUR, 0.0)
    view = _view(look, instrument, side, float(quote.reference), held, memory, hours)
    kind = asset_class(asset_of_instrument(instrument, snapshot.instruments))
    decision = tightest_stop(view, all_stop_types(kind), _isolated_liquidation(held))
    entry = quote.reference if held is None else held.entry_price

    def on_tick(level: float | None) -> Decimal | None:
        return None if level is None else stop_price(level, terms.tick_size, side.sign)

    return StopsAnswer(
        symbol=instrument.symbol,
        side=side,
        held=held is not None,
        entry=entry,
        price=quote.reference,
        tick_size=terms.tick_size,
        hours_held=hours,
        level=on_tick(decision.level),
        moved_by=decision.moved_by,
        triggered=decision.triggered,
        types=tuple(StopRow(item.name, on_tick(item.level), item.standing) for item in decision.candidates),
    )


def _view(
    look: Look,
    instrument: InstrumentId,
    side: Side,
    price: float,
    held: Position | None,
    memory: PositionMemory | None,
    hours: float | None,
) -> StopView:
    model = look.models.get(instrument)
    bars = look.history.hourly.get(instrument)
    if not isinstance(model, VolatilityModel) or not isinstance(bars, Bars):
        detail = model.detail if isinstance(model, Unknown) else "its bars could not be read"
        raise DataUnknownError(f"no stops for {instrument.symbol}: {detail}", remedy="try an instrument with more history")
    entry = price if held is None else float(held.entry_price)
    better = np.maximum if side.sign > 0 else np.minimum
    best = float(better(better(price, entry), price if memory is None else memory.peak))
    return StopView(
        sign=side.sign,
        entry=entry,
        price=price,
        best=best,
        stop=None if memory is None else memory.stop,
        atr=model.atr_abs,
        sigma=model.report.sigma_h,
        hours_held=hours or 0.0,
        high=bars.high,
        low=bars.low,
    )


def _isolated_liquidation(held: Position | None) -> float | None:
    """Under cross margin the venue's price is an estimate and no test (ruling 13)."""
    if held is None or held.margin_mode is not MarginMode.ISOLATED or held.liquidation_price is None:
        return None
    return float(held.liquidation_price)
