"""UnexplainedEquityChange (ruling 16): equity changed by more than profit, costs, flows and collateral explain."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.rules.bridge import TOLERANCE_ABS, TOLERANCE_FRAC, tolerance
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import Measured
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import Ends, Lock, Verdict
from market_analysis.rules.view import AccountView

NAME = "unexplained_equity_change"


class UnexplainedEquityChange(Parameters):
    """The larger of the two tolerances counts."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "tolerance_frac": Looser.HIGHER,
        "tolerance_abs": Looser.HIGHER,
        "lock_new_risk": Looser.LOWER,
    }
    tolerance_frac: Decimal = Field(TOLERANCE_FRAC, ge=0, lt=1, description="share of equity that may stay unexplained")
    tolerance_abs: Decimal = Field(TOLERANCE_ABS, ge=0, description="money that may stay unexplained")
    lock_new_risk: bool = Field(True, description="deny new risk until it is explained")


def evaluate(view: AccountView, parameters: UnexplainedEquityChange) -> tuple[Verdict, ...]:
    """Above the tolerance is a breach, either way. Limits on equity tell and do not act meanwhile, for a bounded time."""
    if view.unexplained is None:
        return (unknown(NAME, "account", "the equity bridge could not be told"),)
    most = tolerance(view, parameters.tolerance_frac, parameters.tolerance_abs)
    if most is None:
        return (unknown(NAME, "account", "the equity bridge: equity could not be read"),)
    measured = Measured(abs(view.unexplained), most, "money", reaches=False, warn_at=())
    since = "" if view.unexplained_since is None else f" since {view.unexplained_since:%H:%M:%S} UTC"
    return (
        measured.verdict(
            NAME,
            "account",
            f"{plain(view.unexplained)} {view.currency} of equity unexplained{since}, tolerance {plain(most)}",
            lock=Lock(Ends.CONDITION, None) if parameters.lock_new_risk else None,
            blocks="new risk until it is explained" if parameters.lock_new_risk else "",
        ),
    )


RULE = Rule(
    name=NAME,
    title="Unexplained equity change",
    source="ruling 16",
    parameters=UnexplainedEquityChange,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the residual of the equity bridge: equity's change less profit, costs, flows and collateral",
        fires="when it is above the tolerance",
        does="tells, and denies new risk until it is explained; limits on equity wait for at most 15 minutes",
        does_not="close anything",
    ),
)
