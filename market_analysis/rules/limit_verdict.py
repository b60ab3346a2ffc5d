"""A limit's reading as a rule's verdict: what was measured, what is left, what is asked for."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.rules.bridge import withheld
from market_analysis.rules.limit import Limit, LimitReading, Measure, read_limit
from market_analysis.rules.verdict import Lock, Response, Status, Verdict
from market_analysis.rules.view import AccountView, Period

_ACTS = frozenset({Status.ACT, Status.BREACH})
_ON_EQUITY = frozenset({Measure.EQUITY, Measure.BALANCE, Measure.FLOATING, Measure.MARGIN_LEVEL})


def limit_verdict(
    view: AccountView, limit: Limit, *, rule: str, title: str, responses: tuple[Response, ...], lock: Lock | None, blocks: str
) -> Verdict:
    """The verdict on the whole account. responses, lock, blocks: what is asked for from ACT on.

    Where equity has changed without a reason that is known, a limit on it tells and does not act (ruling 16).
    """
    reading = read_limit(view, limit)
    if reading.status is Status.UNKNOWN:
        return Verdict(rule, f"{rule}_unknown", Status.UNKNOWN, "account", f"{title}: {reading.missing}")
    doubt = withheld(view) if limit.measure in _ON_EQUITY and reading.status in _ACTS else ""
    acts = reading.status in _ACTS and not doubt
    in_money = limit.measure is not Measure.MARGIN_LEVEL
    return Verdict(
        rule=rule,
        code=rule,
        status=reading.status,
        subject="account",
        message=_message(title, limit, reading, view.currency) + doubt,
        measure=reading.value,
        threshold=reading.bound,
        unit="money" if in_money else "fraction",
        distance=reading.room,
        room=reading.room if in_money else None,
        used=reading.used,
        responses=responses if acts else (),
        lock=lock if acts else None,
        blocks=blocks if acts else "",
        certain=limit.measure is Measure.REALIZED and limit.period is Period.DAY,
        inputs=_inputs(limit, reading),
    )


def _message(title: str, limit: Limit, reading: LimitReading, currency: str) -> str:
    if reading.value is None or reading.bound is None:
        return f"{title}: nothing to limit"
    unit = "" if limit.measure is Measure.MARGIN_LEVEL else f" {currency}"
    left = "" if reading.room is None else f", {plain(reading.room)}{unit} left"
    return (
        f"{title}: {limit.measure.value.replace('_', ' ')} {plain(reading.value)}{unit}, limit {plain(reading.bound)}{unit}{left}"
    )


def _inputs(limit: Limit, reading: LimitReading) -> dict[str, str]:
    named = {"reference": reading.reference, "amount": reading.amount, "act_at_frac": limit.act_at_frac}
    return {name: plain(value) for name, value in named.items() if value is not None}


def plain(value: Decimal) -> str:
    """A number as a person writes it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if text not in ("-0", "") else "0"
