"""What a scenario may expect, and what is said where it is not so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from market_analysis.desk.scenario.text import REMEDY, amount
from market_analysis.desk.scenario.world import World
from market_analysis.domain.decision import Alert, Decision, Intent
from market_analysis.errors import SettingsError
from market_analysis.guard.state import GuardState
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.registry import rules
from market_analysis.rules.verdict import Status, Verdict

Judged = tuple[bool, str]
_ORDER = (Status.BREACH, Status.ACT, Status.UNKNOWN, Status.WARN, Status.OK)


def judge_line(
    where: str,
    words: Sequence[str],
    state: GuardState,
    world: World,
    verdicts: Sequence[Verdict],
    decisions: Sequence[Decision],
) -> Judged:
    """Whether it is so, and what was found. Raises SettingsError where the words say nothing."""
    judges: Mapping[str, Callable[[Sequence[str]], Judged]] = {
        "locked": lambda rest: _locked(rest, state),
        "unlocked": lambda rest: _unlocked(rest, state),
        "closed": lambda rest: _holds([rest[0], "0"], world, where),
        "flat": lambda rest: (not world.held(), f"holds {', '.join(world.held()) or 'nothing'}"),
        "holds": lambda rest: _holds(rest, world, where),
        "stop": lambda rest: _stop(rest, world, where),
        "entries": lambda rest: _entries(rest, world, where),
        "alert": lambda rest: _alert(rest, decisions),
        "nothing": lambda rest: _nothing(decisions),
        "left": lambda rest: _left(rest, verdicts, where),
    }
    try:
        if words[0] in judges:
            return judges[words[0]](words[1:])
        if words[0] in rules():
            return _status(words[0], Status(words[1]), verdicts)
    except (IndexError, ValueError) as error:
        raise SettingsError(f"{where}: {' '.join(words)!r} is not complete", remedy=REMEDY) from error
    raise SettingsError(f"{where}: {words[0]!r} is neither a rule nor one of {', '.join(judges)}", remedy=REMEDY)


def _status(rule: str, wanted: Status, verdicts: Sequence[Verdict]) -> Judged:
    """The worst of the rule's verdicts."""
    found = {verdict.status for verdict in verdicts if verdict.rule == rule}
    worst = next((status for status in _ORDER if status in found), None)
    return worst is wanted, "the rule is not on" if worst is None else f"{rule} is {worst.value}"


def _locked(rest: Sequence[str], state: GuardState) -> Judged:
    held = sorted(f"{lock.rule} until {lock.ends.value}" for lock in state.locks)
    matching = [lock for lock in state.locks if not rest or lock.rule == rest[0]]
    if len(rest) == 3 and rest[1] == "until":
        matching = [lock for lock in matching if lock.ends.value == rest[2]]
    return bool(matching), f"locked by {', '.join(held) or 'nothing'}"


def _unlocked(rest: Sequence[str], state: GuardState) -> Judged:
    held = [lock.rule for lock in state.locks if not rest or lock.rule == rest[0]]
    return not held, f"locked by {', '.join(held) or 'nothing'}"


def _holds(rest: Sequence[str], world: World, where: str) -> Judged:
    size = world.sizes.get(rest[0], Decimal(0))
    return size == amount(rest[1], where), f"holds {plain(size)} {rest[0]}"


def _stop(rest: Sequence[str], world: World, where: str) -> Judged:
    order = world.orders.get(f"stop {rest[0]}")
    price = None if order is None else order.trigger_price
    wanted = None if rest[1] == "none" else amount(rest[1], where)
    return price == wanted, f"the stop is {'none' if price is None else plain(price)}"


def _entries(rest: Sequence[str], world: World, where: str) -> Judged:
    count = sum(not order.reduce_only for order in world.orders.values())
    return count == amount(rest[0], where), f"{count} entry orders rest"


def _alert(rest: Sequence[str], decisions: Sequence[Decision]) -> Judged:
    codes = sorted({item.code for item in decisions if isinstance(item, Alert) and item.raised})
    return rest[0] in codes, f"told {', '.join(codes) or 'nothing'}"


def _nothing(decisions: Sequence[Decision]) -> Judged:
    done = [item.kind.value for item in decisions if isinstance(item, Intent)]
    return not done, f"did {', '.join(done) or 'nothing'}"


def _left(rest: Sequence[str], verdicts: Sequence[Verdict], where: str) -> Judged:
    """What the rule leaves, in money."""
    found = [verdict.room for verdict in verdicts if verdict.rule == rest[0] and verdict.subject == "account"]
    room = found[0] if found else None
    return room == amount(rest[1], where), f"{'nothing known' if room is None else plain(room)} is left"
