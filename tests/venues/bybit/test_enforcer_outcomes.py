"""What an answer to a write means for the guard: only the venue's word on the request itself is a refusal of it."""

from __future__ import annotations

import pytest

from market_analysis.domain.event import Outcome
from market_analysis.venues.bybit.enforcer import _carried
from market_analysis.venues.bybit.failures import error_for_code, error_for_status


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (110017, Outcome.REJECTED),  # reduce-only: there is nothing to close
        (10001, Outcome.REJECTED),  # a stop on the wrong side
        (110072, Outcome.DONE),  # the client id was used: it had arrived
        (34040, Outcome.DONE),  # the stop is there already
        (10006, Outcome.UNKNOWN),  # too many requests
        (10018, Outcome.UNKNOWN),
        (10002, Outcome.UNKNOWN),  # the clock
        (10003, Outcome.UNKNOWN),  # the key
        (10016, Outcome.UNKNOWN),  # the venue's own fault
    ],
)
def test_a_code(code: int, outcome: Outcome) -> None:
    assert _carried(error_for_code("/v5/order/create", code, "words")).outcome is outcome


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 504])
def test_a_status_tells_nothing_of_the_request(status: int) -> None:
    assert _carried(error_for_status("/v5/order/create", status, "words")).outcome is Outcome.UNKNOWN
