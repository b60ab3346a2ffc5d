"""The book after a proposed trade, and levels and size for a trade that is only thought of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from market_analysis.desk.session import Look, Session
from market_analysis.domain import Account, Instrument, InstrumentId, Side, Snapshot, Unknown
from market_analysis.errors import DataUnknownError, UsageError
from market_analysis.risk.analyse import analyse
from market_analysis.risk.assets import usd_rate
from market_analysis.risk.sizing import SizePlan, SizeRequest, plan_size
from market_analysis.risk.types import Analysis, PositionReport
from market_analysis.risk.valuation import valuer_for
from market_analysis.risk.what_if import Comparison, ProposedTrade, compare, with_trade


async def what_if(session: Session, trade: ProposedTrade) -> Comparison:
    """Both analyses, before and after the trade; nothing is remembered of the second.

    Raises:
        DataUnknownError: the book or the instrument could not be read: an unknown book cannot be added to.
        UsageError: the trade is impossible.
    """
    look = await session.look(also=(trade.instrument,))
    after = _analysed(session, look, with_trade(look.snapshot, trade, session.settings.risk.slippage_bps))
    return compare(look.analysis, after)


async def levels(session: Session, instrument: InstrumentId, side: Side, leverage: Decimal) -> PositionReport:
    """Stop, targets, odds and size of a position entered now at the mark, as if nothing else were held in the instrument."""
    look = await session.look(also=(instrument,))
    terms = _terms(look.snapshot, instrument)
    bare = _without(look.snapshot, instrument)
    trade = ProposedTrade(instrument, side, quantity=_smallest(terms), leverage=leverage)
    analysis = _analysed(session, look, with_trade(bare, trade, session.settings.risk.slippage_bps))
    report = next((row for row in analysis.positions or () if row.key.instrument == instrument), None)
    if report is None or report.volatility is None:
        reason = "; ".join(finding.message for finding in report.findings) if report else "it could not be analysed"
        raise DataUnknownError(f"no levels for {instrument.symbol}: {reason}", remedy="try an instrument with more history")
    return report


@dataclass(frozen=True, slots=True)
class Sized:
    """A size for a stop of the user's own."""

    instrument: Instrument
    entry: Decimal
    stop: Decimal
    equity_usd: Decimal
    risk_frac: float
    leverage: Decimal
    plan: SizePlan


async def size(
    session: Session, instrument: InstrumentId, side: Side, stop: Decimal, risk_frac: float | None, leverage: Decimal
) -> Sized:
    """How much of an instrument may be entered now at the mark with a stop at `stop`, costs in.

    Raises:
        DataUnknownError: equity, terms or price could not be read.
    """
    look = await session.look(also=(instrument,))
    terms, account = _terms(look.snapshot, instrument), look.snapshot.account
    quote = look.snapshot.quotes.get(instrument)
    if isinstance(account, Unknown) or quote is None or isinstance(quote, Unknown):
        raise DataUnknownError(f"equity or the price of {instrument.symbol} could not be read", remedy="try again")
    fraction = session.settings.risk.equity_risk_frac if risk_frac is None else risk_frac
    request = SizeRequest(
        sign=side.sign,
        entry=float(quote.reference),
        stop=float(stop),
        equity_usd=float(account.equity),
        notional_usd=None,
        risk_frac=fraction,
        leverage=float(leverage),
        margin_mode=account.margin_mode,
    )
    valuer = valuer_for(terms, usd_rate(look.snapshot, terms.settle), session.settings.risk.slippage_bps)
    on_equity = session.settings.risk.model_copy(update={"base": "equity"})
    return Sized(terms, quote.reference, stop, account.equity, fraction, leverage, plan_size(request, terms, valuer, on_equity))


def _analysed(session: Session, look: Look, snapshot: Snapshot) -> Analysis:
    analysis, _ = analyse(snapshot, look.history, session.memory, session.settings, look.models)
    return analysis


def _terms(snapshot: Snapshot, instrument: InstrumentId) -> Instrument:
    terms = snapshot.instruments.get(instrument)
    if terms is None or isinstance(terms, Unknown):
        detail = "not listed" if terms is None else terms.detail
        raise DataUnknownError(f"the terms of {instrument.symbol} could not be read: {detail}", remedy="check the symbol")
    return terms


def _smallest(terms: Instrument) -> Decimal:
    if terms.min_quantity <= 0:
        raise UsageError(f"{terms.id.symbol} has no minimum quantity", remedy="choose a perpetual, for example BTCUSDT")
    return terms.min_quantity


def _without(snapshot: Snapshot, instrument: InstrumentId) -> Snapshot:
    if isinstance(snapshot.positions, Unknown) or isinstance(snapshot.orders, Unknown) or not isinstance(snapshot.account, Account):
        raise DataUnknownError("the book could not be read", remedy="try again, or run `risk-manager doctor`")
    return replace(
        snapshot,
        positions=tuple(held for held in snapshot.positions if held.instrument != instrument),
        orders=tuple(order for order in snapshot.orders if order.instrument != instrument),
    )
