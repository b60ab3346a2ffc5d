"""Margin balance and maintenance margin of a cross-margin account when all prices move together (ruling 13).

The venue's own figures give the level, the model gives the change: at no move the margin rate is exactly the venue's. Sources of
the arithmetic: Bybit help centre, "Maintenance Margin (USDT Contract)", "The New Margin Calculation: Adjustments and
Implications", "Trading Terms and Formulas in Unified Trading Account".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import PositionKey

Moves = NDArray[np.float64]
"""Log moves (G,) of the market factor."""


@dataclass(frozen=True, slots=True, eq=False)
class MarginLine:
    """One cross position. units: contracts times contract size. settle_usd: dollars per settle coin now. profit: unrealised, in the
    settle coin. limits, rates, deductions: the tier schedule, ascending, in contract value (linear: quote; inverse: base coin).
    closing_fee_frac: of the contract value, to close at the bankruptcy price."""

    key: PositionKey
    asset: str
    sign: int
    units: float
    mark: float
    is_inverse: bool
    settle_usd: float
    profit: float
    beta: float
    limits: NDArray[np.float64]
    rates: NDArray[np.float64]
    deductions: NDArray[np.float64]
    closing_fee_frac: float

    def value(self, price: Moves) -> Moves:
        """Contract value in the settle coin: units * price, or units / price of an inverse contract."""
        return self.units / price if self.is_inverse else self.units * price

    def usd(self, price: Moves) -> Moves:
        """Dollars per settle coin when the asset is at `price`; the coin of an inverse contract moves with it."""
        return self.settle_usd * price / self.mark if self.is_inverse else np.full_like(price, self.settle_usd)

    def maintenance_usd(self, price: Moves, fraction: float = 1.0) -> Moves:
        """max(0, value * rate - deduction) of the tier the value lies in, plus the closing fee, of `fraction` of the position."""
        value = self.value(price) * fraction
        tier = np.minimum(np.searchsorted(self.limits, value, side="left"), self.limits.size - 1)
        required = np.maximum(value * self.rates[tier] - self.deductions[tier], 0.0)
        return np.asarray((required + value * self.closing_fee_frac) * self.usd(price))

    def profit_change_usd(self, price: Moves, fraction: float = 1.0) -> Moves:
        """Change in the dollar value of the position's profit, of `fraction` of it; what was closed before stays as cash."""
        gain = 1.0 / self.mark - 1.0 / price if self.is_inverse else price - self.mark
        usd = self.usd(price)
        return np.asarray(fraction * self.sign * self.units * gain * usd + self.profit * (usd - self.settle_usd))


@dataclass(frozen=True, slots=True)
class Collateral:
    """A non-stable balance behind the margin. value_usd: before the haircut, now. falls_frac, rises_frac: the part of a fall or a
    rise that reaches the margin balance; they differ only where the haircut could not be read (the worst is taken)."""

    coin: str
    asset: str
    value_usd: float
    falls_frac: float
    rises_frac: float
    beta: float

    def change_usd(self, relative: Moves) -> Moves:
        """Change of its margin value when its price is multiplied by `relative`."""
        change = self.value_usd * (relative - 1.0)
        return np.asarray(np.where(change < 0.0, change * self.falls_frac, change * self.rises_frac))


@dataclass(frozen=True, slots=True, eq=False)
class MarginModel:
    """The account. margin_balance_usd: the venue's, now. other_maintenance_usd: the venue's maintenance margin less the model's,
    now: options, borrowings, rounding; kept constant, never negative. maintenance_scale: in [0, 1], below one where the venue
    states less than the model (margin offsets), so that maintenance margin cannot turn negative."""

    lines: tuple[MarginLine, ...]
    collateral: tuple[Collateral, ...]
    margin_balance_usd: float
    other_maintenance_usd: float
    maintenance_scale: float = 1.0

    def line_maintenance_usd(self, line: MarginLine, price: Moves, fraction: float = 1.0) -> Moves:
        """Maintenance margin of a line at its price, as the venue would state it."""
        return self.maintenance_scale * line.maintenance_usd(price, fraction)

    def line_cushion_usd(self, line: MarginLine, moves: Moves, fraction: float = 1.0) -> Moves:
        """What a line adds to margin balance less maintenance margin after the factor's log moves, shape of `moves`."""
        price = line.mark * np.exp(line.beta * moves)
        return line.profit_change_usd(price, fraction) - self.line_maintenance_usd(line, price, fraction)

    def fixed_cushion_usd(self, moves: Moves) -> Moves:
        """What does not depend on the positions."""
        level = np.full_like(moves, self.margin_balance_usd - self.other_maintenance_usd)
        return level + sum((item.change_usd(np.exp(item.beta * moves)) for item in self.collateral), start=np.zeros_like(moves))

    def cushion_usd(self, moves: Moves) -> Moves:
        """Margin balance less maintenance margin: liquidated where it is at or below zero."""
        return self.fixed_cushion_usd(moves) + sum(
            (self.line_cushion_usd(line, moves) for line in self.lines), start=np.zeros_like(moves)
        )

    def cushion_at(self, relative: Mapping[str, float]) -> float:
        """Margin balance less maintenance margin with each asset's price times `relative` (1 where it is not named), USD."""
        cushion = self.margin_balance_usd - self.other_maintenance_usd
        for item in self.collateral:
            cushion += float(item.change_usd(np.array([relative.get(item.asset, 1.0)]))[0])
        for line in self.lines:
            price = np.array([line.mark * relative.get(line.asset, 1.0)])
            cushion += float((line.profit_change_usd(price) - self.line_maintenance_usd(line, price))[0])
        return cushion

    def margin_rate(self, move_frac: float) -> float:
        """Maintenance margin over margin balance after the factor moved by `move_frac` (simple); inf when no balance is left."""
        moves = np.array([np.log1p(move_frac)])
        maintenance = self.other_maintenance_usd + sum(
            float(self.line_maintenance_usd(line, line.mark * np.exp(line.beta * moves))[0]) for line in self.lines
        )
        balance = float(self.cushion_usd(moves)[0]) + maintenance
        return maintenance / balance if balance > 0.0 else float("inf")
