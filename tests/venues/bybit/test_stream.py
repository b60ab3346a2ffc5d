"""Bybit's pushes through the real ccxt.pro, from the embedded exchange's sockets; and messages that are not what they should be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from desk_sessions import Desk, open_desk

from market_analysis.domain import Category, InstrumentId
from market_analysis.settings import Credentials
from market_analysis.venues.bybit import stream as module
from market_analysis.venues.bybit.stream import BybitStream, PushReader
from market_analysis.venues.simulated.ledger.books import DEMO_UID
from market_analysis.venues.simulated.ledger.requests import OrderRequest
from market_analysis.venues.stream import Changed, Lost, MarkSeen, Pushed

BTC, INVERSE = (InstrumentId("bybit", kind, name) for kind, name in ((Category.LINEAR, "BTCUSDT"), (Category.INVERSE, "BTCUSD")))
LINEAR = "wss://host/v5/public/linear"


class Listening:
    """A stream that runs beside the test."""

    def __init__(self, desk: Desk, secret: str | None = None) -> None:
        with desk.server.exchange() as exchange:
            key = exchange._accounts[DEMO_UID].api_keys[0]
        self.heard: list[Pushed] = []
        self.wanted: frozenset[InstrumentId] = frozenset({BTC})
        stream = BybitStream(desk.session.settings.bybit, Credentials(key.api_key, secret or key.secret))
        self._task = asyncio.create_task(stream.run(lambda: self.wanted, self.heard.append))

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not met():
                await asyncio.sleep(0.02)

    def marks(self, instrument: InstrumentId) -> list[Decimal]:
        return [item.mark for item in self.heard if isinstance(item, MarkSeen) and item.instrument == instrument]

    async def end(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def test_marks_of_what_is_wanted_and_changes_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.05)
    async with open_desk() as desk:
        listening = Listening(desk)
        await listening.until(lambda: bool(listening.marks(BTC)))
        assert listening.heard[0] == Changed("connected")
        listening.wanted = frozenset({BTC, INVERSE})
        await listening.until(lambda: bool(listening.marks(INVERSE)))
        desk.advance(minutes=5)
        await listening.until(lambda: len(set(listening.marks(BTC))) > 1)
        with desk.server.exchange() as exchange:
            exchange.place_order(DEMO_UID, OrderRequest("linear", "SOLUSDT", "Buy", "Market", Decimal(1)))
        await listening.until(
            lambda: {"execution", "order", "position"} <= {i.what for i in listening.heard if isinstance(i, Changed)}
        )
        await listening.end()
    assert not [item for item in listening.heard if isinstance(item, Lost)]


async def test_a_refused_key_is_told_and_tried_again_and_the_secret_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.05)
    async with open_desk() as desk:
        listening = Listening(desk, secret="not-the-secret")
        await listening.until(lambda: len([item for item in listening.heard if isinstance(item, Lost)]) >= 2)
        await listening.end()
    assert "not-the-secret" not in repr(listening.heard)
    assert not listening.marks(BTC)


async def test_after_a_broken_connection_the_account_counts_as_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.05)
    async with open_desk() as desk:
        listening = Listening(desk)
        await listening.until(lambda: bool(listening.marks(BTC)))
        desk.server.hub.cut("/v5/private")
        await listening.until(lambda: listening.heard.count(Changed("connected")) == 2)
        kinds = [type(item).__name__ for item in listening.heard if not isinstance(item, MarkSeen)]
        assert kinds[:3] == ["Changed", "Lost", "Changed"]
        await listening.end()


def read(*messages: tuple[str, dict[str, Any]]) -> list[Pushed]:
    heard: list[Pushed] = []
    reader = PushReader(heard.append)
    for url, message in messages:
        reader.read(url, message)
    return heard


def ticker(kind: str = "delta", **data: Any) -> tuple[str, dict[str, Any]]:
    return LINEAR, {"topic": "tickers.BTCUSDT", "type": kind, "data": data}


def test_later_messages_hold_only_what_has_changed() -> None:
    heard = read(
        ticker("snapshot", markPrice="100", indexPrice="101"), ticker(indexPrice="102"), ticker(markPrice="99"), ticker("snapshot")
    )
    assert heard == [
        MarkSeen(BTC, Decimal(mark), Decimal(index)) for mark, index in (("100", "101"), ("100", "102"), ("99", "102"))
    ]


@pytest.mark.parametrize(
    "message",
    [
        ticker(markPrice="abc"),
        ticker(markPrice="0"),
        ticker(markPrice="-1"),
        ticker(markPrice="NaN"),
        ticker(markPrice=None),
        ticker(lastPrice="100"),
        (LINEAR, {"topic": "tickers.BTCUSDT", "data": [1, 2]}),
        ("wss://host/v5/public/option", {"topic": "tickers.BTC-1", "data": {"markPrice": "1"}}),
    ],
)
def test_what_is_no_price_is_none(message: tuple[str, dict[str, Any]]) -> None:
    assert read(message) == []


def test_whatever_else_comes_is_a_reason_to_read() -> None:
    assert read(("wss://host/v5/private", {"topic": "position", "data": "garbage"})) == [Changed("position")]
