"""An account's settings as the guard's policy: every rule by name, its parameters checked by the rule itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from market_analysis.errors import SettingsError, did_you_mean
from market_analysis.guard.state import ActiveRule, GuardPolicy, Mode
from market_analysis.rules.registry import rule_named
from market_analysis.settings import AccountSettings

CURRENCY = "USD"


def policy_of(name: str, account: AccountSettings, *, enforces: bool, venue_locks: bool = False) -> GuardPolicy:
    """The policy of the account `name`. enforces: an enforcer is there; rules in enforce mode only tell without one. venue_locks:
    and can have the venue lock the account.

    Raises:
        SettingsError: an unknown rule, mode or parameter, or a value out of its bounds; all of a rule's at once.
    """
    return GuardPolicy(
        account=name,
        currency=CURRENCY,
        zone=ZoneInfo(account.reset_zone),
        reset=account.reset_time,
        rules=tuple(_active(f"accounts.{name}.rules.{rule}", rule, dict(values)) for rule, values in sorted(account.rules.items())),
        enforces=enforces,
        venue_locks=venue_locks,
        initial_balance=account.initial_balance,
        exit_slippage_bps=account.exit_slippage_bps,
        most_exit_slippage_bps=account.most_exit_slippage_bps,
    )


def _active(key: str, name: str, values: dict[str, Any]) -> ActiveRule:
    rule = rule_named(name)
    mode = values.pop("mode", Mode.ALERT.value)
    if mode not in [item.value for item in Mode]:
        known = ", ".join(item.value for item in Mode)
        raise SettingsError(f"{key}.mode is {mode!r}; it must be one of {known}", remedy="alert tells; enforce acts, where allowed")
    try:
        return ActiveRule(rule, rule.parameters.model_validate(values), Mode(mode))
    except ValidationError as error:
        problems = "; ".join(
            _problem(key, values, dict(detail), rule.parameters.model_fields) for detail in error.errors(include_url=False)
        )
        raise SettingsError(problems, remedy=f"see `risk-manager rules explain {name}`") from error


def _problem(key: str, values: Mapping[str, Any], detail: Mapping[str, Any], known: Iterable[str]) -> str:
    where = ".".join(map(str, (key, *detail["loc"])))
    given = values.get(str(detail["loc"][0])) if detail["loc"] else None
    if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
        return f"{where} is {given!r}: unknown key{did_you_mean(str(detail['loc'][0]), ('mode', *known))}"
    return f"{where} is {given!r}: {detail['msg']}"
