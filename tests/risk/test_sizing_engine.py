"""Document 004's sizing engine: its arithmetic by hand, its properties by hypothesis, its refusals by code."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from books import instrument
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.risk.asset_classes import AssetClass
from market_analysis.risk.sizing_engine.caps import cluster_room
from market_analysis.risk.sizing_engine.kelly import kelly_stake
from market_analysis.risk.sizing_engine.multipliers import signal_multiplier
from market_analysis.risk.sizing_engine.recommend import recommend
from market_analysis.risk.sizing_engine.types import Candidate, Recommendation, SizingBook, TradeRecord
from market_analysis.settings import Settings

WIDE = Settings.model_validate(
    {
        "sizing": {
            "max_single_position_frac": 10,
            "max_class_exposure_frac": 10,
            "max_concentration_hhi": 100,
            "max_leverage": 50,
            "class_limits": dict.fromkeys(("stablecoin", "major", "layer1", "layer2", "defi", "meme", "altcoin"), 10),
        },
        "risk": {"max_equity_risk_frac": 0.1},
        "portfolio": {"max_portfolio_risk_frac": 0.5, "cluster_risk_cap_pct": 1.0},
    }
)
TERMS = instrument("BTC")


def candidate(**changes: Any) -> Candidate:
    """A long in BTC at 45,000 with a stop 3 % away: document 004's example."""
    fields: dict[str, Any] = {
        "asset": "BTC",
        "kind": AssetClass.MAJOR,
        "sign": 1,
        "signal": 0.85,
        "price": 45_000.0,
        "stop": 43_650.0,
        "loss_per_dollar": 0.03,
        "sigma_day": 0.02,
        "daily_volume_usd": 1e9,
        "leverage": 10.0,
    }
    return Candidate(**(fields | changes))


def book(held: dict[str, tuple[float, float]] | None = None, rho: float = 0.0, **changes: Any) -> SizingBook:
    """100,000 of equity; held: asset -> (signed dollars, signed can-lose); every pair correlated by rho, sigma 2 % a day."""
    lines = {"BTC": (0.0, 0.0)} | (held or {})
    names = tuple(sorted(lines))
    count = len(names)
    fields: dict[str, Any] = {
        "equity_usd": 100_000.0,
        "available_usd": 100_000.0,
        "assets": names,
        "kinds": tuple(AssetClass.MAJOR if name in ("BTC", "ETH") else AssetClass.ALTCOIN for name in names),
        "delta_usd": np.array([lines[name][0] for name in names]),
        "gross_usd": np.abs([lines[name][0] for name in names]),
        "risk_usd": np.array([lines[name][1] for name in names]),
        "sigma_day": np.full(count, 0.02),
        "correlation": np.full((count, count), rho) + (1.0 - rho) * np.eye(count),
    }
    return SizingBook(**(fields | changes))


def ask(
    trade: Candidate | None = None, held: SizingBook | None = None, record: TradeRecord | None = None, limits: Settings = WIDE
) -> Recommendation:
    trade = trade or candidate()
    return recommend(trade, Decimal(str(trade.price)), TERMS, trade.price, held or book(), record, limits)


def test_the_example_of_document_004_by_hand() -> None:
    """volatility .005 x 100,000 / .02 = 25,000; equal risk alone in the book .03 x 100,000 / .02 = 150,000; no record, so that the
    weights are .40 / .65 and .25 / .65. Nothing binds; signal .85 and BTC take nothing off."""
    answer = ask()
    volatility, kelly, parity = answer.methods
    assert (volatility.position_usd, parity.position_usd, kelly.position_usd) == (Decimal("25000"), Decimal("150000"), None)
    assert (volatility.weight, kelly.weight, parity.weight) == (pytest.approx(0.4 / 0.65), 0.0, pytest.approx(0.25 / 0.65))
    combined = 25_000 * 0.4 / 0.65 + 150_000 * 0.25 / 0.65
    assert float(answer.combined_usd or 0) == pytest.approx(combined, abs=1e-3)
    assert answer.adjusted_usd == answer.combined_usd == answer.add_usd
    assert answer.quantity == Decimal(str(math.floor(combined / 45_000 / 0.001) * 0.001)).quantize(Decimal("0.001"))
    assert float(answer.max_loss_usd or 0) == pytest.approx(float(answer.quantity) * 45_000 * 0.03, abs=1e-3)
    assert answer.approved


def test_the_original_s_example_was_inconsistent_and_ours_is_not() -> None:
    """Document 004 prints 2,500 dollars, a stop 3 % away and a loss of 450; the loss of a position is position x distance: 75."""
    tight = Settings.model_validate({"sizing": {"max_single_position_frac": 0.025}})
    answer = ask(limits=tight)
    assert answer.add_usd == Decimal("2500.0000")
    position = float(answer.quantity or 0) * 45_000
    assert float(answer.max_loss_usd or 0) == pytest.approx(position * 0.03, abs=1e-3)
    assert position * 0.03 <= 75.0
    assert [cap.name for cap in answer.caps if cap.binding] == ["single_position"]


def test_kelly_by_hand() -> None:
    """p = .55, b = 1.5: edge 2.5 x .55 - 1 = .375, f* = .25; n = 400: s^2 = .55 x .45 / 400, doubt 6.25 s^2 = .0038671875."""
    stake = kelly_stake(TradeRecord(400, 220, 1.5), 0.25)
    assert stake["edge"] == pytest.approx(0.375)
    assert stake["full_stake_frac"] == pytest.approx(0.25)
    assert stake["shrinkage"] == pytest.approx(0.375**2 / (0.375**2 + 0.0038671875))
    assert stake["stake_frac"] == pytest.approx(0.25 * 0.25 * stake["shrinkage"])
    answer = ask(record=TradeRecord(400, 220, 1.5))
    assert float(answer.methods[1].position_usd or 0) == pytest.approx(stake["stake_frac"] * 100_000 / 0.03, abs=1e-3)


def test_a_record_without_edge_says_zero_and_a_short_one_says_nothing() -> None:
    losing, short = ask(record=TradeRecord(400, 100, 1.5)).methods[1], ask(record=TradeRecord(99, 90, 3.0)).methods[1]
    assert (losing.position_usd, losing.weight) == (Decimal("0.0000"), pytest.approx(0.35))
    assert (short.position_usd, short.weight) == (None, 0.0)
    assert "99 closed trades" in short.detail


@settings(deadline=None, max_examples=60)
@given(trades=st.integers(1, 100_000), share=st.floats(0, 1), payoff=st.floats(0.01, 100), fraction=st.floats(0.01, 0.5))
def test_kelly_never_stakes_more_than_its_fraction_of_the_full_stake(
    trades: int, share: float, payoff: float, fraction: float
) -> None:
    stake = kelly_stake(TradeRecord(trades, round(share * trades), payoff), fraction)
    assert 0.0 <= stake["stake_frac"] <= fraction * max(stake["full_stake_frac"], 0.0) + 1e-15


def test_signal_steps_are_document_004_s() -> None:
    assert [signal_multiplier(s).value for s in (1.0, 0.8, 0.79, 0.6, 0.4, 0.2, 0.19, 0.0)] == [1, 1, 0.8, 0.8, 0.6, 0.4, 0.2, 0.2]


@settings(deadline=None, max_examples=60)
@given(
    equity=st.floats(2_000, 1e7),
    sigma=st.floats(0.002, 0.5),
    signal=st.floats(0, 1),
    distance=st.floats(0.002, 0.5),
    sign=st.sampled_from([1, -1]),
    held=st.floats(-0.2, 0.2),
    rho=st.floats(0.0, 0.95),
)
def test_properties_of_any_answer(
    equity: float, sigma: float, signal: float, distance: float, sign: int, held: float, rho: float
) -> None:
    other = {"ETH": (held * equity, held * equity * 0.05)}
    trade = candidate(sign=sign, signal=signal, sigma_day=sigma, loss_per_dollar=distance, stop=45_000 * (1 - sign * distance))
    limits = Settings()
    answer = ask(trade, book(other, rho, equity_usd=equity, available_usd=equity), limits=limits)
    position = float(answer.quantity or 0) * 45_000
    for cap in answer.caps:
        assert position <= float(cap.position_usd) * (1 + 1e-9) + 1e-3
    assert position <= float(answer.adjusted_usd or 0) + 1e-3
    assert answer.approved == (answer.quantity is not None) == (position > 0)
    if answer.approved:
        assert position * distance <= limits.risk.max_equity_risk_frac * equity * (1 + 1e-9)
    calmer = ask(replace(trade, sigma_day=sigma * 0.5), book(other, rho, equity_usd=equity, available_usd=equity), limits=limits)
    assert calmer.combined_usd is not None
    assert answer.combined_usd is not None
    assert calmer.combined_usd >= answer.combined_usd


def test_long_and_short_are_mirrors() -> None:
    one = ask(candidate(), book({"ETH": (20_000.0, 900.0)}, 0.8))
    other = ask(candidate(sign=-1, stop=46_350.0), book({"ETH": (-20_000.0, -900.0)}, 0.8))
    assert (one.quantity, one.max_loss_usd, one.combined_usd) == (other.quantity, other.max_loss_usd, other.combined_usd)


@pytest.mark.parametrize(("sign", "others"), [(1, 900.0), (-1, 900.0), (1, -900.0), (1, 0.0)])
def test_the_cluster_cap_is_met_exactly(sign: int, others: float) -> None:
    """At the cap sqrt(R' C R) is the cap: the quadratic's root put back."""
    held = book({"ETH": (20_000.0 * math.copysign(1, others), others)}, 0.8)
    risk, names = cluster_room(candidate(sign=sign), held, np.array([0.0, others]), 1_000.0, 0.7)
    signed = np.array([sign * risk, others])
    assert names == "BTC ETH"
    assert math.sqrt(signed @ held.correlation @ signed) == pytest.approx(1_000.0)


def test_a_full_cluster_has_no_room_and_a_stranger_has_all_of_it() -> None:
    full = book({"ETH": (50_000.0, 2_000.0)}, 0.8)
    assert cluster_room(candidate(), full, np.array([0.0, 2_000.0]), 1_000.0, 0.7)[0] == 0.0
    apart = book({"ETH": (50_000.0, 2_000.0)}, 0.1)
    assert cluster_room(candidate(), apart, np.array([0.0, 2_000.0]), 1_000.0, 0.7) == (1_000.0, "BTC")


@pytest.mark.parametrize(
    ("code", "trade", "held"),
    [
        ("book_unknown", {}, {"unknown": ("positions",)}),
        ("no_equity", {}, {"equity_usd": None}),
        ("no_equity", {}, {"equity_usd": -5.0}),
        ("account_too_small", {}, {"equity_usd": 999.0}),
        ("no_stop", {"stop": None, "loss_per_dollar": None}, {}),
        ("no_basis", {"sigma_day": None}, {}),
        ("opposes_held_position", {}, {"delta_usd": np.array([-500.0])}),
        ("cap_reached", {}, {"delta_usd": np.array([99_000.0]), "gross_usd": np.array([99_000.0])}),
        ("cap_reached", {"daily_volume_usd": 0.0}, {}),
        ("below_min_quantity", {"daily_volume_usd": 100.0}, {}),
        ("risk_factors_too_high", {"sigma_day": None, "daily_volume_usd": None, "signal": 0.0, "kind": AssetClass.MEME}, {}),
    ],
)
def test_refusals_have_codes(code: str, trade: dict[str, Any], held: dict[str, Any]) -> None:
    answer = ask(candidate(**trade), book(**held))
    assert code in [item.code for item in answer.refusals]
    assert answer.quantity is None
    assert answer.max_loss_usd is None
    assert not answer.approved


def test_what_is_held_already_counts() -> None:
    fresh = ask()
    more = ask(held=book({"BTC": (10_000.0, 300.0)}))
    assert more.held_usd == Decimal("10000.0000")
    assert fresh.add_usd is not None
    assert more.add_usd == fresh.add_usd - 10_000


def test_assets_without_history_are_left_out_of_equal_risk_and_said_to_be() -> None:
    held = book({"ETH": (20_000.0, 900.0), "XYZ": (5_000.0, 500.0)}, 0.3)
    place = held.assets.index("XYZ")
    correlation = held.correlation.copy()
    correlation[place] = correlation[:, place] = np.nan
    answer = ask(held=replace(held, correlation=correlation))
    assert answer.methods[2].detail == "one of 2 equal contributions; 1 held without history left out"
