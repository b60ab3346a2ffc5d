"""StaleData (rulings 24 and 25): what the guard sees is old or missing; it says so, and denies new risk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import Unknown
from market_analysis.rules.measured import Measured
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule
from market_analysis.rules.verdict import Ends, Lock, Status, Verdict
from market_analysis.rules.view import AccountView

NAME = "stale_data"
ZERO = Decimal(0)


class StaleData(Parameters):
    """Every part at most so old."""

    looser: ClassVar[Mapping[str, Direction]] = {"max_age_seconds": Looser.HIGHER, "lock_new_risk": Looser.LOWER}
    max_age_seconds: int = Field(30, ge=1, le=86_400, description="age of the oldest part")
    lock_new_risk: bool = Field(True, description="deny new risk until the data are fresh")


def evaluate(view: AccountView, parameters: StaleData) -> tuple[Verdict, ...]:
    """Older than the limit is a breach. Not readable is unknown at once, and a breach when it lasts as long."""
    parts = _parts(view)
    missing = sorted(name for name, (_, readable) in parts.items() if not readable)
    oldest = min(parts, key=lambda name: (parts[name][0], name))
    age = max(Decimal(str((view.now - parts[oldest][0]).total_seconds())), ZERO)
    limit = Decimal(parameters.max_age_seconds)
    measured = Measured(age, limit, "seconds", reaches=False, warn_at=(), inputs={"oldest": oldest})
    what = f"not readable: {', '.join(missing)}; " if missing else ""
    message = f"{what}oldest: {oldest}, {age:.0f} s, at most {limit} s"
    if missing and measured.status is not Status.BREACH:
        return (Verdict(NAME, f"{NAME}_unknown", Status.UNKNOWN, "account", message),)
    return (
        measured.verdict(
            NAME,
            "account",
            message,
            lock=Lock(Ends.CONDITION, None) if parameters.lock_new_risk else None,
            blocks="new risk until the data are fresh; nothing is closed on old data" if parameters.lock_new_risk else "",
        ),
    )


def _parts(view: AccountView) -> dict[str, tuple[datetime, bool]]:
    """Each part with the time it is of, or since when it could not be read."""
    money = view.money
    parts = {"money": (money.since, False) if isinstance(money, Unknown) else (money.at, True)}
    for name, part in (("positions", view.positions), ("orders", view.orders), ("trades", view.trades)):
        if isinstance(part, Unknown):
            parts[name] = (part.since, False)
    for item in () if isinstance(view.positions, Unknown) else view.positions:
        mark = item.mark
        parts[f"mark of {item.key}"] = (mark.since, False) if isinstance(mark, Unknown) else (mark.at, True)
    return parts


RULE = Rule(
    name=NAME,
    title="Stale data",
    source="rulings 24 and 25; law 1",
    parameters=StaleData,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the age of balances and marks, and what could not be read",
        fires="when the oldest part is older than the limit",
        does="tells and denies new risk until the data are fresh",
        does_not="close anything: stale data never enforce",
    ),
)
