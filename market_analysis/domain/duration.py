"""Lengths of time as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

_FORM = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([smhd])"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3650)


def duration(text: str) -> timedelta:
    """A length of time like 90s, 30m, 1.5h or 2d.

    Raises:
        ValueError: it is none, or longer than ten years.
    """
    found = re.fullmatch(_FORM, text.strip(), re.ASCII)
    length = None if found is None else timedelta(**{_UNITS[found[2]]: float(found[1])})
    if length is None:
        raise ValueError(f"{text!r} is no length of time; 90s, 30m, 8h or 2d is one")
    if length > _LONGEST:
        raise ValueError(f"{text!r} is longer than ten years")
    return length
