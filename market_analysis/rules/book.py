"""What rules ask of the positions and orders of an account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from market_analysis.domain import Order, OrderPurpose, Unknown
from market_analysis.rules.roots import canonical
from market_analysis.rules.view import AccountView, Period, PositionView

ZERO = Decimal(0)
HOLDING, HEDGE = "holding", "hedge"


class Enforcement(StrEnum):
    """What a rule does about a position that is too large: tell; deny more; bring it back with room; close it."""

    ALERT = "alert"
    BLOCK = "block"
    REDUCE = "reduce"
    CLOSE = "close"


class EquityBase(StrEnum):
    """What an amount is a share of; absolute: it is money. The level at the start of the day does not move while positions are
    brought back (ruling 28)."""

    ABSOLUTE = "absolute"
    DAY_START_EQUITY = "day_start_equity"
    CURRENT_EQUITY = "current_equity"
    INITIAL_BALANCE = "initial_balance"


def is_holding(item: PositionView) -> bool:
    """A balance that is held, not a contract: nothing here closes it."""
    return HOLDING in item.tags


def is_exempt(item: PositionView) -> bool:
    """Tagged by its owner as a hedge or a holding: no rule on single positions touches it (ruling 27)."""
    return bool(item.tags & {HOLDING, HEDGE})


def contracts(positions: Iterable[PositionView]) -> tuple[PositionView, ...]:
    """Positions without holdings."""
    return tuple(item for item in positions if not is_holding(item))


def adds_risk(order: Order) -> bool:
    """Whether it can open or enlarge a position; what cannot be told counts."""
    return not order.reduce_only and order.purpose in (OrderPurpose.ENTRY, OrderPurpose.UNKNOWN)


def by_root(positions: Iterable[PositionView]) -> dict[str, tuple[PositionView, ...]]:
    """Positions of each root, aliases resolved, in alphabetical order of the roots."""
    found: dict[str, list[PositionView]] = {}
    for item in positions:
        found.setdefault(canonical(item.root), []).append(item)
    return {root: tuple(found[root]) for root in sorted(found)}


def notional(item: PositionView) -> Decimal | None:
    """Value at the mark in the account's currency, without sign (oil has traded below zero); None when the mark or the contract's
    terms are unknown."""
    if item.notional is not None:
        return item.notional
    if item.tick_value is None or isinstance(item.mark, Unknown):
        return None
    return abs(item.mark.price) / item.tick_size * item.tick_value * item.quantity


def mark_problem(item: PositionView, now: datetime, most_seconds: int) -> str:
    """Why its mark cannot be acted on, else empty: not read, or older than so many seconds (ruling 25: stale never enforces)."""
    if isinstance(item.mark, Unknown):
        return f"no mark of {item.key}: {item.mark.detail}"
    age = (now - item.mark.at).total_seconds()
    return f"the mark of {item.key} is {age:.0f} s old" if age > most_seconds else ""


def lot(item: PositionView) -> Decimal:
    """The step of its quantity; where it is not known, the last digit of the quantity, but at most 1."""
    if item.quantity_step is not None:
        return item.quantity_step
    exponent = item.quantity.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(int(exponent), 0))


def lots_up(quantity: Decimal, item: PositionView) -> Decimal:
    """The least multiple of its lot that is not below `quantity`."""
    step = lot(item)
    return (quantity / step).to_integral_value(rounding=ROUND_CEILING) * step


def lots_down(quantity: Decimal, item: PositionView) -> Decimal:
    """The largest multiple of its lot that is not above `quantity`."""
    step = lot(item)
    return (quantity / step).to_integral_value(rounding=ROUND_FLOOR) * step


def equity_base(view: AccountView, base: EquityBase) -> Decimal | str:
    """What a share is of, above zero (absolute: 1); or why it is not known."""
    if base is EquityBase.ABSOLUTE:
        return Decimal(1)
    if base is EquityBase.INITIAL_BALANCE:
        level = view.anchors.initial_balance
        why = "the initial balance is not known"
    elif base is EquityBase.DAY_START_EQUITY:
        start = view.anchors.period_start.get(Period.DAY)
        level, why = (None if start is None else start.equity), "the day's start was not seen"
    else:
        level = None if isinstance(view.money, Unknown) else view.money.equity
        why = f"equity could not be read: {view.money.detail}" if isinstance(view.money, Unknown) else ""
    if level is None:
        return why
    return level if level > 0 else f"{base.value.replace('_', ' ')} is {level.normalize():f}: no share of it is a limit"


def names(items: Sequence[PositionView]) -> str:
    """Their keys, for a message."""
    return ", ".join(str(item.key) for item in items)
