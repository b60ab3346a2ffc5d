"""UnprotectedPosition (ruling 37): a position without a whole stop is told at once. It never acts; NoStopLossGrace does."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from market_analysis.domain import Unknown
from market_analysis.rules.book import is_exempt, mark_problem
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import fine
from market_analysis.rules.protection import protection
from market_analysis.rules.rule import Explanation, Parameters, Rule, unknown
from market_analysis.rules.verdict import Status, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "unprotected_position"
ZERO = Decimal(0)


class UnprotectedPosition(Parameters):
    """A mark that is older tells no stop's side."""

    max_mark_age_seconds: int = Field(30, ge=1, le=3600, description="an older mark tells no stop's side")


def evaluate(view: AccountView, parameters: UnprotectedPosition) -> tuple[Verdict, ...]:
    """Naked is a breach, partly covered a warning; in contracts."""
    if isinstance(view.positions, Unknown) or isinstance(view.orders, Unknown):
        return (unknown(NAME, "account", "protection: positions and orders could not be read"),)
    if view.positions and not view.orders_match:
        return (unknown(NAME, "account", "protection: positions and orders are of different reads"),)
    verdicts = []
    for item in view.positions:
        if is_exempt(item):
            continue
        problem = mark_problem(item, view.now, parameters.max_mark_age_seconds)
        if problem or isinstance(item.mark, Unknown):
            verdicts.append(unknown(NAME, str(item.key), f"protection: {problem}"))
        else:
            verdicts.append(_judge(view, item, item.mark.price))
    return tuple(verdicts) or (fine(NAME, "no position needs a stop"),)


def _judge(view: AccountView, item: PositionView, mark: Decimal) -> Verdict:
    rests = protection(item, () if isinstance(view.orders, Unknown) else view.orders, mark)
    status = Status.OK if rests.uncovered == 0 else Status.WARN if rests.covered > 0 else Status.BREACH
    ignored = f" ({'; '.join(rests.ignored)})" if rests.ignored else ""
    return Verdict(
        rule=NAME,
        code=NAME,
        status=status,
        subject=str(item.key),
        message=f"{item.key}: {plain(rests.covered)} of {plain(item.quantity)} stopped{ignored}",
        measure=rests.uncovered,
        threshold=ZERO,
        unit="contracts",
        distance=-rests.uncovered,
        used=rests.uncovered / item.quantity,
    )


RULE = Rule(
    name=NAME,
    title="Unprotected position",
    source="rulings 15 and 37",
    parameters=UnprotectedPosition,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the contracts that no working stop at the venue closes",
        fires="as soon as a position has none; a stop for a part warns",
        does="tells",
        does_not="act, or count a recommended stop as protection",
    ),
)
