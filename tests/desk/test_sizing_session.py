"""Sizing on an account that is read over the wire: what the venue does not answer is no reason to assume."""

from __future__ import annotations

from decimal import Decimal

import pytest
from desk_sessions import open_desk

from market_analysis.desk.instruments import parse_instrument
from market_analysis.desk.sizing import Sizing, TradeIdea, size_idea
from market_analysis.domain import Side
from market_analysis.errors import DataUnknownError, UsageError
from market_analysis.venues.simulated import FaultKind

POSITIONS, WALLET, TICKERS = "/v5/position/list", "/v5/account/wallet-balance", "/v5/market/tickers"
XRP = parse_instrument("XRP")


def codes(sized: Sizing) -> set[str]:
    return {refusal.code for refusal in sized.result.refusals}


async def test_the_demo_book_has_no_room_and_the_account_alone_has() -> None:
    async with open_desk() as desk:
        full = await size_idea(desk.session, TradeIdea(XRP, Side.LONG, stop_frac=0.04))
        assert {"no_room_portfolio_risk", "no_room_day_room"} <= codes(full)
        assert not full.result.rests_on_unknown
        alone = await size_idea(desk.session, TradeIdea(XRP, Side.LONG, stop_frac=0.04, leverage=Decimal(3), alone=True))
        assert alone.result.approved
        assert alone.result.size_usd <= Decimal("0.08") * (alone.result.equity_usd or Decimal(0))
        stop = alone.result.stop
        assert stop is not None
        assert Decimal("0.039") < stop.frac <= Decimal("0.04")  # to the tick, never looser


async def test_the_leverage_of_what_is_held_is_the_trade_s() -> None:
    async with open_desk() as desk:
        sized = await size_idea(desk.session, TradeIdea(parse_instrument("BTC"), Side.LONG))
        reserve = next(cap for cap in sized.result.caps if cap.name == "cash_reserve")
        assert reserve.basis.startswith("margin at 10x ")
        other = await size_idea(desk.session, TradeIdea(parse_instrument("BTC"), Side.SHORT))
        assert next(cap for cap in other.result.caps if cap.name == "cash_reserve").basis.startswith("margin at 1x ")


@pytest.mark.parametrize(("endpoint", "code"), [(POSITIONS, "data_unknown"), (WALLET, "no_equity")])
async def test_a_part_that_is_not_answered_refuses(endpoint: str, code: str) -> None:
    async with open_desk() as desk:
        desk.server.faults.set(endpoint=endpoint, kind=FaultKind.HTTP_500)
        for alone in (False, True):
            sized = await size_idea(desk.session, TradeIdea(XRP, Side.LONG, alone=alone))
            assert code in codes(sized)
            assert sized.result.rests_on_unknown
            assert sized.result.quantity == 0


async def test_without_a_price_there_is_nothing_to_size() -> None:
    async with open_desk() as desk:
        desk.server.faults.set(endpoint=TICKERS, kind=FaultKind.HTTP_500)
        with pytest.raises(DataUnknownError, match="XRPUSDT"):
            await size_idea(desk.session, TradeIdea(XRP, Side.LONG))
        with pytest.raises(UsageError, match="lists no linear contract"):
            await size_idea(desk.session, TradeIdea(parse_instrument("NOSUCH"), Side.LONG))
