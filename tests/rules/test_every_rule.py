"""What every rule keeps: pure, at least one verdict, nothing asked for where it is unknown or below acting, no hedge opened."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_strategies import SETTINGS, accounts, net_value, positions
from rule_views import ago, judge, level, money, one, trade, unread, view

from market_analysis.domain import Unknown
from market_analysis.errors import SettingsError
from market_analysis.rules import registry
from market_analysis.rules.book import is_holding, lot
from market_analysis.rules.hedged import reduce_together
from market_analysis.rules.registry import rule_named, rules
from market_analysis.rules.roots import canonical, canonical_set, root_of_symbol
from market_analysis.rules.verdict import CloseAll, ClosePosition, ReducePosition, SetStop, Status, Verdict
from market_analysis.rules.view import AccountView, Anchors, Period

ACTS = (Status.ACT, Status.BREACH)
CASES = [(name, words) for name, each in SETTINGS.items() for words in each]
SEVERITY = [Status.OK, Status.WARN, Status.ACT, Status.BREACH]


def evaluated(name: str, words: dict[str, Any], seen: AccountView) -> tuple[Verdict, ...]:
    rule = rule_named(name)
    return rule.evaluate(seen, rule.parameters.model_validate(words))


def test_every_rule_is_tried_here_and_explains_itself() -> None:
    assert set(SETTINGS) == set(rules())
    for rule in rules().values():
        words = rule.explanation
        assert all((words.watches, words.fires, words.does, words.does_not, rule.title, rule.source))
        assert all(field.description for field in rule.parameters.model_fields.values())
        assert "mode" not in rule.parameters.model_fields  # the settings' own key beside the parameters


@settings(max_examples=200, deadline=None)
@given(seen=accounts())
def test_every_rule_on_random_accounts(seen: AccountView) -> None:
    for name, words in CASES:
        verdicts = evaluated(name, words, seen)
        assert verdicts
        assert verdicts == evaluated(name, words, seen)
        assert len({item.subject for item in verdicts}) == len(verdicts)  # the guard remembers by rule and subject
        for item in verdicts:
            _keeps_its_word(name, seen, item)


def _keeps_its_word(name: str, seen: AccountView, item: Verdict) -> None:
    assert item.rule == name
    assert item.code.startswith(name)
    assert item.message
    assert (item.status is Status.UNKNOWN) == (item.code == f"{name}_unknown")
    if item.status not in ACTS:
        assert (item.responses, item.lock, item.blocks) == ((), None, "")
    if item.lock is not None and item.lock.until is not None:
        assert item.lock.until > seen.now or item.lock.until == seen.day.end
    for response in item.responses:
        if isinstance(response, ClosePosition | ReducePosition | SetStop):
            assert not isinstance(seen.positions, Unknown)
            held = {held.key: held for held in seen.positions}
            assert not is_holding(held[response.key])
            if isinstance(response, ReducePosition):
                assert 0 < response.to_quantity < held[response.key].quantity


@pytest.mark.parametrize(("name", "words"), CASES)
def test_an_account_of_which_nothing_is_known_asks_for_nothing(name: str, words: dict[str, Any]) -> None:
    blind = view(
        money=unread(),
        positions=unread(),
        orders=unread(),
        trades=unread(),
        anchors=Anchors(),
        orders_match=False,
        can_trade=None,
        unexplained=None,
        day_results=unread(),
    )
    for item in evaluated(name, words, blind):
        assert (item.responses, item.lock) == ((), None)
        # Nothing is switched on, or inside the session nothing is asked of the book.
        needs_nothing = name in ("symbol_blocks", "trade_management", "session_block_outside") and not words
        assert item.status is (Status.OK if needs_nothing else Status.UNKNOWN)


@pytest.mark.parametrize(("name", "words"), CASES)
def test_an_empty_account_is_fine(name: str, words: dict[str, Any]) -> None:
    for item in evaluated(name, words, view(day_results={}, analysis=None)):
        known = Status.UNKNOWN if name == "cluster_risk" else Status.OK
        assert (item.status, item.responses, item.lock) == (known, (), None)


equities = st.integers(0, 20_000)


@pytest.mark.parametrize(("name", "words"), [("daily_loss", {}), ("max_drawdown", {}), ("margin_level", {}), ("max_loss", {})])
@given(lower=equities, higher=equities)
def test_less_equity_is_never_better(name: str, words: dict[str, Any], lower: int, higher: int) -> None:
    lower, higher = sorted((lower, higher))
    worse, better = (judge(name, view(money=money(str(e), "10000", used="7000")), **words)[0] for e in (lower, higher))
    assert SEVERITY.index(worse.status) >= SEVERITY.index(better.status)
    assert worse.distance is not None
    assert better.distance is not None
    assert worse.distance <= better.distance


@given(first=st.integers(-900, 900), more=st.integers(0, 900))
def test_more_loss_is_never_better(first: int, more: int) -> None:
    better, worse = (one("daily_realized_loss", view(trades=(trade("a", 9, str(result)),))) for result in (first, first - more))
    assert SEVERITY.index(worse.status) >= SEVERITY.index(better.status)


@given(number=st.integers(0, 70), gap=st.integers(1, 90))
def test_more_trades_are_never_better(number: int, gap: int) -> None:
    every = [trade(f"o{place}", gap * place) for place in range(number + 1)]
    fewer, more = (one("trade_frequency_limit", view(trades=tuple(part))) for part in (every[1:], every))
    assert SEVERITY.index(more.status) >= SEVERITY.index(fewer.status)


@settings(max_examples=300, deadline=None)
@given(book=st.lists(positions(), max_size=5), excess=st.integers(1, 12), weigh=st.booleans())
def test_a_reduction_opens_no_hedge(book: list[Any], excess: int, weigh: bool) -> None:
    items = {item.key: replace(item, notional=item.quantity * 100 if weigh else None, tick_value=None) for item in book}
    plan = reduce_together(tuple(items.values()), Decimal(excess), lambda item: Decimal(1))
    before = {key: item.quantity for key, item in items.items()}
    after = dict(before)
    for response in plan.responses:
        assert not isinstance(response, CloseAll)
        assert isinstance(response, ReducePosition | ClosePosition)
        after[response.key] = response.to_quantity if isinstance(response, ReducePosition) else Decimal(0)
        assert after[response.key] % lot(items[response.key]) == 0
    assert all(after[key] <= before[key] for key in before)
    for root in ("ES", "BTC", "MES"):
        lots = max([lot(item) for item in items.values()], default=Decimal(1))
        assert abs(net_value(after, items, root)) <= abs(net_value(before, items, root)) + lots
        if all(lot(item) == 1 for item in items.values()):
            assert abs(net_value(after, items, root)) <= abs(net_value(before, items, root))
    cut = sum(before.values()) - sum(after.values())
    assert cut + plan.left >= min(excess, cut + plan.left)
    if plan.left == 0:
        assert cut >= excess


@pytest.mark.parametrize(
    ("symbol", "root"),
    [
        ("CON.F.US.EP.U25", "ES"),
        ("CON.F.US.ENQ.Z25", "NQ"),
        ("CON.F.US.MES.U25", "MES"),
        ("CON.F.US.EU6.U25", "6E"),
        ("CON.F.US.JY6.U25", "6J"),
        ("CON.F.US.GMET.U25", "MET"),
        ("ESU5", "ES"),
        ("MESU5", "MES"),
        ("NQZ25", "NQ"),
        ("ep", "ES"),
        ("MNQ", "MNQ"),
        ("BTCUSDT", "BTC"),
        ("BTCPERP", "BTC"),
        ("BTCUSD", "BTC"),
        ("BTCUSDH26", "BTC"),
        ("BTC-27MAR26", "BTC"),
        ("BTC-PERP", "BTC"),
        ("BTCUSDT-27MAR26", "BTC"),
        ("BTC/USDT:USDT", "BTC"),
        ("1000PEPEUSDT", "1000PEPE"),
        ("EURUSD", "EUR"),
        ("GER40", "GER40"),
    ],
)
def test_roots(symbol: str, root: str) -> None:
    assert root_of_symbol(symbol) == root


def test_aliases() -> None:
    assert canonical(" enq ") == "NQ"
    assert canonical("MES") != canonical("ES")
    assert canonical_set(["EP", "es", "MES"]) == {"ES", "MES"}


class _Entry:
    """What importlib gives for one entry point."""

    dist = "a plugin"

    def __init__(self, name: str, value: object) -> None:
        self.name, self.value, self._loaded = name, f"package:{name}", value

    def load(self) -> object:
        return self._loaded


def test_rules_of_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(rule_named("max_loss"), name="zz_own")

    def with_plugins(*entries: _Entry) -> Any:
        monkeypatch.setattr(registry, "entry_points", lambda group: list(entries))
        rules.cache_clear()
        return rules()

    try:
        assert list(with_plugins(_Entry("zz", own)))[-1] == "zz_own"
        with pytest.raises(SettingsError, match="the name max_loss exists"):
            with_plugins(_Entry("twice", rule_named("max_loss")))
        with pytest.raises(SettingsError, match="it is no Rule"):
            with_plugins(_Entry("wrong", 5))
    finally:
        monkeypatch.undo()
        rules.cache_clear()
    with pytest.raises(SettingsError, match="no rule 'nothing'"):
        rule_named("nothing")
    assert Anchors(None, {Period.DAY: level("1")}).initial_balance is None
    assert ago(0) == view().now
