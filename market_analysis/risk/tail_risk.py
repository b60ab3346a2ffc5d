"""Whether reducing positions would raise the book's tail: normal expected shortfall and joint liquidation (ruling 11)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import PositionKey
from market_analysis.quant.tail import normal_expected_shortfall
from market_analysis.risk.correlation import CorrelationView, Returns
from market_analysis.risk.exposure import Line
from market_analysis.risk.holdings import sigma_day_of
from market_analysis.risk.joint_liquidation import grid_within
from market_analysis.risk.margin_model import MarginModel, Moves

CONFIDENCE = 0.99
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class BookTail:
    """The book's one-day tail.

    deltas: signed dollars per unit log move of each line (holdings included). covariance: (n, n) one-day, of the lines' assets.
    stressed: dollars per dollar of |delta| added on top for lines without history (their stress gap), zero for the others.
    """

    keys: tuple[PositionKey | None, ...]
    deltas: NDArray[np.float64]
    covariance: NDArray[np.float64]
    stressed: NDArray[np.float64]

    def expected_shortfall_usd(self, kept: Mapping[PositionKey, float] | None = None) -> float:
        """1-day 99 % normal ES, a positive loss; `kept` gives the fraction of a position that is left (default 1)."""
        deltas = self.deltas
        if kept:
            deltas = deltas * np.array([1.0 if key is None else kept.get(key, 1.0) for key in self.keys])
        variance = max(float(deltas @ self.covariance @ deltas), 0.0)
        return normal_expected_shortfall(math.sqrt(variance), CONFIDENCE) + float(np.abs(deltas) @ self.stressed)


def book_tail(
    lines: Sequence[Line], view: CorrelationView, returns: Mapping[str, Returns], stress_gap_frac: float
) -> BookTail | None:
    """The tail of the book, None when a line's dollars are unknown. Sigmas: the position model's, else 4h history's."""
    if any(line.delta_usd is None for line in lines):
        return None
    sigma = asset_sigmas(lines, returns)
    missing = np.array([line.asset in view.missing or line.asset not in sigma for line in lines], dtype=bool)
    scale = np.array([0.0 if gone else sigma[line.asset] for line, gone in zip(lines, missing, strict=True)])
    rows = view.rows([line.asset for line in lines])
    return BookTail(
        keys=tuple(line.key for line in lines),
        deltas=np.array([line.delta_usd for line in lines], dtype=np.float64),
        covariance=view.matrix[np.ix_(rows, rows)] * np.outer(scale, scale),
        stressed=np.where(missing, stress_gap_frac, 0.0),
    )


def asset_sigmas(lines: Sequence[Line], returns: Mapping[str, Returns]) -> dict[str, float]:
    """One-day sigma of each asset that has one; of several models on one asset the largest speaks."""
    sigma: dict[str, float] = {}
    for line in lines:
        told = line.sigma_day if line.sigma_day is not None else sigma_day_of(returns.get(line.asset))
        if told is not None:
            sigma[line.asset] = max(told, sigma.get(line.asset, 0.0))
    return sigma


class UnhedgeJudge:
    """Tells whether keeping only fractions of some positions raises the tail; the costly parts are worked out once."""

    def __init__(self, tail: BookTail | None, model: MarginModel | None, move_frac: float | None) -> None:
        self._tail = tail
        self._model = model
        self._grid: Moves = grid_within(move_frac)
        self._before = None if tail is None else tail.expected_shortfall_usd()
        self._cushion: Moves | None = None if model is None else model.cushion_usd(self._grid)
        self._lines = {} if model is None else {line.key: line for line in model.lines}

    def raises_tail(self, kept: Mapping[PositionKey, float]) -> bool:
        """Whether the book with the given fractions left has more ES or a nearer liquidation. Unknown counts as yes."""
        if self._tail is None or self._before is None:
            return True
        after = self._tail.expected_shortfall_usd(kept)
        if after > self._before + _ROUNDING * max(after, self._before):
            return True
        return self._liquidates_nearer(kept)

    def _liquidates_nearer(self, kept: Mapping[PositionKey, float]) -> bool:
        if self._model is None or self._cushion is None or bool((self._cushion <= 0.0).any()):
            return False
        cushion = self._cushion
        for key, fraction in kept.items():
            line = self._lines.get(key)
            if line is not None:
                whole = self._model.line_cushion_usd(line, self._grid)
                cushion = cushion + self._model.line_cushion_usd(line, self._grid, fraction) - whole
        return bool((cushion <= 0.0).any())
