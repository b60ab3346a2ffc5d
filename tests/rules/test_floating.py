"""DailyUnrealizedLoss and MaxUnrealizedProfit: hand-written tables around their limits, with marks missing and old."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError
from rule_views import ago, asked, judge, one, position, unread, view

from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import Ends, Status


@pytest.mark.parametrize(
    ("mark", "status", "room"),
    [
        # two contracts long from 1000, a dollar a point
        ("1000", Status.OK, 300),
        ("896", Status.OK, 92),
        ("895", Status.WARN, 90),
        ("850.01", Status.WARN, "0.02"),
        ("850", Status.BREACH, 0),
        ("849", Status.BREACH, -2),
    ],
)
def test_loss_of_the_account(mark: str, status: Status, room: object) -> None:
    verdict = one("daily_unrealized_loss", view(position("ES", "2", mark, "1000")))
    assert (verdict.status, verdict.room) == (
        status,
        pytest.approx(type(verdict.room)(str(room))) if verdict.room else verdict.room,
    )
    assert asked(verdict) == (["close all"] if status is Status.BREACH else [])
    assert (verdict.lock is not None and verdict.lock.ends is Ends.RESET) == (status is Status.BREACH)


def test_a_gain_offsets_a_loss_in_the_account_and_not_per_position() -> None:
    book = view(position("ES", "-2", "1150", "1000"), position("NQ", "1", "1100", "1000"))
    assert one("daily_unrealized_loss", book).status is Status.OK
    found = {
        item.subject: (item.status, asked(item), item.lock) for item in judge("daily_unrealized_loss", book, scope="per_position")
    }
    assert found == {
        "main/ES": (Status.BREACH, ["close ES", "cancel ES"], None),
        "main/NQ": (Status.OK, [], None),
    }


def test_a_hedged_position_is_closed_with_its_hedge() -> None:
    pair = (position("ESH6", "2", "850", "1000", root="ES"), position("ESM6", "-2", "850", "1000", root="ES"))
    first, second = judge("daily_unrealized_loss", view(*pair), scope="per_position")
    assert asked(first) == ["close ESH6", "close ESM6", "cancel ESH6", "cancel ESM6"]
    assert asked(second) == []
    spot = position("BTC", "5", tags=["holding"])
    assert (first.room, first.measure) == (0, 300)
    assert first.message.endswith("limit 300 USD")
    (only,) = judge("daily_unrealized_loss", view(spot, position("BTC", "-5", "200", "100")), scope="per_position")
    assert (only.status, asked(only)) == (Status.BREACH, [])
    assert "left to you" in only.message


@pytest.mark.parametrize("rule", ["daily_unrealized_loss", "max_unrealized_profit"])
@pytest.mark.parametrize("scope", ["total", "per_position"])
@pytest.mark.parametrize(
    "book",
    [
        {"positions": unread()},
        {"positions": (position("ES", "9", None, "1000"),)},
        {"positions": (position("ES", "9", "1", "1000", mark_at=ago(11)),)},
        {"positions": (position("ES", "9", "1", "1000", unrealized=None),)},
    ],
)
def test_what_is_not_known_closes_nothing(rule: str, scope: str, book: dict[str, object]) -> None:
    verdict = one(rule, view(**book), scope=scope)  # type: ignore[arg-type]
    assert (verdict.status, verdict.responses, verdict.lock) == (Status.UNKNOWN, (), None)


def test_ten_seconds_old_is_fresh_and_nothing_held_is_fine() -> None:
    aged = view(position("ES", "2", "1", "1000", mark_at=ago(10)))
    assert one("daily_unrealized_loss", aged).status is Status.BREACH
    assert one("daily_unrealized_loss", view()).measure == 0
    for rule in ("daily_unrealized_loss", "max_unrealized_profit"):
        assert one(rule, view(), scope="per_position").status is Status.OK


@pytest.mark.parametrize(
    ("mark", "status"),
    [("1000", Status.OK), ("1499.99", Status.WARN), ("1500", Status.BREACH), ("1501", Status.BREACH), ("1", Status.OK)],
)
def test_profit_taken(mark: str, status: Status) -> None:
    book = view(position("ES", "2", mark, "1000"))
    total = one("max_unrealized_profit", book)
    single = one("max_unrealized_profit", book, scope="per_position")
    assert total.status is single.status is status
    assert total.room == single.room == 1000 - 2 * (Decimal(mark) - 1000)
    assert asked(total) == (["close all"] if status is Status.BREACH else [])
    assert asked(single) == (["close ES", "cancel ES"] if status is Status.BREACH else [])
    assert (total.lock is not None) == (status is Status.BREACH)
    assert single.lock is None


@pytest.mark.parametrize(
    ("side", "best", "mark", "status"),
    [
        ("2", "1000", "1000", Status.OK),  # at entry: as the document has it, it would fire here
        ("2", "1049", "999", Status.OK),  # 98 ahead at best: not armed
        ("2", "1050", "1000.5", Status.OK),  # armed at 100, still one ahead
        ("2", "1050", "1000", Status.BREACH),
        ("2", "1050", "990", Status.BREACH),
        ("-2", "950", "1000", Status.BREACH),
        ("-2", "951", "1000", Status.OK),
    ],
)
def test_breakeven_is_armed_first(side: str, best: str, mark: str, status: Status) -> None:
    book = view(position("ES", side, mark, "1000", best_price=Decimal(best)))
    verdict = one("max_unrealized_profit", book, fires_at="breakeven", scope="per_position")
    assert verdict.status is status
    assert asked(verdict) == (["close ES", "cancel ES"] if status is Status.BREACH else [])


def test_breakeven_needs_the_best_price_and_positions() -> None:
    for missing in ({"best_price": None}, {"tick_value": None}):
        book = view(position("ES", "2", "1000", "1000", **missing))
        assert one("max_unrealized_profit", book, fires_at="breakeven", scope="per_position").status is Status.UNKNOWN
    with pytest.raises(ValidationError, match="per_position"):
        rule_named("max_unrealized_profit").parameters(fires_at="breakeven")
