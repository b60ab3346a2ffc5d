"""What each stop type of document 004 says of a position that is held, or of an entry now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from market_analysis.desk.instruments import require_listed
from market_analysis.desk.session import Look, Session
from market_analysis.domain import (
    Bars,
    Instrument,
    InstrumentId,
    MarginMode,
    Position,
    PositionMemory,
    Quote,
    Side,
    Unknown,
    stop_price,
)
from market_analysis.errors import DataUnknownError
from market_analysis.risk.asset_classes import RISK_MULTIPLIER, asset_class
from market_analysis.risk.assets import asset_of_instrument
from market_analysis.risk.stop_types.average_range import AverageRangeStop
from market_analysis.risk.stop_types.breakeven import BreakevenStop
from market_analysis.risk.stop_types.combination import StopDecision, next_stop
from market_analysis.risk.stop_types.fixed import FixedStop
from market_analysis.risk.stop_types.support_resistance import SupportResistanceStop
from market_analysis.risk.stop_types.time_decay import TimeDecayStop
from market_analysis.risk.stop_types.trailing import TrailingStop
from market_analysis.risk.stop_types.types import StopRule, StopView
from market_analysis.risk.stop_types.volatility import VolatilityStop
from market_analysis.risk.volatility import VolatilityModel

HOUR = timedelta(hours=1)
INITIAL_STOP_FRAC = 0.03
"""Document 004's default first stop."""


@dataclass(frozen=True, slots=True)
class StopsAnswer:
    """held: whether the position is held; else the levels are those of an entry at `price`. present: the planned stop that stands.
    hours_held: None where it is not held."""

    symbol: str
    side: Side
    held: bool
    entry: Decimal
    price: Decimal
    present: Decimal | None
    hours_held: float | None
    tick_size: Decimal
    decision: StopDecision


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
    terms, quote = snapshot.instruments.get(instrument), snapshot.quotes.get(instrument)
    if not isinstance(terms, Instrument) or not isinstance(quote, Quote):
        raise DataUnknownError(f"terms or price of {instrument.symbol} could not be read", remedy="try again")
    held = next((item for item in snapshot.positions if item.instrument == instrument and item.side is side), None)
    memory = None if held is None else session.memory.positions.get(held.key)
    hours = None if memory is None else max((snapshot.as_of - memory.anchor_time) / HOUR, 0.0)
    view = _view(look, instrument, side, float(quote.reference), held, memory, hours)
    present = None if memory is None else stop_price(memory.stop, terms.tick_size, side.sign)
    multiplier = RISK_MULTIPLIER[asset_class(asset_of_instrument(instrument, snapshot.instruments))]
    return StopsAnswer(
        symbol=instrument.symbol,
        side=side,
        held=held is not None,
        entry=quote.reference if held is None else held.entry_price,
        price=quote.reference,
        present=present,
        hours_held=hours,
        tick_size=terms.tick_size,
        decision=next_stop(_every_type(multiplier), view, present, terms.tick_size, _isolated_liquidation(held)),
    )


def _every_type(class_multiplier: float) -> tuple[StopRule, ...]:
    """With document 004's defaults; the class widens the volatility stop."""
    return (
        FixedStop(INITIAL_STOP_FRAC),
        TrailingStop(),
        VolatilityStop(class_multiplier=class_multiplier),
        AverageRangeStop(),
        SupportResistanceStop(),
        BreakevenStop(),
        TimeDecayStop(),
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
    model, bars = look.models.get(instrument), look.history.hourly.get(instrument)
    if not isinstance(model, VolatilityModel) or not isinstance(bars, Bars):
        detail = model.detail if isinstance(model, Unknown) else "its bars could not be read"
        raise DataUnknownError(f"no stops for {instrument.symbol}: {detail}", remedy="try an instrument with more history")
    return StopView(
        sign=side.sign,
        entry=price if held is None else float(held.entry_price),
        price=price,
        best=price if memory is None else memory.peak,
        held_hours=hours or 0.0,
        initial=None if memory is None else memory.entry - side.sign * memory.r0,
        sigma_day=model.sigma_day,
        atr=model.atr_abs,
        bars=bars,
    )


def _isolated_liquidation(held: Position | None) -> float | None:
    """Under cross margin the venue's price is an estimate and no test (ruling 13)."""
    if held is None or held.margin_mode is not MarginMode.ISOLATED or held.liquidation_price is None:
        return None
    return float(held.liquidation_price)
