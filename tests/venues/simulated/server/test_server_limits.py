"""Rate limits on a stepped clock."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.venues.simulated.server.limits import LimitSettings, RateLimiter
from market_analysis.venues.simulated.server.wire import SteppedWireClock

START_MS = 1_700_000_000_000


def test_the_601st_request_within_five_seconds_bans_for_ten_minutes() -> None:
    limiter, clock = RateLimiter(LimitSettings()), SteppedWireClock(START_MS)
    assert all(limiter.admits("a", clock.now_ms()) for _ in range(600))
    assert not limiter.admits("a", clock.now_ms())
    assert limiter.admits("b", clock.now_ms())
    clock.step(599_999)
    assert not limiter.admits("a", clock.now_ms())
    clock.step(1)
    assert limiter.admits("a", clock.now_ms())


def test_requests_at_the_allowed_pace_are_never_banned() -> None:
    limiter, clock = RateLimiter(LimitSettings()), SteppedWireClock(START_MS)
    for _ in range(5_000):
        assert limiter.admits("a", clock.now_ms())
        clock.step(9)


def test_headers_count_down_and_name_the_reset() -> None:
    limiter, clock = RateLimiter(LimitSettings()), SteppedWireClock(START_MS)
    first = limiter.spend("u", "/v5/order/create", clock.now_ms())
    assert first.headers() == {
        "X-Bapi-Limit": "10",
        "X-Bapi-Limit-Status": "9",
        "X-Bapi-Limit-Reset-Timestamp": str(START_MS),
    }
    clock.step(400)
    for _ in range(9):
        assert limiter.spend("u", "/v5/order/create", clock.now_ms()).allowed
    refused = limiter.spend("u", "/v5/order/create", clock.now_ms())
    assert (refused.allowed, refused.remaining, refused.reset_ms) == (False, 0, START_MS + 1000)
    assert limiter.spend("u", "/v5/order/amend", clock.now_ms()).allowed
    assert limiter.spend("v", "/v5/order/create", clock.now_ms()).allowed
    clock.step(600)
    assert limiter.spend("u", "/v5/order/create", clock.now_ms()).allowed
    assert not limiter.spend("u", "/v5/order/create", clock.now_ms()).allowed


def test_batches_cost_their_orders_and_switched_off_means_off() -> None:
    limiter = RateLimiter(LimitSettings())
    assert limiter.spend("u", "/v5/order/create-batch", START_MS, cost=8).remaining == 2
    assert not limiter.spend("u", "/v5/order/create-batch", START_MS, cost=3).allowed
    free = RateLimiter(LimitSettings(enabled=False))
    assert all(free.admits("a", START_MS) and free.spend("u", "/x", START_MS).allowed for _ in range(2_000))
    limiter.ban("a", START_MS)
    limiter.lift_bans()
    assert limiter.admits("a", START_MS)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 400), max_size=120), st.integers(1, 9))
def test_no_window_ever_holds_more_than_the_limit(gaps: list[int], limit: int) -> None:
    limiter = RateLimiter(LimitSettings(uid_limits={"/x": limit}))
    now, admitted = START_MS, []
    for gap in gaps:
        now += gap
        if limiter.spend("u", "/x", now).allowed:
            admitted.append(now)
        elif sum(moment > now - 1000 for moment in admitted) < limit:
            raise AssertionError("refused below the limit")
    for moment in admitted:
        assert sum(moment <= other < moment + 1000 for other in admitted) <= limit
