"""Marks coalesced: one a second and instrument, at once at a trigger, none that its index contradicts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from books import instrument_id

from market_analysis.desk.mark_board import MarkBoard, believed
from market_analysis.venues.stream import MarkSeen

BTC, ETH = instrument_id("BTCUSDT"), instrument_id("ETHUSDT")
D = Decimal


class Bench:
    def __init__(self) -> None:
        self.now = 100.0
        self.board = MarkBoard(lambda: self.now)

    def push(self, price: str, instrument: object = BTC, index: str | None = None) -> None:
        self.board.take(MarkSeen(instrument, D(price), None if index is None else D(index)))  # type: ignore[arg-type]


def test_the_newest_of_a_second_and_the_first_at_once() -> None:
    bench = Bench()
    bench.push("100")
    assert bench.board.due() == {BTC: D(100)}
    bench.push("101")
    bench.push("102")
    bench.push("50", ETH)
    assert bench.board.due() == {ETH: D(50)}
    bench.now += 0.999
    assert bench.board.due() == {}
    bench.now += 0.001
    assert bench.board.due() == {BTC: D(102)}
    assert bench.board.due() == {}


def test_a_price_that_stands_still_is_told_once() -> None:
    bench = Bench()
    bench.push("100")
    bench.board.due()
    bench.now += 5
    bench.push("100")
    assert bench.board.due() == {}


def test_a_price_that_came_back_leaves_no_older_one_to_be_told() -> None:
    bench = Bench()
    bench.push("100")
    bench.board.due()
    bench.push("90")
    bench.push("100")
    bench.now += 5
    assert bench.board.due() == {}


@pytest.mark.parametrize("price", ["95", "94", "105", "106"])
def test_a_trigger_that_is_reached_does_not_wait(price: str) -> None:
    bench = Bench()
    bench.push("100")
    bench.board.due()
    bench.board.watch({BTC: (D(95), D(105))})
    bench.push("95.1")
    assert bench.board.due() == {}
    bench.push(price)
    assert bench.board.due() == {BTC: D(price)}


def test_a_mark_beyond_five_percent_of_its_index_is_not_believed() -> None:
    bench = Bench()
    bench.push("94.9", index="100")
    bench.push("105.1", index="100")
    assert bench.board.due() == {}
    bench.push("95", index="100")
    assert bench.board.due() == {BTC: D(95)}
    assert believed(D(1), D(0))
    assert believed(D(1), None)
