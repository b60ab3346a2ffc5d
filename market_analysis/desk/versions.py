"""Versions of what computed a report, for its diagnostics."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version

_PACKAGES = ("risk-manager", "ccxt", "numpy", "scipy", "tzdata")


@cache
def versions() -> dict[str, str]:
    """Name to version, Python's among them."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
