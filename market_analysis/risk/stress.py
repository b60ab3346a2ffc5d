"""What the book would make of a day that has been or may come: prices moved all at once, no stop filled, nothing traded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from market_analysis.quant.value_at_risk.losses import line_losses
from market_analysis.risk.book_structure import StressResult
from market_analysis.risk.exposure import Line
from market_analysis.risk.margin_model import MarginModel
from market_analysis.risk.market_factor import MarketFactor
from market_analysis.risk.stress_windows import stress_windows
from market_analysis.risk.valuation import rounded
from market_analysis.settings import StressScenario

FACTOR_MOVES = (-0.30, -0.20, -0.10, 0.10, 0.20)
WORST_SIGMAS = 2.3263478740408408
"""Of the scenario in which correlation is one and against every asset: the 99 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """moves: simple return of every asset of the book, above -1. basis: what moves the assets that the scenario does not name."""

    name: str
    kind: str
    hours: int | None
    moves: Mapping[str, float]
    basis: str


@dataclass(frozen=True, slots=True, eq=False)
class StressBook:
    """lines: with known dollars. caps (lines,): most that each can lose. margin: the cross-margin model, None where there is none
    to liquidate; margin_known: whether None means that."""

    lines: tuple[Line, ...]
    caps: tuple[float, ...]
    equity_usd: float | None
    margin: MarginModel | None
    margin_known: bool


def scenarios(
    assets: Sequence[str],
    factor: MarketFactor,
    net_usd: Mapping[str, float],
    sigma_day: Mapping[str, float],
    user: Sequence[StressScenario],
) -> tuple[Scenario, ...]:
    """Every scenario with a move for every asset: the historical ones, the factor's moves through betas, everything against the
    book at once, and the user's own."""
    found = [
        Scenario(
            f"{window.name}, {moves.hours} h from {moves.start[:10]}",
            "historical",
            moves.hours,
            {asset: moves.coins.get(asset, moves.other_coins) for asset in assets},
            "coins not listed then: the median of those that were, without BTC and ETH",
        )
        for window in stress_windows()
        for moves in window.moves
    ]
    for move in FACTOR_MOVES:
        through = {asset: (1.0 + move) ** factor.beta.get(asset, 1.0) - 1.0 for asset in assets}
        found.append(Scenario(f"{factor.name} {move:+.0%}", "hypothetical", None, through, "beta of 60 days, 1 where unknown"))
    if all(asset in sigma_day for asset in assets):
        against = {asset: float(np.expm1(-np.sign(net_usd.get(asset, 0.0)) * WORST_SIGMAS * sigma_day[asset])) for asset in assets}
        found.append(Scenario("every asset against the book, 2.33 sigma", "worst_case", 24, against, "correlation one, adverse"))
    found += [_of_user(item, assets, factor) for item in user]
    return tuple(found)


def _of_user(item: StressScenario, assets: Sequence[str], factor: MarketFactor) -> Scenario:
    named = {name.upper(): move for name, move in item.moves.items()}
    benchmark = named.get(factor.name)
    if item.other is not None:
        basis, fill = f"other = {item.other:+.0%}", dict.fromkeys(assets, item.other)
    elif benchmark is not None:
        basis = f"beta to {factor.name}"
        fill = {asset: (1.0 + benchmark) ** factor.beta.get(asset, 1.0) - 1.0 for asset in assets}
    else:
        basis, fill = "unnamed assets stand still", dict.fromkeys(assets, 0.0)
    return Scenario(item.name, "user", None, {asset: named.get(asset.upper(), fill[asset]) for asset in assets}, basis)


def stress_result(scenario: Scenario, book: StressBook) -> StressResult:
    """Profit and loss of the lines, the equity left, and whether cross margin is gone at those prices."""
    moves = np.log1p([scenario.moves[line.asset] for line in book.lines])
    deltas = np.array([line.delta_usd or 0.0 for line in book.lines])
    profits = -line_losses(moves[None, :], deltas, np.array(book.caps))[0] if book.lines else np.zeros(0)
    total = float(profits.sum())
    worst = int(np.argmin(profits)) if profits.size and profits.min() < 0.0 else None
    equity = book.equity_usd
    return StressResult(
        name=scenario.name,
        kind=scenario.kind,
        hours=scenario.hours,
        pnl_usd=rounded(total),
        pnl_frac=total / equity if equity else None,
        equity_after_usd=None if equity is None else rounded(equity + total),
        liquidated=_liquidated(scenario, book),
        worst=None if worst is None else book.lines[worst].subject,
        worst_pnl_usd=None if worst is None else rounded(float(profits[worst])),
        basis=scenario.basis,
    )


def _liquidated(scenario: Scenario, book: StressBook) -> bool | None:
    if book.margin is None:
        return False if book.margin_known else None
    return book.margin.cushion_at({asset: 1.0 + move for asset, move in scenario.moves.items()}) <= 0.0
