"""The next stop: the tightest of the valid proposals and of what stands. It never loosens (law 7) and never hides a refusal.

A proposal is refused where it is no possible stop: `stop_passed` (behind the price: exit, or set your own), `not_above_zero`,
`beyond_liquidation` (isolated margin). It is `looser` where the present stop is at least as tight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import stop_price
from market_analysis.risk.stop_types.types import StopRule, StopView

CHOSEN, VALID, LOOSER, NO_OPINION = "chosen", "valid", "looser", "no_opinion"
STOP_PASSED, NOT_ABOVE_ZERO, BEYOND_LIQUIDATION = "stop_passed", "not_above_zero", "beyond_liquidation"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One rule's level on the tick grid (None: no opinion, or no number) and what became of it: a code of this module."""

    rule: str
    level: Decimal | None
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class StopDecision:
    """stop: where it belongs now, None without any. moved: whether that is tighter than what stood. triggered: what stood is
    reached, so that nothing is moved: exit. proposals: of every rule, in their order."""

    stop: Decimal | None
    moved: bool
    triggered: bool
    proposals: tuple[Proposal, ...]


def is_triggered(stop: Decimal, price: float, sign: int) -> bool:
    """Whether the price is at or beyond the stop: a stop of a long is reached from above, of a short from below."""
    return sign * (price - float(stop)) <= 0.0


def next_stop(
    rules: Sequence[StopRule], view: StopView, present: Decimal | None, tick_size: Decimal, liquidation: float | None = None
) -> StopDecision:
    """What the rules make of the present stop. liquidation: of an isolated position, None where it is no test (ruling 13).

    Rounding to the tick is towards the price, so that no stop is looser than its rule says.
    """
    triggered = present is not None and is_triggered(present, view.price, view.sign)
    proposals = [_judged(rule, view, present, tick_size, liquidation) for rule in rules]
    valid = [item.level for item in proposals if item.status == VALID and item.level is not None]
    if triggered or not valid:
        return StopDecision(present, False, triggered, tuple(proposals))
    tightest = max(valid) if view.sign > 0 else min(valid)
    place = next(index for index, item in enumerate(proposals) if item.status == VALID and item.level == tightest)
    chosen = proposals[place]
    proposals[place] = Proposal(chosen.rule, chosen.level, CHOSEN, chosen.reason)
    return StopDecision(tightest, True, False, tuple(proposals))


def _judged(rule: StopRule, view: StopView, present: Decimal | None, tick_size: Decimal, liquidation: float | None) -> Proposal:
    opinion = rule.opinion(view)
    if opinion.level is None or not math.isfinite(opinion.level):
        return Proposal(rule.name, None, NO_OPINION, opinion.reason)
    level = stop_price(opinion.level, tick_size, view.sign)
    return Proposal(rule.name, level, _status(level, view, present, liquidation), opinion.reason)


def _status(level: Decimal, view: StopView, present: Decimal | None, liquidation: float | None) -> str:
    if level <= 0:
        return NOT_ABOVE_ZERO
    if is_triggered(level, view.price, view.sign):
        return STOP_PASSED
    if liquidation is not None and view.sign * (float(level) - liquidation) <= 0.0:
        return BEYOND_LIQUIDATION
    return LOOSER if present is not None and view.sign * (level - present) <= 0 else VALID
