"""The whole analysis: consistent totals, no false flat, no green on the unknown, the same whatever the order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache

import books
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import (
    Category,
    DayMarks,
    Finding,
    History,
    MarginMode,
    Memory,
    Position,
    Severity,
    Side,
    Snapshot,
    Unknown,
)
from market_analysis.risk.analyse import analyse
from market_analysis.risk.book import total
from market_analysis.risk.capped import SIZE_ABOVE_PLAN, capped_reports, scale_report
from market_analysis.risk.caps import Caps
from market_analysis.risk.position_result import PositionResult
from market_analysis.risk.tail_risk import UnhedgeJudge
from market_analysis.risk.types import Analysis, ProtectionState, Verdict
from market_analysis.risk.verdict import exit_status
from market_analysis.rules.tail import expected_shortfall
from market_analysis.settings import PortfolioSettings, RiskSettings, Settings

D = Decimal
BTC, ETH, SOL = books.instrument("BTC"), books.instrument("ETH"), books.instrument("SOL")
INVERSE = books.instrument("BTC", Category.INVERSE)
RHO = np.array([[1.0, 0.85, 0.1], [0.85, 1.0, 0.1], [0.1, 0.1, 1.0]])
LIMITED = Settings(risk=RiskSettings(daily_loss_limit_frac=0.05))


@cache
def market() -> History:
    drawn = books.correlated_returns(RHO, count=2_200, sigma=[0.004, 0.005, 0.007], seed=11)
    bars = [books.bars_from_returns(row, price) for row, price in zip(drawn, (71_000, 2_450, 150), strict=True)]
    return books.history({BTC.id: bars[0], ETH.id: bars[1], SOL.id: bars[2], INVERSE.id: bars[0]})


def long_btc(quantity: str = "0.05") -> Position:
    return books.position(BTC, Side.LONG, quantity, 71_000)


def short_eth(quantity: str = "0.8") -> Position:
    return books.position(ETH, Side.SHORT, quantity, 2_450)


def protected(*held: Position, **other: object) -> Snapshot:
    items = {BTC.id: BTC, ETH.id: ETH, SOL.id: SOL, INVERSE.id: INVERSE}
    stops = []
    for position in held:
        item = items[position.instrument]
        trigger = (position.mark_price * (1 - position.side.sign * D("0.05"))).quantize(item.tick_size)
        stops.append(books.stop_for(position, item, trigger))
    used = {position.instrument for position in held}
    read = books.snapshot(held, [items[iid] for iid in items if iid in used], orders=stops, **other)  # type: ignore[arg-type]
    opened = books.AS_OF - timedelta(minutes=5)
    return replace(read, entries={h.key: books.entry_history(h, items[h.instrument], opened=opened) for h in held})


def run(snapshot: Snapshot, history: History | None = None, options: Settings = LIMITED, memory: Memory | None = None) -> Analysis:
    return analyse(snapshot, history or market(), memory or Memory(), options)[0]


def test_a_proven_flat_book_is_zero_and_normal() -> None:
    found = run(books.snapshot([], []))
    assert (found.verdict, exit_status(found), found.positions) == (Verdict.NORMAL, 0, ())
    book = found.book
    assert (book.total_positions, book.naked_count) == (0, 0)
    for amount in (
        book.total_notional,
        book.net_notional,
        book.loss_if_all_stops_fill_usd,
        book.total_risk_if_all_sl_hit,
        book.resting_entries_usd,
        book.es_99_1d_usd,
        book.correlated_loss_usd,
        book.holdings_stress_usd,
    ):
        assert amount == 0
    assert book.room_usd == book.day_left_usd == 500
    assert book.joint_liquidation_move_frac is None


def test_totals_are_the_sums_of_what_is_printed() -> None:
    found = run(protected(long_btc(), short_eth()))
    book, positions = found.book, found.positions
    assert positions is not None
    assert book.total_positions == 2
    assert book.total_notional == sum(p.notional or 0 for p in positions) == D("5510")
    assert book.net_notional == D("3550") - D("1960")
    assert book.loss_if_all_stops_fill_usd == sum(p.protection.can_lose_usd or 0 for p in positions)
    assert book.total_risk_if_all_sl_hit == sum(p.dollar_risk or 0 for p in positions)
    assert book.total_reward_if_all_tp_hit == sum(p.dollar_reward or 0 for p in positions)
    assert book.funding_per_day_usd == sum(p.funding_per_day_usd or 0 for p in positions)
    assert book.room_usd == (book.day_left_usd or 0) - (book.loss_if_all_stops_fill_usd or 0)
    assert book.correlated_loss_usd is not None
    assert book.loss_if_all_stops_fill_usd is not None
    btc, eth = (float(p.protection.can_lose_usd or 0) for p in positions)
    hedged = math.sqrt(btc**2 + eth**2 - 2 * found.correlation[0][1] * btc * eth)  # long against short: the minus is the hedge
    assert float(book.correlated_loss_usd) == pytest.approx(hedged, abs=1e-3)
    assert float(found.clusters[0].risk_usd) == pytest.approx(hedged, abs=1e-3)
    assert book.risk_of_equity_frac == pytest.approx(float(book.loss_if_all_stops_fill_usd) / 10_000)
    assert (book.naked_count, book.portfolio_scale, book.throttle_multiplier) == (0, 1.0, 1.0)
    (cluster,) = found.clusters
    assert cluster.name == "BTC ETH"
    assert float(cluster.gross_usd) == pytest.approx(float(book.loss_if_all_stops_fill_usd), abs=1e-3)
    assert found.correlation_symbols == ("BTC", "ETH")
    assert found.correlation[0][1] == pytest.approx(0.85, abs=0.05)
    assert book.joint_liquidation_factor == "BTC"


def test_planned_risk_after_caps_is_within_the_portfolio_cap() -> None:
    tight = PortfolioSettings(max_portfolio_risk_frac=0.004, min_portfolio_risk_frac=0.001, cluster_risk_cap_pct=1.0)
    held = [long_btc(), books.position(SOL, Side.LONG, 10, 150)]
    snapshot = protected(*held)
    free, capped = run(snapshot), run(snapshot, options=Settings(portfolio=tight))
    assert free.positions is not None
    assert capped.positions is not None
    assert (free.book.total_risk_if_all_sl_hit or 0) > 40
    assert (capped.book.total_risk_if_all_sl_hit or 99) <= 40
    assert capped.book.portfolio_scale < 1.0
    for before, after in zip(free.positions, capped.positions, strict=True):
        assert after.optimal_position_size is not None
        assert before.optimal_position_size is not None
        assert after.optimal_position_size <= before.optimal_position_size * D(str(after.portfolio_scale))
        assert after.optimal_position_size % D("0.001") == 0
        share = after.optimal_position_size / before.optimal_position_size
        assert float(after.dollar_risk or 0) == pytest.approx(float((before.dollar_risk or 0) * share), abs=1e-4)
        assert after.risk_deviation_ratio == pytest.approx((before.risk_deviation_ratio or 0) / float(share))
        assert after.portfolio_note is not None


def test_a_day_loss_throttles_the_plan() -> None:
    snapshot = replace(protected(long_btc()), day=books.day(10_500))
    found = run(snapshot)
    assert found.book.day_pnl_usd == -500
    assert found.book.throttle_multiplier == 0.375
    assert found.book.risk_cap_usd == D("112.5")


def test_the_hedge_of_an_oversized_long_is_not_cut() -> None:
    found = run(protected(long_btc("0.2"), short_eth("1")))
    actions = {(p.symbol, f.code): f.action for p in found.positions or () for f in p.findings}
    assert actions["BTCUSDT", "size_above_plan"] == "trim"
    assert actions["ETHUSDT", "size_above_plan"] == "keep hedge"
    assert ("ETHUSDT", "cap_would_unhedge") in actions
    assert ("BTCUSDT", "cap_would_unhedge") not in actions
    assert found.verdict is Verdict.WARNING


def test_a_balanced_pair_is_trimmed_together_or_not_at_all() -> None:
    found = run(protected(long_btc("0.2"), short_eth("5")))
    actions = {(p.symbol, f.code): f.action for p in found.positions or () for f in p.findings}
    assert actions["BTCUSDT", "size_above_plan"] == actions["ETHUSDT", "size_above_plan"] == "trim legs together"


def test_a_plan_below_the_smallest_order_is_refused_after_caps() -> None:
    tiny = PortfolioSettings(max_portfolio_risk_frac=0.00001, min_portfolio_risk_frac=0.0)
    (position,) = run(protected(long_btc()), options=Settings(portfolio=tiny)).positions or ()
    assert (position.optimal_position_size, position.size_refusal) == (None, "below_minimum_after_caps")
    assert (position.dollar_risk, position.dollar_reward) == (0, 0)
    assert "size_above_plan" in {finding.code for finding in position.findings}


def test_minimum_notional_refuses_too_and_inverse_counts_contracts() -> None:
    (report,) = run(protected(long_btc())).positions or ()
    dear = replace(BTC, min_notional=D(1_000))
    assert scale_report(report, dear, 0.1, "n").size_refusal == "below_minimum_after_caps"
    flipped = replace(INVERSE, min_notional=D(100))
    planned = replace(report, optimal_position_size=D(1_000))
    assert scale_report(planned, flipped, 0.1, "n").optimal_position_size == 100
    assert scale_report(planned, flipped, 0.099, "n").optimal_position_size is None
    assert scale_report(report, None, 0.5, "n").optimal_position_size == (report.optimal_position_size or 0) / 2


def test_a_size_warning_before_caps_that_no_longer_holds_is_taken_back() -> None:
    (result,) = run(protected(long_btc())).positions or ()
    stale = replace(result, findings=(Finding(SIZE_ABOVE_PLAN, Severity.WARNING, "x", "x"),), position_size=D("0.001"))
    before = PositionResult(stale, None, 0.02, 1.0, 1.0, 1.0)
    (after,) = capped_reports({stale.key: before}, {stale.key: BTC}, Caps({}, {}, {}, 1.0, ()), UnhedgeJudge(None, None, None), 1.2)
    assert (after.findings, after.position_health, after.action_required) == ((), Verdict.NORMAL, "ok")


def test_naked_is_critical_and_counted() -> None:
    snapshot = replace(protected(long_btc()), orders=())
    found = run(snapshot)
    assert (found.verdict, exit_status(found), found.book.naked_count) == (Verdict.CRITICAL, 2, 1)
    assert found.book.positions_at_risk == ("main/BTCUSDT",)
    assert found.findings[0].severity is Severity.CRITICAL


def test_joint_liquidation_before_the_stops_is_critical() -> None:
    held = books.position(BTC, Side.LONG, "0.5", 71_000, leverage=50)
    wallet = books.account(1_900, maintenance_margin=held.maintenance_margin or 0)
    found = run(protected(held, wallet=wallet, activity=books.day(1_900)))
    assert (found.book.mmr_at_stops_frac or 0) >= 1
    assert "joint_liquidation_at_stops" in {f.code for f in found.findings if f.severity is Severity.CRITICAL}
    assert (found.book.joint_liquidation_move_frac or -1) > -0.06


@pytest.mark.parametrize("part", ["account", "positions", "orders", "day"])
def test_an_unread_part_is_never_green_and_never_flat(part: str) -> None:
    snapshot = books.with_unknown(protected(long_btc(), short_eth()), part)
    found, memory = analyse(snapshot, market(), Memory(equity_peak_usd=D(1), equity_peak_at=books.AS_OF), LIMITED)
    assert found.verdict in (Verdict.UNKNOWN, Verdict.CRITICAL)
    assert exit_status(found) == 3
    book = found.book
    if part == "positions":
        assert found.positions is None
        assert (book.total_positions, book.total_notional, book.naked_count) == (None, None, None)
        assert book.loss_if_all_stops_fill_usd is book.room_usd is book.es_99_1d_usd is None
    if part == "account":
        assert (book.equity_usd, book.risk_cap_usd, book.maintenance_margin_frac) == (None, None, None)
        assert memory.equity_peak_usd == 1
        assert found.clusters[0].cap_usd is None
    if part == "orders":
        assert book.naked_count is None
        assert book.resting_entries_usd is None
        assert {p.protection.state for p in found.positions or ()} == {ProtectionState.UNKNOWN}
    if part == "day":
        assert book.day_pnl_usd is book.room_usd is book.day_fees_usd is None


def test_nothing_read_at_all_exits_as_venue_failure() -> None:
    found = run(books.with_unknown(protected(long_btc()), "account", "positions", "orders", "day"))
    assert (found.verdict, exit_status(found)) == (Verdict.UNKNOWN, 6)


def test_stale_quotes_are_not_green() -> None:
    snapshot = protected(long_btc())
    old = {iid: replace(q, time=q.time - timedelta(seconds=60)) for iid, q in snapshot.quotes.items() if not isinstance(q, Unknown)}
    found = run(replace(snapshot, quotes=old))
    assert (found.verdict, exit_status(found)) == (Verdict.UNKNOWN, 3)


def test_a_position_without_rate_or_terms_makes_figures_unknown_not_zero() -> None:
    snapshot = protected(long_btc())
    without_rate = run(replace(snapshot, usd_rates={}))
    without_terms = run(replace(snapshot, instruments={BTC.id: books.unknown()}))  # type: ignore[dict-item]
    for found in (without_rate, without_terms):
        assert exit_status(found) == 3
        assert found.book.es_99_1d_usd is None
        assert "incomplete_figures" in {f.code for f in found.findings}
        assert "joint_liquidation_unknown" in {f.code for f in found.findings}
    assert without_rate.book.loss_if_all_stops_fill_usd is None
    assert without_rate.book.correlated_loss_usd is None
    assert "main/BTCUSDT" in (without_rate.clusters[0].note or "")


def test_holdings_are_exposure() -> None:
    wallet = books.account(
        80_000,
        coins=(books.coin("USDT", 9_000), books.coin("BTC", 1, 71_000, collateral_frac="0.95"), books.coin("SOL", "0.001", 150)),
    )
    snapshot = protected(short_eth(), wallet=wallet, activity=books.day(80_000), rates={"BTC": 71_000, "SOL": 150})
    found = run(snapshot)
    (holding,) = found.holdings
    assert (holding.coin, holding.value_usd, holding.collateral_value_frac) == ("BTC", 71_000, 0.95)
    assert holding.sigma_day == pytest.approx(0.004 * 24**0.5, rel=0.1)
    assert found.book.holdings_stress_usd == D("10650")
    (cluster,) = found.clusters
    assert cluster.members == ("holding BTC", "main/ETHUSDT")
    assert cluster.over_cap
    assert found.book.loss_if_all_stops_fill_usd == (found.positions or ())[0].protection.can_lose_usd
    # 71,000 USD at about .0196 a day, less the short ETH's hedge: ES is of that size, not of the ETH position's alone.
    assert 2_000 < float(found.book.es_99_1d_usd or 0) < 4_500


def test_an_inverse_short_on_its_collateral_has_no_tail() -> None:
    wallet = books.account(71_000, coins=(books.coin("BTC", 1, 71_000, collateral_frac=1),))
    held = books.position(INVERSE, Side.SHORT, 71_000, 71_000, leverage=1)
    found = run(protected(held, wallet=wallet, activity=books.day(71_000)))
    assert found.book.es_99_1d_usd == 0
    assert found.book.joint_liquidation_move_frac is None


def test_assets_without_history_are_flagged_singletons() -> None:
    new = books.instrument("NEW")
    held = books.position(new, Side.LONG, 10, 100)
    snapshot = books.snapshot([held], [new], orders=[books.stop_for(held, new, 95)])
    found = run(snapshot, books.history({new.id: books.walk(100, count=100)}))
    assert "no_correlation_history" in {f.code for f in found.findings}
    assert [c.name for c in found.clusters] == ["NEW"]
    assert found.book.es_99_1d_usd == pytest.approx(D("150"))


def test_memory_keeps_what_is_there_and_forgets_what_is_gone() -> None:
    both = protected(long_btc(), short_eth())
    _, memory = analyse(both, market(), Memory(), LIMITED)
    assert set(memory.positions) == {p.key for p in both.positions}  # type: ignore[union-attr]
    assert (memory.equity_peak_usd, memory.days) == (10_000, {"2026-03-02": DayMarks(flows_usd=D(0))})
    _, fewer = analyse(protected(long_btc()), market(), memory, LIMITED)
    assert set(fewer.positions) == {long_btc().key}
    _, unread = analyse(books.with_unknown(both, "positions"), market(), memory, LIMITED)
    assert unread.positions == memory.positions


def test_same_input_same_answer_and_models_may_be_reused() -> None:
    snapshot = protected(long_btc())
    assert run(snapshot) == run(snapshot)
    partial = analyse(snapshot, market(), Memory(), LIMITED, models={})[0]
    assert partial == run(snapshot)


def test_an_account_at_or_below_zero_is_not_capped() -> None:
    snapshot = protected(long_btc(), wallet=replace(books.account(1), equity=D(0)))
    found = run(snapshot)
    assert (found.book.risk_cap_usd, found.book.risk_of_equity_frac) == (None, None)


def test_isolated_margin_has_no_joint_liquidation() -> None:
    held = books.position(BTC, Side.LONG, "0.05", 71_000, margin_mode=MarginMode.ISOLATED, liquidation=60_000)
    found = run(protected(held))
    assert found.book.joint_liquidation_move_frac is found.book.mmr_at_stops_frac is None
    assert "joint_liquidation_unknown" not in {f.code for f in found.findings}


def test_total_of_nothing_and_of_the_unknown() -> None:
    assert total([]) == 0
    assert total([D(1), None]) is None


unmodelled = st.lists(
    st.tuples(st.sampled_from([BTC, ETH, SOL]), st.sampled_from(list(Side)), st.integers(1, 50), st.booleans()),
    min_size=1,
    max_size=5,
)


def quick(choice: Sequence[tuple], order: Sequence[int]) -> Analysis:  # type: ignore[type-arg]
    """Positions without a volatility model: the book's mathematics alone, fast enough for many examples."""
    held, stops = [], []
    for index, (item, side, size, has_stop) in enumerate(choice):
        position = books.position(item, side, size, 100, position_index=index)
        held.append(position)
        if has_stop:
            stops.append(books.stop_for(position, item, 100 - 5 * side.sign))
    chosen = [held[index] for index in order]
    snapshot = books.snapshot(chosen, [BTC, ETH, SOL], orders=stops, prices={i.id: 100 for i in (BTC, ETH, SOL)})
    gone = {item.id: Unknown("not_modelled", "test", books.AS_OF) for item in (BTC, ETH, SOL)}
    return analyse(snapshot, market(), Memory(), LIMITED, models=gone)[0]  # type: ignore[arg-type]


@settings(deadline=None, max_examples=15)
@given(unmodelled, st.randoms(use_true_random=False))
def test_adding_a_position_never_lowers_the_plain_sum_and_order_changes_nothing(choice: list[tuple], shuffler: object) -> None:  # type: ignore[type-arg]
    order = list(range(len(choice)))
    whole = quick(choice, order)
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    assert quick(choice, order) == whole
    fewer = quick(choice, range(len(choice) - 1))
    assert (fewer.book.loss_if_all_stops_fill_usd or 0) <= (whole.book.loss_if_all_stops_fill_usd or 0)
    assert (whole.book.correlated_loss_usd or 0) <= (whole.book.loss_if_all_stops_fill_usd or 0) + D("0.001")
    assert whole.verdict is not Verdict.NORMAL


def numbers_of(value: object) -> list[float]:
    """Every float anywhere inside."""
    if isinstance(value, float):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        return [x for field in fields(value) for x in numbers_of(getattr(value, field.name))]
    if isinstance(value, Mapping):
        return [x for item in value.values() for x in numbers_of(item)]
    return [x for item in value for x in numbers_of(item)] if isinstance(value, tuple) else []


def test_no_number_is_infinite_or_nan_even_where_no_margin_is_left() -> None:
    held = books.position(BTC, Side.LONG, "0.5", 71_000, leverage=50)
    wallet = books.account(500, maintenance_margin=held.maintenance_margin or 0)
    found = run(protected(held, short_eth(), wallet=wallet, activity=books.day(500)))
    assert found.book.mmr_at_stops_frac is None
    assert exit_status(found) == 2
    assert "joint_liquidation_at_stops" in {f.code for f in found.findings}
    every = numbers_of(found)
    assert len(every) > 50
    assert all(math.isfinite(x) for x in every)


@pytest.mark.parametrize("side", list(Side))
def test_margin_at_stops_takes_the_farthest_of_several_stops(side: Side) -> None:
    held = books.position(BTC, side, "0.4", 71_000, leverage=10)
    wallet = books.account(6_000, maintenance_margin=held.maintenance_margin or 0)
    near, far = 71_000 * (1 - 0.02 * side.sign), 71_000 * (1 - 0.1 * side.sign)
    stops = [books.stop_for(held, BTC, near, "0.2", "near"), books.stop_for(held, BTC, far, "0.2", "far")]
    snapshot = replace(protected(held, wallet=wallet, activity=books.day(6_000)), orders=tuple(stops))
    found = run(snapshot)
    lost = float(found.book.loss_if_all_stops_fill_usd or 0)
    value = 0.4 * far
    maintenance = value * (0.005 + 0.00055 * (1 - side.sign / 10))
    assert found.book.mmr_at_stops_frac == pytest.approx(maintenance / (6_000 - lost), rel=1e-6)


def test_the_tail_model_for_hypothetical_books_agrees_with_the_book_itself() -> None:
    """Another way to the same figure: from contracts and rounded decimals in the rules, from lines and arrays here."""
    rich = books.account(80_000, coins=(books.coin("USDT", 9_000), books.coin("BTC", 1, 71_000, collateral_frac="0.95")))
    holding = protected(short_eth(), wallet=rich, activity=books.day(80_000), rates={"BTC": 71_000})
    inverse = protected(books.position(INVERSE, Side.SHORT, 50_000, 71_000, leverage=1))
    for read in (protected(long_btc(), short_eth()), protected(short_eth("2")), holding, inverse):
        found = run(read)
        assert found.tail_model is not None
        assert isinstance(read.positions, tuple)
        held = {item.instrument: item.side.sign * item.quantity for item in read.positions}
        told = expected_shortfall(found.tail_model, held)
        assert told is not None
        assert float(told) == pytest.approx(float(found.book.es_99_1d_usd or 0), rel=1e-4)
        assert told > 0
