"""SymbolBlocks (document 002, rule 11): roots that are not to be traded at all."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import Order, Unknown
from market_analysis.rules.book import adds_risk, by_root, contracts
from market_analysis.rules.hedged import Plan, close_together
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import fine
from market_analysis.rules.roots import canonical_set, root_of
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import CancelOrders, Ends, Lock, Response, Status, Verdict
from market_analysis.rules.view import AccountView

NAME = "symbol_blocks"
ZERO = Decimal(0)


class SymbolBlocks(Parameters):
    """Roots match exactly, whatever their case and alias: MES is not ES."""

    looser: ClassVar[Mapping[str, Direction]] = {"blocked_symbols": Looser.FEWER, "close_existing": Looser.LOWER}
    blocked_symbols: tuple[str, ...] = Field((), description="roots; aliases are known: EP is ES, ENQ is NQ")
    close_existing: bool = Field(True, description="close what is held of them; else only entries are cancelled")


def evaluate(view: AccountView, parameters: SymbolBlocks) -> tuple[Verdict, ...]:
    """One verdict per blocked root that is held or ordered, all expiries together; the lock is that root's, while it is blocked."""
    blocked = canonical_set(parameters.blocked_symbols)
    if not blocked:
        return (fine(NAME, "no symbol is blocked"),)
    positions, orders = view.positions, view.orders
    if isinstance(positions, Unknown) or isinstance(orders, Unknown):
        return (unknown(NAME, "account", "blocked symbols: positions and orders could not be read"),)
    held = by_root(contracts(positions))
    entries: dict[str, list[Order]] = {}
    for order in filter(adds_risk, orders):
        entries.setdefault(root_of(order.instrument, view.roots), []).append(order)
    verdicts = []
    for root in sorted(blocked & {*held, *entries}):
        legs = held.get(root, ())
        plan = close_together(positions, legs) if parameters.close_existing else Plan(())
        cancelled = {item.instrument for item in plan.responses if isinstance(item, CancelOrders)}
        rest = sorted({order.instrument for order in entries.get(root, [])} - cancelled)
        responses: tuple[Response, ...] = (*plan.responses, *map(CancelOrders, rest))
        size = sum((item.quantity for item in legs), ZERO)
        verdicts.append(_blocked(root, size, len(entries.get(root, [])), responses, plan.note))
    return tuple(verdicts) or (fine(NAME, f"nothing is held or ordered of {', '.join(sorted(blocked))}"),)


def _blocked(root: str, size: Decimal, orders: int, responses: tuple[Response, ...], note: str) -> Verdict:
    return Verdict(
        rule=NAME,
        code=NAME,
        status=Status.BREACH,
        subject=root,
        message=f"{root} is blocked: {plain(size)} contracts held, {orders} entry orders{note}",
        measure=size,
        threshold=ZERO,
        unit="contracts",
        distance=-size,
        responses=responses,
        lock=Lock(Ends.CONDITION, None, root),
        blocks=f"new risk in {root} while it is blocked",
    )


RULE = Rule(
    name=NAME,
    title="Blocked symbols",
    source="document 002, RULE-011",
    parameters=SymbolBlocks,
    evaluate=evaluate,
    explanation=Explanation(
        watches="positions and entry orders of the blocked roots, all their expiries and names",
        fires="when there is one",
        does="closes it with its hedge, cancels the entries, locks that root while it is blocked",
        does_not="touch other roots, a micro of the same index, or holdings",
    ),
)
