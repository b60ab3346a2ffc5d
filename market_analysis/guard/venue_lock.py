"""The venue's own lock, where it has one (MT5): it follows the guard's locks on the whole account, until the venue says it does.

It is no proof of anything: positions are closed and entries cancelled as where there is none.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from market_analysis.domain.decision import Decision, Intent, IntentKind
from market_analysis.guard.intents import give_out
from market_analysis.guard.naming import client_id
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import GuardState

KINDS = frozenset({IntentKind.LOCK_ACCOUNT, IntentKind.UNLOCK_ACCOUNT})


def follow(state: GuardState) -> tuple[GuardState, tuple[Decision, ...]]:
    """Ask for the venue's lock or its end, one request at a time; what was not answered "done" is asked for again after a pause.

    Both requests say what shall be, not what shall change: a second one does no harm.
    """
    policy, now = state.policy, at_least(state.now)
    wanted = any(lock.root is None for lock in state.locks)
    if not policy.venue_locks or wanted == state.venue_locked:
        return state, ()
    pending = [sent for sent in state.sent.values() if sent.intent.kind in KINDS and not sent.answered]
    recent = state.venue_lock_at is not None and now - state.venue_lock_at < timedelta(seconds=policy.amend_cooldown_seconds)
    if pending or recent:
        return state, ()
    intent = Intent(
        client_id=client_id(state, "venue lock", wanted, now.isoformat()),
        kind=IntentKind.LOCK_ACCOUNT if wanted else IntentKind.UNLOCK_ACCOUNT,
        cause="locked" if wanted else "unlocked",
    )
    state, given = give_out(replace(state, venue_lock_at=now), [intent])
    return state, given
