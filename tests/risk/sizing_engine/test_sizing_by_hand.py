"""The sizing engine against hand arithmetic: document 004's example, mended, then each method, factor and cap alone."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import books
import pytest
from sizing_requests import FREE, book, line, request, view

from market_analysis.domain import Category, Rounding, Side
from market_analysis.risk.sizing_engine.engine import size_position
from market_analysis.risk.sizing_engine.multipliers import class_multiplier, hour_multiplier, signal_multiplier
from market_analysis.risk.sizing_engine.risk_caps import cluster_room_usd
from market_analysis.risk.sizing_engine.types import Cap, Method, SizingResult, TradeRecord, cents
from market_analysis.settings import SizingSettings

D = Decimal
SETTINGS = SizingSettings()
WIDE = SizingSettings(max_position_frac=20, crypto_max_position_frac=20, max_class_exposure_frac=20, max_leverage=50, max_hhi=1)


def method(result: SizingResult, name: str) -> Method:
    return next(item for item in result.methods if item.name == name)


def cap(result: SizingResult, name: str) -> Cap:
    return next(item for item in result.caps if item.name == name)


def test_document_004_s_example_with_its_arithmetic_mended() -> None:
    """BTC at 45,000, sigma .03, signal .85, 2 % risk. The document prints 2,500 USD, a stop at 43,650 and a loss of 450; but 3 % of
    2,500 is 75, and one crypto coin may be 8 % of equity: 2,000 of the 25,000 that its risk percent of 1.8 implies."""
    got = size_position(request(), book(), SETTINGS)
    assert got.approved
    assert got.stop is not None
    assert got.stop.price == 43_650
    # 25,000 * .02 / (2 * .02) * .02 / .03; 25,000 * .03 / .03; weights .4 and .25 of .65, Kelly's left out
    assert method(got, "volatility").size_usd == D("8333.3333")
    assert method(got, "equal_risk").size_usd == D("25000.0000")
    assert method(got, "kelly").size_usd is None
    assert method(got, "volatility").used == pytest.approx(0.4 / 0.65)
    assert float(got.combined_usd or 0) == pytest.approx(8_333.3333 * 0.4 / 0.65 + 25_000 * 0.25 / 0.65, abs=1e-3)
    assert [item.name for item in got.caps if item.binding] == ["class_position"]
    assert cap(got, "class_position").room_usd == 2_000
    assert cap(got, "position").room_usd == 2_500
    assert cap(got, "risk_per_trade").room_usd == D("16666.6666")
    # 2,000 / 45,000 = .04444 -> .0444 BTC = 1,998 USD; 3 % of it
    assert (got.quantity, got.size_usd, got.max_loss_usd) == (D("0.0444"), 1_998, D("59.94"))
    assert got.risk_frac == pytest.approx(59.94 / 25_000)
    # 3, 0, 2, .75, 1, 0 by the weights: (.75 + 0 + .3 + .15 + .1 + 0) / 10
    assert got.confidence == pytest.approx(0.87)


def test_fees_and_slippage_are_part_of_the_loss() -> None:
    item = replace(FREE, taker_fee_frac=D("0.001"))
    got = size_position(request(instrument=item, slippage_frac=0.002), book(), SETTINGS)
    assert got.stop is not None
    # .03 + .001 + (.001 + .002) * 43,650 / 45,000
    assert got.stop.loss_frac == D("0.03") + D("0.001") + D("0.003") * D("0.97")
    assert got.max_loss_usd == cents(got.size_usd * got.stop.loss_frac, Rounding.UP)
    assert got.fees_usd == cents(got.size_usd * D("0.00391"), Rounding.UP)
    assert cap(got, "risk_per_trade").room_usd == (500 / D("0.03391")).quantize(D("0.0001"), rounding="ROUND_FLOOR")


def test_a_sell_has_its_stop_above_and_the_same_size() -> None:
    short, long = (size_position(request(side=side), book(), SETTINGS) for side in (Side.SHORT, Side.LONG))
    assert short.stop is not None
    assert short.stop.price == 46_350
    assert (short.quantity, short.max_loss_usd) == (long.quantity, long.max_loss_usd)


def test_an_inverse_contract_is_sized_in_its_dollars() -> None:
    item = replace(books.instrument("BTC", Category.INVERSE), taker_fee_frac=D(0), tiers=())
    got = size_position(request(instrument=item), book(), SETTINGS)
    assert (got.quantity, got.size_usd, got.max_loss_usd) == (2_000, 2_000, 60)


def test_a_wild_market_a_calm_one_and_one_without_sigma() -> None:
    wild = size_position(request(sigma_day=0.05), book(), SETTINGS)
    assert method(wild, "volatility").size_usd == 3_000  # 12,500 * .02 / .05 * .6
    calm = size_position(request(sigma_day=0.001), book(), SETTINGS)
    assert method(calm, "volatility").size_usd == 25_000  # 12,500 * 2, not * 20
    dark = size_position(request(sigma_day=None), book(), SETTINGS)
    assert not dark.approved
    assert [refusal.code for refusal in dark.refusals] == ["no_method"]
    assert "no volatility is known" in method(dark, "volatility").basis


def test_kelly_of_a_known_record_by_hand() -> None:
    record = TradeRecord(100, 0.55, 1.5, "test")
    got = method(size_position(request(record=record), book(), SETTINGS), "kelly")
    # f* .25, shrinkage .140625 / .15609375, a quarter of it: .0563063 of equity at risk, over a stop of .03
    at_risk = 0.25 * 0.25 * 0.140625 / 0.15609375
    assert float(got.size_usd or 0) == pytest.approx(at_risk * 25_000 / 0.03, rel=1e-9)
    assert got.used == pytest.approx(0.35)
    few = method(size_position(request(record=replace(record, trades=99)), book(), SETTINGS), "kelly")
    assert (few.size_usd, few.used, few.basis) == (None, 0.0, "99 closed trades, 100 are needed")
    odd = method(size_position(request(record=replace(record, payoff=math.inf)), book(), SETTINGS), "kelly")
    assert odd.size_usd is None


def test_a_record_without_an_edge_says_zero_and_is_heard() -> None:
    losing = TradeRecord(400, 0.40, 1.5, "test")
    got = size_position(request(record=losing), book(), SETTINGS)
    assert (method(got, "kelly").size_usd, method(got, "kelly").used) == (0, 0.35)
    assert float(got.combined_usd or 0) == pytest.approx(0.4 * 8_333.3333 + 0.25 * 25_000, abs=1e-3)
    alone = SizingSettings(weight_volatility=0, weight_equal_risk=0)
    refused = size_position(request(record=losing), book(), alone)
    assert [refusal.code for refusal in refused.refusals] == ["methods_say_zero"]
    assert refused.quantity == 0


def test_equal_risk_knows_what_repeats_and_what_hedges() -> None:
    lines = [line("ETH", 5_000.0)]
    alike = size_position(request(), book(lines=lines, view=view(["BTC", "ETH"], 0.8)), SETTINGS)
    # y = 1 / sqrt(2 * 1.8); 750 / .03 * y
    assert float(method(alike, "equal_risk").size_usd or 0) == pytest.approx(25_000 / math.sqrt(3.6), abs=1e-3)
    against = size_position(request(side=Side.SHORT), book(lines=lines, view=view(["BTC", "ETH"], 0.8)), SETTINGS)
    assert float(method(against, "equal_risk").size_usd or 0) == pytest.approx(25_000 / math.sqrt(0.4), abs=1e-3)
    # Its own size enters by what is held already, the other's does not enter.
    held = size_position(request(), book(lines=[*lines, line("BTC", 1_000.0)], view=view(["BTC", "ETH"], 0.8)), SETTINGS)
    assert float(method(held, "equal_risk").size_usd or 0) == pytest.approx(25_000 / math.sqrt(3.6) - 1_000, abs=1e-3)


def test_equal_risk_has_no_basis_where_a_correlation_or_a_value_is_missing() -> None:
    lines = [line("ETH", 5_000.0)]
    dark = size_position(request(), book(lines=lines, view=view(["BTC", "ETH"], 0.8, missing=["ETH"])), SETTINGS)
    assert method(dark, "equal_risk").basis == "no correlation of ETH"
    mirrored = size_position(request(side=Side.SHORT), book(lines=lines, view=view(["BTC", "ETH"], 1.0)), SETTINGS)
    assert "next to no risk" in method(mirrored, "equal_risk").basis
    assert method(mirrored, "equal_risk").size_usd is None


@pytest.mark.parametrize(
    ("signal", "factor"), [(1, 1), (0.8, 1), (0.79, 0.8), (0.6, 0.8), (0.4, 0.6), (0.2, 0.4), (0.19, 0.2), (0, 0.2)]
)
def test_the_signal_s_steps(signal: float, factor: float) -> None:
    assert signal_multiplier(signal) == factor


def test_a_riskier_class_is_smaller_and_a_safer_one_is_not_larger() -> None:
    assert (class_multiplier("BTC"), class_multiplier("USDC")) == (1.0, 1.0)
    assert (class_multiplier("DOGE"), class_multiplier("AAVE")) == (pytest.approx(0.4), pytest.approx(1 / 1.5))


def test_the_night_is_as_good_as_the_day_unless_settings_say_otherwise() -> None:
    assert hour_multiplier(3, SETTINGS) == 1.0
    by_document = SizingSettings(off_hours_multiplier=0.8)
    assert [hour_multiplier(hour, by_document) for hour in (5, 6, 22, 23)] == [0.8, 1.0, 1.0, 0.8]


def test_exposure_caps_count_what_is_held() -> None:
    lines = [line("BTC", 1_500.0), line("ETH", -3_000.0), line("DOGE", 6_000.0)]
    got = size_position(request(), book(lines=lines), SETTINGS)
    assert cap(got, "position").room_usd == 1_000  # 2,500 - 1,500
    assert cap(got, "class_position").room_usd == 500
    assert cap(got, "class_exposure").room_usd == 1_750  # 6,250 - 3,000 of ETH - 1,500
    assert cap(got, "leverage").room_usd == 64_500  # 75,000 - 9,000 - 1,500
    # sqrt(.5 * 25,000^2 - 3,000^2 - 6,000^2) - 1,500
    assert float(cap(got, "concentration").room_usd or 0) == pytest.approx(math.sqrt(0.5 * 25_000**2 - 45e6) - 1_500, abs=1e-3)
    other_way = size_position(request(side=Side.SHORT), book(lines=lines), SETTINGS)
    assert cap(other_way, "position").room_usd == 4_000  # back to nothing, and 2,500 beyond


def test_concentration_is_of_the_gross_exposure_where_that_exceeds_equity() -> None:
    lines = [line("BTC", 4_000.0), line("ETH", 12_000.0), line("DOGE", -14_000.0)]
    got = size_position(request(), book(lines=lines), SizingSettings(max_leverage=50, max_class_exposure_frac=20))
    # sqrt(.5 * 30,000^2 - 12,000^2 - 14,000^2) - 4,000
    assert float(cap(got, "concentration").room_usd or 0) == pytest.approx(math.sqrt(1.1e8) - 4_000, abs=1e-3)


def test_a_book_that_is_too_concentrated_takes_only_what_lessens_it() -> None:
    lines = [line("ETH", 40_000.0), line("BTC", 300.0)]
    settings = SizingSettings(max_leverage=50, max_class_exposure_frac=20)
    more = size_position(request(), book(lines=lines), settings)
    assert "no_room_concentration" in {refusal.code for refusal in more.refusals}
    less = size_position(request(side=Side.SHORT), book(lines=lines), settings)
    assert cap(less, "concentration").room_usd == 300


def test_the_cluster_cap_by_hand() -> None:
    pair = view(["BTC", "ETH"], 0.5)
    held = [line("ETH", 5_000.0, 300.0)]
    # q^2 + 2 * .5 * 300 q + 300^2 = 375^2: q = -150 + sqrt(150^2 + 375^2 - 300^2)
    assert cluster_room_usd("BTC", 1, held, pair, 375.0) == pytest.approx(-150 + math.sqrt(22_500 + 140_625 - 90_000))
    assert cluster_room_usd("BTC", -1, held, pair, 375.0) == pytest.approx(150 + math.sqrt(22_500 + 140_625 - 90_000))
    # Over the cap: nothing that adds; a hedge as far as the risk does not rise, 2 * .5 * 300.
    assert cluster_room_usd("BTC", 1, held, pair, 200.0) == 0.0
    assert cluster_room_usd("BTC", -1, held, pair, 200.0) == pytest.approx(300.0)
    assert cluster_room_usd("BTC", 1, (), pair, 375.0) == 375.0
    assert cluster_room_usd("BTC", 1, [line("BTC", 900.0, 100.0)], view(missing=["BTC"]), 375.0) == 275.0
    assert cluster_room_usd("BTC", 1, [line("ETH", 5_000.0, None)], pair, 375.0) is None


def test_risk_and_margin_caps_by_hand() -> None:
    now = book(loss_usd=D(600), day_limited=True, day_left_usd=D(700), available_usd=D(3_000))
    got = size_position(request(leverage=D(5)), now, WIDE)
    assert cap(got, "portfolio_risk").room_usd == 5_000  # (750 - 600) / .03
    assert cap(got, "day_room").room_usd == D("3333.3333")  # (700 - 600) / .03
    assert cap(got, "cluster_risk").room_usd == 12_500  # 375 / .03
    assert cap(got, "cash_reserve").room_usd == 2_500  # (3,000 - 2,500) * 5
    assert [item.name for item in got.caps if item.binding] == ["cash_reserve"]
    assert got.size_usd == D("0.0555") * 45_000


def test_the_venue_s_own_bounds() -> None:
    item = replace(FREE, max_quantity=D("0.02"), tiers=books.tiers(1_000, ("0.005", "0.05")))
    got = size_position(request(instrument=item, leverage=D(20)), book(), SETTINGS)
    assert cap(got, "max_quantity").room_usd == 900
    assert cap(got, "leverage_tier").room_usd == 1_000  # the second tier allows 10x only
    assert got.quantity == D("0.02")
    assert cap(size_position(request(instrument=item, leverage=D(10)), book(), SETTINGS), "leverage_tier").room_usd == 2_000


def test_a_risk_factor_that_is_not_known_has_no_weight() -> None:
    got = size_position(request(turnover_24h_usd=None), book(), SETTINGS)
    assert {item.name: item.value for item in got.risk_factors}["liquidity"] is None
    # (.75 + .3 + .15 + .1 + 0) / .8 of ten
    assert got.confidence == pytest.approx(1 - 1.3 / 0.8 / 10)
    assert got.approved
    worst = request(sigma_day=0.3, signal=0.0, turnover_24h_usd=D(0), hour_utc=23, stop_frac=None)
    assert size_position(worst, book(), SETTINGS).confidence == pytest.approx(1 - (2.5 + 2 + 0.3 + 1 + 0.3) / 10)
