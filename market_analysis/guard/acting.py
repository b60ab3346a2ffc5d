"""What verdicts ask for becomes locks and intents: only in enforce mode, where an enforcer exists, confirmed, once, within
limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from market_analysis.domain import PositionKey, Unknown
from market_analysis.domain.decision import Decision, Intent, IntentKind, ReadNow, WouldDo
from market_analysis.domain.event import HeldPosition
from market_analysis.guard import confirming, flattening, unhedging, venue_lock
from market_analysis.guard.exits import closing
from market_analysis.guard.intents import client_id, give_out, under_way
from market_analysis.guard.judging import ACTS, Judged
from market_analysis.guard.locks import allowed_quantity, clear, is_locked, set_lock
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import Asked, GuardState, Mode
from market_analysis.rules.roots import root_of
from market_analysis.rules.verdict import (
    CancelOrders,
    CloseAll,
    ClosePosition,
    Ends,
    ReducePosition,
    Response,
    SetExit,
    SetStop,
    Status,
    Verdict,
)

Step = tuple[GuardState, tuple[Decision, ...]]


def act(state: GuardState, judged: Judged) -> Step:
    """Locks first, then what is asked for, then what the locks deny."""
    decisions: list[Decision] = []
    state, ended = _end_conditions(state, judged)
    decisions += ended
    # What the last read asked for stands until the next one: in between a mark grows old, and that takes nothing back.
    asked = {name: before for name, before in state.asked.items() if before.number == state.read_number}
    names: set[tuple[str, str]] = set()
    blocked: dict[str, str] = {}
    for active, verdict in judged:
        if verdict.status not in ACTS or not (verdict.responses or verdict.lock):
            continue
        name = (verdict.rule, verdict.subject)
        names.add(name)
        if active.mode is not Mode.ENFORCE or not state.policy.enforces:
            if name not in state.asked:
                decisions += [WouldDo(verdict.rule, verdict.subject, _named(item)) for item in verdict.responses]
            asked[name] = Asked(1, state.read_number)
            continue
        asked[name] = confirming.asked(state, verdict)
        state, done, kept = _confirmed(state, verdict, asked[name])
        blocked |= kept
        decisions += done
    state, told = unhedging.tell(replace(state, asked=asked), blocked, asked.keys() - names)
    decisions += told
    state, denied = deny(state) if state.policy.enforces else (state, ())
    state, flat = flattening.go_on(state)
    state, followed = venue_lock.follow(state)
    return state, (*decisions, *denied, *flat, *followed)


def _end_conditions(state: GuardState, judged: Judged) -> Step:
    """A lock that ends with its condition ends when its rule can tell that it is over; UNKNOWN is not over."""
    decisions: tuple[Decision, ...] = ()
    fine = {verdict.rule for _, verdict in judged} - {v.rule for _, v in judged if v.status not in (Status.OK, Status.WARN)}
    for lock in state.locks:
        if lock.ends is Ends.CONDITION and lock.rule in fine:
            state, ended = clear(state, lock, "condition")
            decisions += ended
    return state, decisions


def _without_unhedging(state: GuardState, verdict: Verdict) -> tuple[Verdict, dict[str, str]]:
    """The verdict without what would open a hedge, and whose sake that is for; a flattening closes all legs, and is none."""
    if not unhedging.opens_hedge(state, verdict):
        return verdict, {}
    kept = tuple(item for item in verdict.responses if not isinstance(item, ClosePosition | ReducePosition))
    return replace(verdict, responses=kept), {unhedging.named(verdict.rule, verdict.subject): verdict.message}


def _confirmed(state: GuardState, verdict: Verdict, word: Asked) -> tuple[GuardState, tuple[Decision, ...], dict[str, str]]:
    """What trades, and the lock that comes with it, when it is certain or so many reads in a row have asked for it (ruling 25).

    One wrong mark must neither close nor lock. A lock that closes nothing begins at once.
    """
    unread = (ReadNow(f"{verdict.rule}: to be confirmed"),)
    if not verdict.responses:
        return *_enforce(state, verdict), {}
    if not verdict.certain and word.reads < state.policy.confirmations:
        return state, unread, _without_unhedging(state, verdict)[1]
    both = confirming.agreed(state, verdict, word)
    if CloseAll() in verdict.responses and CloseAll() not in both.responses:
        return state, unread, {}
    doubt = () if both.responses == verdict.responses else unread
    both, kept = _without_unhedging(state, both)
    state, done = _enforce(state, both)
    return state, (*done, *doubt), kept


def _enforce(state: GuardState, verdict: Verdict) -> Step:
    decisions: tuple[Decision, ...] = ()
    if verdict.lock is not None:
        closes = any(isinstance(item, CloseAll) for item in verdict.responses)
        state, decisions = set_lock(state, verdict.rule, verdict.lock, verdict.message, flat=closes)
    if verdict.responses and not state.recent:
        begun = (response for response in verdict.responses if isinstance(response, CloseAll))
        verdict, decisions = (
            replace(verdict, responses=tuple(begun)),
            (*decisions, ReadNow(f"{verdict.rule}: the last read is old")),
        )
    paused = _paused(state, verdict)
    for response in verdict.responses:
        if not isinstance(response, paused):
            state, done = _respond(state, verdict, response)
            decisions += done
    return state, decisions


def _respond(state: GuardState, verdict: Verdict, response: Response) -> Step:
    if isinstance(response, CloseAll):
        return (state, ()) if flattening.is_flat(state) else flattening.begin(state, verdict.rule)
    if isinstance(response, CancelOrders):
        return _cancel(state, verdict, response)
    item = _position(state, response.key)
    if item is None:
        return state, ()
    if isinstance(response, SetStop | SetExit):
        return _once(state, verdict, _amendment(state, verdict, item, response))
    remains = Decimal(0) if isinstance(response, ClosePosition) else response.to_quantity
    return _once(state, verdict, _close(state, verdict.rule, item, item.quantity - remains))


def deny(state: GuardState) -> Step:
    """What a lock denies: entries are cancelled, and what has grown since is brought back; on a venue without a lock of its own
    this is all that can be done (ruling 29)."""
    positions, orders = state.positions, state.orders
    if not state.locks or positions is None or orders is None or isinstance(positions, Unknown) or isinstance(orders, Unknown):
        return state, ()
    if not state.recent:
        return state, ()
    roots = {item.key.instrument: item.root for item in positions}
    risky = tuple(order for order in flattening.adding_risk(orders) if is_locked(state, root_of(order.instrument, roots)))
    permitted = unhedging.harmless(state, risky)
    risky = tuple(order for order in risky if order.order_id not in permitted)
    state, decisions = flattening.cancel_entries(state, "locked", risky)
    standing = [(item, allowed_quantity(state, item)) for item in positions if "holding" not in item.tags]
    grown = [(item, least) for item, least in standing if least is not None and item.quantity > least]
    grown = [(item, least) for item, least in grown if not unhedging.hedges(state, item, least)]
    if not grown or state.flattening is not None:
        return state, decisions
    if all(least == 0 for _, least in standing):
        state, begun = flattening.begin(state, "locked")
        return state, (*decisions, *begun)
    for item, least in grown:
        intent = _close(state, "locked", item, item.quantity - least)
        if not under_way(state, intent):
            state, given = give_out(state, [intent])
            decisions += given
    return state, decisions


def _position(state: GuardState, key: PositionKey) -> HeldPosition | None:
    known = state.positions if isinstance(state.positions, tuple) else ()
    return next((item for item in known if item.key == key), None)


def _cancel(state: GuardState, verdict: Verdict, response: CancelOrders) -> Step:
    known = state.orders if isinstance(state.orders, tuple) else ()
    wanted = tuple(o for o in flattening.adding_risk(known) if response.instrument in (None, o.instrument))
    return flattening.cancel_entries(state, verdict.rule, wanted)


def _close(state: GuardState, cause: str, item: HeldPosition, quantity: Decimal) -> Intent:
    return closing(state, item, client_id(state, cause, item.key, state.read_number), cause, quantity)


def _amendment(state: GuardState, verdict: Verdict, item: HeldPosition, response: SetStop | SetExit) -> Intent:
    kind, order_id, quantity = IntentKind.SET_STOP, None, None
    if isinstance(response, SetExit):
        kind = IntentKind.PLACE_EXIT if response.order_id is None else IntentKind.AMEND_EXIT
        order_id, quantity = response.order_id, response.quantity
    return Intent(
        client_id=client_id(state, verdict.rule, item.key, response.price, state.read_number),
        kind=kind,
        cause=verdict.rule,
        instrument=item.key.instrument,
        key=item.key,
        side=item.side,
        quantity=quantity,
        order_id=order_id,
        price=response.price,
    )


def _once(state: GuardState, verdict: Verdict, intent: Intent) -> Step:
    """Nothing while one like it is under way, or a flattening is; the moment is remembered."""
    if state.flattening is not None or under_way(state, intent):
        return state, ()
    state, given = give_out(state, [intent])
    acted = {**state.acted_at, (verdict.rule, verdict.subject): at_least(state.now)}
    return replace(state, acted_at=acted), (*given, ReadNow(verdict.rule))


def _paused(state: GuardState, verdict: Verdict) -> tuple[type, ...]:
    """What the rule may not do to the subject again yet. Told before the first of its responses, so that both legs of a hedge
    go."""
    last = state.acted_at.get((verdict.rule, verdict.subject))
    if last is None:
        return ()
    since, policy = at_least(state.now) - last, state.policy
    paused: tuple[type, ...] = ()
    if since < timedelta(seconds=policy.amend_cooldown_seconds):
        paused += (SetStop, SetExit)
    # A leg that is closed whole waits with the leg that is reduced.
    reduces = any(isinstance(item, ReducePosition) for item in verdict.responses)
    if reduces and since < timedelta(seconds=policy.reduce_cooldown_seconds):
        paused += (ReducePosition, ClosePosition)
    return paused


def _named(response: Response) -> str:
    subject = getattr(response, "key", None) or getattr(response, "instrument", None)
    return type(response).__name__ + (f" {subject}" if subject else "")
