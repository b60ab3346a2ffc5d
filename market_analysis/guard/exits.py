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
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import Exit, GuardState

MEMORY = timedelta(seconds=120)
"""A closing order so long after the last one of its position begins the ladder anew."""
_BPS = Decimal(10_000)


def closing(state: GuardState, item: HeldPosition, client_id: str, cause: str, quantity: Decimal) -> Intent:
    """An order that closes `quantity` contracts of a position, as many as the venue takes in one, at the ladder's present price."""
    price = worst_price(state, item)
    most = item.most_per_market_order if price is None else item.most_per_order
    return Intent(
        client_id=client_id,
        kind=IntentKind.CLOSE,
        cause=cause,
        instrument=item.key.instrument,
        key=item.key,
        side=item.side,
        quantity=quantity if most is None else min(quantity, most),
        price=price,
    )


def worst_price(state: GuardState, item: HeldPosition) -> Decimal | None:
    """The worst price that the next closing order takes; None: any.

    mark * (1 - s) for a long, mark * (1 + s) for a short, s = min(first * 2^n, most) after n orders that did not close it; on the
    tick beyond, so that rounding closes none of the distance.
    """
    rung = state.exits.get(item.key)
    if rung is not None and at_least(state.now) - rung.at > MEMORY:
        rung = None
    if item.mark is None or (rung is not None and rung.refused):
        return None
    attempts = 0 if rung is None else rung.attempts
    policy = state.policy
    slippage = min(policy.exit_slippage_bps * 2**attempts, policy.most_exit_slippage_bps) / _BPS
    move = None if state.analysis is None else state.analysis.joint_liquidation_move_frac
    if move is not None and abs(move) <= slippage:
        return None
    wanted = item.mark * (1 - item.side.sign * slippage)
    rounding = ROUND_FLOOR if item.side is Side.LONG else ROUND_CEILING
    price = (wanted / item.tick_size).to_integral_value(rounding=rounding) * item.tick_size
    return price if price > 0 else None


def noted(state: GuardState, intents: Iterable[Intent]) -> Mapping[PositionKey, Exit]:
    """The ladders after these intents were given out."""
    now = at_least(state.now)
    exits = dict(state.exits)
    for intent in intents:
        if intent.kind is IntentKind.CLOSE and intent.key is not None:
            last = exits.get(intent.key)
            fresh = last is None or now - last.at > MEMORY
            exits[intent.key] = Exit(1, now) if last is None or fresh else Exit(last.attempts + 1, now, last.refused)
    return exits


def refused(state: GuardState, intent: Intent) -> Mapping[PositionKey, Exit]:
    """The venue refused a closing order: a bound that it does not take must not keep the position open."""
    last = None if intent.key is None else state.exits.get(intent.key)
    if intent.kind is not IntentKind.CLOSE or intent.price is None or intent.key is None or last is None:
        return state.exits
    return {**state.exits, intent.key: replace(last, refused=True)}
