"""MaxPositionSize, MaxExposure, MaxLeverage, ClusterRisk, JointLiquidation: tables around the limits; cuts that open no hedge."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from rule_views import D, ago, asked, instrument, judge, level, money, one, position, unread, view

from market_analysis.rules.book import lot
from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import Ends, Status
from market_analysis.rules.view import AnalysisView, Anchors, ClusterView, Period


@pytest.mark.parametrize(
    ("size", "status", "used"),
    [("6", Status.OK, "0.6"), ("7", Status.WARN, "0.7"), ("9.99", Status.WARN, "0.999"), ("10", Status.BREACH, "1")],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_position_size_is_a_share_of_equity(size: str, status: Status, used: str, sign: str) -> None:
    verdict = one("max_position_size", view(position("BTC", sign + size)))  # a hundred each, 10 % of 10,000
    assert (verdict.status, verdict.used, verdict.threshold, verdict.responses) == (status, D(used), 1000, ())
    assert verdict.room == 1000 - D(size) * 100


@pytest.mark.parametrize(
    ("enforcement", "expected", "locks"),
    [("alert", [], False), ("block", [], True), ("reduce", ["reduce BTC 8"], True), ("close", ["close BTC", "cancel BTC"], True)],
)
def test_what_is_done_about_size(enforcement: str, expected: list[str], locks: bool) -> None:
    verdict = one("max_position_size", view(position("BTC", "20")), enforcement=enforcement)
    assert (verdict.status, asked(verdict), verdict.lock is not None) == (Status.BREACH, expected, locks)
    if verdict.lock is not None:
        assert (verdict.lock.ends, verdict.lock.root, verdict.blocks) == (
            Ends.CONDITION,
            "BTC",
            "new risk in BTC while at the limit",
        )
        whole = one("max_leverage", view(position("BTC", "900")), enforcement=enforcement)
        assert whole.blocks == "new risk while at the limit"


def test_the_hedged_part_of_a_position_is_not_cut_alone() -> None:
    pair = (position("BTCUSDT", "20", root="BTC"), position("BTCPERP", "-15", root="BTC"))
    first, second = judge("max_position_size", view(*pair), enforcement="reduce")
    assert asked(first) == ["reduce BTCUSDT 15"]  # the five that nothing hedges
    assert "the rest hedges" in first.message
    assert asked(second) == []


@pytest.mark.parametrize(
    ("base", "limit"),
    [("absolute", "0.1"), ("day_start_equity", "900"), ("current_equity", "1200"), ("initial_balance", "800")],
)
def test_what_a_share_is_of(base: str, limit: str) -> None:
    anchors = Anchors(D(8000), {Period.DAY: level("9500", "9000")})
    seen = view(position("BTC", "1"), anchors=anchors, money=money("12000"))
    assert one("max_position_size", seen, amount_of=base).threshold == D(limit)


@pytest.mark.parametrize("rule", ["max_position_size", "max_exposure", "max_leverage"])
def test_sizes_that_cannot_be_told(rule: str) -> None:
    held = position("BTC", "900")
    for enforcement in ("reduce", "close"):
        for base, missing in (
            ("day_start_equity", {"anchors": Anchors()}),
            ("initial_balance", {"anchors": Anchors()}),
            ("initial_balance", {"anchors": Anchors(D(0))}),
            ("current_equity", {"money": unread()}),
            ("current_equity", {"positions": unread()}),
            ("current_equity", {"positions": (position("BTC", "900", None),)}),
            ("current_equity", {"positions": (position("BTC", "900", mark_at=ago(31)),)}),
            ("current_equity", {"positions": (position("BTC", "900", tick_value=None),)}),
        ):
            verdict = one(rule, view(**({"positions": (held,)} | missing)), amount_of=base, enforcement=enforcement)
            assert (verdict.status, verdict.responses, verdict.lock) == (Status.UNKNOWN, (), None)
    assert one(rule, view()).status is Status.OK


def test_value_as_it_was_read_goes_before_ticks() -> None:
    seen = view(position("BTC", "1", tick_value=None, notional=D(4321)))
    assert one("max_position_size", seen).measure == 4321
    only_holding = view(position("BTC", "999", tags=["holding"]))
    assert one("max_position_size", only_holding).measure is None
    assert one("max_leverage", only_holding).measure is None


@pytest.mark.parametrize(
    ("book", "kind", "value", "expected"),
    [
        ([position("BTC", "99")], "net", 9900, []),
        ([position("BTC", "100")], "net", 10000, ["reduce BTC 85"]),
        ([position("BTC", "-120")], "net", 12000, ["reduce BTC 85"]),
        # 120 against 20: the surplus of a hundred, cut by fifteen
        ([position("A", "120", root="BTC"), position("B", "-20", root="BTC")], "net", 10000, ["reduce A 105"]),
        # gross 14,000 to 8,500: the hundred of surplus first: 55 of it
        ([position("A", "120", root="BTC"), position("B", "-20", root="BTC")], "gross", 14000, ["reduce A 65"]),
        # 60 against 60: fully hedged, pairs: 12,000 - 8,500 = 3,500, 17.5 each, on lots 18
        ([position("A", "60", root="BTC"), position("B", "-60", root="BTC")], "gross", 12000, ["reduce A 42", "reduce B 42"]),
        ([position("A", "60", root="BTC"), position("B", "-60", root="BTC")], "net", 0, []),
        # a holding counts and is not sold
        ([position("SPOT", "110", root="BTC", tags=["holding"])], "net", 11000, []),
        ([position("SPOT", "90", root="BTC", tags=["holding"]), position("B", "20", root="BTC")], "net", 11000, ["close B"]),
    ],
)
def test_exposure_of_a_root(book: list[Any], kind: str, value: int, expected: list[str]) -> None:
    verdict = one("max_exposure", view(*book), count_type=kind, enforcement="reduce")
    assert (verdict.measure, asked(verdict)) == (value, expected)
    assert verdict.status is (Status.BREACH if value >= 10000 else Status.WARN if value >= 7000 else Status.OK)


def test_prices_below_zero_and_at_zero() -> None:
    below = one("max_exposure", view(position("CL", "100", "-100")), enforcement="reduce")
    assert (below.measure, asked(below)) == (10000, ["reduce CL 85"])
    worthless = (position("CL", "500", "0"), position("CLM", "-500", "0", root="CL"), position("ES", "100"))
    (first, second) = judge("max_exposure", view(*worthless), enforcement="reduce", count_type="gross")
    assert (first.measure, asked(first), asked(second)) == (0, [], ["reduce ES 85"])
    assert asked(one("max_leverage", view(*worthless), amount="0.5", enforcement="reduce")) == ["reduce ES 42"]
    hedged = (*worthless[:2], position("ES", "100"), position("ESM", "-100", root="ES"))
    assert asked(one("max_leverage", view(*hedged), amount="1", enforcement="reduce")) == ["reduce ES 42", "reduce ESM 42"]


def test_exposure_is_per_root() -> None:
    verdicts = judge("max_exposure", view(position("BTC", "100"), position("ETH", "1", None), position("SOL", "1")))
    assert [(item.subject, item.status) for item in verdicts] == [
        ("BTC", Status.BREACH),
        ("ETH", Status.UNKNOWN),
        ("SOL", Status.OK),
    ]


@pytest.mark.parametrize(
    ("sizes", "equity", "status"),
    [
        (("100", "-100"), "10000", Status.OK),
        (("150", "-149"), "10000", Status.WARN),
        (("150", "-150"), "10000", Status.BREACH),  # both sides use margin
        (("1", "-1"), "0", Status.BREACH),
        (("1", "-1"), "-5", Status.BREACH),
    ],
)
def test_leverage(sizes: tuple[str, str], equity: str, status: Status) -> None:
    seen = view(position("A", sizes[0]), position("B", sizes[1]), money=money(equity))
    assert one("max_leverage", seen).status is status


def test_leverage_is_brought_back_largest_first_and_waits_for_an_explanation() -> None:
    book = [position("A", "300"), position("B", "100")]
    seen = view(*book)
    assert asked(one("max_leverage", seen, enforcement="reduce")) == ["reduce A 155"]  # 40,000 to 25,500
    assert asked(one("max_leverage", seen, enforcement="close")) == ["close A", "close B", "cancel A", "cancel B"]
    doubted = one("max_leverage", view(*book, unexplained=D(500)), enforcement="reduce")
    assert (doubted.status, doubted.responses, doubted.lock) == (Status.BREACH, (), None)
    assert "nothing explains" in doubted.message
    frozen = view(*book, unexplained=D(500))
    assert asked(one("max_leverage", frozen, enforcement="reduce", amount_of="day_start_equity")) == ["reduce A 155"]
    with pytest.raises(ValidationError, match="absolute"):
        rule_named("max_leverage").parameters(amount_of="absolute")


@pytest.mark.parametrize(
    ("quantity", "step", "expected"),
    [("5", None, "1"), ("100", None, "1"), ("0.25", None, "0.01"), ("0.250", "0.001", "0.001")],
)
def test_a_lot(quantity: str, step: str | None, expected: str) -> None:
    item = position("BTC", quantity, quantity_step=None if step is None else D(step))
    assert lot(item) == D(expected)
    assert instrument("BTC") == item.key.instrument


CLUSTER = ClusterView(frozenset({"BTC", "ETH"}), D(400), D(400))


def analysed(*positions: Any, cluster: ClusterView = CLUSTER, at: Any = None, rate: str | None = "0.5") -> Any:
    made = AnalysisView(at or ago(0), (cluster,), None if rate is None else D(rate))
    return view(*positions, analysis=made)


@pytest.mark.parametrize(
    ("risk", "cap", "status"),
    [
        ("0", "0", Status.OK),
        ("279", "400", Status.OK),
        ("280", "400", Status.WARN),
        ("400", "400", Status.BREACH),
        ("5", "0", Status.BREACH),
    ],
)
def test_cluster_risk(risk: str, cap: str, status: Status) -> None:
    verdict = one("cluster_risk", analysed(cluster=ClusterView(frozenset({"BTC", "ETH"}), D(risk), D(cap))))
    assert (verdict.status, verdict.subject, verdict.responses, verdict.room) == (status, "BTC ETH", (), D(cap) - D(risk))


def test_a_cluster_is_cut_whole_and_by_one_share() -> None:
    book = (position("BTC", "10"), position("ETH", "-20"), position("SOL", "5"))
    assert asked(one("cluster_risk", analysed(*book), enforcement="reduce")) == ["reduce BTC 8", "reduce ETH 17"]
    assert asked(one("cluster_risk", analysed(position("BTC", "1")), enforcement="reduce")) == ["close BTC"]
    holding = analysed(*book, position("SPOT", "1", root="BTC", tags=["holding"]))
    told = one("cluster_risk", holding, enforcement="reduce")
    assert (told.status, told.responses) == (Status.BREACH, ())
    assert "cap_would_unhedge" in told.message


def test_clusters_that_cannot_be_told() -> None:
    for seen in (view(), analysed(at=ago(601)), view(positions=unread(), analysis=AnalysisView(ago(0), (CLUSTER,)))):
        verdict = one("cluster_risk", seen, enforcement="reduce")
        assert (verdict.status, verdict.responses) == (Status.UNKNOWN, ())
    assert one("cluster_risk", view(analysis=AnalysisView(ago(600)))).status is Status.OK
    for wrong in ("close", "block"):
        with pytest.raises(ValidationError):
            rule_named("cluster_risk").parameters(enforcement=wrong)


@pytest.mark.parametrize(
    ("rate", "status"),
    [("0.69", Status.OK), ("0.7", Status.WARN), ("0.999", Status.WARN), ("1", Status.BREACH), ("3", Status.BREACH)],
)
def test_joint_liquidation(rate: str, status: Status) -> None:
    seen = analysed(position("BTC", "1"), rate=rate)
    verdict = one("joint_liquidation", seen)
    assert (verdict.status, verdict.responses, verdict.lock is not None) == (status, (), status is Status.BREACH)
    assert bool(one("joint_liquidation", seen, enforcement="close").responses) == (status is Status.BREACH)
    assert one("joint_liquidation", seen, enforcement="alert").lock is None


def test_joint_liquidation_that_cannot_be_told() -> None:
    held = position("BTC", "1")
    for seen in (view(held), analysed(held, rate=None), analysed(held, at=ago(601)), view(positions=unread())):
        assert one("joint_liquidation", seen, enforcement="close").status is Status.UNKNOWN
    assert one("joint_liquidation", view()).status is Status.OK
