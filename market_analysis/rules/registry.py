"""Every rule by name: the product's own, and those that other packages bring under the entry point group `risk_manager.rules`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from market_analysis.errors import SettingsError
from market_analysis.rules import (
    auth_loss_guard,
    cluster_risk,
    consistency,
    cooldown_after_loss,
    daily_loss,
    daily_realized_loss,
    daily_realized_profit,
    daily_unrealized_loss,
    joint_liquidation,
    margin_level,
    max_contracts,
    max_contracts_per_instrument,
    max_drawdown,
    max_exposure,
    max_leverage,
    max_loss,
    max_position_size,
    max_unrealized_profit,
    no_stop_loss_grace,
    scale_outs,
    session_block_outside,
    stale_data,
    symbol_blocks,
    trade_frequency_limit,
    trade_management,
    unexplained_equity_change,
    unprotected_position,
)
from market_analysis.rules.rule import Rule

GROUP = "risk_manager.rules"
_OWN = (
    auth_loss_guard.RULE,
    cluster_risk.RULE,
    consistency.RULE,
    cooldown_after_loss.RULE,
    daily_loss.RULE,
    daily_realized_loss.RULE,
    daily_realized_profit.RULE,
    daily_unrealized_loss.RULE,
    joint_liquidation.RULE,
    margin_level.RULE,
    max_contracts.RULE,
    max_contracts_per_instrument.RULE,
    max_drawdown.RULE,
    max_exposure.RULE,
    max_leverage.RULE,
    max_loss.RULE,
    max_position_size.RULE,
    max_unrealized_profit.RULE,
    no_stop_loss_grace.RULE,
    scale_outs.RULE,
    session_block_outside.RULE,
    stale_data.RULE,
    symbol_blocks.RULE,
    trade_frequency_limit.RULE,
    trade_management.RULE,
    unexplained_equity_change.RULE,
    unprotected_position.RULE,
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
