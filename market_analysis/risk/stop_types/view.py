"""What a stop type sees of a position, and what it must answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import QuantError


@dataclass(frozen=True, slots=True, eq=False)
class StopView:
    """A position at one moment; prices > 0, NaN nowhere.

    sign +1 long, -1 short. best: the best price since entry, at least as good as `price` and `entry`. stop: the one that stands,
    None before the first. atr: average true range, price units. sigma: of the log return over the horizon the user thinks in.
    hours_held >= 0. high, low (bars,): closed bars, oldest first, of any length.
    """

    sign: int
    entry: float
    price: float
    best: float
    stop: float | None
    atr: float
    sigma: float
    hours_held: float
    high: NDArray[np.float64]
    low: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.sign not in (1, -1):
            raise QuantError(f"sign is {self.sign}; it must be +1 (long) or -1 (short)", parameter="sign")
        for name in ("entry", "price", "best"):
            check_range(name, getattr(self, name), 0.0, math.inf, low_open=True)
        for name in ("atr", "sigma", "hours_held"):
            check_range(name, getattr(self, name), 0.0, math.inf)
        if self.sign * (self.best - self.price) < 0.0 or self.sign * (self.best - self.entry) < 0.0:
            raise QuantError(f"best is {self.best}, worse than price {self.price} or entry {self.entry}", parameter="best")


class StopType(Protocol):
    """A way to say where the stop belongs."""

    @property
    def name(self) -> str:
        """Its stable name."""
        ...

    def level(self, view: StopView) -> float | None:
        """The price it wants, None while it has nothing to say. It need not be possible: `tightest` judges that."""
        ...


def check_range(name: str, value: float, low: float, high: float, *, low_open: bool = False) -> None:
    """Raises QuantError unless low <= value <= high (low < value with `low_open`) and value is finite."""
    if not (math.isfinite(value) and (low < value if low_open else low <= value) and value <= high):
        bound = f"above {low:g}" if low_open else f"at least {low:g}"
        top = "" if math.isinf(high) else f" and at most {high:g}"
        raise QuantError(f"{name} is {value}; it must be {bound}{top}", parameter=name)
