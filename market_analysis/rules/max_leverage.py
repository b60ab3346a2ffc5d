"""MaxLeverage (document 004): the value of all positions over equity."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, model_validator

from market_analysis.domain import Unknown
from market_analysis.rules.book import EquityBase, contracts, equity_base
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import fine
from market_analysis.rules.rule import Explanation, Rule, unknown
from market_analysis.rules.size_limit import SizeLimit, size_verdict, values_of
from market_analysis.rules.verdict import Verdict
from market_analysis.rules.view import AccountView

NAME = "max_leverage"
ZERO = Decimal(0)


class MaxLeverage(SizeLimit):
    """Document 004: 3.0. Measured in money against leverage times equity, so that it is told without equity left, too."""

    amount: Decimal = Field(Decimal(3), gt=0, description="leverage: value of all positions over equity")
    amount_of: EquityBase = Field(EquityBase.CURRENT_EQUITY, description="current_equity, day_start_equity, initial_balance")

    @model_validator(mode="after")
    def _of_equity(self) -> MaxLeverage:
        if self.amount_of is EquityBase.ABSOLUTE:
            raise ValueError("leverage is of equity: amount_of = absolute does not apply; max_exposure limits money")
        return self


def evaluate(view: AccountView, parameters: MaxLeverage) -> tuple[Verdict, ...]:
    """Gross value: both legs of a hedge use margin. Holdings are no leverage."""
    if isinstance(view.positions, Unknown):
        return (unknown(NAME, "account", f"leverage: the positions could not be read: {view.positions.detail}"),)
    held = contracts(view.positions)
    if not held:
        return (fine(NAME, "no position is held"),)
    values = values_of(view, held, parameters)
    base = _equity(view, parameters)
    if isinstance(values, str) or isinstance(base, str):
        return (unknown(NAME, "account", f"leverage: {values if isinstance(values, str) else base}"),)
    gross = sum(values.values(), ZERO)
    leverage = f"{gross / base:.2f}x" if base > 0 else "no equity"
    return (
        size_verdict(
            view,
            parameters,
            rule=NAME,
            subject="account",
            title=f"leverage {leverage} of {plain(parameters.amount)}x: positions worth",
            value=gross,
            limit=parameters.amount * max(base, ZERO),
            scope=view.positions,
            values=values,
        ),
    )


def _equity(view: AccountView, parameters: MaxLeverage) -> Decimal | str:
    """Equity as it is, which may be nothing; or the base that was asked for."""
    if parameters.amount_of is not EquityBase.CURRENT_EQUITY:
        return equity_base(view, parameters.amount_of)
    return f"equity could not be read: {view.money.detail}" if isinstance(view.money, Unknown) else view.money.equity


RULE = Rule(
    name=NAME,
    title="Leverage",
    source="document 004, MAX_LEVERAGE_RATIO",
    parameters=MaxLeverage,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the value of all positions at the venue's marks, both sides, over equity",
        fires="when it reaches the limit, or there is no equity left",
        does="tells; blocks, reduces with room or closes where told to, pairs together",
        does_not="count holdings, or act while a change of equity is unexplained",
    ),
)
