"""The guard's own time: it goes with the clock that cannot be set, and follows the wall clock only where the two agree.

A wall clock that jumps (a broken server, a wrong hand) would end cool-downs early, or never; a jump is told once and not followed.
Only a start believes the wall clock alone, for nothing else can say how long the guard was down.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from market_analysis.domain.decision import Alert, Decision
from market_analysis.domain.event import Event, Started
from market_analysis.guard.state import GuardState

STEP = timedelta(seconds=30)
"""A difference of the two clocks that no slewing makes."""


def pass_time(state: GuardState, event: Event) -> tuple[GuardState, tuple[Decision, ...], int]:
    """The state at the event's time, and the milliseconds that have passed since the last one: never negative."""
    if state.now is None or state.wall is None:
        return replace(state, born=event.at, now=event.at, wall=event.at, uptime_ms=event.uptime_ms), (), 0
    if isinstance(event, Started):
        down = max(event.at - state.now, timedelta(0))
        moved = replace(state, now=state.now + down, wall=event.at, uptime_ms=event.uptime_ms, clock_stepped=False)
        return moved, _told(state, stepped=False), _milliseconds(down)
    if event.uptime_ms <= state.uptime_ms:
        return state, (), 0  # of a moment that has passed: a look that took long, told after what came during it
    passed = event.uptime_ms - state.uptime_ms
    expected = state.wall + timedelta(milliseconds=passed)
    stepped = abs(event.at - expected) > STEP
    now = state.now + timedelta(milliseconds=passed) if stepped or state.clock_stepped else max(event.at, state.now)
    wall = expected if stepped else event.at
    moved = replace(state, now=now, wall=wall, uptime_ms=event.uptime_ms, clock_stepped=stepped)
    return moved, _told(state, stepped=stepped), _milliseconds(now - state.now)


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _told(state: GuardState, *, stepped: bool) -> tuple[Decision, ...]:
    if stepped == state.clock_stepped:
        return ()
    text = "the wall clock has jumped; the guard keeps its own time" if stepped else "the clocks agree again"
    return (Alert("clock_step", "account", stepped, text),)


def at_least(moment: datetime | None) -> datetime:
    """The guard's time; every step has one."""
    if moment is None:
        raise ValueError("the state has no time yet; pass_time comes first")
    return moment
