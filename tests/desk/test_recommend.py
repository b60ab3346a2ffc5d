"""The sizing engine on the embedded exchange: what it reads, what it refuses before reading."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from desk_sessions import open_desk, quick_settings

from market_analysis.desk.instruments import parse_instrument
from market_analysis.desk.recommend import SizingQuestion, recommend_size
from market_analysis.domain import Side
from market_analysis.errors import UsageError
from market_analysis.risk.sizing_engine.types import TradeRecord

WIDE = {
    "max_single_position_frac": 20,
    "max_class_exposure_frac": 20,
    "max_concentration_hhi": 100,
    "max_leverage": 100,
    "class_limits": {"layer1": 20},
}


async def test_a_size_from_the_book_as_it_is() -> None:
    settings = quick_settings(sizing=WIDE, portfolio={"max_portfolio_risk_frac": 0.5, "cluster_risk_cap_pct": 1})
    question = SizingQuestion(parse_instrument("ADAUSDT"), Side.SHORT, None, 0.9, Decimal(10), TradeRecord(500, 300, 1.2))
    async with open_desk(settings) as desk:
        answer = await recommend_size(desk.session, question)
        assert answer.approved, answer.refusals
        assert answer.asset_class == "layer1"
        assert answer.stop is not None
        assert answer.stop > answer.entry
        assert [method.position_usd is not None for method in answer.methods] == [True, True, True]
        assert answer.quantity is not None
        position = answer.quantity * answer.entry
        assert all(position <= cap.position_usd for cap in answer.caps)
        wrong_side = await recommend_size(desk.session, replace(question, stop=answer.entry / 2))
        assert "no_stop" in [item.code for item in wrong_side.refusals]
        with pytest.raises(UsageError, match="lists no linear contract"):
            await recommend_size(desk.session, replace(question, instrument=parse_instrument("NOSUCHUSDT")))
