"""How an intent is named: by an id that is a function of why and what."""

from __future__ import annotations

import hashlib

from market_analysis.guard.state import CLIENT_PREFIX, GuardState


def client_id(state: GuardState, *parts: object) -> str:
    """At most 36 characters, as the strictest venue allows; the same account, cause and attempt give the same id after a
    restart, and another one where the state was lost: the venue would take an id of the life before for a repeated request."""
    text = "|".join(map(str, (state.policy.account, state.born, *parts)))
    return CLIENT_PREFIX + hashlib.sha256(text.encode()).hexdigest()[:30]
