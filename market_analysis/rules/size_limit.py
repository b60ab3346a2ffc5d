"""What the limits on size share: values at fresh marks, an amount in money or a share of equity, and bringing positions back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import PositionKey
from market_analysis.rules.book import Enforcement, EquityBase, contracts, equity_base, mark_problem, notional
from market_analysis.rules.bridge import withheld
from market_analysis.rules.hedged import Plan, close_together, reduce_together
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import Measured
from market_analysis.rules.rule import Direction, Looser, Parameters
from market_analysis.rules.verdict import Ends, Lock, Status, Verdict
from market_analysis.rules.view import AccountView, PositionView

ZERO = Decimal(0)


class SizeLimit(Parameters):
    """A limit on value at the mark; reaching it is a breach."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "amount": Looser.HIGHER,
        "enforcement": ("close", "reduce", "block", "alert"),
        "release_frac": Looser.HIGHER,
    }
    amount: Decimal = Field(gt=0, description="money, or a share with amount_of")
    amount_of: EquityBase = Field(
        EquityBase.DAY_START_EQUITY, description="absolute, day_start_equity, current_equity, initial_balance"
    )
    enforcement: Enforcement = Field(Enforcement.ALERT, description="alert, block, reduce, close")
    release_frac: Decimal = Field(Decimal("0.85"), gt=0, le=1, description="share of the limit to which it reduces")
    max_mark_age_seconds: int = Field(30, ge=1, le=3600, description="an older mark is not acted on")


def amount_in_money(view: AccountView, parameters: SizeLimit) -> Decimal | str:
    """The limit, or why it is not known."""
    base = equity_base(view, parameters.amount_of)
    return base if isinstance(base, str) else parameters.amount * base


def values_of(view: AccountView, positions: Sequence[PositionView], parameters: SizeLimit) -> dict[PositionKey, Decimal] | str:
    """Value of each position at its mark, or why one is not known."""
    found: dict[PositionKey, Decimal] = {}
    problems = []
    for item in positions:
        value, problem = notional(item), mark_problem(item, view.now, parameters.max_mark_age_seconds)
        if problem or value is None:
            problems.append(problem or f"the value of {item.key} is not known")
        else:
            found[item.key] = value
    return "; ".join(problems) if problems else found


def size_verdict(
    view: AccountView,
    parameters: SizeLimit,
    *,
    rule: str,
    subject: str,
    title: str,
    value: Decimal,
    limit: Decimal,
    scope: Sequence[PositionView],
    values: Mapping[PositionKey, Decimal],
    countable: Mapping[PositionKey, Decimal] | None = None,
    target: PositionView | None = None,
    root: str | None = None,
) -> Verdict:
    """value against limit. scope: the positions that may be cut, and those they hedge; target: the one that is meant, if any."""
    measured = Measured(value, limit, "money", reaches=True, room=limit - value, inputs={"amount": plain(parameters.amount)})
    enforcement, plan, doubt = parameters.enforcement, Plan(()), ""
    breached = measured.status is Status.BREACH
    if breached and enforcement is not Enforcement.ALERT and parameters.amount_of is EquityBase.CURRENT_EQUITY:
        doubt = withheld(view)
    if breached and not doubt and enforcement is Enforcement.CLOSE:
        plan = close_together(scope, contracts(scope) if target is None else (target,))
    elif breached and not doubt and enforcement is Enforcement.REDUCE:
        sizes = {item.key: item.quantity for item in scope}
        excess = value - parameters.release_frac * max(limit, ZERO)
        plan = reduce_together(scope, excess, lambda item: values[item.key] / sizes[item.key], countable)
    locks = enforcement is not Enforcement.ALERT and not doubt
    where = "" if root is None else f" in {root}"
    return measured.verdict(
        rule,
        subject,
        f"{title} {plain(value)} {view.currency}, limit {plain(limit)} {view.currency}{plan.note}{doubt}",
        responses=plan.responses,
        lock=Lock(Ends.CONDITION, None, root) if locks else None,
        blocks=f"new risk{where} while at the limit" if locks else "",
    )
