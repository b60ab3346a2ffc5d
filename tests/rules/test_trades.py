"""TradeFrequencyLimit and CooldownAfterLoss: hand-written sequences of fills."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from rule_views import DAY, NOW, D, ago, one, trade, unread, view

from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import Ends, Status
from market_analysis.rules.view import TradeView


def frequency(*trades: TradeView, **parameters: object) -> tuple[Status, float | None, int | None]:
    """Status, seconds that the lock still runs, and the count of the window that is used most."""
    verdict = one("trade_frequency_limit", view(trades=trades), **parameters)
    assert verdict.responses == ()
    if verdict.lock is None:
        return verdict.status, None, None if verdict.measure is None else int(verdict.measure)
    assert (verdict.lock.ends, verdict.lock.root) == (Ends.TIME, None)
    assert verdict.lock.until is not None
    assert verdict.measure is not None
    return verdict.status, (verdict.lock.until - NOW).total_seconds(), int(verdict.measure)


def every(seconds: float, number: int, start: float = 0.0) -> list[TradeView]:
    """Opening fills, the last `start` seconds ago."""
    return [trade(f"o{place}", start + seconds * place) for place in reversed(range(number))]


@pytest.mark.parametrize(
    ("trades", "expected"),
    [
        ([], (Status.OK, None, 0)),
        (every(10, 2), (Status.OK, None, 2)),
        (every(10, 3), (Status.WARN, None, 3)),  # at the limit
        (every(10, 4), (Status.BREACH, 60, 4)),  # above it: 60 s from the last trade
        (every(20, 4), (Status.WARN, None, 3)),  # the first is exactly 60 s before the last: out of the window
        (every(19.9, 4), (Status.BREACH, 60, 4)),
        (every(1, 4, start=59), (Status.BREACH, 1, 1)),  # runs on from the trade, though the window has emptied
        (every(1, 4, start=60), (Status.OK, None, 4)),  # over
        (every(400, 6), (Status.OK, None, 6)),
        (every(400, 7), (Status.WARN, None, 7)),  # seven of ten in an hour
        (every(300, 11), (Status.BREACH, 1800, 11)),  # eleven in 50 minutes
        (every(1000, 51), (Status.BREACH, 3600, 51)),  # all of the day: 50,000 s back from 15:00
    ],
)
def test_rolling_windows(trades: list[TradeView], expected: tuple[Status, float | None, int]) -> None:
    found = frequency(*trades)
    assert found[:2] == expected[:2]
    if expected[0] is not Status.OK or not trades:
        assert found[2] in (expected[2], len(trades))


def test_the_longest_of_the_limits_exceeded_holds() -> None:
    assert frequency(*every(1, 11))[1] == 1800
    assert frequency(*every(1, 51))[1] == 3600
    assert frequency(*every(1, 51), session_cooldown_seconds=10)[1] == 1800


def test_what_is_one_trade() -> None:
    partial = [trade("o1", seconds) for seconds in (4, 3, 2, 1)]
    assert frequency(*partial)[0] is Status.OK
    assert frequency(*partial, counts="fills")[0] is Status.BREACH
    exits = [trade(f"x{place}", place, "5") for place in (5, 4, 3, 2)]
    assert frequency(*exits)[0] is Status.BREACH
    assert frequency(*exits, counts="entries")[0] is Status.OK
    for kind in ({"voided": True}, {"by_guard": True}, {"is_execution": False}):
        assert frequency(*every(1, 3), trade("o9", 0.5, **kind))[0] is Status.WARN


def test_an_entry_during_the_cool_down_begins_it_anew_and_an_exit_does_not() -> None:
    burst = every(1, 4, start=65)  # rests until 5 s before now
    assert frequency(*burst)[1] is None
    assert frequency(*burst, trade("late", 6))[1] == 54
    assert frequency(*burst, trade("late", 6, "-3"))[1] is None
    # an entry after the cool-down has ended does not
    assert frequency(*burst, trade("late", 3))[1] is None


def test_trades_of_yesterday_do_not_count_for_the_day() -> None:
    before = (NOW - DAY.start).total_seconds() + 1
    assert frequency(*every(60, 60, start=before), per_hour=None, per_minute=None)[0] is Status.OK


def test_frequency_without_limits_and_without_trades() -> None:
    assert frequency(per_minute=None, per_hour=None, per_session=None) == (Status.OK, None, None)
    blind = one("trade_frequency_limit", view(trades=unread()))
    assert (blind.status, blind.lock) == (Status.UNKNOWN, None)


def rests(*trades: TradeView, **parameters: object) -> float | None:
    """Seconds that the account still rests."""
    verdict = one("cooldown_after_loss", view(trades=trades), **parameters)
    assert verdict.responses == ()
    assert (verdict.status is Status.BREACH) == (verdict.lock is not None)
    if verdict.lock is None:
        return None
    assert verdict.lock.ends is Ends.TIME
    assert verdict.lock.until is not None
    return (verdict.lock.until - NOW).total_seconds()


@pytest.mark.parametrize(
    ("trades", "expected"),
    [
        ([], None),
        ([trade("o", 10)], None),  # an opening fill
        ([trade("o", 10, "50")], None),
        ([trade("o", 10, "-99.99")], None),
        ([trade("o", 10, "-100")], 290),
        ([trade("o", 10, "-199.99")], 290),
        ([trade("o", 10, "-200")], 890),
        ([trade("o", 10, "-300")], 1790),
        ([trade("o", 10, "-5000")], 1790),
        ([trade("o", 10, "-99", "1")], 290),  # the fee counts
        ([trade("o", 299, "-100")], 1),
        ([trade("o", 300, "-100")], None),
        ([trade("a", 20, "-60"), trade("a", 10, "-60")], 290),  # one order, filled in parts, from its last fill
        ([trade("a", 20, "-60"), trade("b", 10, "-60")], None),
        ([trade("a", 20, "-150"), trade("a", 10, "80")], None),
        ([trade("a", 20, "-300"), trade("b", 10, "-100")], 1780),  # the shorter never shortens
        ([trade("a", 280, "-100"), trade("b", 10, "-300")], 1790),
        ([trade("a", 10, "-300", voided=True)], None),
        ([trade("a", 10, "-300", by_guard=True)], None),
    ],
)
def test_rest_after_a_loss(trades: list[TradeView], expected: float | None) -> None:
    assert rests(*trades) == expected


def test_rest_options() -> None:
    assert rests(trade("o", 10, "-99", "1"), costs_in=False) is None
    assert rests(trade("a", 10, "-300", by_guard=True), count_guard_fills=True) == 1790
    verdict = one("cooldown_after_loss", view(trades=(trade("o", 10, "-50"),)))
    assert (verdict.measure, verdict.threshold, verdict.distance, verdict.used) == (-50, -100, 50, D("0.5"))
    assert one("cooldown_after_loss", view(trades=unread())).status is Status.UNKNOWN
    assert ago(0) == NOW


@pytest.mark.parametrize("pairs", [[], [(200, 900), (100, 300)], [(100, 900), (200, 300)], [(100, 300), (100, 900)]])
def test_thresholds_must_rise(pairs: list[tuple[int, int]]) -> None:
    rows = [{"loss": loss, "cooldown_seconds": seconds} for loss, seconds in pairs]
    with pytest.raises(ValidationError):
        rule_named("cooldown_after_loss").parameters(loss_thresholds=rows)


@pytest.mark.parametrize(
    ("rule", "results", "status"),
    [
        ("daily_realized_loss", ["100", "-200"], Status.OK),
        ("daily_realized_loss", ["100", "-200", "-450"], Status.BREACH),  # the specification's example: -550
        ("daily_realized_loss", ["-499.99"], Status.WARN),
        ("daily_realized_loss", ["-500"], Status.BREACH),
        ("daily_realized_profit", ["999.99"], Status.WARN),
        ("daily_realized_profit", ["1000"], Status.BREACH),
        ("daily_realized_profit", ["1500", "-600"], Status.WARN),
        ("daily_realized_profit", ["1500", "-900"], Status.OK),
    ],
)
def test_realised_result_of_the_day(rule: str, results: list[str], status: Status) -> None:
    trades = tuple(trade(f"o{place}", 100 - place, result) for place, result in enumerate(results))
    verdict = one(rule, view(trades=trades))
    assert verdict.status is status
    assert bool(verdict.responses) == (status is Status.BREACH)
    voided = (*trades, trade("v", 5, "-9000" if rule.endswith("loss") else "9000", voided=True))
    assert one(rule, view(trades=voided)).status is status
    assert one(rule, view(trades=unread())).status is Status.UNKNOWN
