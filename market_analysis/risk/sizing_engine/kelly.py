"""Fractional Kelly on the account's own record, shrunk for how little the record proves.

    edge = (b + 1) p - 1, p = wins / trades, b = mean win / mean loss      full stake f* = edge / b of equity at risk
    shrinkage = edge^2 / (edge^2 + (b + 1)^2 s^2), s^2 = p (1 - p) / trades
    position = kelly_fraction x shrinkage x f* x equity / loss per dollar of position at the stop

f* is the fraction of equity that may be lost, so that the stop turns it into a position (ruling 19). No edge, no position: then the
method says zero, which is an opinion, and is weighed. The odds of target before stop are no edge and play no part.
Sources: Kelly (1956); Baker, McHale (2013), Optimal betting under parameter uncertainty.
"""

from __future__ import annotations

from market_analysis.risk.sizing_engine.types import Candidate, Method, SizingBook, TradeRecord
from market_analysis.risk.valuation import dollars
from market_analysis.settings.sizing import SizingSettings

NAME = "kelly"


def kelly_stake(record: TradeRecord, fraction: float) -> dict[str, float]:
    """Every number of the stake; `stake_frac` is the fraction of equity to put at risk, at least 0."""
    probability, payoff = record.wins / record.trades, record.payoff
    edge = (payoff + 1.0) * probability - 1.0
    variance = probability * (1.0 - probability) / record.trades
    doubt = (payoff + 1.0) ** 2 * variance
    shrinkage = edge * edge / (edge * edge + doubt) if edge > 0.0 else 0.0
    full = edge / payoff
    return {
        "win_probability": probability,
        "payoff": payoff,
        "edge": edge,
        "full_stake_frac": full,
        "shrinkage": shrinkage,
        "kelly_fraction": fraction,
        "stake_frac": fraction * shrinkage * max(full, 0.0),
    }


def fractional_kelly(candidate: Candidate, book: SizingBook, record: TradeRecord | None, settings: SizingSettings) -> Method:
    """No basis without a stop, or without `kelly_min_trades` closed trades of the account's own."""
    least = settings.kelly_min_trades
    if record is None or record.trades < least:
        count = 0 if record is None else record.trades
        return Method(NAME, None, settings.kelly_weight, f"{count} closed trades of your own, at least {least} are needed", {})
    if candidate.loss_per_dollar is None or book.equity_usd is None:
        return Method(NAME, None, settings.kelly_weight, "there is no usable stop to turn a stake into a position", {})
    numbers = kelly_stake(record, settings.kelly_fraction)
    position = numbers["stake_frac"] * book.equity_usd / candidate.loss_per_dollar
    detail = f"{record.wins} wins of {record.trades}, payoff {record.payoff:.2f}" + ("" if numbers["edge"] > 0.0 else ": no edge")
    return Method(NAME, dollars(position), settings.kelly_weight, detail, numbers)
