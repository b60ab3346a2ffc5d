"""No cut that would open a hedge, and no lock that forbids one (ruling 26), by the tail of the last analysis.

Without a model, or with one that is a day old, only what the rules themselves know of hedges counts: legs of one root.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from market_analysis.domain import InstrumentId, Order, OrderSide, PositionKey
from market_analysis.domain.decision import Alert, Decision
from market_analysis.domain.event import HeldPosition
from market_analysis.domain.tail import TailModel
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import GuardState
from market_analysis.rules.tail import raises_tail
from market_analysis.rules.verdict import ClosePosition, ReducePosition, Verdict

CODE = "would_unhedge"
FRESH = timedelta(days=1)


def opens_hedge(state: GuardState, verdict: Verdict) -> bool:
    """Whether what a rule asks to be closed and reduced, all of it together, would leave a book that could lose more."""
    wanted: dict[PositionKey, Decimal] = {}
    for response in verdict.responses:
        if isinstance(response, ClosePosition):
            wanted[response.key] = Decimal(0)
        elif isinstance(response, ReducePosition):
            wanted[response.key] = response.to_quantity
    model = _model(state)
    if not wanted or model is None:
        return False
    return raises_tail(model, _book(state), _book(state, wanted)) is True


def harmless(state: GuardState, orders: Iterable[Order]) -> frozenset[str]:
    """Ids of the entry orders that a lock permits: one after the other they lower what the book could lose."""
    model = _model(state)
    if model is None:
        return frozenset()
    book, permitted = _book(state), set[str]()
    for order in orders:
        if order.quantity is None:
            continue
        sign = 1 if order.side is OrderSide.BUY else -1
        after = {**book, order.instrument: book.get(order.instrument, Decimal(0)) + sign * order.quantity}
        if raises_tail(model, after, book):
            book = after
            permitted.add(order.order_id)
    return frozenset(permitted)


def hedges(state: GuardState, item: HeldPosition, least: Decimal) -> bool:
    """Whether a position that has grown under a lock lowers what the book could lose, against what may stay of it."""
    model = _model(state)
    return model is not None and raises_tail(model, _book(state), _book(state, {item.key: least})) is True


def tell(
    state: GuardState, blocked: Mapping[str, str], silent: Iterable[tuple[str, str]]
) -> tuple[GuardState, tuple[Decision, ...]]:
    """Somebody is woken for each subject that is not closed for its hedge's sake, once, and told when that is over.

    silent: rules and subjects of which nothing can be told before the next read.
    """
    now = {(CODE, subject) for subject in blocked}
    before = {name for name in state.raised if name[0] == CODE}
    unknown = {(CODE, named(*name)) for name in silent}
    fresh, gone = sorted(now - before), sorted(before - now - unknown)
    if not fresh and not gone:
        return state, ()
    told = [
        Alert(CODE, subject, True, f"{blocked[subject]}: closing it would open a hedge; left to you", True) for _, subject in fresh
    ]
    told += [Alert(CODE, subject, False, "no longer asked for") for _, subject in gone]
    return replace(state, raised=(state.raised - set(gone)) | now), tuple(told)


def named(rule: str, subject: str) -> str:
    """A rule's word on a subject, as an alert's subject."""
    return f"{rule} {subject}"


def _model(state: GuardState) -> TailModel | None:
    made, at = state.analysis, state.tail_at
    return made.tail if made is not None and at is not None and at_least(state.now) - at <= FRESH else None


def _book(state: GuardState, changed: Mapping[PositionKey, Decimal] | None = None) -> dict[InstrumentId, Decimal]:
    """Contracts per instrument, below zero short, some positions at another size. Holdings are in the model."""
    found: dict[InstrumentId, Decimal] = {}
    for item in state.positions if isinstance(state.positions, tuple) else ():
        if "holding" not in item.tags:
            size = (changed or {}).get(item.key, item.quantity)
            found[item.key.instrument] = found.get(item.key.instrument, Decimal(0)) + item.side.sign * size
    return found
