"""A measure against the most that is allowed, as a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from market_analysis.rules.verdict import Lock, Response, Status, Verdict

ZERO = Decimal(0)
WARN_AT = (Decimal("0.7"), Decimal("0.9"))
ACTS = frozenset({Status.ACT, Status.BREACH})


@dataclass(frozen=True, slots=True)
class Measured:
    """value against limit, both >= 0. reaches: reaching the limit is a breach (money), else only going above it (counts)."""

    value: Decimal
    limit: Decimal
    unit: str
    reaches: bool
    warn_at: Sequence[Decimal] = WARN_AT
    room: Decimal | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def used(self) -> Decimal | None:
        """Share of the limit, None where nothing is allowed."""
        return self.value / self.limit if self.limit > 0 else None

    @property
    def status(self) -> Status:
        """BREACH, WARN or OK; a count at its limit warns."""
        if self.value > self.limit or (self.reaches and self.value == self.limit and self.value > 0):
            return Status.BREACH
        used = self.used
        return Status.WARN if used is not None and any(used >= level for level in self.warn_at) else Status.OK

    def verdict(
        self,
        rule: str,
        subject: str,
        message: str,
        *,
        responses: Sequence[Response] = (),
        lock: Lock | None = None,
        blocks: str = "",
    ) -> Verdict:
        """What is asked for counts in a breach only."""
        acts = self.status in ACTS
        return Verdict(
            rule=rule,
            code=rule,
            status=self.status,
            subject=subject,
            message=message,
            measure=self.value,
            threshold=self.limit,
            unit=self.unit,
            distance=self.limit - self.value,
            room=self.room,
            used=self.used,
            responses=tuple(responses) if acts else (),
            lock=lock if acts else None,
            blocks=blocks if acts else "",
            inputs=self.inputs,
        )


def fine(rule: str, message: str, subject: str = "account") -> Verdict:
    """Nothing to say: nothing is held, or nothing is limited."""
    return Verdict(rule=rule, code=rule, status=Status.OK, subject=subject, message=message)
