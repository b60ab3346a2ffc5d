"""AuthLossGuard (document 002, rule 10; ruling 31): the venue has taken the right to trade away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from market_analysis.rules.measured import fine
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Status, Verdict
from market_analysis.rules.view import AccountView

NAME = "auth_loss_guard"


class AuthLossGuard(Parameters):
    """Without the right to trade nothing can be closed on most venues (Bybit): it tells and locks."""

    looser: ClassVar[Mapping[str, Direction]] = {"auto_unlock_on_restore": Looser.HIGHER, "close_positions": Looser.LOWER}
    auto_unlock_on_restore: bool = Field(True, description="the lock ends with the right's return, else by an administrator")
    close_positions: bool = Field(False, description="try to close; for venues that allow it without the right")


def evaluate(view: AccountView, parameters: AuthLossGuard) -> tuple[Verdict, ...]:
    """Not known is not allowed (law 1), and not lost either: it blocks new risk and closes nothing."""
    if view.can_trade is None:
        return (unknown(NAME, "account", "the venue does not say whether the account may trade"),)
    if view.can_trade:
        return (fine(NAME, "the account may trade"),)
    ends = Ends.CONDITION if parameters.auto_unlock_on_restore else Ends.ADMIN
    return (
        Verdict(
            rule=NAME,
            code=NAME,
            status=Status.BREACH,
            subject="account",
            message="the venue no longer lets the account trade; open positions keep their stops at the venue",
            responses=(CloseAll(),) if parameters.close_positions else (),
            lock=Lock(ends, None),
            blocks="new risk until the venue lets the account trade again",
        ),
    )


RULE = Rule(
    name=NAME,
    title="Right to trade",
    source="document 002, RULE-010; ruling 31",
    parameters=AuthLossGuard,
    evaluate=evaluate,
    explanation=Explanation(
        watches="whether the venue says that the account may trade",
        fires="when it says no",
        does="tells, and locks until the right is back",
        does_not="close anything unless told to, for without the right that fails; a venue that says nothing is unknown",
    ),
)
