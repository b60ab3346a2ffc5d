"""What `benchmarks.mutation` found that nobody would have noticed: one test a survivor."""

from __future__ import annotations

from rule_views import D, ago, money, one, order, position, trade, view

from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import ReducePosition, SetStop, Status
from market_analysis.rules.view import AnalysisView, ClusterView


def test_ticks_ahead_are_counted_in_ticks_of_any_size() -> None:
    item = position("ES", "1", "104", "100", tick_size=D("0.25"), tick_value=D("12.5"), best_price=D(104))
    asks = {"auto_breakeven": {"enabled": True, "profit_trigger_ticks": 16}}
    assert one("trade_management", view(item), **asks).responses == (SetStop(item.key, D(100)),)
    asks = {"auto_breakeven": {"enabled": True, "profit_trigger_ticks": 17}}
    assert one("trade_management", view(item), **asks).responses == ()


def test_costs_count_against_a_profit_target_unless_told_otherwise() -> None:
    seen = view(trades=(trade("a", 60, "1000", costs="1"),))
    assert one("daily_realized_profit", seen, target=1000).status is not Status.BREACH
    assert one("daily_realized_profit", seen, target=1000, costs_in=False).status is Status.BREACH


def test_a_contract_that_is_worth_nothing_hedges_by_count_and_one_that_is_worth_little_by_value() -> None:
    small = position("BTCUSDT", "10", "0.1", "0.1", root="BTC", notional=D("0.9"))
    large = position("BTCPERP", "-1", "100", "100", root="BTC", notional=D("0.9"))
    verdict = one("max_contracts", view(small, large), limit=5, count_type="gross", enforcement="reduce")
    cuts = {item.key: item.to_quantity for item in verdict.responses if isinstance(item, ReducePosition)}
    assert set(cuts) <= {small.key, large.key}
    assert cuts.get(small.key, D(0)) < 10


def test_what_is_blocked_says_for_how_long() -> None:
    book = view(position("ES", "6", "100", "100"))
    assert one("max_contracts", book, limit=5, lockout_on_breach=True).blocks == "new risk until the reset"
    assert one("max_contracts", book, limit=5).blocks == "more contracts while above the limit"


def test_none_of_a_root_may_be_a_limit() -> None:
    parameters = rule_named("max_contracts_per_instrument").parameters.model_validate({"limits": {"ES": 0}})
    (verdict,) = rule_named("max_contracts_per_instrument").evaluate(view(position("ES", "1", "100", "100")), parameters)
    assert verdict.status is Status.BREACH


def test_a_cluster_of_a_dollar_is_cut_too() -> None:
    item = position("BTCUSDT", "10", "100", "100", root="BTC")
    made = AnalysisView(ago(1), (ClusterView(frozenset({"BTC"}), D(1), D("0.5")),))
    assert one("cluster_risk", view(item, analysis=made), enforcement="reduce").responses


def test_the_oldest_part_is_the_oldest_by_its_time() -> None:
    item = position("ES", "1", "100", "100", mark_at=ago(5))
    seen = view(item, money=money("1000", at=ago(20)), orders=(order(item, "95"),))
    assert one("stale_data", seen, max_age_seconds=10).measure == 20
    item = position("ES", "1", "100", "100", mark_at=ago(25))
    seen = view(item, money=money("1000", at=ago(20)), orders=(order(item, "95"),))
    assert one("stale_data", seen, max_age_seconds=10).measure == 25


def test_a_cluster_that_can_lose_nothing_is_not_cut() -> None:
    item = position("BTCUSDT", "10", "100", "100", root="BTC")
    made = AnalysisView(ago(1), (ClusterView(frozenset({"BTC"}), D(0), D(0)),))
    assert one("cluster_risk", view(item, analysis=made), enforcement="reduce").responses == ()


def test_a_margin_level_that_only_tells_blocks_nothing() -> None:
    low = view(money=money("1000", used="1000"))
    assert one("margin_level", low, level=D(2), warn_level=D(3), enforcement="alert").blocks == ""
    assert one("margin_level", low, level=D(2), warn_level=D(3), enforcement="block").blocks == "new risk while at the level"


def test_what_was_cut_already_is_not_there_to_be_cut_again() -> None:
    book = (position("ESH6", "3", root="ES"), position("ESM6", "-2", root="ES"), position("ESU6", "-2", root="ES"))
    verdict = one("max_contracts", view(*book), limit=4, count_type="gross", enforcement="reduce")
    # 3.6 too many: one short that hedges nothing, then pairs: 1 and 1, 1 and 1
    stays = {item.key: getattr(item, "to_quantity", D(0)) for item in verdict.responses}
    assert stays == {book[0].key: 1, book[1].key: 0, book[2].key: 1}


def test_the_week_of_a_session_has_five_days() -> None:
    hours = rule_named("session_block_outside").parameters.model_validate({})
    assert hours.global_session.days == (0, 1, 2, 3, 4)  # type: ignore[attr-defined]
