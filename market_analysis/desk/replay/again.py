"""A journal lived again: the same events through the same engine must give the same decisions, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from market_analysis.desk.guard import CODEC
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.guard.step import begin, step
from market_analysis.store.journal import Record


@dataclass(frozen=True, slots=True)
class Difference:
    """The first record whose decisions are not those that the journal holds."""

    number: int
    at: str
    event: str
    written: str
    now: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """records: how many were lived again, up to the first difference. state: after them."""

    records: int
    difference: Difference | None
    state: GuardState


def replay(records: Iterable[Record], policy: GuardPolicy) -> Replayed:
    """From an account that nothing is known of. A difference comes from rules or settings that are not those of then, or from an
    engine that is not.

    Raises:
        StateError: a record cannot be read.
    """
    state, count = begin(policy), 0
    for record in records:
        event = CODEC.loads(record.event)
        state, decisions = step(state, event)
        now = CODEC.dumps(decisions)
        if now != record.decisions:
            return Replayed(count, Difference(record.number, record.at, type(event).__name__, record.decisions, now), state)
        count += 1
    return Replayed(count, None, state)
