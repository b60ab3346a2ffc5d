"""How an intent is named: by an id that is a function of when, why and what."""

from __future__ import annotations

import hashlib

from market_analysis.guard.passing import at_least
from market_analysis.guard.state import CLIENT_PREFIX, GuardState


def client_id(state: GuardState, *parts: object) -> str:
    """At most 36 characters, as the strictest venue allows. The moment is in it: a guard whose state was lost counts its reads and
    flattenings from the beginning, and must not use an id again."""
    text = "|".join(map(str, (state.policy.account, at_least(state.now).isoformat(), *parts)))
    return CLIENT_PREFIX + hashlib.sha256(text.encode()).hexdigest()[:30]
