"""What a venue pushes between reads. A push is a hint: positions, orders and money come from reads alone (law 1).

`MarkSeen` carries a price, for prices may be acted on sooner than the next read; everything else says only that something has
changed, so that it is read at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeAlias

from market_analysis.domain import InstrumentId


@dataclass(frozen=True, slots=True)
class MarkSeen:
    """The venue's mark price now, and its index where it states one."""

    instrument: InstrumentId
    mark: Decimal
    index: Decimal | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Something of the account has changed, or may have while nothing was heard: read it."""

    what: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream is gone and being opened again; reads go on as before."""

    reason: str


Pushed: TypeAlias = MarkSeen | Changed | Lost


class Stream(Protocol):
    """Pushes of one account and of the instruments that are wanted."""

    async def run(self, wanted: Callable[[], frozenset[InstrumentId]], take: Callable[[Pushed], None]) -> None:
        """Until cancelled: open, subscribe to what is wanted as that changes, open again after every failure."""
        ...
