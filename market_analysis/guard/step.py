"""One event of one account: pure, so that it can be replayed, simulated, and moved to another machine unchanged."""

from __future__ import annotations

from market_analysis.domain.decision import Decision
from market_analysis.domain.event import AccountRead, Command, Event
from market_analysis.guard.absorb import absorb
from market_analysis.guard.acting import act
from market_analysis.guard.changes import begin_changes
from market_analysis.guard.days import begin_day, of_phase
from market_analysis.guard.judging import judge, tell, tell_blindness
from market_analysis.guard.locks import pass_locks
from market_analysis.guard.ordering import ordered
from market_analysis.guard.passing import pass_time
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.rules.view import Anchors


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
    state, changed = begin_changes(state)
    state, done = ordered(state, event) if isinstance(event, Command) else (state, ())
    state, blind = tell_blindness(state)
    judged = judge(state)
    state, acted = act(state, judged) if not state.paused else (state, ())
    state, alerts = tell(state, judged, read=isinstance(event, AccountRead))
    return state, (*told, *ended, *began, *changed, *done, *blind, *alerts, *acted)
