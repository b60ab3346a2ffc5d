"""What a day made, kept for the days after it; and since when equity has been unexplained."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from guard_world import START, Driver, active, policy

from market_analysis.domain.event import Started, TradesRead
from market_analysis.guard.judging import judge
from market_analysis.guard.step import begin
from market_analysis.guard.stored import restored, stored
from market_analysis.rules.verdict import Status
from market_analysis.rules.view import Level, Period

FIRST = START.date()


def watched() -> Driver:
    driver = Driver(policy(active("consistency"), initial_balance=Decimal(10_000)))
    driver.trades_known()
    driver.read()
    return driver


def next_day(driver: Driver) -> None:
    driver.wait(86_400)
    driver.feed(TradesRead(driver.at, driver.uptime, driver.at - timedelta(days=2)))


def test_the_results_of_earlier_days_feed_the_consistency_gauge() -> None:
    driver = watched()
    driver.fill("300", "one", costs="2")
    driver.fill("-50", "two", costs="1")
    next_day(driver)
    driver.fill("100", "three")
    driver.read()
    assert driver.state.day_results == {FIRST: Decimal(247)}
    (verdict,) = [item for _, item in judge(driver.state)]
    # best day 247 of 347; half is 173.5
    assert (verdict.status, verdict.measure, verdict.threshold) == (Status.WARN, Decimal(247), Decimal("173.5"))


def test_a_late_fill_and_a_void_of_yesterday_change_its_result() -> None:
    driver = watched()
    driver.fill("300", "one", costs="2")
    evening = driver.at
    next_day(driver)
    driver.fill("40", "late", time=evening)
    assert driver.state.day_results == {FIRST: Decimal(338)}
    driver.fill("40", "late", time=evening)
    driver.fill("300", "one", costs="2", time=evening, voided=True)
    assert driver.state.day_results == {FIRST: Decimal(40)}
    driver.fill("0", "voided at once", time=evening, voided=True)
    assert driver.state.day_results == {FIRST: Decimal(40)}


def test_a_day_that_nobody_watched_is_unknown_not_nothing() -> None:
    driver = watched()
    driver.fill("300", "one")
    driver.restart(3 * 86_400)
    driver.trades_known()
    driver.read()
    assert driver.state.day_results == {FIRST: Decimal(300), date(2026, 3, 3): None, date(2026, 3, 4): None}
    (verdict,) = [item for _, item in judge(driver.state)]
    assert verdict.status is Status.UNKNOWN


def test_a_day_whose_trades_were_not_all_told_is_unknown() -> None:
    driver = Driver(policy(active("consistency")))
    driver.read()
    next_day(driver)
    assert driver.state.day_results == {FIRST: None}
    driver.fill("40", "late", time=START + timedelta(hours=1))
    assert driver.state.day_results == {FIRST: None}


def test_the_phase_begins_at_the_initial_balance_unless_it_was_told() -> None:
    state = begin(policy())
    assert Period.PHASE not in state.anchors.period_start
    again = restored(stored(state), policy(initial_balance=Decimal(50_000)))
    assert again.anchors.period_start[Period.PHASE] == Level(Decimal(50_000), Decimal(50_000))
    assert again.anchors.initial_balance == 50_000


def test_a_residual_withholds_a_limit_on_equity_for_so_long_and_no_longer() -> None:
    driver = Driver(policy(active("daily_loss", amount=Decimal(100), amount_of="absolute")))
    driver.feed(Started(driver.at, driver.uptime))
    begun = None
    for minute in range(18):
        driver.read(unexplained=Decimal(500))
        begun = begun or driver.state.unexplained_since
        assert driver.state.unexplained_since == begun
        driver.wait(60)
        if minute == 5:
            driver.read(unexplained=None)
    driver.read(unexplained=Decimal(1))
    assert driver.state.unexplained_since is None
