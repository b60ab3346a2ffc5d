"""Equity, margin, data, rights, blocks and the consistency gauge: one table per rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from rule_views import DAY, NOW, D, ago, asked, entry_order, instrument, judge, money, one, position, trade, unread, view

from market_analysis.domain import Unknown
from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import Ends, Status
from market_analysis.rules.view import Anchors, Mark


@pytest.mark.parametrize(
    ("rule", "equity", "status"),
    [
        ("daily_loss", "9651", Status.OK),  # 5 % of 10,000: floor 9,500
        ("daily_loss", "9650", Status.WARN),
        ("daily_loss", "9575", Status.ACT),  # 85 % of the amount
        ("daily_loss", "9500", Status.BREACH),
        ("daily_loss", "9499", Status.BREACH),
        ("max_drawdown", "9301", Status.OK),
        ("max_drawdown", "9300", Status.WARN),
        ("max_drawdown", "9150", Status.ACT),
        ("max_drawdown", "9000", Status.BREACH),
    ],
)
def test_equity_limits(rule: str, equity: str, status: Status) -> None:
    verdict = judge(rule, view(money=money(equity, "10000")))[0]
    acts = status in (Status.ACT, Status.BREACH)
    assert (verdict.status, asked(verdict)) == (status, ["close all"] if acts else [])
    expected = {"daily_loss": (Ends.RESET, DAY.end), "max_drawdown": (Ends.ADMIN, None)}[rule]
    assert (None if verdict.lock is None else (verdict.lock.ends, verdict.lock.until)) == (expected if acts else None)
    assert judge(rule, view(money=money("10000", "10000", flat=equity)))[0].status is status  # what is left if it were closed now
    assert one(rule, view(money=unread())).status is Status.UNKNOWN
    blind = judge(rule, view(money=money(equity), anchors=Anchors()))[0]
    assert (blind.status, blind.responses, blind.lock) == (Status.UNKNOWN, (), None)


@pytest.mark.parametrize(
    ("balance", "equity", "words", "status"),
    [
        # from 10,000 the day has lost 300, floating 700: tomorrow starts at the higher, 10,400, with a floor 520 below
        ("10400", "9881", {}, Status.OK),
        ("10400", "9880", {}, Status.WARN),
        ("10400", "9880", {"series": "equity"}, Status.OK),  # an open loss is no loss of the new day
        ("10000", "9501", {}, Status.OK),
    ],
)
def test_an_open_loss_that_the_next_day_starts_with(balance: str, equity: str, words: dict[str, Any], status: Status) -> None:
    today, tomorrow = judge("daily_loss", view(money=money(equity, balance)), **words)
    assert (tomorrow.code, tomorrow.status, tomorrow.responses) == ("daily_loss_at_reset", status, ())
    assert today.subject != tomorrow.subject
    assert len(judge("daily_loss", view(money=money(equity, balance)), measure="balance")) == 1
    no_initial = view(money=money(equity), anchors=Anchors())
    assert len(judge("daily_loss", no_initial, amount_of="initial")) == 1


@pytest.mark.parametrize(
    ("rule", "parameters"),
    [
        ("daily_loss", {"kind": "profit"}),
        ("daily_loss", {"anchor": "fixed"}),
        ("daily_loss", {"period": "week"}),
        ("daily_loss", {"measure": "margin_level", "amount_of": "absolute"}),
        ("max_drawdown", {"kind": "profit"}),
        ("max_drawdown", {"measure": "unrealized"}),
        ("margin_level", {"warn_level": 1}),
        ("margin_level", {"enforcement": "reduce"}),
    ],
)
def test_parameters_that_mean_another_rule_are_refused(rule: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule_named(rule).parameters(**parameters)


@pytest.mark.parametrize(
    ("unexplained", "since", "acts"),
    [
        (None, None, True),
        ("9", None, True),  # within a thousandth of equity
        ("10", None, False),
        ("-10", ago(899), False),
        ("10", ago(900), True),  # doubt does not disarm a limit for good
    ],
)
@pytest.mark.parametrize(
    ("rule", "parameters"), [("daily_loss", {}), ("max_loss", {"close_all": True}), ("margin_level", {"enforcement": "close"})]
)
def test_limits_on_equity_wait_for_an_explanation(
    rule: str, parameters: dict[str, Any], unexplained: str | None, since: Any, acts: bool
) -> None:
    seen = view(
        money=money("9000", "10100", used="9500"),
        unexplained=None if unexplained is None else D(unexplained),
        unexplained_since=since,
    )
    verdict = judge(rule, seen, **parameters)[0]
    assert verdict.status is Status.BREACH
    assert bool(verdict.responses) is acts
    if not acts:
        assert (verdict.lock, verdict.blocks) == (None, "")
        assert "nothing explains" in verdict.message


@pytest.mark.parametrize(("seconds", "acts"), [(120, True), (121, False)])
def test_old_balances_enforce_nothing(seconds: int, acts: bool) -> None:
    verdict = judge("daily_loss", view(money=money("9000", at=ago(seconds))))[0]
    assert (verdict.status, bool(verdict.responses), verdict.lock is not None) == (Status.BREACH, acts, acts)
    assert ("s old" in verdict.message) is not acts


@pytest.mark.parametrize(
    ("equity", "used", "status", "room"),
    [
        ("1000", "0", Status.OK, None),  # flat: there is no margin level, and no alarm
        ("1500.01", "1000", Status.OK, "500.01"),
        ("1500", "1000", Status.WARN, "500"),
        ("1000.01", "1000", Status.WARN, "0.01"),
        ("1000", "1000", Status.BREACH, "0"),
        ("-5", "1000", Status.BREACH, "-1005"),
        ("1000", None, Status.UNKNOWN, None),
    ],
)
def test_margin_level(equity: str, used: str | None, status: Status, room: str | None) -> None:
    seen = view(money=money(equity, used=used))
    verdict = one("margin_level", seen)
    assert (verdict.status, verdict.room) == (status, None if room is None else D(room))
    assert (verdict.responses, verdict.lock) == ((), None)
    closes = one("margin_level", seen, enforcement="close")
    assert asked(closes) == (["close all"] if status is Status.BREACH else [])
    blocks = one("margin_level", seen, enforcement="block")
    assert (blocks.responses, blocks.lock is not None) == ((), status is Status.BREACH)
    assert one("margin_level", view(money=unread())).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("equity", "status"), [("9301", Status.OK), ("9300", Status.WARN), ("9000.01", Status.WARN), ("9000", Status.BREACH)]
)
def test_max_loss(equity: str, status: Status) -> None:
    seen = view(money=money(equity, "10000"))
    assert (one("max_loss", seen).status, one("max_loss", seen).responses) == (status, ())
    assert bool(one("max_loss", seen, close_all=True).responses) == (status is Status.BREACH)


@pytest.mark.parametrize(
    ("can_trade", "status", "locks"), [(True, Status.OK, False), (False, Status.BREACH, True), (None, Status.UNKNOWN, False)]
)
def test_right_to_trade(can_trade: bool | None, status: Status, locks: bool) -> None:
    seen = view(can_trade=can_trade)
    verdict = one("auth_loss_guard", seen)
    assert (verdict.status, verdict.responses, verdict.lock is not None) == (status, (), locks)
    if verdict.lock is not None:
        assert verdict.lock.ends is Ends.CONDITION
        kept = one("auth_loss_guard", seen, auto_unlock_on_restore=False, close_positions=True)
        assert kept.lock is not None
        assert (kept.lock.ends, asked(kept)) == (Ends.ADMIN, ["close all"])


def test_blocked_symbols() -> None:
    book = view(
        position("ESU5", "1", root="EP"),
        position("ESZ5", "-2", root="ES"),
        position("MES", "1"),
        position("SPOT", "1", root="SOL", tags=["holding"]),
        orders=(entry_order("ENQU5"), entry_order("ESH6", "e2"), entry_order("ESU5", "e3"), entry_order("MES", "e4")),
        roots={instrument("ENQU5"): "ENQ", instrument("ESH6"): "EP", instrument("ESU5"): "EP"},
    )
    verdicts = judge("symbol_blocks", book, blocked_symbols=["es", "NQ", "SOL", "YM"])
    assert {item.subject: asked(item) for item in verdicts} == {
        "ES": ["close ESU5", "close ESZ5", "cancel ESU5", "cancel ESZ5", "cancel ESH6"],
        "NQ": ["cancel ENQU5"],
    }
    assert all(item.status is Status.BREACH for item in verdicts)
    assert [(item.lock.ends, item.lock.root) for item in verdicts if item.lock] == [(Ends.CONDITION, "ES"), (Ends.CONDITION, "NQ")]
    only_orders = judge("symbol_blocks", book, blocked_symbols=["ES"], close_existing=False)
    assert asked(only_orders[0]) == ["cancel ESH6", "cancel ESU5"]
    assert one("symbol_blocks", book).status is Status.OK
    assert one("symbol_blocks", view(), blocked_symbols=["ES"]).status is Status.OK
    for missing in ({"positions": unread()}, {"orders": unread()}):
        assert one("symbol_blocks", view(**missing), blocked_symbols=["ES"]).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "status", "age"),
    [
        ({}, Status.OK, 0),
        ({"money": money("1", at=ago(30))}, Status.OK, 30),
        ({"money": money("1", at=ago(31))}, Status.BREACH, 31),
        ({"money": money("1", at=NOW + timedelta(seconds=5))}, Status.OK, 0),
        ({"positions": (position("BTC", "1", mark_at=ago(31)),)}, Status.BREACH, 31),
        ({"positions": (position("BTC", "1"),)}, Status.OK, 0),
        ({"positions": unread()}, Status.UNKNOWN, 0),
        ({"positions": (position("BTC", "1", None),)}, Status.UNKNOWN, None),
        ({"orders": Unknown("x", "x", ago(31))}, Status.BREACH, 31),
        ({"trades": Unknown("x", "x", ago(3))}, Status.UNKNOWN, None),
        ({"money": Unknown("x", "x", ago(99))}, Status.BREACH, 99),
    ],
)
def test_stale_data(changes: dict[str, Any], status: Status, age: int | None) -> None:
    verdict = one("stale_data", view(**changes))
    assert (verdict.status, verdict.responses) == (status, ())
    assert (verdict.lock is not None) == (status is Status.BREACH)
    if status is not Status.UNKNOWN:
        assert verdict.measure == age
    assert one("stale_data", view(**changes), lock_new_risk=False).lock is None
    assert Mark(D(1), NOW).at == NOW


@pytest.mark.parametrize(
    ("unexplained", "status"),
    [
        ("0", Status.OK),
        ("10", Status.OK),
        ("-10", Status.OK),
        ("10.01", Status.BREACH),
        ("-10.01", Status.BREACH),
        (None, Status.UNKNOWN),
    ],
)
def test_unexplained_equity_change(unexplained: str | None, status: Status) -> None:
    seen = view(unexplained=None if unexplained is None else D(unexplained), unexplained_since=ago(5))
    verdict = one("unexplained_equity_change", seen)
    assert (verdict.status, verdict.responses, verdict.lock is not None) == (status, (), status is Status.BREACH)
    assert one("unexplained_equity_change", seen, lock_new_risk=False).lock is None
    small = view(unexplained=D(1), money=money("10"))
    assert one("unexplained_equity_change", small).status is Status.OK
    assert one("unexplained_equity_change", view(unexplained=D(9), money=unread())).status is Status.UNKNOWN


TUESDAY, FRIDAY = date(2026, 2, 24), date(2026, 2, 27)


@pytest.mark.parametrize(
    ("earlier", "today", "status", "best", "room"),
    [
        ({}, "0", Status.OK, None, None),
        ({TUESDAY: "-50"}, "20", Status.OK, None, None),
        ({TUESDAY: "100", FRIDAY: "100"}, "0", Status.WARN, "100", "200"),  # 100 of 200: at half
        ({TUESDAY: "100", FRIDAY: "100"}, "100", Status.OK, "100", "100"),
        ({TUESDAY: "90", FRIDAY: "85"}, "25", Status.WARN, "90", "150"),  # nine tenths of what is allowed
        ({TUESDAY: "89", FRIDAY: "86"}, "25", Status.OK, "89", "150"),
        ({TUESDAY: "100", FRIDAY: "100"}, "200", Status.WARN, "200", "0"),
        ({TUESDAY: "100", FRIDAY: "100"}, "201", Status.WARN, "201", "-1"),
        ({TUESDAY: "300", FRIDAY: "-100"}, "0", Status.WARN, "300", "200"),
        ({DAY.day: "9999", TUESDAY: "100"}, "50", Status.WARN, "100", "50"),  # today is what today's trades say
    ],
)
def test_consistency(earlier: dict[date, str], today: str, status: Status, best: str | None, room: str | None) -> None:
    results = {day: D(result) for day, result in earlier.items()}
    verdict = one("consistency", view(day_results=results, trades=(trade("o", 9, today),)))
    assert (verdict.status, verdict.responses, verdict.lock) == (status, (), None)
    assert (verdict.measure, verdict.room) == (None if best is None else D(best), None if room is None else D(room))


def test_consistency_says_what_is_missing_or_unknown() -> None:
    # best 300 of 200: at half, 600 are needed, 400 more
    verdict = one("consistency", view(day_results={TUESDAY: D(300), FRIDAY: D(-100)}))
    assert verdict.inputs["missing"] == "400"
    assert verdict.message.endswith("; 400 USD more on other days")
    assert one("consistency", view(day_results={TUESDAY: D(100), FRIDAY: D(100)})).message.endswith("at most 100")
    for changes in ({"day_results": None}, {"day_results": unread()}, {"day_results": {}, "trades": unread()}):
        assert one("consistency", view(**changes)).status is Status.UNKNOWN
    assert replace(view(), now=ago(1)).now == ago(1)
