"""What every test shares."""

from __future__ import annotations

import pytest

from market_analysis.quant import compiled


@pytest.fixture(autouse=True)
def kernels_not_loaded() -> None:
    """Each test begins as a fresh process does: NumPy's engine, until something loads the compiled kernels."""
    compiled._warmed.clear()
