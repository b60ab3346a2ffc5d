"""MaxExposure (documents 001 and 004): the value held of one root, all its contracts and holdings together."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import Unknown
from market_analysis.rules.book import by_root, contracts
from market_analysis.rules.hedged import surplus
from market_analysis.rules.max_contracts import CountType
from market_analysis.rules.measured import fine
from market_analysis.rules.rule import Direction, Explanation, Rule, unknown
from market_analysis.rules.size_limit import SizeLimit, amount_in_money, size_verdict, values_of
from market_analysis.rules.verdict import Verdict
from market_analysis.rules.view import AccountView

NAME = "max_exposure"
ZERO = Decimal(0)


class MaxExposure(SizeLimit):
    """Holdings are exposure (ruling 17). Net: long less short, without sign; a hedge in another root does not lower it."""

    looser: ClassVar[Mapping[str, Direction]] = {"count_type": ("gross", "net")}
    amount: Decimal = Field(Decimal(1), gt=0, description="value of one root; money, or a share with amount_of")
    count_type: CountType = Field(CountType.NET, description="net or gross")


def evaluate(view: AccountView, parameters: MaxExposure) -> tuple[Verdict, ...]:
    """One verdict per root that is held."""
    if isinstance(view.positions, Unknown):
        return (unknown(NAME, "account", f"exposure: the positions could not be read: {view.positions.detail}"),)
    if not view.positions:
        return (fine(NAME, "nothing is held"),)
    limit = amount_in_money(view, parameters)
    if isinstance(limit, str):
        return (unknown(NAME, "account", f"exposure: {limit}"),)
    verdicts = []
    for root, legs in by_root(view.positions).items():
        values = values_of(view, legs, parameters)
        if isinstance(values, str):
            verdicts.append(unknown(NAME, root, f"exposure: {values}"))
            continue
        net = parameters.count_type is CountType.NET
        total = sum((item.side.sign * values[item.key] for item in legs), ZERO) if net else sum(values.values(), ZERO)
        verdicts.append(
            size_verdict(
                view,
                parameters,
                rule=NAME,
                subject=root,
                title=f"{root}: {parameters.count_type.value} exposure",
                value=abs(total),
                limit=limit,
                scope=legs,
                values=values,
                countable={item.key: free for item, free in surplus(contracts(legs))} if net else None,
                root=root,
            )
        )
    return tuple(verdicts)


RULE = Rule(
    name=NAME,
    title="Exposure of one root",
    source="documents 001 and 004; ruling 17",
    parameters=MaxExposure,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the value of each root at the venue's marks, net or gross, holdings in",
        fires="when it reaches the amount, money or a share of equity",
        does="tells; blocks, reduces with room or closes where told to",
        does_not="sell holdings, or cut a hedge alone",
    ),
)
