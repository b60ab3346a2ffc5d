"""Clusters, their caps and the throttle: hand-worked figures, twins, and that no cap ever takes a hedge away."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from market_analysis.domain import MarginMode, PositionKey, Side
from market_analysis.risk.caps import Plan, allowed_cuts, apply_caps, reducible_line
from market_analysis.risk.clusters import cluster_cap_usd, cluster_report, find_clusters, is_over, over_cap_finding
from market_analysis.risk.correlation import CorrelationView, Returns
from market_analysis.risk.exposure import Line, correlated_risk
from market_analysis.risk.joint_liquidation import joint_liquidation_move
from market_analysis.risk.margin_build import margin_model
from market_analysis.risk.margin_model import MarginModel
from market_analysis.risk.market_factor import MarketFactor
from market_analysis.risk.tail_risk import BookTail, UnhedgeJudge, book_tail
from market_analysis.risk.throttle import drawdown_multiplier, portfolio_scale, risk_cap
from market_analysis.settings import DrawdownStep, PortfolioSettings

import books  # isort: skip

SETTINGS = PortfolioSettings()
NO_TAIL = UnhedgeJudge(BookTail((), np.zeros(0), np.zeros((0, 0)), np.zeros(0)), None, None)


def view_of(assets: tuple[str, ...], rho: float | np.ndarray, missing: tuple[str, ...] = ()) -> CorrelationView:
    matrix = np.full((len(assets),) * 2, rho) if isinstance(rho, float) else rho.copy()
    np.fill_diagonal(matrix, 1.0)
    for name in missing:
        place = assets.index(name)
        matrix[place, :] = matrix[:, place] = 0.0
        matrix[place, place] = 1.0
    return CorrelationView(assets, matrix, frozenset(missing), 360, {}, (matrix,))


def key(name: str) -> PositionKey:
    return PositionKey("main", books.instrument(name).id)


def line(asset: str, risk: float | None, delta: float | None = None, sigma: float | None = 0.03) -> Line:
    return Line(str(key(asset)), asset, key(asset), risk if delta is None else delta, risk, sigma)


def plan(asset: str, sign: int, risk: float, planned_to_held: float = 1.0) -> tuple[PositionKey, Plan]:
    return key(asset), Plan(key(asset), sign, risk, planned_to_held)


def test_correlated_risk_by_hand() -> None:
    view = view_of(("BTC", "ETH"), 0.8)
    lines = [line("BTC", 300.0), line("ETH", -400.0)]
    # sqrt(300^2 + 400^2 - 2 * .8 * 300 * 400)
    assert correlated_risk(lines, [300.0, -400.0], view) == pytest.approx(math.sqrt(250_000 - 192_000))
    assert correlated_risk(lines, [300.0, 400.0], view) == pytest.approx(math.sqrt(250_000 + 192_000))


def test_two_legs_of_one_asset_cancel_and_a_missing_asset_never_does() -> None:
    view = view_of(("BTC", "NEW"), 0.0, missing=("NEW",))
    assert correlated_risk([line("BTC", 1.0), line("BTC", -1.0)], [500.0, -500.0], view) == pytest.approx(0.0)
    assert correlated_risk([line("BTC", 1.0), line("NEW", -1.0)], [300.0, -200.0], view) == pytest.approx(500.0)
    assert correlated_risk([line("NEW", 1.0)], [-200.0], view) == 200.0


def test_a_hedge_stays_in_its_cluster_and_lowers_its_risk() -> None:
    view = view_of(("BTC", "ETH", "XAU"), np.array([[1, 0.85, 0.1], [0.85, 1, 0.1], [0.1, 0.1, 1.0]]))
    lines = [line("BTC", 400.0), line("ETH", -300.0), line("XAU", 50.0)]
    first, second = find_clusters(lines, view, SETTINGS)
    assert (first.name, second.name) == ("BTC ETH", "XAU")
    assert first.gross_usd == 700.0
    assert first.risk_usd == pytest.approx(math.sqrt(160_000 + 90_000 - 2 * 0.85 * 120_000))
    assert first.mean_correlation == pytest.approx(0.85)
    assert second.mean_correlation is None


def test_clusters_need_someone_inside_and_name_what_they_leave_out() -> None:
    view = view_of(("BTC", "ETH"), 0.9)
    (only,) = find_clusters([line("BTC", 100.0), line("ETH", None)], view, SETTINGS)
    assert only.unknown == (str(key("ETH")),)
    assert only.risk_usd == 100.0
    assert find_clusters([], view_of((), 0.0), SETTINGS) == ()
    apart = find_clusters([line("BTC", 100.0)], view_of(("BTC", "ETH"), 0.0), SETTINGS)
    assert [item.name for item in apart] == ["BTC"]


def test_cap_base_and_report_and_finding() -> None:
    # Ruling 12: .5 * .03 * 25,410 = 381.15, the screen's 381.
    cap = cluster_cap_usd(25_410, SETTINGS)
    assert cap == pytest.approx(381.15)
    (item,) = find_clusters([line("BTC", 597.0)], view_of(("BTC",), 0.0), SETTINGS)
    report = cluster_report(item, cap, 0.5, None)
    assert (str(report.risk_usd), str(report.cap_usd), report.over_cap) == ("597.0000", "381.1500", True)
    assert over_cap_finding(item, cap, None).code == "cluster_over_cap"
    assert over_cap_finding(item, cap, None).action == "tighten stops"
    assert over_cap_finding(item, cap, line("BTC", 1.0)).action == "tighten stops or reduce BTC"
    assert not is_over(item, None)
    assert not is_over(item, 597.0)


def test_throttle_worked_example_of_the_reference() -> None:
    # systems.md 1.4: equity 50k, today -3k (-6 %), step (-2 %, .5), risks 2 x 4k -> cap 1000, scale .125; base .04 then.
    own = PortfolioSettings(max_portfolio_risk_frac=0.04, drawdown_multipliers=(DrawdownStep(pnl_frac=-0.02, multiplier=0.5),))
    cap = risk_cap(books.decimal(50_000), books.decimal(-3_000), own)
    assert (cap.multiplier, cap.cap_frac, cap.cap_usd) == (0.5, pytest.approx(0.02), pytest.approx(1000.0))
    assert portfolio_scale([4_000.0, 4_000.0], cap.cap_usd) == pytest.approx(0.125)


def test_throttle_steps_multiply_and_stop_at_the_floor() -> None:
    steps = SETTINGS.drawdown_multipliers
    assert [drawdown_multiplier(frac, steps) for frac in (0.01, 0.0, -0.0199, -0.02, -0.04, -0.5)] == [1, 1, 1, 0.75, 0.375, 0.375]
    low = SETTINGS.model_copy(update={"min_portfolio_risk_frac": 0.02})
    assert risk_cap(books.decimal(10_000), books.decimal(-500), low).cap_frac == 0.02
    assert risk_cap(books.decimal(10_000), None, SETTINGS).multiplier == 1.0
    assert risk_cap(books.decimal(10_000), books.decimal(900), SETTINGS).multiplier == 1.0


def test_cluster_cap_scales_the_plan_by_hand() -> None:
    # Planned 300 and 300 at correlation .8: sqrt(180,000 + 144,000) = 569.2; cap 400 -> .70273
    view = view_of(("BTC", "ETH"), 0.8)
    lines = [line("BTC", 300.0), line("ETH", 300.0)]
    plans = dict([plan("BTC", 1, 300.0), plan("ETH", 1, 300.0)])
    caps = apply_caps(find_clusters(lines, view, SETTINGS), plans, view, 400.0, 1e9, NO_TAIL)
    assert caps.scale == pytest.approx(dict.fromkeys(plans, 400 / math.sqrt(324_000)))
    assert caps.cluster_scale == {"BTC ETH": pytest.approx(400 / math.sqrt(324_000))}
    assert all("cluster BTC ETH" in note for note in caps.notes.values())
    within = apply_caps(find_clusters(lines, view, SETTINGS), plans, view, 600.0, 1e9, NO_TAIL)
    assert within.scale == dict.fromkeys(plans, 1.0)


def test_then_the_portfolio_cap_holds_for_the_sum() -> None:
    view = view_of(("BTC", "XAU"), 0.0)
    lines = [line("BTC", 300.0), line("XAU", 300.0)]
    plans = dict([plan("BTC", 1, 500.0), plan("XAU", 1, 300.0)])
    caps = apply_caps(find_clusters(lines, view, SETTINGS), plans, view, 400.0, 350.0, NO_TAIL)
    assert sum(caps.scale[k] * plans[k].risk_usd for k in plans) == pytest.approx(350.0)
    assert caps.portfolio_scale == pytest.approx(0.5)
    assert "; portfolio cap" in caps.notes[key("BTC")]
    assert caps.notes[key("XAU")].startswith("portfolio cap")


def test_a_hedging_member_keeps_its_size() -> None:
    # Long 1000 hedged by short 400 at correlation .9; cap 300: the long is scaled, the hedge is not.
    view = view_of(("BTC", "ETH"), 0.9)
    plans = dict([plan("BTC", 1, 1000.0), plan("ETH", -1, 400.0)])
    lines = [line("BTC", 1000.0), line("ETH", -400.0)]
    caps = apply_caps(find_clusters(lines, view, SETTINGS), plans, view, 300.0, 1e9, NO_TAIL)
    assert caps.scale[key("ETH")] == 1.0
    s = caps.scale[key("BTC")]
    assert math.sqrt((1000 * s) ** 2 + 400**2 - 2 * 0.9 * 1000 * s * 400) == pytest.approx(300.0)
    assert s > 0.36


def test_where_the_hedge_alone_is_over_the_cap_the_least_risk_is_taken() -> None:
    view = view_of(("BTC", "ETH"), 0.9)
    plans = dict([plan("BTC", 1, 1000.0), plan("ETH", -1, 800.0)])
    lines = [line("BTC", 1000.0), line("ETH", -800.0)]
    caps = apply_caps(find_clusters(lines, view, SETTINGS), plans, view, 100.0, 1e9, NO_TAIL)
    # d/ds of (1000 s)^2 - 2 * .9 * 1000 s * 800: s = .9 * 800 / 1000
    assert caps.scale[key("BTC")] == pytest.approx(0.72, abs=1e-6)


def test_an_asset_without_history_counts_whole_and_hedges_nothing() -> None:
    view = view_of(("BTC", "NEW"), 0.0, missing=("NEW",))
    plans = dict([plan("NEW", -1, 500.0)])
    caps = apply_caps(find_clusters([line("NEW", -500.0)], view, SETTINGS), plans, view, 250.0, 1e9, NO_TAIL)
    assert caps.scale[key("NEW")] == pytest.approx(0.5)


def judge_of(lines: list[Line], view: CorrelationView) -> UnhedgeJudge:
    return UnhedgeJudge(book_tail(lines, view, {}, 0.15), None, None)


def test_a_cut_that_unhedges_another_cluster_is_not_advised() -> None:
    # GOLD is a cluster of its own (correlation .5) but its short hedges the long BTC: cutting it to its cap raises the book's ES.
    view = view_of(("BTC", "GOLD"), 0.5)
    lines = [line("BTC", 400.0, 50_000.0), line("GOLD", -500.0, -20_000.0)]
    plans = dict([plan("BTC", 1, 100.0), plan("GOLD", -1, 500.0)])
    caps = apply_caps(find_clusters(lines, view, SETTINGS), plans, view, 250.0, 1e9, judge_of(lines, view))
    assert caps.scale[key("GOLD")] == 1.0
    assert [finding.code for finding in caps.findings] == ["cap_would_unhedge"]
    # Planned sizes that stay above what is held cut nothing, and may be scaled.
    plans = dict([plan("BTC", 1, 100.0), plan("GOLD", -1, 500.0, planned_to_held=3.0)])
    caps = apply_caps(find_clusters(lines, view, SETTINGS), plans, view, 250.0, 1e9, judge_of(lines, view))
    assert caps.scale[key("GOLD")] == pytest.approx(0.5)


def test_unknown_tail_advises_no_cut() -> None:
    assert UnhedgeJudge(None, None, None).raises_tail({key("BTC"): 0.5})
    assert book_tail([line("BTC", None)], view_of(("BTC",), 0.0), {}, 0.15) is None


def test_cuts_that_are_harmless_alone_but_not_together_stop_in_time() -> None:
    # Two longs of 1 hedged by a short of 1.2: closing either is fine, closing both leaves a bigger short than there was a long.
    view = view_of(("A", "B", "H"), 0.999)
    lines = [line("A", 1.0, 1.0), line("B", 1.0, 1.0), line("H", -1.2, -1.2)]
    judge = judge_of(lines, view)
    assert allowed_cuts({key("A"): 0.0, key("B"): 0.0, key("H"): 0.0}, {key("B"): 9.0}, judge) == {key("B")}


def test_normal_expected_shortfall_by_hand() -> None:
    # One asset, 10,000 USD at 3 % a day: ES = 10,000 * .03 * phi(2.3263) / .01 = 300 * 2.66521
    view = view_of(("BTC", "ETH"), 0.8)
    tail = book_tail([line("BTC", 1.0, 10_000.0)], view, {}, 0.15)
    assert tail is not None
    assert tail.expected_shortfall_usd() == pytest.approx(300 * 2.66521, rel=1e-5)
    pair = book_tail([line("BTC", 1.0, 10_000.0), line("ETH", 1.0, -10_000.0)], view, {}, 0.15)
    assert pair is not None
    assert pair.expected_shortfall_usd() == pytest.approx(300 * math.sqrt(2 - 1.6) * 2.66521, rel=1e-5)
    assert pair.expected_shortfall_usd({key("ETH"): 0.0}) == pytest.approx(300 * 2.66521, rel=1e-5)


def test_without_history_the_stress_gap_is_added_and_history_stands_in_for_a_model() -> None:
    view = view_of(("BTC", "NEW"), 0.0, missing=("NEW",))
    tail = book_tail([line("BTC", 1.0, 0.0), line("NEW", -1.0, -1_000.0, sigma=None)], view, {}, 0.15)
    assert tail is not None
    assert tail.expected_shortfall_usd() == pytest.approx(150.0)
    values = np.full(100, 0.01) * np.where(np.arange(100) % 2, 1, -1)
    series = {"BTC": Returns(np.arange(100, dtype=np.int64), values)}
    from_history = book_tail([line("BTC", 1.0, 1_000.0, sigma=None)], view, series, 0.15)
    assert from_history is not None
    assert from_history.expected_shortfall_usd() == pytest.approx(1_000 * 0.01 * math.sqrt(6) * 2.66521, rel=1e-5)


weights = st.lists(st.floats(-1e5, 1e5), min_size=2, max_size=5)


def random_view(count: int, seed: int) -> CorrelationView:
    draws = np.random.default_rng(seed).standard_normal((count + 2, count))
    draws += np.random.default_rng(seed + 1).standard_normal((count + 2, 1)) * 1.5
    return view_of(tuple(f"A{i}" for i in range(count)), np.corrcoef(draws.T))


def fractions_after(scale: Mapping[PositionKey, float], plans: Mapping[PositionKey, Plan]) -> dict[PositionKey, float]:
    return {k: min(1.0, plans[k].planned_to_held * scale[k]) for k in plans}


@settings(deadline=None, max_examples=80)
@given(weights, st.integers(0, 10_000), st.floats(1.0, 1e4), st.floats(0.05, 3.0))
def test_no_cluster_cap_raises_expected_shortfall(deltas: list[float], seed: int, cap: float, held: float) -> None:
    view = random_view(len(deltas), seed)
    lines = [line(f"A{i}", 0.02 * delta, delta) for i, delta in enumerate(deltas)]
    plans = dict(plan(f"A{i}", 1 if d >= 0 else -1, abs(0.02 * d), held) for i, d in enumerate(deltas))
    judge = judge_of(lines, view)
    clusters = find_clusters(lines, view, SETTINGS)
    caps = apply_caps(clusters, plans, view, cap, 1e12, judge)
    tail = book_tail(lines, view, {}, 0.15)
    assert tail is not None
    for item in clusters:
        inside = {line.key for line in item.lines}
        scaled = {k: v for k, v in fractions_after(caps.scale, plans).items() if k in inside and caps.scale[k] < 1.0}
        assert tail.expected_shortfall_usd(scaled) <= tail.expected_shortfall_usd() * (1 + 1e-8) + 1e-9


@settings(deadline=None, max_examples=80)
@given(weights, st.integers(0, 10_000), st.lists(st.floats(0.0, 0.99), min_size=5, max_size=5))
def test_no_set_of_allowed_cuts_raises_expected_shortfall(deltas: list[float], seed: int, kept: list[float]) -> None:
    assume(any(deltas))
    view = random_view(len(deltas), seed)
    lines = [line(f"A{i}", 0.02 * delta, delta) for i, delta in enumerate(deltas)]
    tail = book_tail(lines, view, {}, 0.15)
    assert tail is not None
    wanted = {key(f"A{i}"): kept[i] for i in range(len(deltas))}
    allowed = allowed_cuts(wanted, {}, judge_of(lines, view))
    before = tail.expected_shortfall_usd()
    assert tail.expected_shortfall_usd({k: wanted[k] for k in allowed}) <= before * (1 + 1e-8)
    for k in allowed:
        assert tail.expected_shortfall_usd({k: wanted[k]}) <= before * (1 + 1e-8)


@settings(deadline=None, max_examples=60)
@given(weights, st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_the_order_of_positions(risks: list[float], seed: int, shuffler: object) -> None:
    view = random_view(len(risks), seed)
    lines = [line(f"A{i}", risk) for i, risk in enumerate(risks)]
    mixed = list(lines)
    shuffler.shuffle(mixed)  # type: ignore[attr-defined]
    plain, shuffled = find_clusters(lines, view, SETTINGS), find_clusters(mixed, view, SETTINGS)
    assert [(c.name, c.lines) for c in plain] == [(c.name, c.lines) for c in shuffled]
    assert [c.risk_usd for c in plain] == pytest.approx([c.risk_usd for c in shuffled], rel=1e-9, abs=1e-6)


def test_a_cut_that_brings_liquidation_nearer_is_refused_whatever_the_tail_says() -> None:
    # The tail sees no risk at all here (covariance zero): only the margin model knows that the short holds the long.
    btc, eth = books.instrument("BTC"), books.instrument("ETH")
    long, short = books.position(btc, Side.LONG, 50, 100), books.position(eth, Side.SHORT, 40, 100)
    alone = books.position(books.instrument("SOL"), Side.LONG, 1, 100, margin_mode=MarginMode.ISOLATED)
    read = books.snapshot([long, short], [btc, eth], wallet=books.account(500, maintenance_margin=50))
    model = margin_model(read, MarketFactor("BTC", {"BTC": 1.0, "ETH": 1.0}, frozenset()))
    assert isinstance(model, MarginModel)
    calm = BookTail((long.key, short.key), np.array([5e3, -4e3]), np.zeros((2, 2)), np.zeros(2))
    judge = UnhedgeJudge(calm, model, joint_liquidation_move(model))
    assert judge.raises_tail({short.key: 0.5})
    assert not judge.raises_tail({long.key: 0.9})
    assert not judge.raises_tail({alone.key: 0.5})
    dead = UnhedgeJudge(calm, replace(model, margin_balance_usd=0.0), 0.0)
    assert not dead.raises_tail({short.key: 0.5})


def test_the_line_to_reduce_is_never_the_hedge_even_if_its_stop_is_farther() -> None:
    # The short ETH hedges the long BTC in dollars, but its far stop makes it the larger can-lose.
    view = view_of(("BTC", "ETH"), 0.9)
    lines = [line("BTC", 300.0, 50_000.0), line("ETH", -900.0, -20_000.0)]
    (item,) = find_clusters(lines, view, SETTINGS)
    assert reducible_line(item, view, judge_of(lines, view)) is None
    plain = [line("BTC", 300.0, 50_000.0), line("ETH", 900.0, 20_000.0), line("BTC", None, None)]
    (item,) = find_clusters(plain[:2], view, SETTINGS)
    assert reducible_line(item, view, judge_of(plain[:2], view)) is plain[1]


def test_a_cluster_holds_between_release_and_threshold_only_if_it_was_one_yesterday() -> None:
    def pair(rho: float) -> np.ndarray:
        return np.array([[1.0, rho], [rho, 1.0]])

    lines = [line("BTC", 100.0), line("ETH", 100.0)]
    today = view_of(("BTC", "ETH"), 0.65)
    assert len(find_clusters(lines, replace(today, daily=(pair(0.75), pair(0.65))), SETTINGS)) == 1
    assert len(find_clusters(lines, replace(today, daily=(pair(0.65), pair(0.65))), SETTINGS)) == 2
    assert len(find_clusters(lines, replace(today, daily=(pair(0.75), pair(0.59), pair(0.65))), SETTINGS)) == 2
