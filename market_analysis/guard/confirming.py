"""What two reads in a row have asked for (ruling 25): not only that something is asked, but how much.

A breach that stands is confirmed again by every read. Were only that counted, one wrong mark would cut as much as it makes seem too
much. So what is acted on is what this read and the one before it have both asked for: of two sizes the larger stays, of two stops
the looser one is put, and what only one of them wants closed waits for the next read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from market_analysis.domain.event import HeldPosition
from market_analysis.guard.state import Asked, GuardState
from market_analysis.rules.protection import protection, tighter
from market_analysis.rules.roots import canonical
from market_analysis.rules.verdict import CloseAll, ClosePosition, ReducePosition, Response, SetStop, Verdict


def asked(state: GuardState, verdict: Verdict) -> Asked:
    """How often in a row a rule has asked for something on its subject, this read in, and for what."""
    before = state.asked.get((verdict.rule, verdict.subject))
    if before is None:
        return Asked(1, state.read_number, verdict.responses)
    if before.number == state.read_number:
        # What comes between two reads, the next one's analysis among it, adds nothing to what this read has asked for.
        return before
    return Asked(before.reads + 1, state.read_number, verdict.responses, before.wanted)


def agreed(state: GuardState, verdict: Verdict, word: Asked) -> Verdict:
    """The verdict with what it has in common with the read before; as it is where one read is enough."""
    if verdict.certain or state.policy.confirmations < 2:
        return verdict
    responses = [_common(state, item, word.earlier) for item in verdict.responses]
    roots = {item.key: canonical(item.root) for item in _positions(state)}
    # Legs of one root hedge each other: without one of them none of the others is cut.
    doubtful = {
        roots.get(item.key)
        for item, common in zip(verdict.responses, responses, strict=True)
        if isinstance(item, ClosePosition | ReducePosition) and common is None
    }
    kept = (item for item in responses if item is not None)
    cuts = (ClosePosition, ReducePosition)
    return replace(
        verdict, responses=tuple(item for item in kept if not isinstance(item, cuts) or roots.get(item.key) not in doubtful)
    )


def _common(state: GuardState, now: Response, earlier: Iterable[Response]) -> Response | None:
    """What both reads want of one thing; None: only this one wants it. What trades nothing needs no second word on how much."""
    if isinstance(now, CloseAll):
        return now if now in earlier else None
    if isinstance(now, SetStop):
        before = [item for item in earlier if isinstance(item, SetStop) and item.key == now.key]
        return _looser(state, now, before[0]) if before else None
    if not isinstance(now, ClosePosition | ReducePosition):
        return now
    for item in earlier:
        if isinstance(item, CloseAll) or item == ClosePosition(now.key):
            return now
        if isinstance(item, ReducePosition) and item.key == now.key:
            return item if isinstance(now, ClosePosition) else max(item, now, key=lambda cut: cut.to_quantity)
        if isinstance(item, SetStop) and item.key == now.key and now.key in state.stop_refused:
            return now  # that the venue refused the stop is no mark's word
    return None


def _looser(state: GuardState, now: SetStop, before: SetStop) -> SetStop | None:
    """Of two places the looser one, never behind a stop that rests by now; None where that is no better than what rests."""
    item = next((item for item in _positions(state) if item.key == now.key), None)
    if item is None or item.mark is None or now.price == before.price:
        return now
    sign = item.side.sign
    price = min(now.price, before.price, key=lambda place: sign * place)
    rests = protection(item, state.orders if isinstance(state.orders, tuple) else (), item.mark)
    if rests.tightest is not None:
        price = tighter(price, rests.tightest, sign)
    return None if rests.whole == price else SetStop(now.key, price)


def _positions(state: GuardState) -> tuple[HeldPosition, ...]:
    return state.positions if isinstance(state.positions, tuple) else ()
