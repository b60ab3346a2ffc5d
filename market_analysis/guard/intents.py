"""How an intent is given out: once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from market_analysis.domain.decision import Intent
from market_analysis.guard import exits
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import GuardState, Sent


def give_out(state: GuardState, intents: Iterable[Intent]) -> tuple[GuardState, tuple[Intent, ...]]:
    """Those that were not given out before, remembered with the read they rest on."""
    fresh = {intent.client_id: intent for intent in intents if intent.client_id not in state.sent}
    sent = {**state.sent, **{name: Sent(intent, state.read_number, at=at_least(state.now)) for name, intent in fresh.items()}}
    if not fresh:
        return state, ()
    return replace(state, sent=sent, exits=exits.noted(state, fresh.values())), tuple(fresh.values())


def under_way(state: GuardState, intent: Intent) -> bool:
    """Whether an intent of the same kind on the same thing has no answer yet, or one that no read has settled."""
    return any(
        (sent.intent.kind, sent.intent.key, sent.intent.order_id) == (intent.kind, intent.key, intent.order_id)
        for sent in state.sent.values()
    )
