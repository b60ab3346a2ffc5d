"""A key pair that does not print itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """API key and secret of one account; neither appears in a repr, so neither in a log or a traceback of this object."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
