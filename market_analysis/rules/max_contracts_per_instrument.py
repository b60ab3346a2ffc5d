"""MaxContractsPerInstrument (document 002, rule 2): at most so many contracts of a root, all its expiries together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from pydantic import Field, model_validator

from market_analysis.domain import Unknown
from market_analysis.rules.book import Enforcement, by_root, contracts
from market_analysis.rules.hedged import Plan, close_together, reduce_together
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.max_contracts import CountType, counted, release
from market_analysis.rules.measured import Measured, fine
from market_analysis.rules.roots import canonical
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import Ends, Lock, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "max_contracts_per_instrument"
ZERO = Decimal(0)


class UnknownSymbol(StrEnum):
    """What a root without a limit of its own may have: nothing, `unknown_symbol_limit` contracts, anything."""

    BLOCK = "block"
    ALLOW_WITH_LIMIT = "allow_with_limit"
    ALLOW_UNLIMITED = "allow_unlimited"


class MaxContractsPerInstrument(Parameters):
    """limits has no default: blocking every root that is not named would close a whole book."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "unknown_symbol_action": ("block", "allow_with_limit", "allow_unlimited"),
        "unknown_symbol_limit": Looser.HIGHER,
        "count_type": ("gross", "net"),
        "enforcement": ("close", "reduce", "block", "alert"),
        "release_frac": Looser.HIGHER,
        "lockout_on_breach": Looser.LOWER,
    }
    limits: Mapping[str, Decimal] = Field(min_length=1, description="contracts by root; aliases are known: EP is ES, ENQ is NQ")
    unknown_symbol_action: UnknownSymbol = Field(UnknownSymbol.BLOCK, description="block, allow_with_limit, allow_unlimited")
    unknown_symbol_limit: Decimal = Field(Decimal(1), ge=0, description="contracts of a root without a limit, for allow_with_limit")
    count_type: CountType = Field(CountType.GROSS, description="net or gross")
    enforcement: Enforcement = Field(Enforcement.REDUCE, description="alert, block, reduce, close (that root)")
    release_frac: Decimal = Field(Decimal("0.85"), gt=0, le=1, description="share of the limit to which it reduces")
    lockout_on_breach: bool = Field(False, description="lock that root until the reset")

    @model_validator(mode="after")
    def _one_limit_each(self) -> MaxContractsPerInstrument:
        if any(limit < 0 for limit in self.limits.values()):
            raise ValueError("limits must be 0 or more contracts")
        if len({canonical(root) for root in self.limits}) < len(self.limits):
            raise ValueError("limits names a root twice under two of its names; keep one")
        return self

    def limit_of(self, root: str) -> Decimal | None:
        """The limit of a canonical root, None without one."""
        known = {canonical(name): limit for name, limit in self.limits.items()}
        if root in known:
            return known[root]
        if self.unknown_symbol_action is UnknownSymbol.ALLOW_UNLIMITED:
            return None
        return ZERO if self.unknown_symbol_action is UnknownSymbol.BLOCK else self.unknown_symbol_limit


def evaluate(view: AccountView, parameters: MaxContractsPerInstrument) -> tuple[Verdict, ...]:
    """One verdict per root that is held."""
    positions = view.positions
    if isinstance(positions, Unknown):
        return (unknown(NAME, "account", f"contracts per root: the positions could not be read: {positions.detail}"),)
    verdicts = [
        _judge(view, parameters, root, limit, positions)
        for root in by_root(contracts(positions))
        if (limit := parameters.limit_of(root)) is not None
    ]
    return tuple(verdicts) or (fine(NAME, "no contract that has a limit is held"),)


def _judge(
    view: AccountView, parameters: MaxContractsPerInstrument, root: str, limit: Decimal, positions: Sequence[PositionView]
) -> Verdict:
    legs = tuple(item for item in positions if canonical(item.root) == root)
    counts = counted(legs, parameters.count_type)
    total = sum(counts.values(), ZERO)
    plan = Plan(())
    if total > limit and parameters.enforcement is Enforcement.CLOSE:
        plan = close_together(legs, contracts(legs))
    elif total > limit and parameters.enforcement is Enforcement.REDUCE:
        plan = reduce_together(legs, total - release(limit, parameters.release_frac), lambda item: Decimal(1), counts)
    measured = Measured(total, limit, "contracts", reaches=False, inputs={"count_type": parameters.count_type.value})
    return measured.verdict(
        NAME,
        root,
        f"{root}: {plain(total)} contracts, limit {plain(limit)}{plan.note}",
        responses=plan.responses,
        lock=_lock(view, parameters, root),
        blocks=f"new risk in {root} until the reset" if parameters.lockout_on_breach else f"more {root} while above the limit",
    )


def _lock(view: AccountView, parameters: MaxContractsPerInstrument, root: str) -> Lock | None:
    if parameters.lockout_on_breach:
        return Lock(Ends.RESET, view.day.end, root)
    return Lock(Ends.CONDITION, None, root) if parameters.enforcement is Enforcement.BLOCK else None


RULE = Rule(
    name=NAME,
    title="Contracts of one root",
    source="document 002, RULE-002",
    parameters=MaxContractsPerInstrument,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the contracts of each root, all expiries and venue names together",
        fires="when a root has more than its limit, or any at all where it has none and unknown roots are blocked",
        does="brings that root back with room, both sides of a hedge together, or closes it",
        does_not="touch other roots; a micro is its own root",
    ),
)
