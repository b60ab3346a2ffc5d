"""Rules changed by command, over the owner's settings: what tightens begins at once, what loosens with the next trading day.

Whether a change loosens is told by the rule's own parameters (`Parameters.looser`). A change stays until another replaces it or it
is unset; the owner's settings lie below it and may change meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from market_analysis.domain.decision import Alert, Decision, SettingChanged
from market_analysis.domain.event import Command, CommandKind
from market_analysis.errors import SettingsError
from market_analysis.guard.passing import at_least
from market_analysis.guard.state import ActiveRule, GuardState, Mode, RuleChange
from market_analysis.rules.registry import rule_named
from market_analysis.rules.rule import loosened

MODE = "mode"
_STRICTEST_FIRST = (Mode.ENFORCE, Mode.ALERT, Mode.SHADOW, Mode.OFF)
Step = tuple[GuardState, tuple[Decision, ...]]


def change_rule(state: GuardState, command: Command) -> Step:
    """Set or unset, now or with the next trading day; refused with the reason where the rule does not take it."""
    change = RuleChange(
        rule=command.rule or "",
        setting=command.setting or "",
        value=command.value if command.kind is CommandKind.SET else None,
        by=command.by,
        reason=command.reason,
        at=at_least(state.now),
    )
    try:
        after = applied(state.policy.rules, state.active_rules, change)
    except SettingsError as error:
        return state, (Alert("setting_refused", f"{change.rule}.{change.setting}", True, error.message, page=True),)
    looser = is_looser(state.active_rules, after, change.rule)
    if looser and not command.forced and state.day is not None:
        waiting = replace(change, after=state.day.day)
        kept = tuple(item for item in state.changes if item.after is None or not _same(item, change))
        return replace(state, changes=(*kept, waiting)), (_told(change, looser=True, state=state, waits=True),)
    return _in_force(state, change), (_told(change, looser=looser, state=state),)


def begin_changes(state: GuardState) -> Step:
    """What has waited for the end of a trading day that is over."""
    if state.day is None or not state.changes:
        return state, ()
    decisions: tuple[Decision, ...] = ()
    for change in state.changes:
        if change.after is None or change.after >= state.day.day:
            continue
        try:
            state = _in_force(state, change)
        except SettingsError as error:
            dropped = tuple(item for item in state.changes if item != change)
            state = replace(state, changes=dropped)
            decisions += (Alert("setting_refused", f"{change.rule}.{change.setting}", True, error.message, page=True),)
            continue
        decisions += (_told(change, looser=True, state=state),)
    return state, decisions


def with_changes(state: GuardState) -> GuardState:
    """The state with its changes applied to the owner's present settings; one that they no longer take is left out."""
    rules = state.policy.rules
    for change in state.changes:
        if change.after is None:
            try:
                rules = applied(state.policy.rules, rules, change)
            except SettingsError:
                continue
    return replace(state, rules=rules if state.changes else None)


def applied(owner: Sequence[ActiveRule], rules: Sequence[ActiveRule], change: RuleChange) -> tuple[ActiveRule, ...]:
    """The rules after a change. owner: as the settings have them, for a change that undoes others.

    Raises:
        SettingsError: there is no such rule or setting, or the rule does not take the value.
    """
    rule = rule_named(change.rule)
    known = (MODE, *rule.parameters.model_fields)
    if change.setting not in known:
        raise SettingsError(f"{change.rule} has no setting {change.setting!r}; it has {', '.join(known)}")
    present = next((item for item in rules if item.rule.name == change.rule), None)
    theirs = next((item for item in owner if item.rule.name == change.rule), None)
    value = _owner_s(theirs, change.setting) if change.value is None else _value_of(change.value)
    mode = present.mode if present is not None else Mode.ALERT
    values = {} if present is None else {name: getattr(present.parameters, name) for name in present.parameters.model_fields_set}
    try:
        if change.setting == MODE:
            mode = Mode(value)
        elif change.value is None and (theirs is None or change.setting not in theirs.parameters.model_fields_set):
            values.pop(change.setting, None)
        else:
            values[change.setting] = value
        fresh = ActiveRule(rule, rule.parameters.model_validate(values), mode)
    except ValidationError as error:
        problems = "; ".join(str(detail["msg"]) for detail in error.errors(include_url=False))
        raise SettingsError(f"{change.rule}.{change.setting} = {change.value}: {problems}") from None
    except ValueError:
        modes = ", ".join(item.value for item in Mode)
        raise SettingsError(f"{change.rule}.mode is {change.value!r}; it must be one of {modes}") from None
    others = [item for item in rules if item.rule.name != change.rule]
    return tuple(sorted((*others, fresh), key=lambda item: item.rule.name))


def is_looser(before: Sequence[ActiveRule], after: Sequence[ActiveRule], rule: str) -> bool:
    """Whether a rule allows more than before; one that was not there allowed everything."""
    old = next((item for item in before if item.rule.name == rule), None)
    new = next((item for item in after if item.rule.name == rule), None)
    if old is None or new is None:
        return new is None and old is not None
    if _STRICTEST_FIRST.index(new.mode) > _STRICTEST_FIRST.index(old.mode):
        return True
    return bool(loosened(old.parameters, new.parameters))


def _in_force(state: GuardState, change: RuleChange) -> GuardState:
    rules = applied(state.policy.rules, state.active_rules, change)
    kept = tuple(item for item in state.changes if not _same(item, change))
    now = () if change.value is None else (replace(change, after=None),)
    return replace(state, changes=(*kept, *now), rules=rules)


def _same(one: RuleChange, other: RuleChange) -> bool:
    return (one.rule, one.setting) == (other.rule, other.setting)


def _owner_s(theirs: ActiveRule | None, setting: str) -> Any:
    """What the owner's settings have; a rule that they do not name is off."""
    if theirs is None:
        return Mode.OFF if setting == MODE else None
    return theirs.mode if setting == MODE else getattr(theirs.parameters, setting)


def _value_of(text: str) -> Any:
    """Text as JSON where it is any, numbers as decimals; else as it stands."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=str)
    except ValueError:
        return text


def _told(change: RuleChange, *, looser: bool, state: GuardState, waits: bool = False) -> SettingChanged:
    begins = state.day.end if waits and state.day is not None else None
    return SettingChanged(change.rule, change.setting, change.value, change.by, change.reason, looser, begins)
