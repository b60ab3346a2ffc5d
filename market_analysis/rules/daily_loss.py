"""DailyLoss (document 000, ruling 23): equity against the start of the day; flat, and locked until the reset."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from pydantic import Field, model_validator

from market_analysis.domain import Unknown
from market_analysis.rules.limit import AmountOf, Anchor, Kind, Limit, Measure, Series, read_limit
from market_analysis.rules.limit_verdict import limit_verdict, plain
from market_analysis.rules.rule import Explanation, Rule
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Status, Verdict
from market_analysis.rules.view import AccountView, Level, Period

NAME = "daily_loss"


class DailyLoss(Limit):
    """Document 000: 5 %, of the higher of balance and equity at the day's start. FTMO: amount_of = initial, series = balance."""

    series: Series = Field(Series.HIGHER, description="what the day starts from: balance, equity, higher")
    amount: Decimal = Field(Decimal("0.05"), gt=0, description="a fraction with amount_of, else money")
    amount_of: AmountOf = Field(AmountOf.REFERENCE, description="absolute, initial, reference, current")
    act_at_frac: Decimal | None = Field(Decimal("0.85"), gt=0, le=1, description="share of the amount at which the guard acts")

    @model_validator(mode="after")
    def _of_a_day(self) -> DailyLoss:
        fixed = (self.kind, self.anchor, self.period) == (Kind.LOSS, Anchor.PERIOD_START, Period.DAY)
        if not fixed or self.measure not in (Measure.EQUITY, Measure.BALANCE, Measure.REALIZED_AND_UNREALIZED):
            raise ValueError(
                "daily_loss is a loss since the day's start: kind, anchor and period stay; max_drawdown has the others"
            )
        return self


def evaluate(view: AccountView, parameters: DailyLoss) -> tuple[Verdict, ...]:
    """It acts at act_at_frac of the amount, before the firm does (ruling 24), on equity if everything were closed now.

    A second verdict warns when an open loss would breach the floor that the next day starts with.
    """
    verdict = limit_verdict(
        view,
        parameters,
        rule=NAME,
        title="loss of the day",
        responses=(CloseAll(),),
        lock=Lock(Ends.RESET, view.day.end),
        blocks="new risk until the reset; what lowers risk is allowed",
    )
    return (verdict, *_at_reset(view, parameters))


def _at_reset(view: AccountView, parameters: DailyLoss) -> tuple[Verdict, ...]:
    """Today's level as the next day's start: a floating loss is a loss of the new day where the balance is what counts."""
    if isinstance(view.money, Unknown) or parameters.measure is not Measure.EQUITY:
        return ()
    starts = {**view.anchors.period_start, Period.DAY: Level(view.money.balance, view.money.equity)}
    reading = read_limit(replace(view, anchors=replace(view.anchors, period_start=starts)), parameters)
    if reading.room is None or reading.bound is None:
        return ()
    breaches = reading.status is Status.BREACH
    return (
        Verdict(
            rule=NAME,
            code=f"{NAME}_at_reset",
            status=Status.WARN if breaches else Status.OK,
            subject="account at the reset",
            message=f"as things stand the next day starts with {plain(reading.room)} {view.currency} above its floor",
            measure=reading.value,
            threshold=reading.bound,
            distance=reading.room,
            room=reading.room,
            used=reading.used,
        ),
    )


RULE = Rule(
    name=NAME,
    title="Daily loss on equity",
    source="document 000, Daily Loss Limit; rulings 23 and 24",
    parameters=DailyLoss,
    evaluate=evaluate,
    explanation=Explanation(
        watches="equity, floating profit in, against its level at the start of the trading day",
        fires="when so much of the day's amount is lost that the guard acts before the firm does",
        does="cancels what adds risk, closes every position, locks the account until its reset",
        does_not="act on the next day's start (it warns), on an unknown start, or on a change of equity that nothing explains",
    ),
)
