"""MaxPositionSize (document 000): no single position worth more than a share of equity."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from market_analysis.domain import Unknown
from market_analysis.rules.book import contracts
from market_analysis.rules.measured import fine
from market_analysis.rules.roots import canonical
from market_analysis.rules.rule import Explanation, Rule, unknown
from market_analysis.rules.size_limit import SizeLimit, amount_in_money, size_verdict, values_of
from market_analysis.rules.verdict import Verdict
from market_analysis.rules.view import AccountView

NAME = "max_position_size"


class MaxPositionSize(SizeLimit):
    """Document 000: 10 % of equity, a warning."""

    amount: Decimal = Field(Decimal("0.10"), gt=0, description="value at the mark; money, or a share with amount_of")


def evaluate(view: AccountView, parameters: MaxPositionSize) -> tuple[Verdict, ...]:
    """One verdict per position, holdings apart; one whose mark is not known is unknown alone."""
    if isinstance(view.positions, Unknown):
        return (unknown(NAME, "account", f"position size: the positions could not be read: {view.positions.detail}"),)
    held = contracts(view.positions)
    limit = amount_in_money(view, parameters)
    if not held:
        return (fine(NAME, "no position is held"),)
    if isinstance(limit, str):
        return (unknown(NAME, "account", f"position size: {limit}"),)
    verdicts = []
    for item in held:
        root = canonical(item.root)
        scope = tuple(leg for leg in view.positions if canonical(leg.root) == root)
        values = values_of(view, (item,), parameters)
        if isinstance(values, str):
            verdicts.append(unknown(NAME, str(item.key), f"position size: {values}"))
            continue
        verdicts.append(
            size_verdict(
                view,
                parameters,
                rule=NAME,
                subject=str(item.key),
                title=f"{item.key} is worth",
                value=values[item.key],
                limit=limit,
                scope=scope,
                values={leg.key: values[item.key] / item.quantity * leg.quantity for leg in scope},
                countable={item.key: item.quantity},
                target=item,
                root=root,
            )
        )
    return tuple(verdicts)


RULE = Rule(
    name=NAME,
    title="Position size",
    source="document 000, Position Size Limit",
    parameters=MaxPositionSize,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the value of each position at the venue's mark",
        fires="when it reaches the amount, money or a share of equity",
        does="tells; blocks, reduces with room or closes where told to",
        does_not="cut the hedged part of a position alone, or count holdings",
    ),
)
