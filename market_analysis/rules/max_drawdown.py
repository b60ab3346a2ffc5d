"""MaxDrawdown (ruling 23): equity against a peak, or against the initial balance; flat, and locked until an administrator."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, model_validator

from market_analysis.rules.limit import AmountOf, Anchor, Kind, Limit, Measure, Series
from market_analysis.rules.limit_verdict import limit_verdict
from market_analysis.rules.rule import Explanation, Rule
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Verdict
from market_analysis.rules.view import AccountView, Period

NAME = "max_drawdown"


class MaxDrawdown(Limit):
    """10 % below the highest equity. FTMO: anchor = fixed, amount_of = initial. Topstep: anchor = end_of_day_peak, series =
    balance, an absolute amount, lock_at_initial."""

    series: Series = Field(Series.EQUITY, description="what the peak is of: balance, equity, higher")
    anchor: Anchor = Field(Anchor.REAL_TIME_PEAK, description="fixed, period_start, real_time_peak, end_of_day_peak")
    period: Period = Field(Period.PHASE, description="of anchor period_start: week, month, phase")
    amount: Decimal = Field(Decimal("0.10"), gt=0, description="a fraction with amount_of, else money")
    amount_of: AmountOf = Field(AmountOf.REFERENCE, description="absolute, initial, reference, current")
    act_at_frac: Decimal | None = Field(Decimal("0.85"), gt=0, le=1, description="share of the amount at which the guard acts")

    @model_validator(mode="after")
    def _of_a_peak(self) -> MaxDrawdown:
        if self.kind is not Kind.LOSS or self.measure not in (Measure.EQUITY, Measure.BALANCE):
            raise ValueError("max_drawdown is a loss of equity or balance: kind stays, measure is one of the two")
        return self


def evaluate(view: AccountView, parameters: MaxDrawdown) -> tuple[Verdict, ...]:
    """A peak that nobody has seen is unknown, never today's level: give manual_peak."""
    verdict = limit_verdict(
        view,
        parameters,
        rule=NAME,
        title="drawdown",
        responses=(CloseAll(),),
        lock=Lock(Ends.ADMIN, None),
        blocks="new risk until an administrator ends it; what lowers risk is allowed",
    )
    return (verdict,)


RULE = Rule(
    name=NAME,
    title="Maximum drawdown",
    source="documents 000 and 004; ruling 23",
    parameters=MaxDrawdown,
    evaluate=evaluate,
    explanation=Explanation(
        watches="equity against its highest level, in real time or at the ends of days, or against the initial balance",
        fires="when so much of the amount is lost that the guard acts before the firm does",
        does="cancels what adds risk, closes every position, locks the account until an administrator ends it",
        does_not="take today's level for a peak it has not seen, or act while a change of equity is unexplained",
    ),
)
