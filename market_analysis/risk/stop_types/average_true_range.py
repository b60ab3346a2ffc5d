"""So many average true ranges behind the best price (the chandelier stop): best - sign x multiple x ATR. Source: Le Beau (1992)."""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.risk.stop_types.view import StopView, check_range


@dataclass(frozen=True, slots=True)
class AverageTrueRangeStop:
    """Silent where nothing has moved."""

    multiple: float = 2.0
    name: str = "atr"

    def __post_init__(self) -> None:
        check_range("multiple", self.multiple, 0.5, 10.0)

    def level(self, view: StopView) -> float | None:
        return None if view.atr == 0.0 else view.best - view.sign * self.multiple * view.atr
