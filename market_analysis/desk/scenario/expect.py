"""What a scenario may expect, and what is said where it is not so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from market_analysis.desk.scenario.grammar import EXPECTED, MANUAL, OF_A_RULE, read_words
from market_analysis.desk.scenario.world import World
from market_analysis.domain.decision import Alert, Decision, Intent
from market_analysis.errors import SettingsError
from market_analysis.guard.state import ActiveLock, GuardState, Mode
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.registry import rules
from market_analysis.rules.verdict import Status, Verdict

Judged = tuple[bool, str]
Values = Mapping[str, Any]
_ORDER = (Status.BREACH, Status.ACT, Status.UNKNOWN, Status.WARN, Status.OK)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Moment:
    """What is there to be judged. decisions: since the last line that was no expectation, that line's in."""

    state: GuardState
    world: World
    verdicts: Sequence[Verdict]
    decisions: Sequence[Decision]

    @property
    def zone(self) -> ZoneInfo:
        """The account's, in which the scenario's times are."""
        return self.state.policy.zone


def judge_line(where: str, text: str, words: Sequence[str], moment: Moment) -> Judged:
    """Whether it is so, and what was found. words: after `expect`. Raises SettingsError where they say nothing."""
    if not words or (words[0] not in EXPECTED and words[0] not in rules()):
        said = f"{words[0]!r} is neither a rule nor one of {', '.join(EXPECTED)}" if words else "nothing is expected"
        raise SettingsError(f"{where}: {text!r}: {said}", remedy="see docs/rules.md, and `risk-manager rules list` for the rules")
    values = read_words(text, words, EXPECTED.get(words[0], OF_A_RULE), where)
    if "SYMBOL" in values:
        moment.world.known(values["SYMBOL"], where)
    judge = _JUDGES.get(words[0])
    return _status(words[0], values["STATUS"], moment) if judge is None else judge(values, moment)


def _status(rule: str, wanted: Status, moment: Moment) -> Judged:
    """The worst of the rule's verdicts."""
    found = [verdict for verdict in moment.verdicts if verdict.rule == rule]
    worst = next((verdict for status in _ORDER for verdict in found if verdict.status is status), None)
    if worst is None:
        return False, f"{rule} is not switched on"
    left = "" if worst.room is None else f", {plain(worst.room)} left"
    return worst.status is wanted, f"{rule} is {worst.status.value}{left} ({worst.message})"


def _locked(values: Values, moment: Moment) -> Judged:
    held = sorted(f"{lock.rule} until {_until(lock, moment.zone)}" for lock in moment.state.locks)
    matching = [lock for lock in moment.state.locks if values.get("LOCK", lock.rule) == lock.rule]
    if "END" in values:
        matching = [lock for lock in matching if lock.ends.value == values["END"]]
    if "CLOCK" in values:
        matching = [lock for lock in matching if _clock(lock, moment.zone) == values["CLOCK"]]
    return bool(matching), f"locked by {', '.join(held) or 'nothing'}{_only_tells(values.get('LOCK'), moment.state)}"


def _only_tells(rule: str | None, state: GuardState) -> str:
    """Why a rule locks nothing, whatever it finds."""
    modes = [active.mode.value for active in state.active_rules if active.rule.name == rule]
    if rule is None or rule == MANUAL:
        return ""
    if not modes:
        return f"; {rule} is not switched on"
    if not state.policy.enforces:
        return "; the account has no enforce = true: its rules only tell"
    return "" if modes == [Mode.ENFORCE] else f"; {rule} has mode = {modes[0]} and only tells"


def _until(lock: ActiveLock, zone: ZoneInfo) -> str:
    clock = _clock(lock, zone)
    return f"{lock.ends.value} ({clock})" if clock else lock.ends.value


def _clock(lock: ActiveLock, zone: ZoneInfo) -> str:
    return "" if lock.until is None else f"{lock.until.astimezone(zone):%H:%M}"


def _unlocked(values: Values, moment: Moment) -> Judged:
    held = [lock.rule for lock in moment.state.locks if values.get("LOCK", lock.rule) == lock.rule]
    return not held, f"locked by {', '.join(held) or 'nothing'}"


def _holds(values: Values, moment: Moment) -> Judged:
    size = moment.world.sizes.get(values["SYMBOL"], Decimal(0))
    return size == values.get("SIZE", 0), f"holds {plain(size)} {values['SYMBOL']}"


def _flat(values: Values, moment: Moment) -> Judged:
    held = [f"{plain(moment.world.sizes[name])} {name}" for name in moment.world.held()]
    return not held, f"holds {', '.join(held) or 'nothing'}"


def _stop(values: Values, moment: Moment) -> Judged:
    order = moment.world.orders.get(f"stop {values['SYMBOL']}")
    price = None if order is None else order.trigger_price
    return price == values.get("PRICE"), f"the stop is {'none' if price is None else plain(price)}"


def _entries(values: Values, moment: Moment) -> Judged:
    count = sum(not order.reduce_only for order in moment.world.orders.values())
    return count == values["COUNT"], f"{count} entry orders rest"


def _alert(values: Values, moment: Moment) -> Judged:
    codes = sorted({item.code for item in moment.decisions if isinstance(item, Alert) and item.raised})
    return values["CODE"] in codes, f"told {', '.join(codes) or 'nothing'}"


def _page(values: Values, moment: Moment) -> Judged:
    codes = sorted({item.code for item in moment.decisions if isinstance(item, Alert) and item.raised and item.page})
    return bool(codes), f"woken for {', '.join(codes) or 'nothing'}"


def _nothing(values: Values, moment: Moment) -> Judged:
    done = [item.kind.value for item in moment.decisions if isinstance(item, Intent)]
    return not done, f"did {', '.join(done) or 'nothing'}"


def _left(values: Values, moment: Moment) -> Judged:
    """What the rule leaves of its limit on the account, in money, to the cent."""
    found = [verdict.room for verdict in moment.verdicts if verdict.rule == values["RULE"] and verdict.subject == "account"]
    room = found[0] if found else None
    if room is None:
        return False, "what is left is not known" if found else f"{values['RULE']} says nothing of the account"
    return _same_cents(room, values["AMOUNT"]), f"{plain(room)} is left"


def _equity(values: Values, moment: Moment) -> Judged:
    equity = moment.world.money().equity
    return _same_cents(equity, values["AMOUNT"]), f"equity is {plain(equity)}"


def _same_cents(one: Decimal, other: Decimal) -> bool:
    return one.quantize(_CENT, ROUND_HALF_EVEN) == other.quantize(_CENT, ROUND_HALF_EVEN)


_JUDGES: Mapping[str, Callable[[Values, Moment], Judged]] = {
    "locked": _locked,
    "unlocked": _unlocked,
    "closed": _holds,
    "flat": _flat,
    "holds": _holds,
    "stop": _stop,
    "entries": _entries,
    "alert": _alert,
    "page": _page,
    "nothing": _nothing,
    "left": _left,
    "equity": _equity,
}
