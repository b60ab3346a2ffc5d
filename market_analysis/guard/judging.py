"""Every rule on every change of state; what begins and what ends is told once (law 11)."""

from __future__ import annotations

from dataclasses import replace

from market_analysis.domain.decision import Alert, Decision
from market_analysis.guard.state import ActiveRule, GuardState, Mode
from market_analysis.guard.viewing import account_view
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.verdict import Status, Verdict

Judged = tuple[tuple[ActiveRule, Verdict], ...]
ACTS = frozenset({Status.ACT, Status.BREACH})
_TELLS = frozenset({Status.WARN, Status.ACT, Status.BREACH, Status.UNKNOWN})


def judge(state: GuardState) -> Judged:
    """The verdicts of all rules that are not off, in the owner's order."""
    view = account_view(state)
    return tuple(
        (active, verdict)
        for active in state.active_rules
        if active.mode is not Mode.OFF
        for verdict in active.rule.evaluate(view, active.parameters)
    )


def tell(state: GuardState, judged: Judged, *, read: bool) -> tuple[GuardState, tuple[Decision, ...]]:
    """Alerts for what has changed since the last verdicts. A subject that a rule no longer speaks of has ended, unless the rule
    cannot see the account: what could not be read is not gone (law 1).

    Before the first read since the start nothing can be known, and that is no news. Nor is it that what was read grows old until
    the next read: only a read tells that something is not known, or no longer there.
    """
    if state.positions is None:
        return state, ()
    now = {(verdict.rule, verdict.subject): verdict for _, verdict in judged if read or verdict.status is not Status.UNKNOWN}
    decisions: list[Decision] = []
    for name, verdict in now.items():
        before = state.standing.get(name, Status.OK)
        if verdict.status is not before and (verdict.status in _TELLS or before in _TELLS):
            raised = verdict.status in _TELLS
            decisions.append(Alert(verdict.code, verdict.subject, raised, verdict.message, verdict.status in ACTS))
    blind = {rule for (rule, subject), verdict in now.items() if subject == "account" and verdict.status is Status.UNKNOWN}
    kept = {name: status for name, status in state.standing.items() if not read or name[0] in blind}
    # In order of their names: that of a mapping is not kept by the store, and a replay must say the same.
    gone = sorted(name for name, status in state.standing.items() if name not in {**kept, **now} and status in _TELLS)
    for name in gone:
        over = "can be told again" if state.standing[name] is Status.UNKNOWN else "no longer there"
        decisions.append(Alert(*name, False, over))
    return replace(state, standing={**kept, **{name: verdict.status for name, verdict in now.items()}}), tuple(decisions)


def _resting(state: GuardState) -> str:
    """The stops that rested when they were read last: they work at the venue, whoever is blind (ruling 25)."""
    if not state.stops:
        return "no position was held when it was read last"
    stops = [f"{key} {'NO STOP' if price is None else f'at {plain(price)}'}" for key, price in sorted(state.stops.items())]
    return f"stops when read last: {', '.join(stops)}"


def tell_blindness(state: GuardState) -> tuple[GuardState, tuple[Decision, ...]]:
    """Somebody is woken when the account could not be read for long; nothing is closed for that (law 1)."""
    name = ("account_unreadable", "account")
    blind = state.blind_since is not None and state.now is not None
    limit = state.policy.unknown_page_seconds
    long = (
        blind
        and state.now is not None
        and state.blind_since is not None
        and (state.now - state.blind_since).total_seconds() >= limit
    )
    if long and name not in state.raised:
        text = f"the account could not be read for {limit} s; locks stand, nothing is closed, new risk is denied; {_resting(state)}"
        return replace(state, raised=state.raised | {name}), (Alert(*name, True, text, page=True),)
    if not blind and name in state.raised:
        return replace(state, raised=state.raised - {name}), (Alert(*name, False, "the account can be read again"),)
    return state, ()
