"""The exit ladder (ruling 30): a closing order takes no price worse than so far from the mark, and each next one goes further.

Every closing order fills at once or not at all, so that nothing of the guard's rests in the book. It is a plain market order only
where a price bound would be the greater danger: the joint liquidation is nearer than the bound, the mark could not be read, or the
venue refused the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from market_analysis.domain import PositionKey, Side
from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import HeldPosition
from market_analysis.guard.naming import client_id
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import Exit, GuardState

MEMORY = timedelta(seconds=120)
MEMORY_READS = 4
"""A closing order so long, and so many reads, after the last one of its position begins the ladder anew."""
ANALYSIS_FRESH = timedelta(minutes=10)
"""After so long it is not believed any more where the liquidation is: orders without a bound would be sent for what has passed."""
MOST_DOUBLINGS = 64
"""The distance has long reached the owner's widest by then; a ladder that nothing fills may go on for days."""
MOST_AT_ONCE = 10
"""Orders of one position in one wave; what is left follows when reads have shown what became of them."""
_BPS = Decimal(10_000)


def closing(state: GuardState, item: HeldPosition, parts: tuple[object, ...], cause: str, quantity: Decimal) -> tuple[Intent, ...]:
    """Orders that close `quantity` contracts of a position at the ladder's present price, at once and each as large as the venue
    takes: the legs of a hedge leave together whatever their sizes. parts: why and what, for their ids."""
    price = worst_price(state, item)
    most = item.most_per_market_order if price is None else item.most_per_order
    sizes: list[Decimal] = []
    left = quantity
    while left > 0 and len(sizes) < MOST_AT_ONCE:
        sizes.append(left if most is None or most <= 0 else min(left, most))
        left -= sizes[-1]
    return tuple(
        Intent(
            client_id=client_id(state, *parts, *((number,) if number else ())),
            kind=IntentKind.CLOSE,
            cause=cause,
            instrument=item.key.instrument,
            key=item.key,
            side=item.side,
            quantity=size,
            price=price,
        )
        for number, size in enumerate(sizes)
    )


def worst_price(state: GuardState, item: HeldPosition) -> Decimal | None:
    """The worst price that the next closing order takes; None: any.

    mark * (1 - s) for a long, mark * (1 + s) for a short, s = min(first * 2^n, most) after n orders that did not close it; on the
    tick beyond, so that rounding closes none of the distance.
    """
    rung = _rung(state, item.key)
    if item.mark is None or (rung is not None and rung.refused):
        return None
    attempts = 0 if rung is None else rung.attempts
    policy = state.policy
    slippage = min(policy.exit_slippage_bps * 2 ** min(attempts, MOST_DOUBLINGS), policy.most_exit_slippage_bps) / _BPS
    made = state.analysis
    fresh = made is not None and at_least(state.now) - made.at <= ANALYSIS_FRESH
    move = made.joint_liquidation_move_frac if made is not None and fresh else None
    if move is not None and abs(move) <= slippage:
        return None
    wanted = item.mark * (1 - item.side.sign * slippage)
    rounding = ROUND_FLOOR if item.side is Side.LONG else ROUND_CEILING
    price = (wanted / item.tick_size).to_integral_value(rounding=rounding) * item.tick_size
    return price if price > 0 else None


def noted(state: GuardState, intents: Iterable[Intent]) -> Mapping[PositionKey, Exit]:
    """The ladders after these intents were given out, together one rung of each position."""
    ordered: dict[PositionKey, Decimal] = {}
    for intent in intents:
        if intent.kind is IntentKind.CLOSE and intent.key is not None:
            ordered[intent.key] = ordered.get(intent.key, Decimal(0)) + (intent.quantity or Decimal(0))
    held = state.positions if isinstance(state.positions, tuple) else ()
    exits = dict(state.exits)
    for item in held:
        if item.key in ordered:
            last = _rung(state, item.key)
            attempts, bound_refused = (0, False) if last is None else (last.attempts, last.refused)
            leaves = item.quantity - ordered[item.key]
            exits[item.key] = Exit(attempts + 1, at_least(state.now), bound_refused, state.read_number, leaves)
    return exits


def seen(state: GuardState, positions: Iterable[HeldPosition]) -> Mapping[PositionKey, Exit]:
    """The ladders that go on after a read: not of what is gone, nor where the last orders were filled whole."""
    left = {item.key: item.quantity for item in positions}
    return {key: rung for key, rung in state.exits.items() if left.get(key, Decimal(0)) > rung.leaves}


def _rung(state: GuardState, key: PositionKey) -> Exit | None:
    """The ladder of a position while it is remembered: for a time, and where looks are rarer for some of them."""
    rung = state.exits.get(key)
    if rung is None or (at_least(state.now) - rung.at > MEMORY and state.read_number - rung.number > MEMORY_READS):
        return None
    return rung


def refused(state: GuardState, intent: Intent) -> Mapping[PositionKey, Exit]:
    """The venue refused a closing order: a bound that it does not take must not keep the position open."""
    last = None if intent.key is None else state.exits.get(intent.key)
    if intent.kind is not IntentKind.CLOSE or intent.price is None or intent.key is None or last is None:
        return state.exits
    return {**state.exits, intent.key: replace(last, refused=True)}
