"""Methods weighed, multipliers applied, caps met, brought to the lot: a size with every factor in the open, or why there is none.

    combined = sum of weight x position over the methods that have a basis, weights renormalised
    adjusted = combined x product of multipliers
    add = min(adjusted, every cap) - held in this direction, rounded down to the lot

Weights .40 / .35 / .25 and the steps of signal strength are document 004's; nobody has shown them to be good, so they are settings
and stand in the answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from market_analysis.domain import Instrument, quantity
from market_analysis.risk.asset_classes import RISK_MULTIPLIER
from market_analysis.risk.sizing_engine.caps import caps
from market_analysis.risk.sizing_engine.equal_risk import equal_risk
from market_analysis.risk.sizing_engine.kelly import fractional_kelly
from market_analysis.risk.sizing_engine.multipliers import multipliers
from market_analysis.risk.sizing_engine.types import (
    Candidate,
    Cap,
    Method,
    Multiplier,
    Recommendation,
    Refusal,
    SizingBook,
    TradeRecord,
)
from market_analysis.risk.sizing_engine.volatility_target import volatility_target
from market_analysis.risk.valuation import dollars, rounded
from market_analysis.settings import Settings

FACTOR_WEIGHTS = {"volatility": 0.25, "liquidity": 0.20, "asset_class": 0.15, "signal": 0.20, "concentration": 0.10}
"""Document 004's weights of the risk factors, without its hour of the day (.10), renormalised."""
HIGHEST_MEAN_FACTOR = 7.0


def recommend(
    candidate: Candidate,
    entry: Decimal,
    terms: Instrument,
    usd_per_contract: float,
    book: SizingBook,
    record: TradeRecord | None,
    settings: Settings,
) -> Recommendation:
    """usd_per_contract: dollars of position that one contract is at `entry`.

    Refusals: book_unknown, no_equity, account_too_small, no_stop, opposes_held_position, no_basis, risk_factors_too_high,
    cap_reached (its caps are the binding ones), below_min_position, below_min_quantity, below_min_notional, above_max_quantity.
    """
    made = _arithmetic(candidate, book, record, terms, usd_per_contract, settings)
    risk_factors = _risk_factors(candidate, book, made.wanted)
    mean = _mean_factor(risk_factors)
    refusals = (*_refused_inputs(candidate, book, settings), *_refused_size(made, terms, usd_per_contract, settings))
    if mean > HIGHEST_MEAN_FACTOR:
        refusals = (*refusals, Refusal("risk_factors_too_high", f"their mean is {mean:.1f}, at most {HIGHEST_MEAN_FACTOR:g}"))
    loss = None if refusals else float(made.size) * usd_per_contract * (candidate.loss_per_dollar or 0.0)
    return Recommendation(
        asset=candidate.asset,
        asset_class=candidate.kind.value,
        sign=candidate.sign,
        entry=entry,
        stop=None if candidate.stop is None else Decimal(str(candidate.stop)),
        held_usd=made.held,
        methods=made.methods,
        combined_usd=made.combined,
        multipliers=made.multipliers,
        adjusted_usd=made.adjusted,
        caps=made.caps,
        add_usd=made.add,
        quantity=None if refusals else made.size,
        max_loss_usd=dollars(loss),
        max_loss_frac=None if loss is None or not book.equity_usd else loss / book.equity_usd,
        risk_factors=risk_factors,
        confidence=max(0.1, (10.0 - mean) / 10.0),
        refusals=refusals,
    )


@dataclass(frozen=True, slots=True)
class _Arithmetic:
    """From the methods to the lot. wanted: the whole position after caps; add: less what is held; size: in contracts."""

    methods: tuple[Method, ...]
    multipliers: tuple[Multiplier, ...]
    caps: tuple[Cap, ...]
    held: Decimal
    combined: Decimal | None
    adjusted: Decimal | None
    wanted: Decimal | None
    add: Decimal | None
    size: Decimal


def _arithmetic(
    candidate: Candidate,
    book: SizingBook,
    record: TradeRecord | None,
    terms: Instrument,
    usd_per_contract: float,
    settings: Settings,
) -> _Arithmetic:
    opinions = (
        volatility_target(candidate, book, settings.sizing),
        fractional_kelly(candidate, book, record, settings.sizing),
        equal_risk(candidate, book, settings.sizing),
    )
    methods, factors, bounds = _weighed(opinions), multipliers(candidate), caps(candidate, book, settings)
    held = rounded(max(candidate.sign * float(book.delta_usd[book.assets.index(candidate.asset)]), 0.0))
    combined = _combined(methods)
    adjusted = None if combined is None else rounded(float(combined) * math.prod(item.value for item in factors))
    wanted = None if adjusted is None else min((adjusted, *(item.position_usd for item in bounds)))
    add = None if wanted is None else max(wanted - held, Decimal(0))
    size = Decimal(0) if add is None else quantity(float(add) / usd_per_contract, terms.quantity_step)
    return _Arithmetic(methods, factors, _marked(bounds, adjusted), held, combined, adjusted, wanted, add, size)


def _weighed(methods: tuple[Method, ...]) -> tuple[Method, ...]:
    """Weights of those with a basis, summing to one; of the others zero."""
    total = math.fsum(item.weight for item in methods if item.position_usd is not None)
    return tuple(replace(item, weight=item.weight / total if item.position_usd is not None and total else 0.0) for item in methods)


def _combined(methods: tuple[Method, ...]) -> Decimal | None:
    basis = [item for item in methods if item.position_usd is not None]
    return rounded(math.fsum(item.weight * float(item.position_usd or 0) for item in basis)) if basis else None


def _marked(bounds: tuple[Cap, ...], adjusted: Decimal | None) -> tuple[Cap, ...]:
    lowest = min((item.position_usd for item in bounds), default=None)
    decides = adjusted is not None and lowest is not None and lowest < adjusted
    return tuple(replace(item, binding=decides and item.position_usd == lowest) for item in bounds)


def _refused_inputs(candidate: Candidate, book: SizingBook, settings: Settings) -> Iterator[Refusal]:
    if book.unknown:
        yield Refusal(
            "book_unknown", f"value or loss of {', '.join(book.unknown)} could not be told; an unknown book is not added to"
        )
    if book.equity_usd is None or book.equity_usd <= 0.0:
        yield Refusal("no_equity", f"account equity is {book.equity_usd} USD, must be above 0")
    elif book.equity_usd < settings.sizing.min_account_usd:
        yield Refusal("account_too_small", f"equity {book.equity_usd:,.2f} is below {settings.sizing.min_account_usd:,.2f} USD")
    if candidate.stop is None or candidate.loss_per_dollar is None:
        yield Refusal("no_stop", "there is no stop on the loss side of the entry to bound the loss by")
    if candidate.sign * float(book.delta_usd[book.assets.index(candidate.asset)]) < 0.0:
        yield Refusal("opposes_held_position", f"{candidate.asset} is held the other way; see `what-if` for what reducing it does")


def _refused_size(made: _Arithmetic, terms: Instrument, usd_per_contract: float, settings: Settings) -> Iterator[Refusal]:
    if made.add is None:
        yield Refusal("no_basis", "no method has a basis; each says why")
        return
    if made.add <= 0.0:
        binding = "; ".join(f"{item.name}: {item.detail}" for item in made.caps if item.binding)
        yield Refusal("cap_reached", binding or "what is held already is as much as the methods ask for")
        return
    if made.size < terms.min_quantity or made.size <= 0:
        yield Refusal("below_min_quantity", f"{made.add:,.2f} USD buys {made.size}, the minimum is {terms.min_quantity}")
        return
    value = float(made.size) * usd_per_contract
    if value < settings.sizing.min_position_usd:
        yield Refusal("below_min_position", f"{value:,.2f} USD is below min_position_usd {settings.sizing.min_position_usd:,.2f}")
    if terms.min_notional is not None and value < float(terms.min_notional):
        yield Refusal("below_min_notional", f"{value:,.2f} is below the venue's {terms.min_notional}")
    if terms.max_quantity is not None and made.size > terms.max_quantity:
        yield Refusal("above_max_quantity", f"{made.size} is above the largest order, {terms.max_quantity}")


def _risk_factors(candidate: Candidate, book: SizingBook, position: Decimal | None) -> dict[str, float]:
    """Document 004's scores, 0 .. 10; what could not be read scores 10."""
    equity = book.equity_usd
    share = None if not equity or position is None else float(position) / equity
    return {
        "volatility": 10.0 if candidate.sigma_day is None else min(10.0, candidate.sigma_day / 0.1 * 10.0),
        "liquidity": 10.0 if candidate.daily_volume_usd is None else max(0.0, 10.0 - candidate.daily_volume_usd / 1e5),
        "asset_class": 2.0 * RISK_MULTIPLIER[candidate.kind],
        "signal": 5.0 * (1.0 - candidate.signal),
        "concentration": 10.0 if share is None else min(10.0, 10.0 * share),
    }


def _mean_factor(scores: Mapping[str, float]) -> float:
    return math.fsum(FACTOR_WEIGHTS[name] * score for name, score in scores.items()) / math.fsum(FACTOR_WEIGHTS.values())
