"""The saga that ends flat: cancel what adds risk, close every position, read, close again what is left, cancel leftovers, verify.

It moves on reads, never on the venue's word: a closing order that was answered "done" has closed nothing until a read shows it, and
one that was not answered is not sent again before a read shows the position still there (laws 6 and 8). Every closing order is
reduce-only, and all legs of a hedge go out together (ruling 26).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from market_analysis.domain import Order, OrderPurpose, Unknown
from market_analysis.domain.decision import Alert, Decision, FlattenEnded, Intent, IntentKind, ReadNow
from market_analysis.domain.event import HeldPosition
from market_analysis.guard.exits import closing
from market_analysis.guard.intents import give_out, under_way
from market_analysis.guard.naming import client_id
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import Flattening, GuardState

MOST_ATTEMPTS = 5
"""Closing orders of one position after which somebody is woken; it goes on."""
LIMIT = ("reflatten_limit", "account")


def begin(state: GuardState, cause: str, *, by_hand: bool = False) -> tuple[GuardState, tuple[Decision, ...]]:
    """Start a flattening, unless one is under way; not more often than the owner's limit (ruling 29), but by hand always."""
    if state.flattening is not None:
        return state, ()
    state, told, may = closes_again(state)
    if not may and not by_hand:
        return state, told
    number = state.flattening_number + 1
    saga = Flattening(cause, number, begun_at_read=state.read_number)
    return replace(state, flattening=saga, flattening_number=number), told


def closes_again(state: GuardState) -> tuple[GuardState, tuple[Decision, ...], bool]:
    """Whether what was opened again may be closed again: so often in the owner's window, then somebody is woken and it is left."""
    recent, policy = _recent(state), state.policy
    if len(recent) <= policy.most_reflattens:
        return replace(state, flattenings=(*recent, at_least(state.now))), (), True
    text = f"closed {len(recent)} times in {policy.reflatten_window_seconds} s: another trades; only entries are cancelled"
    told = () if LIMIT in state.raised else (Alert(*LIMIT, True, text, page=True),)
    return replace(state, flattenings=recent, raised=state.raised | {LIMIT}), told, False


def calm(state: GuardState) -> tuple[GuardState, tuple[Decision, ...]]:
    """The war is over when its window has passed."""
    if LIMIT not in state.raised or len(_recent(state)) > state.policy.most_reflattens:
        return state, ()
    return replace(state, raised=state.raised - {LIMIT}), (Alert(*LIMIT, False, "what is opened again is closed again"),)


def _recent(state: GuardState) -> tuple[datetime, ...]:
    window = timedelta(seconds=state.policy.reflatten_window_seconds)
    return tuple(moment for moment in state.flattenings if at_least(state.now) - moment < window)


def go_on(state: GuardState) -> tuple[GuardState, tuple[Decision, ...]]:
    """The next intents of the flattening under way, from what was read last; nothing while that is unknown."""
    saga, positions, orders = state.flattening, state.positions, state.orders
    if saga is None:
        return state, ()
    if not state.policy.enforces:
        return replace(state, flattening=None), (*_over(saga, "nobody may act any more"), FlattenEnded(saga.cause, verified=False))
    if positions is None or orders is None or isinstance(positions, Unknown) or isinstance(orders, Unknown) or not state.recent:
        return state, (ReadNow("flattening: the account is not readable"),)
    positions = tuple(item for item in positions if "holding" not in item.tags)
    risky = adding_risk(orders)
    if not positions and not risky:
        if state.read_number <= saga.begun_at_read:
            return state, (ReadNow("flattening: what was read before it began proves nothing"),)
        return _finish(state, saga, orders)
    state, cancels = cancel_entries(state, saga.cause, risky)
    attempts = dict(saga.attempts)
    closes: list[Intent] = []
    for item in positions:
        wave = _close(state, saga, item, attempts.get(item.key, 0))
        if not under_way(state, wave[0]):
            attempts[item.key] = attempts.get(item.key, 0) + 1
            closes += wave
    state, given = give_out(state, closes)
    stuck = any(count > MOST_ATTEMPTS for count in attempts.values())
    told = (_stuck(saga),) if stuck and not saga.stuck else ()
    state = replace(state, flattening=replace(saga, attempts=attempts, stuck=saga.stuck or stuck))
    return state, (*cancels, *given, *told, *((ReadNow("flattening"),) if cancels or given else ()))


def adding_risk(orders: tuple[Order, ...]) -> tuple[Order, ...]:
    """Orders that can open or enlarge a position; what cannot be told counts."""
    return tuple(order for order in orders if not order.reduce_only and order.purpose in (OrderPurpose.ENTRY, OrderPurpose.UNKNOWN))


def cancel_entries(state: GuardState, cause: str, orders: tuple[Order, ...]) -> tuple[GuardState, tuple[Decision, ...]]:
    """Cancel orders that add risk; one that a later read still shows is cancelled again, by another id."""
    intents = [
        Intent(
            client_id(state, "cancel", order.order_id, state.read_number),
            IntentKind.CANCEL,
            cause,
            order.instrument,
            order_id=order.order_id,
        )
        for order in orders
    ]
    return give_out(state, [intent for intent in intents if not under_way(state, intent)])


def _close(state: GuardState, saga: Flattening, item: HeldPosition, attempt: int) -> tuple[Intent, ...]:
    return closing(state, item, ("flatten", saga.number, item.key, attempt), saga.cause, item.quantity)


def _finish(state: GuardState, saga: Flattening, orders: tuple[Order, ...]) -> tuple[GuardState, tuple[Decision, ...]]:
    """Flat: leftovers go (they close nothing any more, but of holdings), and it is over."""
    holdings = {item.key.instrument for item in state.positions} if isinstance(state.positions, tuple) else set()
    state, leftovers = cancel_entries(state, saga.cause, tuple(order for order in orders if order.instrument not in holdings))
    ended = replace(state, flattening=None)
    return ended, (*leftovers, *_over(saga, "the account is flat"), FlattenEnded(saga.cause, verified=True))


def _over(saga: Flattening, text: str) -> tuple[Alert, ...]:
    return (Alert("flatten_stuck", "account", False, text),) if saga.stuck else ()


def _stuck(saga: Flattening) -> Alert:
    text = f"{MOST_ATTEMPTS} closing orders of one position have not closed it ({saga.cause}); it goes on"
    return Alert("flatten_stuck", "account", True, text, page=True)


def is_flat(state: GuardState) -> bool:
    """Proven: both parts were read, and neither holds anything that is or adds risk."""
    positions, orders = state.positions, state.orders
    if positions is None or orders is None or isinstance(positions, Unknown) or isinstance(orders, Unknown):
        return False
    return all("holding" in item.tags for item in positions) and not adding_risk(orders)
