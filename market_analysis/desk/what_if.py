"""The book after a proposed trade, and levels and size for a trade that is only thought of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from market_analysis.desk.instruments import require_listed
from market_analysis.desk.session import Look, Session
from market_analysis.domain import Account, Instrument, InstrumentId, Quote, Side, Snapshot, Unknown
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
    _check_leverage(await require_listed(session.venue, trade.instrument), trade.leverage)
    look = await session.look(also=(trade.instrument,))
    _terms(look.snapshot, trade.instrument)
    _quote(look.snapshot, trade.instrument)
    traded = with_trade(look.snapshot, trade, session.settings.risk.slippage_bps)
    _check_margin(look.snapshot, traded)
    return compare(look.analysis, _analysed(session, look, traded))


async def levels(session: Session, instrument: InstrumentId, side: Side, leverage: Decimal) -> PositionReport:
    """Stop, targets, odds and size of a position entered now at the mark, as if nothing else were held in the instrument.

    Raises:
        UsageError: there is no such contract, or it does not allow the leverage.
        DataUnknownError: the book or the instrument could not be read.
    """
    _check_leverage(await require_listed(session.venue, instrument), leverage)
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
        UsageError: there is no such contract.
        DataUnknownError: equity, terms or price could not be read.
    """
    await require_listed(session.venue, instrument)
    look = await session.look(also=(instrument,))
    terms, quote, account = _terms(look.snapshot, instrument), _quote(look.snapshot, instrument), look.snapshot.account
    if isinstance(account, Unknown):
        raise DataUnknownError(f"equity could not be read: {account.detail}", remedy="try again, or run `risk-manager doctor`")
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
    return replace(analysis, tail_model=None)  # for the guard, and no part of what is shown


def _terms(snapshot: Snapshot, instrument: InstrumentId) -> Instrument:
    terms = snapshot.instruments.get(instrument)
    if terms is None or isinstance(terms, Unknown):
        detail = "not listed" if terms is None else terms.detail
        raise DataUnknownError(f"the terms of {instrument.symbol} could not be read: {detail}", remedy="check the symbol")
    return terms


def _quote(snapshot: Snapshot, instrument: InstrumentId) -> Quote:
    quote = snapshot.quotes.get(instrument)
    if quote is None or isinstance(quote, Unknown):
        detail = "no answer" if quote is None else quote.detail
        raise DataUnknownError(f"the price of {instrument.symbol} could not be read: {detail}", remedy="try again")
    return quote


def _check_margin(before: Snapshot, after: Snapshot) -> None:
    """A trade that the account has no margin for cannot be made, and its book would say nothing."""
    if isinstance(before.account, Unknown) or isinstance(after.account, Unknown):
        return
    had, left = before.account.available_balance, after.account.available_balance
    if had is not None and left is not None and left < 0 and left < had:
        raise UsageError(
            f"the trade needs {had - left:,.0f} USD of margin and costs, {had:,.0f} is available", remedy="propose less"
        )


def _check_leverage(terms: Instrument, leverage: Decimal) -> None:
    if terms.max_leverage is not None and not 1 <= leverage <= terms.max_leverage:
        raise UsageError(
            f"leverage {leverage} is outside 1 .. {terms.max_leverage.normalize():f}, what {terms.id.symbol} allows",
            remedy="correct --leverage",
        )


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
