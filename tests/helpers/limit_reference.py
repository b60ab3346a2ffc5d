"""The limit evaluator's slow twin: one long function, written from ruling 23's definition and the module's words, and random states
with parts missing. It shares no code with the evaluator but the types of its input."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from rule_views import level, money, position, trade, unread, view

from market_analysis.domain import Unknown
from market_analysis.rules.limit import Limit
from market_analysis.rules.view import AccountView, Anchors, Period

Answer = tuple[str, Decimal | None, Decimal | None]
UNKNOWN: Answer = ("unknown", None, None)


def slow_reading(seen: AccountView, limit: Limit) -> Answer:
    """Status, bound, room."""
    measure, anchor, share = limit.measure.value, limit.anchor.value, limit.amount_of.value
    cash = None if isinstance(seen.money, Unknown) else seen.money
    initial = seen.anchors.initial_balance
    if measure == "margin_level":
        return _margin(cash, limit)
    own = measure in ("equity", "balance")
    # 1. the reference
    reference: Decimal | None = None
    if anchor == "fixed":
        reference = initial
    elif anchor == "period_start":
        start = seen.anchors.period_start.get(limit.period)
        reference = None if start is None else _pick(start, limit)
        if reference is None and not own and share != "reference":
            reference = Decimal(0)
    else:
        peak = seen.anchors.real_time_peak if anchor == "real_time_peak" else seen.anchors.end_of_day_peak
        known = [] if peak is None else [_pick(peak, limit)]
        known += [] if limit.manual_peak is None else [limit.manual_peak]
        if known:
            reference = max([*known, *([] if initial is None else [initial])])
    # 2. the amount
    bases = {"initial": initial, "reference": reference, "current": None if cash is None else cash.balance}
    amount: Decimal | None = limit.amount
    if share != "absolute":
        base = bases[share]
        amount = None if base is None or base <= 0 else limit.amount * base
    # 3. the value
    value = _value(seen, cash, limit)
    if reference is None or amount is None or value is None:
        return UNKNOWN
    # 4. the bound, and how far it is
    if limit.kind.value == "profit":
        bound = amount + (reference if own else 0)
        room = bound - value
    else:
        bound = (reference if own else 0) - amount
        if limit.lock_at_initial and own:
            if initial is None:
                return UNKNOWN
            bound = min(bound, initial)
        room = value - bound
    # 5. the word for it, without division: used >= level is amount - room >= level * amount
    spent = amount - room
    if room < 0 or (room == 0 and not limit.strict):
        return "breach", bound, room
    if limit.act_at_frac is not None and spent >= limit.act_at_frac * amount:
        return "act", bound, room
    return ("warn" if any(spent >= part * amount for part in limit.warn_at) else "ok"), bound, room


def _pick(at: Any, limit: Limit) -> Decimal:
    return {"balance": at.balance, "equity": at.equity, "higher": max(at.balance, at.equity)}[limit.series.value]


def _value(seen: AccountView, cash: Any, limit: Limit) -> Decimal | None:
    closed: Decimal | None = Decimal(0)
    if limit.period is Period.DAY:
        if isinstance(seen.trades, Unknown):
            closed = None
        else:
            for item in seen.trades:
                if not item.voided and seen.day.start <= item.time < seen.day.end:
                    closed = (closed or Decimal(0)) + (item.realized or 0) - (item.costs if limit.costs_in else 0)
    else:
        start = seen.anchors.period_start.get(limit.period)
        closed = None if start is None or cash is None else cash.balance - start.balance
    profits = None if isinstance(seen.positions, Unknown) else [item.unrealized for item in seen.positions]
    floating = None if profits is None or None in profits else sum(profits, Decimal(0))  # type: ignore[arg-type]
    equity = None if cash is None else min(x for x in (cash.equity, cash.equity_if_flat) if x is not None)
    return {
        "realized": closed,
        "unrealized": floating,
        "realized_and_unrealized": None if closed is None or floating is None else closed + floating,
        "floating": None if cash is None or equity is None else equity - cash.balance,
        "balance": None if cash is None else cash.balance,
        "equity": equity,
    }[limit.measure.value]


def _margin(cash: Any, limit: Limit) -> Answer:
    if cash is None or cash.margin_used is None:
        return UNKNOWN
    if cash.margin_used <= 0:
        return "ok", limit.amount, None
    held = cash.equity / cash.margin_used
    room = held - limit.amount
    if room < 0 or (room == 0 and not limit.strict):
        return "breach", limit.amount, room
    near = [part for part in limit.warn_at if limit.amount >= part * held]
    if limit.act_at_frac is not None and limit.amount >= limit.act_at_frac * held:
        return "act", limit.amount, room
    return ("warn" if near else "ok"), limit.amount, room


def random_state(seed: int) -> tuple[AccountView, Limit]:
    """Levels near each other, so that every status occurs; each part is missing in some."""
    pick = random.Random(seed)

    def cents(low: int, high: int) -> str:
        return str(Decimal(pick.randint(low * 4, high * 4)) / 4)

    def at() -> Any:
        return level(cents(9000, 11000), cents(9000, 11000))

    def perhaps(value: Any, missing: Any, chance: float = 0.1) -> Any:
        return missing if pick.random() < chance else value

    anchors = Anchors(
        perhaps(Decimal(cents(9500, 10500)), None),
        {period: at() for period in Period if pick.random() < 0.85},
        perhaps(at(), None),
        perhaps(at(), None),
    )
    kinds = {"voided": [False, False, True], "by_guard": [False, True]}
    trades = tuple(
        trade(
            f"o{n}",
            pick.choice([5, 500, 53_999, 54_000, 54_001]),
            perhaps(cents(-600, 600), None),
            cents(0, 20),
            **{k: pick.choice(v) for k, v in kinds.items()},
        )
        for n in range(pick.randint(0, 4))
    )
    held = tuple(position(f"P{n}", cents(1, 3), perhaps(cents(50, 150), None, 0.05)) for n in range(pick.randint(0, 3)))
    cash = money(cents(8500, 11500), cents(8500, 11500), perhaps(cents(1, 12000), "0"), perhaps(cents(8500, 11500), None, 0.5))
    seen = view(anchors=anchors, money=perhaps(cash, unread()), trades=perhaps(trades, unread()), positions=perhaps(held, unread()))
    return seen, _random_limit(pick)


def _random_limit(pick: random.Random) -> Limit:
    measure = pick.choice(
        ["equity"] * 4 + ["balance", "realized", "unrealized", "realized_and_unrealized", "floating", "margin_level"]
    )
    amount_of = "absolute" if measure == "margin_level" else pick.choice(["absolute", "initial", "reference", "current"])
    amount = str(pick.randint(100, 1500)) if amount_of == "absolute" else pick.choice(["0.05", "0.1", "0.025"])
    return Limit.model_validate(
        {
            "measure": measure,
            "kind": pick.choice(["loss", "loss", "profit"]),
            "series": pick.choice(["balance", "equity", "higher"]),
            "anchor": pick.choice(["fixed", "period_start", "real_time_peak", "end_of_day_peak"]),
            "period": pick.choice(["day", "day", "week", "phase"]),
            "amount": pick.choice(["1", "1.25", "0.5"]) if measure == "margin_level" else amount,
            "amount_of": amount_of,
            "lock_at_initial": pick.random() < 0.3,
            "manual_peak": pick.choice([None, None, "10250"]),
            "costs_in": pick.random() < 0.5,
            "strict": pick.random() < 0.3,
            "warn_at": pick.choice([(), ("0.7", "0.9"), ("0.5",)]),
            "act_at_frac": pick.choice([None, "0.85", "0.4", "1"]),
        }
    )
