"""Every rule by name: the product's own, and those that other packages bring under the entry point group `risk_manager.rules`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from market_analysis.errors import SettingsError
from market_analysis.rules import (
    cooldown_after_loss,
    daily_realized_loss,
    daily_realized_profit,
    daily_unrealized_loss,
    max_contracts,
    max_contracts_per_instrument,
    max_unrealized_profit,
    trade_frequency_limit,
)
from market_analysis.rules.rule import Rule

GROUP = "risk_manager.rules"
_OWN = (
    cooldown_after_loss.RULE,
    daily_realized_loss.RULE,
    daily_realized_profit.RULE,
    daily_unrealized_loss.RULE,
    max_contracts.RULE,
    max_contracts_per_instrument.RULE,
    max_unrealized_profit.RULE,
    trade_frequency_limit.RULE,
)


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by name, in alphabetical order. Raises SettingsError when a plugin is no rule or takes a name that exists."""
    found = {rule.name: rule for rule in _OWN}
    for entry in sorted(entry_points(group=GROUP), key=lambda item: item.name):
        rule = entry.load()
        if not isinstance(rule, Rule) or rule.name in found:
            reason = f"the name {rule.name} exists" if isinstance(rule, Rule) else "it is no Rule"
            raise SettingsError(f"plugin {entry.name} ({entry.value}): {reason}", remedy=f"repair or uninstall {entry.dist}")
        found[rule.name] = rule
    return dict(sorted(found.items()))


def rule_named(name: str) -> Rule:
    """The rule of that name. Raises SettingsError naming those that exist."""
    known = rules()
    if name not in known:
        raise SettingsError(f"there is no rule {name!r}; known: {', '.join(known)}", remedy="see `risk-manager rules list`")
    return known[name]
