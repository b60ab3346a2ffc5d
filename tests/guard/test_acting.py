"""What verdicts become, event after event: pairs reduced together, pauses, locks of every kind, what a lock leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from books import instrument, instrument_id, order
from guard_world import KEY, START, Driver, active, held, intents, policy

from market_analysis.domain import OrderPurpose, OrderSide, PositionKey, Side
from market_analysis.domain.decision import Alert, Intent, IntentKind, LockCleared, LockSet, WouldDo
from market_analysis.domain.event import ActionResult, Command, CommandKind, HeldPosition, Outcome, PeriodStartKnown, TradesRead
from market_analysis.guard.locks import set_lock
from market_analysis.guard.state import Mode
from market_analysis.guard.step import begin
from market_analysis.guard.viewing import account_view
from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import CancelOrders, ClosePosition, Ends, Lock, Status, Verdict
from market_analysis.rules.view import Level, Period

D = Decimal
OTHER = PositionKey("main", instrument_id("BTCPERP"), 0)
THIRD = PositionKey("main", instrument_id("BTCUSD"), 0)
ETH = PositionKey("main", instrument_id("ETHUSDT"), 0)


def short(quantity: str) -> HeldPosition:
    """The other leg of a hedge in the same coin."""
    return held(quantity, side=Side.SHORT, key=OTHER)


def eth(quantity: str, **changes: object) -> HeldPosition:
    return held(quantity, key=ETH, root="ETH", **changes)


def closes(decisions: object) -> dict[PositionKey | None, Decimal | None]:
    return {item.key: item.quantity for item in intents(decisions) if item.kind is IntentKind.CLOSE}


def command(driver: Driver, kind: CommandKind, **words: object) -> tuple[object, ...]:
    return driver.feed(Command(driver.at, driver.uptime, kind, "me", "because", **words))


def lock(driver: Driver, hours: float | None = 1, **words: object) -> tuple[object, ...]:
    until = None if hours is None else driver.at + timedelta(hours=hours)
    return command(driver, CommandKind.LOCK, until=until, **words)


def test_both_legs_of_a_pair_are_reduced_at_once_and_then_it_pauses() -> None:
    driver = Driver(policy(active("max_contracts", limit=10, enforcement="reduce", count_type="gross")))
    book = (held("10"), short("10"))
    driver.read(*book)
    first = closes(driver.read(*book))
    assert set(first) == {KEY, OTHER}
    assert first[KEY] == first[OTHER]
    for intent in intents(driver.decisions):
        driver.answer(intent)
    again = [closes(driver.read(*book)) for _ in range(62)]
    assert [set(given) for given in again if given] == [{KEY, OTHER}]


def test_a_leg_that_is_closed_whole_waits_with_the_leg_that_is_reduced() -> None:
    driver = Driver(policy(active("max_contracts", limit=10, enforcement="reduce", count_type="gross")))
    book = (held("1"), held("5", key=THIRD), short("6"))
    driver.read(*book)
    given = closes(driver.read(*book))
    assert set(given) == {KEY, THIRD, OTHER}
    assert given[KEY] == 1  # whole
    for intent in intents(driver.decisions):
        driver.answer(intent)
    assert not [given for given in (closes(driver.read(*book)) for _ in range(50)) if given]


def test_a_symbol_that_is_blocked_is_closed_with_its_entries_and_locked_alone() -> None:
    driver = Driver(policy(active("symbol_blocks", blocked_symbols=["ETH"])))
    entry = order(instrument("ETH"), OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=50)
    mine = order(instrument("BTC"), OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=50)
    driver.read(held("2"), eth("3"), orders=(entry, mine))
    decided = driver.read(held("2"), eth("3"), orders=(entry, mine))
    assert closes(decided) == {ETH: D(3)}
    assert [item.order_id for item in intents(decided) if item.kind is IntentKind.CANCEL] == [entry.order_id]
    assert [(held_lock.rule, held_lock.root) for held_lock in driver.state.locks] == [("symbol_blocks", "ETH")]


def test_an_entry_of_a_locked_root_without_a_position_is_cancelled_by_its_symbol() -> None:
    driver = Driver(policy())
    driver.state, _ = set_lock(driver.state, "x", Lock(Ends.ADMIN, None, "eth"), "why", flat=False)
    entry = order(instrument("ETH"), OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=50)
    decided = driver.read(held("2"), orders=(entry,))
    assert [item.order_id for item in intents(decided)] == [entry.order_id]


def test_what_grows_under_a_lock_is_brought_back_and_what_was_reduced_may_not_come_back() -> None:
    driver = Driver(policy())
    driver.read(held("5"), eth("1"))
    lock(driver)
    assert closes(driver.read(held("5"), eth("1"))) == {}
    assert closes(driver.read(held("6"), eth("1"))) == {KEY: D(1)}
    driver.answer(intents(driver.decisions)[-1])
    driver.read(held("3"), eth("1"))
    driver.read(held("3"), eth("1"))
    assert closes(driver.read(held("4"), eth("1"))) == {KEY: D(1)}


def test_a_position_that_was_turned_under_a_lock_is_new_risk() -> None:
    driver = Driver(policy())
    driver.read(held("5"), eth("1"))
    lock(driver)
    assert closes(driver.read(held("5", side=Side.SHORT), eth("1"))) == {KEY: D(5)}


def test_a_lock_that_begins_blind_closes_nothing_that_stood() -> None:
    """A lock set while positions are unknown must not take everything for grown when they can be read again."""
    driver = Driver(policy())
    driver.read(held("5"))
    driver.blind()
    lock(driver)
    assert closes(driver.read(held("5"))) == {}
    assert closes(driver.read(held("7"))) == {KEY: D(2)}


def test_a_lock_made_longer_while_blind_keeps_what_it_knew() -> None:
    driver = Driver(policy())
    driver.read(held("5"))
    lock(driver, 1)
    driver.blind()
    lock(driver, 2)
    assert closes(driver.read(held("6"))) == {KEY: D(1)}


def test_new_positions_under_a_lock_are_flattened_when_nothing_may_stay_and_holdings_are_left() -> None:
    driver = Driver(policy())
    driver.read()
    lock(driver)
    driver.read(held("2"), eth("9", tags=frozenset({"holding"})))
    assert driver.state.flattening is not None
    assert driver.state.flattening.cause == "locked"
    assert KEY in closes(driver.decisions)
    assert ETH not in closes(driver.decisions)


def test_longer_locks_replace_shorter_ones_of_the_same_rule_and_never_the_other_way() -> None:
    driver = Driver(policy())
    driver.read(held("5"))
    assert [type(item) for item in lock(driver, 2)] == [LockSet]
    assert not [item for item in lock(driver, 1) if isinstance(item, LockSet)]
    assert [type(item) for item in lock(driver, 3)] == [LockSet]
    assert [type(item) for item in lock(driver, None)] == [LockSet]
    assert not [item for item in lock(driver, 5) if isinstance(item, LockSet)]
    (only,) = driver.state.locks
    assert (only.ends, only.left_ms) == (Ends.ADMIN, None)
    cleared = command(driver, CommandKind.UNLOCK, rule="manual")
    assert [(item.rule, item.by) for item in cleared if isinstance(item, LockCleared)] == [("manual", "me")]


def test_a_reset_lock_of_a_later_day_is_longer() -> None:
    driver = Driver(policy())
    driver.read()
    today = Lock(Ends.RESET, None)
    driver.state, first = set_lock(driver.state, "x", today, "one", flat=False)
    driver.state, again = set_lock(driver.state, "x", today, "two", flat=True)
    assert (len(first), len(again)) == (1, 0)
    (standing,) = driver.state.locks
    assert standing.day is not None
    driver.state = replace(driver.state, locks=(replace(standing, day=standing.day - timedelta(days=1)),))
    _, later = set_lock(driver.state, "x", today, "three", flat=False)
    assert len(later) == 1


def test_a_lock_on_oneself_is_its_own_lock_and_needs_an_end() -> None:
    driver = Driver(policy())
    driver.read()
    refused = lock(driver, None, self_lock=True)
    assert [item.code for item in refused if isinstance(item, Alert)] == ["self_lock_needs_an_end"]
    lock(driver, 1, self_lock=True)
    lock(driver, None)
    assert [item.rule for item in driver.state.locks] == ["self_lock", "manual"]
    command(driver, CommandKind.UNLOCK)
    assert [item.rule for item in driver.state.locks] == ["self_lock"]
    assert not command(driver, CommandKind.UNLOCK, rule="manual")
    driver.wait(3601)
    assert not driver.state.locks


def test_a_lock_that_ends_with_its_condition_ends_when_the_rule_says_so_and_not_when_it_cannot_tell() -> None:
    driver = Driver(policy(active("stale_data", max_age_seconds=5)))
    driver.trades_known()
    driver.read(held("2"))
    driver.wait(60)
    assert [item.ends for item in driver.state.locks] == [Ends.CONDITION]
    driver.blind()
    assert driver.state.locks
    driver.read(held("2"))
    cleared = [item for item in driver.read(held("2")) if isinstance(item, LockCleared)]
    assert [item.by for item in cleared] == ["condition"]


def test_a_floating_breach_of_an_account_that_is_flat_by_then_flattens_nothing() -> None:
    driver = Driver(policy(active("daily_realized_loss", loss=D(500))))
    driver.feed(TradesRead(driver.at, driver.uptime, driver.at - timedelta(days=2)))
    driver.read()
    driver.fill("-600", "a")
    assert driver.state.flattening is None
    assert driver.state.locks


def test_shadow_tells_once_what_it_would_have_done() -> None:
    driver = Driver(policy(active("max_position_size", Mode.SHADOW, amount=D(100), amount_of="absolute", enforcement="close")))
    told = [item for _ in range(3) for item in driver.read(held("2", notional=D(200))) if isinstance(item, WouldDo)]
    assert [item.response for item in told] == [f"ClosePosition {KEY}", f"CancelOrders {KEY.instrument}"]


def test_an_answer_to_what_was_never_asked_changes_nothing() -> None:
    driver = Driver(policy())
    driver.read(held("2"))
    before = driver.state
    driver.feed(ActionResult(driver.at, driver.uptime, "guard-nobody", Outcome.REJECTED))
    assert driver.state == before


def test_flatten_without_an_enforcer_says_so() -> None:
    driver = Driver(policy(enforces=False))
    driver.read(held("2"))
    decided = command(driver, CommandKind.FLATTEN)
    assert [item.code for item in decided if isinstance(item, Alert)] == ["not_enforcing"]
    assert not [item for item in decided if isinstance(item, Intent)]


def test_a_step_needs_a_time_first() -> None:
    with pytest.raises(ValueError, match="no time yet"):
        set_lock(begin(policy()), "x", Lock(Ends.ADMIN, None), "why", flat=False)


def test_a_rule_that_asks_for_what_is_not_there_moves_nothing() -> None:
    """A plugin may ask for anything: a position that is not held, orders that could not be read, a refusal without a position."""
    wanted = Verdict("own", "own", Status.BREACH, "account", "x", responses=(ClosePosition(ETH), CancelOrders()), certain=True)
    rule = replace(rule_named("stale_data"), name="own", evaluate=lambda view, parameters: (wanted,))
    driver = Driver(policy(replace(active("stale_data"), rule=rule)))
    assert not intents(driver.read(held("2")))
    assert not intents(driver.blind())


def test_a_refused_cancellation_changes_no_position() -> None:
    driver = Driver(policy())
    entry = order(instrument("BTC"), OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=50)
    driver.read(held("2"), orders=(entry,))
    (cancel,) = intents(lock(driver))
    driver.answer(cancel, Outcome.REJECTED)
    assert not driver.state.stops_refused
    assert not driver.state.exit_refused


def test_the_start_of_a_period_is_what_was_told() -> None:
    driver = Driver(policy())
    driver.feed(PeriodStartKnown(driver.at, driver.uptime, "week", D(9_000), D(9_100)))
    assert driver.state.anchors.period_start[Period.WEEK] == Level(D(9_000), D(9_100))


def test_a_view_needs_a_day_first() -> None:
    with pytest.raises(ValueError, match="no trading day yet"):
        account_view(replace(begin(policy()), now=START))


def test_a_reduction_sends_what_is_too_much_and_no_more() -> None:
    driver = Driver(policy(active("max_contracts", limit=10, enforcement="reduce", count_type="gross")))
    driver.read(held("12"))
    # to .85 of 10, on whole contracts: 8 stay
    assert closes(driver.read(held("12"))) == {KEY: D(4)}


def test_a_reset_ends_the_locks_of_its_day_and_no_other() -> None:
    driver = Driver(policy())
    driver.read()
    driver.state, _ = set_lock(driver.state, "day", Lock(Ends.RESET, None), "why", flat=False)
    driver.state, _ = set_lock(driver.state, "always", Lock(Ends.ADMIN, None), "why", flat=False)
    lock(driver, 48)
    driver.wait(60)
    assert [item.rule for item in driver.state.locks] == ["day", "always", "manual"]
    driver.wait(86_400)
    assert [item.rule for item in driver.state.locks] == ["always", "manual"]


def test_what_is_no_longer_there_is_over_once_and_what_goes_on_is_not() -> None:
    driver = Driver(policy(active("unprotected_position")))
    driver.read(held("2"), eth("1"))
    told = [(item.subject, item.raised) for item in driver.read(held("2")) if isinstance(item, Alert)]
    assert told == [(str(ETH), False)]
    assert not [item for item in driver.read(held("2")) if isinstance(item, Alert)]
