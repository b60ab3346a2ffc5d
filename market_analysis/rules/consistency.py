"""Consistency (prop firms): the best day's share of all profit. A gauge: it tells what is missing and never acts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import Unknown
from market_analysis.rules.limit import Limit, Measure, read_limit
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import fine
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import Status, Verdict
from market_analysis.rules.view import AccountView

NAME = "consistency"
ZERO = Decimal(0)


class Consistency(Parameters):
    """Topstep: the best day makes at most half of the profit."""

    looser: ClassVar[Mapping[str, Direction]] = {"max_share": Looser.HIGHER, "warn_share": Looser.HIGHER}
    max_share: Decimal = Field(Decimal("0.5"), gt=0, lt=1, description="share of all profit that the best day may make")
    warn_share: Decimal = Field(Decimal("0.9"), gt=0, lt=1, description="share of max_share from which it is said")
    costs_in: bool = Field(True, description="today's fees and funding count")


def evaluate(view: AccountView, parameters: Consistency) -> tuple[Verdict, ...]:
    """A share at the limit is allowed. measure: the best day, in money; threshold: max_share of all profit."""
    earlier = view.day_results
    if earlier is None or isinstance(earlier, Unknown):
        why = "they are not kept" if earlier is None else f"they could not be read: {earlier.detail}"
        return (unknown(NAME, "account", f"results of the earlier days: {why}"),)
    reading = read_limit(view, Limit(measure=Measure.REALIZED, amount=Decimal(1), costs_in=parameters.costs_in))
    if reading.value is None:
        return (unknown(NAME, "account", reading.missing),)
    results = {**{day: result for day, result in earlier.items() if day != view.day.day}, view.day.day: reading.value}
    total, best_day = sum(results.values(), ZERO), max(results, key=lambda day: (results[day], day))
    if total <= 0:
        return (fine(NAME, f"no profit yet ({plain(total)} {view.currency}): nothing to share"),)
    return (_gauge(view, parameters, results, total, best_day),)


def _gauge(view: AccountView, parameters: Consistency, results: Mapping[date, Decimal], total: Decimal, best_day: date) -> Verdict:
    best, share = results[best_day], parameters.max_share
    allowed = share * total
    missing = max(best / share - total, ZERO)
    used = best / allowed
    warns = used >= parameters.warn_share
    tail = f"; {plain(missing)} {view.currency} more on other days" if missing > 0 else ""
    return Verdict(
        rule=NAME,
        code=NAME,
        status=Status.WARN if warns else Status.OK,
        subject="account",
        message=f"best day {best_day}: {plain(best)} of {plain(total)} {view.currency}, at most {plain(allowed)}{tail}",
        measure=best,
        threshold=allowed,
        distance=allowed - best,
        room=_room_today(results, view.day.day, total, share),
        used=used,
        inputs={"best_day": best_day.isoformat(), "total": plain(total), "missing": plain(missing)},
    )


def _room_today(results: Mapping[date, Decimal], today: date, total: Decimal, share: Decimal) -> Decimal:
    """What today may still make until it is more than the share of all: t / (others + t) = share. Negative: already more."""
    others = total - results[today]
    return share * others / (1 - share) - results[today]


RULE = Rule(
    name=NAME,
    title="Consistency",
    source="prop firms' consistency rules (best day at most half of the profit)",
    parameters=Consistency,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the best day's closed profit against the profit of all days of the phase",
        fires="warns when the best day nears or exceeds its share; payouts wait for it, nothing is lost",
        does="tells what is missing on other days, and what today may still make",
        does_not="act or lock",
    ),
)
