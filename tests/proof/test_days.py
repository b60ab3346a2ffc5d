"""Virtual days of accounts under several rules with every fault around the guard; account-years in `make soak`."""

from __future__ import annotations

from collections import Counter

from guard_days import LEAST_EVENTS, Account

ACCOUNTS, DAYS = 6, 3


def test_days_with_every_fault() -> None:
    counts: Counter[str] = Counter()
    for seed in range(ACCOUNTS):
        account = Account(seed)
        for _ in range(DAYS):
            account.run_day()
        counts += account.counts
    assert counts["days"] == ACCOUNTS * DAYS
    assert counts["events"] >= counts["days"] * LEAST_EVENTS
    reached = {"close", "cancel", "locks", "flattened", "crashes", "restarts", "clock_steps", "orders", "second_daemons"}
    assert all(counts[name] >= 3 for name in reached | {"refused_commits"}), counts


def test_the_same_seed_gives_the_same_day() -> None:
    one, other = Account(99), Account(99)
    one.run_day()
    other.run_day()
    assert repr(one.decided) == repr(other.decided)
    assert one.state == other.state
