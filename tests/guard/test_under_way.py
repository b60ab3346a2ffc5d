"""What is under way: no answer holds nothing up for ever, legs leave together, ladders widen where nothing fills and only there."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from books import instrument_id
from guard_world import KEY, Driver, active, held, intents, policy

from market_analysis.domain import PositionKey, Side
from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import Command, CommandKind, Outcome
from market_analysis.guard.state import ActiveRule
from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import ReducePosition, Response, Status, Verdict

D = Decimal
ETH = PositionKey("main", instrument_id("ETHUSDT"), 0)
PERP = PositionKey("main", instrument_id("BTCPERP"), 0)


def breached() -> Driver:
    driver = Driver(policy(active("daily_realized_loss", loss=D(500))))
    driver.trades_known()
    driver.fill("-500", "loss")
    return driver


def closes(decisions: object) -> list[Intent]:
    return [item for item in intents(decisions) if item.kind is IntentKind.CLOSE]


def sizes(decisions: object) -> dict[PositionKey | None, list[Decimal | None]]:
    found: dict[PositionKey | None, list[Decimal | None]] = {}
    for item in closes(decisions):
        found.setdefault(item.key, []).append(item.quantity)
    return found


def test_an_order_whose_answer_is_lost_holds_the_closing_up_for_a_while_and_no_longer() -> None:
    driver = breached()
    (first,) = closes(driver.read(held("2")))
    for _ in range(148):
        assert not closes(driver.read(held("2")))
    again = [item for _ in range(3) for item in closes(driver.read(held("2")))]
    assert [item.client_id != first.client_id for item in again] == [True]
    before = driver.state
    driver.answer(first, Outcome.REJECTED)  # so late that it tells nothing any more
    assert driver.state.exits == before.exits


def test_a_lost_answer_is_waited_for_until_reads_have_followed_it() -> None:
    driver = breached()
    closes(driver.read(held("2")))
    driver.wait(3600)
    assert not closes(driver.read(held("2")))
    assert closes(driver.read(held("2")))


def test_a_position_larger_than_one_order_leaves_at_once_in_several() -> None:
    driver = breached()
    given = driver.read(held("10", most_per_order=D(4)), held("10", side=Side.SHORT, key=PERP, most_per_order=D(100)))
    assert sizes(given) == {KEY: [D(4), D(4), D(2)], PERP: [D(10)]}
    assert len({item.client_id for item in closes(given)}) == 4
    assert driver.state.exits[KEY].attempts == 1


def test_no_wave_has_more_orders_of_a_position_than_ten() -> None:
    assert sizes(breached().read(held("100", most_per_order=D(4)))) == {KEY: [D(4)] * 10}


def test_a_reduction_larger_than_one_order_cuts_no_more_than_it_should() -> None:
    driver = Driver(policy(active("max_contracts", limit=4, enforcement="reduce", release_frac=1)))
    driver.read(held("10", most_per_order=D(4)))
    assert sizes(driver.read(held("10", most_per_order=D(4)))) == {KEY: [D(4), D(2)]}


def test_a_ladder_widens_at_any_pace_of_looking() -> None:
    driver = breached()
    prices = []
    while len(prices) < 4:
        driver.wait(300)
        for item in closes(driver.read(held("2"))):
            prices.append(item.price)
            driver.answer(item)
    assert prices == [D("99.5"), D(99), D(98), D(96)]


def test_a_ladder_begins_anew_where_the_last_order_was_filled_whole() -> None:
    """What the trader adds under a lock is brought back at the first bound each time, not further from the mark each time."""
    driver = Driver(policy())
    driver.read(held("5"))
    driver.feed(Command(driver.at, driver.uptime, CommandKind.LOCK, "me", "enough"))
    for _ in range(3):
        (close,) = closes(driver.read(held("6")))
        assert close.price == D("99.5")
        driver.answer(close)
        driver.read(held("5"))
        driver.read(held("5"))


def asking(name: str, *responses: Response) -> ActiveRule:
    verdict = Verdict(name, name, Status.BREACH, "account", "x", responses=responses)
    rule = replace(rule_named("stale_data"), name=name, evaluate=lambda view, parameters: (verdict,))
    return replace(active("stale_data"), rule=rule)


def test_no_leg_of_a_pair_is_cut_while_an_order_of_the_other_is_under_way() -> None:
    first = asking("first", ReducePosition(KEY, D(10)))
    both = asking("second", ReducePosition(KEY, D(6)), ReducePosition(PERP, D(6)), ReducePosition(ETH, D(1)))
    driver = Driver(policy(first, both, reduce_cooldown_seconds=0))
    book = (held("12"), held("12", side=Side.SHORT, key=PERP), held("2", key=ETH, root="ETH"))
    driver.read(*book)
    given = driver.read(*book)
    assert sizes(given) == {KEY: [D(2)], ETH: [D(1)]}
    for item in closes(given):
        driver.answer(item)
    later = [sizes(driver.read(held("10"), *book[1:])) for _ in range(2)]
    assert later == [{}, {KEY: [D(4)], PERP: [D(6)], ETH: [D(1)]}]
