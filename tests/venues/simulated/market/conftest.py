"""One market most tests share: it is a pure function, so sharing it can change nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from market_analysis.venues.simulated.catalogue import make_catalogue
from market_analysis.venues.simulated.market import Market

MARKET_START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


@pytest.fixture(scope="session")
def shared_market() -> Market:
    return Market(make_catalogue(2), seed=20260302, start=MARKET_START)
