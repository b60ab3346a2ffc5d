"""Size by Kelly: the fraction of equity at risk that grows the account fastest, shrunk for what is not known of the edge.

    notional = kelly_fraction * shrinkage * f* * equity / stop distance

Only the account's own closed trades are an edge, and only from kelly_min_trades (at least 100) on; the probability of a target
before a stop is none (ruling 19). A record without an edge says zero and keeps its weight.
"""

from __future__ import annotations

from decimal import Decimal

from market_analysis.quant.kelly import kelly_edge, kelly_fraction, kelly_shrinkage
from market_analysis.risk.sizing_engine.types import Method, TradeRecord, cents
from market_analysis.settings import SizingSettings

NAME = "kelly"


def kelly_size(equity_usd: Decimal, stop_frac: Decimal, record: TradeRecord | None, settings: SizingSettings) -> Method:
    """The method's opinion; no basis without enough closed trades of known odds."""
    reason = _no_basis(record, settings.kelly_min_trades)
    if record is None or reason:
        return Method(NAME, None, settings.weight_kelly, 0.0, Decimal(0), reason, {})
    full = kelly_fraction(record.win_frac, record.payoff)
    shrinkage = kelly_shrinkage(record.win_frac, record.payoff, record.trades)
    at_risk = settings.kelly_fraction * shrinkage * full
    return Method(
        name=NAME,
        size_usd=cents(at_risk * float(equity_usd) / float(stop_frac)),
        weight=settings.weight_kelly,
        used=0.0,
        contribution_usd=Decimal(0),
        basis=f"{record.trades} closed trades ({record.source}): {at_risk:.3g} of equity at risk",
        inputs={
            "win_frac": record.win_frac,
            "payoff": record.payoff,
            "edge": kelly_edge(record.win_frac, record.payoff),
            "full_kelly": full,
            "shrinkage": shrinkage,
            "at_risk_frac": at_risk,
        },
    )


def _no_basis(record: TradeRecord | None, least: int) -> str:
    if record is None:
        return "no closed trades of this account are known"
    if record.trades < least:
        return f"{record.trades} closed trades, {least} are needed"
    if not 0.0 <= record.win_frac <= 1.0 or not 0.0 < record.payoff < float("inf"):
        return f"no odds in a win fraction of {record.win_frac} and a payoff of {record.payoff}"
    return ""
