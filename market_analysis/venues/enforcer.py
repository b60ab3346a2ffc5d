"""What may act on an account. A separate object: where there is none, nothing can be done by construction (law 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from market_analysis.domain.decision import Intent
from market_analysis.domain.event import Outcome


@dataclass(frozen=True, slots=True)
class Carried:
    """The end of one request. UNKNOWN: only a read can tell what became of it (law 8)."""

    outcome: Outcome
    message: str = ""


class Enforcer(Protocol):
    """Carries intents out, each with one request and never again by itself. locks_account: the venue can deny new risk itself."""

    locks_account: bool

    async def check(self) -> None:
        """Whether the key may act, and may not withdraw.

        Raises:
            AuthenticationError: it may not be used for this.
        """
        ...

    async def carry_out(self, intent: Intent) -> Carried:
        """Send one intent. Raises nothing for what the venue does: that is an outcome."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
