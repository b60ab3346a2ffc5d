"""How far the market must move for a cross-margin account to be liquidated, and its margin rate with every stop reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from market_analysis.domain import PositionKey
from market_analysis.risk.margin_model import MarginModel, Moves

DOWN_REACH_FRAC = -0.99
UP_REACH_FRAC = 4.0
"""A fall to a hundredth and a rise to five times: beyond that a liquidation is not what the reader should fear."""
_STEPS = 800
_BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class AtStop:
    """One position with its price at its stop: stop_price (or the stress price where none rests), its loss from the mark, USD."""

    key: PositionKey
    stop_price: float
    can_lose_usd: float


def joint_liquidation_move(model: MarginModel) -> float | None:
    """Signed simple move of the factor at which margin balance first equals maintenance margin; the nearer of down and up.

    Each asset's log move is beta times the factor's. The cushion is scanned outward from no move (it is piecewise smooth with
    kinks at tier limits) and the first sign change is bisected to machine precision. 0.0 when the account is there
    already; None when no root lies within -99 % .. +400 %. Equal distances: down.
    """
    if float(model.cushion_usd(np.zeros(1))[0]) <= 0.0:
        return 0.0
    roots = [
        root
        for reach in (DOWN_REACH_FRAC, UP_REACH_FRAC)
        if (root := _first_root(model.cushion_usd, float(np.log1p(reach)))) is not None
    ]
    return min((float(np.expm1(root)) for root in roots), key=abs, default=None)


def grid_within(distance_frac: float | None) -> Moves:
    """Log moves nearer than `distance_frac` (None: the whole reach), both directions, for comparing books cheaply."""
    low, high = (DOWN_REACH_FRAC, UP_REACH_FRAC)
    if distance_frac is not None:
        low, high = max(low, -abs(distance_frac)), min(high, abs(distance_frac))
    down = np.linspace(0.0, np.log1p(low), _STEPS)
    up = np.linspace(0.0, np.log1p(high), _STEPS)
    return np.concatenate([down[:-1], up[1:-1]])


def margin_rate_at_stops(model: MarginModel, at_stops: Mapping[PositionKey, AtStop]) -> float | None:
    """Maintenance margin over margin balance with every cross position at its stop, all at once and just before the stops fill.

    Balance: now, less each position's loss (hedge legs not netted), less the fall of collateral and of open profit in coins, each
    to the lowest stop of its own asset. Maintenance margin: each position's at its stop price. inf when no balance is left; None
    when a position is missing.
    """
    if any(line.key not in at_stops for line in model.lines):
        return None
    maintenance = model.other_maintenance_usd
    balance = model.margin_balance_usd
    relative: dict[str, float] = {}
    for line in model.lines:
        stop = at_stops[line.key]
        price = np.array([stop.stop_price])
        maintenance += float(model.line_maintenance_usd(line, price)[0])
        balance -= stop.can_lose_usd
        relative[line.asset] = min(relative.get(line.asset, 1.0), stop.stop_price / line.mark)
    for line in model.lines:
        price = np.array([line.mark * relative[line.asset]])
        balance += min(0.0, float((line.usd(price)[0] - line.settle_usd) * line.profit))
    for item in model.collateral:
        balance += min(0.0, float(item.change_usd(np.array([relative.get(item.asset, 1.0)]))[0]))
    return maintenance / balance if balance > 0.0 else float("inf")


def _first_root(cushion: Callable[[Moves], Moves], reach: float) -> float | None:
    grid = np.linspace(0.0, reach, _STEPS)
    dead = np.flatnonzero(cushion(grid) <= 0.0)
    if not dead.size:
        return None
    alive_end, dead_end = float(grid[dead[0] - 1]), float(grid[dead[0]])
    for _ in range(_BISECTIONS):
        middle = 0.5 * (alive_end + dead_end)
        if float(cushion(np.array([middle]))[0]) <= 0.0:
            dead_end = middle
        else:
            alive_end = middle
    return dead_end
