"""MaxContracts (document 002, rule 1): at most so many contracts over all instruments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import InstrumentId, PositionKey, Unknown
from market_analysis.rules.book import Enforcement, contracts
from market_analysis.rules.hedged import Plan, reduce_together
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import Measured
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Response, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "max_contracts"
ZERO = Decimal(0)


class CountType(StrEnum):
    """net: long less short of each contract, without sign, summed. gross: every contract."""

    NET = "net"
    GROSS = "gross"


class MaxContracts(Parameters):
    """Document 002: close_all is its default; reduce brings the largest back first, hedged pairs together."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "limit": Looser.HIGHER,
        "count_type": ("gross", "net"),
        "enforcement": ("close", "reduce", "block", "alert"),
        "release_frac": Looser.HIGHER,
        "lockout_on_breach": Looser.LOWER,
    }
    limit: Decimal = Field(Decimal(5), gt=0, description="contracts over all instruments")
    count_type: CountType = Field(CountType.NET, description="net or gross")
    enforcement: Enforcement = Field(Enforcement.CLOSE, description="alert, block, reduce, close (everything)")
    release_frac: Decimal = Field(Decimal("0.85"), gt=0, le=1, description="share of the limit to which it reduces")
    lockout_on_breach: bool = Field(False, description="lock the account until its reset")


def counted(positions: Iterable[PositionView], count_type: CountType) -> dict[PositionKey, Decimal]:
    """Contracts of each position that count: all, or what its side has more than the other side of the same contract."""
    items = contracts(positions)
    if count_type is CountType.GROSS:
        return {item.key: item.quantity for item in items}
    net: dict[InstrumentId, Decimal] = {}
    for item in items:
        net[item.key.instrument] = net.get(item.key.instrument, ZERO) + item.side.sign * item.quantity
    found = {}
    for item in sorted(items, key=lambda leg: (-leg.quantity, leg.key)):
        left = net[item.key.instrument]
        share = min(item.quantity, max(item.side.sign * left, ZERO))
        net[item.key.instrument] = left - item.side.sign * share
        found[item.key] = share
    return found


def release(limit: Decimal, frac: Decimal) -> Decimal:
    """Where a reduction ends: with room (ruling 28), but a limit that allows one contract leaves one."""
    return max(limit * frac, min(limit, Decimal(1)))


def evaluate(view: AccountView, parameters: MaxContracts) -> tuple[Verdict, ...]:
    """Above the limit is a breach; at it is not. Holdings are no contracts."""
    positions = view.positions
    if isinstance(positions, Unknown):
        return (unknown(NAME, "account", f"contracts: the positions could not be read: {positions.detail}"),)
    counts = counted(positions, parameters.count_type)
    total = sum(counts.values(), ZERO)
    inputs = {"count_type": parameters.count_type.value, "positions": str(len(counts))}
    measured = Measured(total, parameters.limit, "contracts", reaches=False, inputs=inputs)
    plan = Plan(())
    responses: tuple[Response, ...] = ()
    if total > parameters.limit and parameters.enforcement is Enforcement.CLOSE:
        responses = (CloseAll(),)
    elif total > parameters.limit and parameters.enforcement is Enforcement.REDUCE:
        excess = total - release(parameters.limit, parameters.release_frac)
        plan = reduce_together(positions, excess, lambda item: Decimal(1), counts)
        responses = plan.responses
    message = f"{plain(total)} contracts {parameters.count_type.value}, limit {plain(parameters.limit)}{plan.note}"
    locks = parameters.lockout_on_breach
    return (
        measured.verdict(
            NAME,
            "account",
            message,
            responses=responses,
            lock=_lock(view, parameters),
            blocks="new risk until the reset" if locks else "more contracts while above the limit",
        ),
    )


def _lock(view: AccountView, parameters: MaxContracts) -> Lock | None:
    if parameters.lockout_on_breach:
        return Lock(Ends.RESET, view.day.end)
    return Lock(Ends.CONDITION, None) if parameters.enforcement is Enforcement.BLOCK else None


RULE = Rule(
    name=NAME,
    title="Contracts over all instruments",
    source="document 002, RULE-001",
    parameters=MaxContracts,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the contracts held, net of each contract's other side or gross",
        fires="when there are more than the limit",
        does="closes every position, or brings the largest back with room, both sides of a hedge together",
        does_not="count resting orders or holdings, or lock the account unless told to",
    ),
)
