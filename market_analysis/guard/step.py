"""One event of one account: pure, so that it can be replayed, simulated, and moved to another machine unchanged."""

from __future__ import annotations

from market_analysis.domain.decision import Alert, Decision
from market_analysis.domain.event import Command, CommandKind, Event
from market_analysis.guard import flattening
from market_analysis.guard.absorb import absorb
from market_analysis.guard.acting import act
from market_analysis.guard.days import begin_day, of_phase
from market_analysis.guard.judging import judge, tell, tell_blindness
from market_analysis.guard.locks import clear, pass_locks, set_lock
from market_analysis.guard.passing import pass_time
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.rules.verdict import Ends, Lock
from market_analysis.rules.view import Anchors

MANUAL, SELF_LOCK = "manual", "self_lock"


def begin(policy: GuardPolicy) -> GuardState:
    """An account that nothing is known of yet."""
    return GuardState(policy=policy, anchors=of_phase(Anchors(), policy.initial_balance))


def step(state: GuardState, event: Event) -> tuple[GuardState, tuple[Decision, ...]]:
    """Time, then the event's facts, then the day, then locks, then every rule, then what they ask for.

    The facts come first whatever is locked, and all rules are judged on every event: none depends on which event it was.
    """
    state, told, passed = pass_time(state, event)
    state, ended = pass_locks(state, passed)
    state, began = begin_day(state)
    state = absorb(state, event)
    state, ordered = _ordered(state, event) if isinstance(event, Command) else (state, ())
    state, blind = tell_blindness(state)
    judged = judge(state)
    state, acted = act(state, judged)
    state, alerts = tell(state, judged)
    return state, (*told, *ended, *began, *ordered, *blind, *alerts, *acted)


def _ordered(state: GuardState, command: Command) -> tuple[GuardState, tuple[Decision, ...]]:
    if command.kind is CommandKind.FLATTEN:
        if not state.policy.enforces:
            return state, (Alert("not_enforcing", "account", True, "the account has no enforcer: nothing can be closed"),)
        return flattening.begin(state, f"{MANUAL}: {command.reason}")
    if command.kind is CommandKind.LOCK:
        return _lock(state, command)
    decisions: tuple[Decision, ...] = ()
    for held in state.locks:
        if command.rule not in (None, held.rule):
            continue
        if held.firm:
            decisions += (Alert("lock_is_firm", held.rule, True, "a lock on oneself cannot be undone before its time"),)
            continue
        state, ended = clear(state, held, command.by)
        decisions += ended
    return state, decisions


def _lock(state: GuardState, command: Command) -> tuple[GuardState, tuple[Decision, ...]]:
    """One on oneself is a lock of its own, so that no other makes it longer; it needs an end, for nothing else can end it."""
    reason = f"{command.by}: {command.reason}"
    if not command.self_lock:
        lock = Lock(Ends.ADMIN if command.until is None else Ends.TIME, command.until)
        return set_lock(state, MANUAL, lock, reason, flat=False)
    if command.until is None:
        return state, (Alert("self_lock_needs_an_end", SELF_LOCK, True, "a lock on oneself was not set: it needs a moment to end"),)
    return set_lock(state, SELF_LOCK, Lock(Ends.TIME, command.until), reason, flat=False, firm=True)
