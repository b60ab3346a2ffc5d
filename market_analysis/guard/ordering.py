"""Commands: what an administrator or the trader orders. All of it is an event, so that the journal knows who, what and why."""

from __future__ import annotations

from dataclasses import replace

from market_analysis.domain.decision import Alert, Decision
from market_analysis.domain.event import Command, CommandKind
from market_analysis.guard import flattening
from market_analysis.guard.absorb import unread
from market_analysis.guard.changes import change_rule
from market_analysis.guard.locks import clear, set_lock
from market_analysis.guard.state import ActiveLock, GuardState
from market_analysis.rules.verdict import Ends, Lock

MANUAL, SELF_LOCK = "manual", "self_lock"
Step = tuple[GuardState, tuple[Decision, ...]]


def ordered(state: GuardState, command: Command) -> Step:
    """Carry a command out, or say why not."""
    if command.kind is CommandKind.FLATTEN:
        if not state.policy.enforces:
            return state, (_refused("not_enforcing", "account", "the account has no enforcer: nothing can be closed"),)
        return flattening.begin(state, f"{MANUAL}: {command.reason}")
    if command.kind is CommandKind.LOCK:
        return _lock(state, command)
    if command.kind is CommandKind.UNLOCK:
        return _unlock(state, command)
    if command.kind in (CommandKind.SET, CommandKind.UNSET):
        return change_rule(state, command)
    if command.kind in (CommandKind.PAUSE, CommandKind.RESUME):
        return _pause(state, command)
    return state, ()


def _lock(state: GuardState, command: Command) -> Step:
    """One on oneself is a lock of its own, so that no other makes it longer; it needs an end, for nothing else can end it."""
    reason = f"{command.by}: {command.reason}"
    if not command.self_lock:
        lock = Lock(Ends.ADMIN if command.until is None else Ends.TIME, command.until)
        return set_lock(state, MANUAL, lock, reason, flat=False)
    if command.until is None:
        text = "a lock on oneself was not set: it needs a moment to end"
        return state, (_refused("self_lock_needs_an_end", SELF_LOCK, text),)
    return set_lock(state, SELF_LOCK, Lock(Ends.TIME, command.until), reason, flat=False, firm=True)


def _unlock(state: GuardState, command: Command) -> Step:
    """Only of locks that an administrator ends: every other ends by its own condition. A rule that still asks for its lock sets it
    again at once."""
    decisions: tuple[Decision, ...] = ()
    for lock in state.locks:
        if command.rule not in (None, lock.rule):
            continue
        if lock.firm or lock.ends is not Ends.ADMIN:
            decisions += (_stays(lock),)
            continue
        state, ended = clear(state, lock, command.by)
        decisions += ended
    return state, decisions


def _stays(lock: ActiveLock) -> Alert:
    if lock.firm:
        return _refused("lock_is_firm", lock.rule, "a lock on oneself cannot be undone before its time")
    end = {Ends.TIME: "its time", Ends.RESET: "the reset", Ends.CONDITION: "its condition"}[lock.ends]
    return _refused("lock_not_an_administrator_s", lock.rule, f"this lock ends by {end} alone")


def _pause(state: GuardState, command: Command) -> Step:
    """A lock on oneself is not got round by pausing the guard that keeps it."""
    pauses = command.kind is CommandKind.PAUSE
    if pauses and any(lock.firm for lock in state.locks):
        return state, (_refused("lock_is_firm", "pause", "the guard is not paused while a lock on oneself stands"),)
    if pauses == state.paused:
        return state, ()
    text = f"{'nothing is acted on' if pauses else 'the guard acts again'}: {command.by}: {command.reason}"
    # Nobody has looked since it was paused.
    return replace(state if pauses else unread(state), paused=pauses), (Alert("paused", "account", pauses, text),)


def _refused(code: str, subject: str, text: str) -> Alert:
    return Alert(code, subject, True, text, page=True)
