"""Foreign clients against a served world. Real time, real sockets; values are checked against the exchange's own ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from embedded_exchange import World, lived_exchange, served_world

from market_analysis.venues.simulated.server import LimitSettings


@pytest.fixture(scope="module")
def lived_world() -> Iterator[World]:
    """A world to read from; tests that use it leave it as it is."""
    with served_world(lived_exchange(), limits=LimitSettings(enabled=False)) as world:
        yield world


@pytest.fixture
def fresh_world() -> Iterator[World]:
    """A world to trade in, with a past."""
    with served_world(lived_exchange(), limits=LimitSettings(enabled=False)) as world:
        yield world
