"""The size of a trade on an account as it stands: one look, then the sizing engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from market_analysis.desk.instruments import require_listed
from market_analysis.desk.session import Look, Session
from market_analysis.desk.track_record import account_record
from market_analysis.domain import Account, Instrument, InstrumentId, MarginMode, Quote, Side, Snapshot, Unknown
from market_analysis.errors import DataUnknownError
from market_analysis.risk.assets import asset_of_instrument, usd_rate
from market_analysis.risk.sizing_engine.book import sizing_book
from market_analysis.risk.sizing_engine.engine import size_position
from market_analysis.risk.sizing_engine.types import SizingRequest, SizingResult, TradeRecord
from market_analysis.risk.valuation import BASIS_POINT
from market_analysis.risk.volatility import VolatilityModel


@dataclass(frozen=True, slots=True)
class TradeIdea:
    """What a user says of a trade.

    signal: strength in [0, 1]. stop_frac: distance of a stop of one's own. leverage: None: that of the position held, else nothing
    is borrowed. record: the account's closed trades, as the user states them. record_days: read them from the account instead.
    alone: as if nothing were held.
    """

    instrument: InstrumentId
    side: Side
    signal: float = 1.0
    stop_frac: float | None = None
    leverage: Decimal | None = None
    record: TradeRecord | None = None
    record_days: int | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Sizing:
    """The engine's answer, and of what and when."""

    account_name: str
    as_of: datetime
    alone: bool
    result: SizingResult


async def size_idea(session: Session, idea: TradeIdea) -> Sizing:
    """Read the account and the instrument, and size the trade at the mark.

    Raises:
        UsageError: there is no such contract.
        DataUnknownError: its terms or price could not be read. What is missing of the account is a refusal of the result.
    """
    await require_listed(session.venue, idea.instrument)
    look = await session.look(also=(idea.instrument,))
    if idea.record_days is not None:
        idea = replace(idea, record=await account_record(session.venue, look.snapshot.as_of, idea.record_days))
    request = sizing_request(look, idea, session.settings.risk.slippage_bps * BASIS_POINT)
    book = sizing_book(look.snapshot, look.history, look.analysis, session.settings, idea.instrument, alone=idea.alone)
    result = size_position(request, book, session.settings.sizing)
    return Sizing(look.snapshot.account_name, look.snapshot.as_of, idea.alone, result)


def sizing_request(look: Look, idea: TradeIdea, slippage_frac: float) -> SizingRequest:
    """The engine's request of an idea, with what was read of the instrument."""
    snapshot = look.snapshot
    terms, quote = snapshot.instruments.get(idea.instrument), snapshot.quotes.get(idea.instrument)
    if not isinstance(terms, Instrument) or not isinstance(quote, Quote):
        raise DataUnknownError(f"terms or price of {idea.instrument.symbol} could not be read", remedy="try again")
    model = look.models.get(idea.instrument)
    return SizingRequest(
        instrument=terms,
        asset=asset_of_instrument(idea.instrument, snapshot.instruments),
        side=idea.side,
        price=quote.reference,
        usd_rate=usd_rate(snapshot, terms.quote),
        signal=idea.signal,
        sigma_day=model.sigma_day if isinstance(model, VolatilityModel) else None,
        hour_utc=snapshot.as_of.hour,
        stop_frac=idea.stop_frac,
        leverage=idea.leverage or _held_leverage(snapshot, idea),
        margin_mode=snapshot.account.margin_mode if isinstance(snapshot.account, Account) else MarginMode.UNKNOWN,
        turnover_24h_usd=quote.turnover_24h_usd,
        record=idea.record,
        slippage_frac=slippage_frac,
    )


def _held_leverage(snapshot: Snapshot, idea: TradeIdea) -> Decimal | None:
    held = () if isinstance(snapshot.positions, Unknown) else snapshot.positions
    return next((item.leverage for item in held if item.instrument == idea.instrument and item.side is idea.side), None)
