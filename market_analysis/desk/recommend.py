"""A size from the sizing engine for a trade that is only thought of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.desk.instruments import require_listed
from market_analysis.desk.session import Look, Session
from market_analysis.desk.what_if import check_leverage, entry_report, quote_of, terms_of
from market_analysis.domain import Bars, InstrumentId, MarginMode, Side
from market_analysis.errors import DataUnknownError
from market_analysis.risk.analyse import book_risk_of
from market_analysis.risk.asset_classes import asset_class
from market_analysis.risk.assets import asset_of_instrument, usd_rate
from market_analysis.risk.liquidity import position_liquidity
from market_analysis.risk.sizing import SizeRequest, loss_per_contract_usd
from market_analysis.risk.sizing_engine.book import sizing_book
from market_analysis.risk.sizing_engine.recommend import recommend
from market_analysis.risk.sizing_engine.types import Candidate, Recommendation, TradeRecord
from market_analysis.risk.valuation import Valuer, valuer_for
from market_analysis.risk.volatility import VolatilityModel


@dataclass(frozen=True, slots=True)
class SizingQuestion:
    """stop None: the dynamic one of an entry now. signal: 0 .. 1. record: of the account's own closed trades, if there is one."""

    instrument: InstrumentId
    side: Side
    stop: Decimal | None
    signal: float
    leverage: Decimal
    record: TradeRecord | None


async def recommend_size(session: Session, question: SizingQuestion) -> Recommendation:
    """How large a position in the instrument should be now, at the mark.

    Raises:
        UsageError: there is no such contract, or it does not allow the leverage.
        DataUnknownError: terms or price could not be read.
    """
    check_leverage(await require_listed(session.venue, question.instrument), question.leverage)
    look = await session.look(also=(question.instrument,))
    terms, quote = terms_of(look.snapshot, question.instrument), quote_of(look.snapshot, question.instrument)
    valuer = valuer_for(terms, usd_rate(look.snapshot, terms.settle), session.settings.risk.slippage_bps)
    stop = question.stop
    if stop is None:
        stop = entry_report(session, look, question.instrument, question.side, question.leverage).stop_loss
    risk = book_risk_of(look.snapshot, look.history, session.memory, session.settings, look.models)
    asset = asset_of_instrument(question.instrument, look.snapshot.instruments)
    candidate = _candidate(question, look, asset, float(quote.reference), stop, valuer, session)
    book = sizing_book(look.snapshot, look.history, risk.lines, asset, session.settings.portfolio)
    value = _usd_per_contract(valuer, float(quote.reference))
    if not value:
        raise DataUnknownError(f"the USD rate of {terms.settle} could not be read", remedy="read again")
    return recommend(candidate, quote.reference, terms, value, book, question.record, session.settings)


def _candidate(
    question: SizingQuestion, look: Look, asset: str, price: float, stop: Decimal | None, valuer: Valuer, session: Session
) -> Candidate:
    model = look.models.get(question.instrument)
    sigma = model.sigma_day if isinstance(model, VolatilityModel) else None
    bars = look.history.hourly.get(question.instrument)
    volume = position_liquidity(
        asset,
        question.instrument,
        0.0,
        valuer.quote_usd(1.0),
        bars if isinstance(bars, Bars) else None,
        sigma,
        session.settings.portfolio.exit_participation_frac,
    ).daily_volume_usd
    return Candidate(
        asset=asset,
        kind=asset_class(asset),
        sign=question.side.sign,
        signal=question.signal,
        price=price,
        stop=None if stop is None else float(stop),
        loss_per_dollar=_loss_per_dollar(question, price, stop, valuer),
        sigma_day=sigma,
        daily_volume_usd=None if volume is None else float(volume),
        leverage=float(question.leverage),
    )


def _usd_per_contract(valuer: Valuer, price: float) -> float | None:
    return valuer.usd_at(valuer.notional(1.0, price), price)


def _loss_per_dollar(question: SizingQuestion, price: float, stop: Decimal | None, valuer: Valuer) -> float | None:
    """Dollars lost at the stop, costs in, per dollar of position; None without a stop on the loss side."""
    value = _usd_per_contract(valuer, price)
    if stop is None or not value or stop <= 0 or question.side.sign * (price - float(stop)) <= 0.0:
        return None
    request = SizeRequest(
        sign=question.side.sign,
        entry=price,
        stop=float(stop),
        equity_usd=None,
        notional_usd=None,
        risk_frac=0.0,
        leverage=float(question.leverage),
        margin_mode=MarginMode.CROSS,
    )
    loss = loss_per_contract_usd(request, valuer)
    return None if loss is None else loss / value
