"""Locks: several at once, each with its own rule and end; an end is only its own, and the strictest holds (law 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from market_analysis.domain import PositionKey, Unknown
from market_analysis.domain.decision import Decision, LockCleared, LockSet
from market_analysis.domain.event import HeldPosition
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import ActiveLock, GuardState
from market_analysis.rules.roots import canonical
from market_analysis.rules.verdict import Ends, Lock

ZERO = Decimal(0)


def pass_locks(state: GuardState, passed_ms: int) -> tuple[GuardState, tuple[Decision, ...]]:
    """Timed locks have so much less left; those with nothing left end."""
    kept: list[ActiveLock] = []
    decisions: list[Decision] = []
    for lock in state.locks:
        if lock.left_ms is None:
            kept.append(lock)
        elif lock.left_ms > passed_ms:
            kept.append(replace(lock, left_ms=lock.left_ms - passed_ms))
        else:
            decisions.append(LockCleared(lock.rule, lock.root, "time"))
    return (replace(state, locks=tuple(kept)) if decisions or passed_ms else state), tuple(decisions)


def set_lock(
    state: GuardState, rule: str, lock: Lock, reason: str, *, flat: bool, firm: bool = False
) -> tuple[GuardState, tuple[Decision, ...]]:
    """Begin a lock, or make one of the same rule and root longer and stricter. flat: nothing may stay, else what is held."""
    now = at_least(state.now)
    fresh = ActiveLock(
        rule=rule,
        root=lock.root,
        ends=lock.ends,
        since=now,
        until=lock.until,
        left_ms=_left(now, lock.until) if lock.ends is Ends.TIME else None,
        day=state.day.day if lock.ends is Ends.RESET and state.day is not None else None,
        reason=reason,
        allowed={} if flat else held(state),
        firm=firm,
    )
    for place, old in enumerate(state.locks):
        if (old.rule, old.root) == (rule, lock.root):
            if not _longer(fresh, old):
                stricter = replace(old, allowed=_least(old.allowed, fresh.allowed))
                return replace(state, locks=(*state.locks[:place], stricter, *state.locks[place + 1 :])), ()
            longer = replace(fresh, since=old.since, allowed=_least(old.allowed, fresh.allowed), firm=old.firm or firm)
            locks = (*state.locks[:place], longer, *state.locks[place + 1 :])
            return replace(state, locks=locks), (_told(longer),)
    return replace(state, locks=(*state.locks, fresh)), (_told(fresh),)


def clear(state: GuardState, lock: ActiveLock, by: str) -> tuple[GuardState, tuple[Decision, ...]]:
    """End one lock."""
    kept = tuple(item for item in state.locks if item != lock)
    return replace(state, locks=kept), (LockCleared(lock.rule, lock.root, by),)


def allowed_quantity(state: GuardState, item: HeldPosition) -> Decimal | None:
    """Contracts of a position that may stay under all locks that touch it; None: no lock touches it, or nobody knows what stood."""
    touching = [lock.allowed for lock in state.locks if _touches(lock, item.root) and lock.allowed is not None]
    return min((max(item.side.sign * allowed.get(item.key, ZERO), ZERO) for allowed in touching), default=None)


def is_locked(state: GuardState, root: str) -> bool:
    """Whether new risk in the root is denied."""
    return any(_touches(lock, root) for lock in state.locks)


def lower(state: GuardState) -> GuardState:
    """After a read: what has been reduced under a lock may not come back, and a lock that began blind learns what stands."""
    now = held(state)
    if now is None or not state.locks:
        return state
    return replace(state, locks=tuple(replace(lock, allowed=_least(lock.allowed, now)) for lock in state.locks))


def held(state: GuardState) -> dict[PositionKey, Decimal] | None:
    """Contracts per position, below zero for a short; None where they are not known."""
    positions = state.positions
    if positions is None or isinstance(positions, Unknown):
        return None
    return {item.key: item.side.sign * item.quantity for item in positions}


def _touches(lock: ActiveLock, root: str) -> bool:
    return lock.root is None or canonical(lock.root) == canonical(root)


def _least(
    one: Mapping[PositionKey, Decimal] | None, other: Mapping[PositionKey, Decimal] | None
) -> Mapping[PositionKey, Decimal] | None:
    """The smaller of each position; nothing of one that is on the other side now. Of what nobody knows the other counts."""
    if one is None or other is None:
        return other if one is None else one
    both = {key: (one[key], other[key]) for key in one.keys() & other.keys()}
    return {key: min(pair, key=abs) for key, pair in both.items() if pair[0] * pair[1] > 0}


def _longer(fresh: ActiveLock, old: ActiveLock) -> bool:
    if fresh.ends is Ends.TIME and old.ends is Ends.TIME:
        return (fresh.left_ms or 0) > (old.left_ms or 0)
    if fresh.ends is Ends.RESET and old.ends is Ends.RESET:
        return fresh.day is not None and old.day is not None and fresh.day > old.day
    return _RANK[fresh.ends] > _RANK[old.ends]


_RANK = {Ends.TIME: 0, Ends.RESET: 1, Ends.CONDITION: 2, Ends.ADMIN: 3}


def _left(now: datetime, until: datetime | None) -> int:
    return 0 if until is None else max((until - now) // timedelta(milliseconds=1), 0)


def _told(lock: ActiveLock) -> LockSet:
    return LockSet(lock.rule, lock.root, lock.ends.value, lock.until, lock.reason)
