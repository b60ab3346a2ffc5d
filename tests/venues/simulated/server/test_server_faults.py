"""The fault plan: where, when and how often; and what each fault does to an answer."""

from __future__ import annotations

import json

import pytest

from market_analysis.venues.simulated.server import fault_answers as table
from market_analysis.venues.simulated.server.faults import CallFacts, FaultKind, FaultPlan, FaultRule, Stage
from market_analysis.venues.simulated.server.replies import JsonObject

PATH = "/v5/position/list"
ANSWER: JsonObject = {
    "retCode": 0,
    "retMsg": "OK",
    "result": {
        "category": "linear",
        "nextPageCursor": "abc",
        "list": [
            {"symbol": "BTCUSDT", "size": "1.5", "createdTime": "17", "side": "Buy", "seq": 4},
            {"symbol": "ETHUSDT", "size": "-2", "createdTime": "18", "side": "", "seq": 5},
        ],
    },
    "retExtInfo": {},
    "time": 3,
}


def facts(endpoint: str = PATH, *, symbol: str = "", category: str = "", cursor: bool = False, now: int = 0) -> CallFacts:
    return CallFacts(endpoint, symbol, category, cursor, now)


def fired(plan: FaultPlan, calls: list[CallFacts]) -> list[bool]:
    return [plan.decide(item) is not None for item in calls]


def test_stages() -> None:
    plan = FaultPlan()
    plan.set(PATH, FaultKind.HTTP_500, Stage.first_call())
    assert fired(plan, [facts("/other"), facts(), facts()]) == [False, True, False]
    plan.clear()
    rule = plan.set(PATH, FaultKind.HTTP_500, Stage.nth_call(3))
    assert fired(plan, [facts()] * 5) == [False, False, True, False, False]
    assert rule.hits == 1
    plan.clear()
    plan.set("*", FaultKind.HTTP_500, Stage.page_two())
    assert fired(plan, [facts(), facts(cursor=True), facts("/other", cursor=True)]) == [False, True, True]


def test_mid_loop_waits_for_market_time() -> None:
    now = 100
    early = FaultPlan()
    early.set(PATH, FaultKind.HTTP_500, Stage.mid_loop())
    early.bind(lambda: now)
    assert fired(early, [facts(now=100), facts(now=101), facts(now=500)]) == [False, True, True]
    late = FaultPlan()
    late.bind(lambda: 500)
    late.set(PATH, FaultKind.HTTP_500, Stage.mid_loop())
    assert fired(late, [facts(now=500), facts(now=501)]) == [False, True]


def test_partial_outage_and_removal() -> None:
    plan = FaultPlan()
    rule = plan.set("*", FaultKind.HTTP_503, symbol="ETHUSDT", category="linear")
    calls = [facts(symbol="ETHUSDT", category="linear"), facts(symbol="BTCUSDT", category="linear"), facts(symbol="ETHUSDT")]
    assert fired(plan, calls) == [True, False, False]
    plan.remove(rule)
    assert fired(plan, calls) == [False, False, False]


def test_probability_thins_and_repeats() -> None:
    def run() -> list[bool]:
        plan = FaultPlan()
        plan.set(PATH, FaultKind.HTTP_500, Stage(probability=0.3, seed=5))
        return fired(plan, [facts()] * 1000)

    assert run() == run()
    assert 250 < sum(run()) < 350


def test_half_open_is_no_fault_of_requests() -> None:
    plan = FaultPlan()
    plan.set("/v5/private", FaultKind.HALF_OPEN)
    assert plan.decide(facts("/v5/private")) is None
    assert plan.half_open("/v5/private")
    assert not plan.half_open("/v5/public/linear")


def spoiled(kind: FaultKind, symbol: str = "") -> object:
    return json.loads(table.spoil(FaultRule(PATH, kind, symbol=symbol), ANSWER))


def test_every_kind_is_of_exactly_one_sort() -> None:
    sorts = [set(table.STATUS_INSTEAD), set(table.CODE_INSTEAD), set(table.BODY_INSTEAD), set(table.APPLIED_FIRST)]
    broken = (table.HANGS | table.RESETS) - table.APPLIED_FIRST
    answered = {FaultKind.STALE_DATA, FaultKind.HALF_OPEN}
    for kind in FaultKind:
        places = sum(kind in sort for sort in sorts) + (kind in broken) + (kind in answered)
        if places == 0:
            body = table.spoil(FaultRule(PATH, kind), ANSWER)
            is_frozen = kind is FaultKind.FROZEN_ANSWER
            is_account = kind is FaultKind.WRONG_ACCOUNT  # changes wallets and key rights, not positions
            assert is_frozen or is_account or body != json.dumps(ANSWER, separators=(",", ":")).encode(), kind
        else:
            assert places == 1, kind


def test_results_missing_null_and_empty() -> None:
    missing, null, empty = (spoiled(kind) for kind in (FaultKind.RESULT_MISSING, FaultKind.RESULT_NULL, FaultKind.RESULT_EMPTY))
    assert isinstance(missing, dict)
    assert isinstance(null, dict)
    assert isinstance(empty, dict)
    assert "result" not in missing
    assert null["result"] is None
    assert empty["result"] == {}


def test_truncated_json_does_not_parse() -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(table.spoil(FaultRule(PATH, FaultKind.TRUNCATED_JSON), ANSWER))


def rows(document: object) -> list[dict[str, object]]:
    assert isinstance(document, dict)
    result = document["result"]
    assert isinstance(result, dict)
    listed = result["list"]
    assert isinstance(listed, list)
    return listed


def test_row_faults() -> None:
    assert [row["symbol"] for row in rows(spoiled(FaultKind.WRONG_SYMBOL))] == [table.FOREIGN_SYMBOL] * 2
    assert [row["size"] for row in rows(spoiled(FaultKind.NOT_A_NUMBER))] == ["NaN", "NaN"]
    assert [row["createdTime"] for row in rows(spoiled(FaultKind.NOT_A_NUMBER))] == ["17", "18"]
    assert [row["side"] for row in rows(spoiled(FaultKind.GARBAGE_NUMBER))] == ["Buy", ""]
    assert [row["symbol"] for row in rows(spoiled(FaultKind.ROWS_DROPPED, "BTCUSDT"))] == ["ETHUSDT"]
    assert len(rows(spoiled(FaultKind.ROWS_DROPPED))) == 1
    cursorless, category = spoiled(FaultKind.CURSOR_DROPPED), spoiled(FaultKind.WRONG_CATEGORY)
    assert isinstance(cursorless, dict)
    assert isinstance(category, dict)
    assert cursorless["result"]["nextPageCursor"] == ""
    assert category["result"]["category"] == "inverse"


def test_bars_keep_their_times_and_accounts_change() -> None:
    bars: JsonObject = {"result": {"list": [["1700000000000", "1.5", "2"]]}}
    spoiled_bars = json.loads(table.spoil(FaultRule(PATH, FaultKind.NOT_A_NUMBER), bars))
    assert spoiled_bars["result"]["list"] == [["1700000000000", "NaN", "NaN"]]
    wallet: JsonObject = {"result": {"list": [{"accountType": "UNIFIED"}]}}
    foreign = json.loads(table.spoil(FaultRule(PATH, FaultKind.WRONG_ACCOUNT), wallet))
    assert foreign["result"]["list"] == [{"accountType": "FUND"}]


def test_frozen_answers_repeat_the_first() -> None:
    rule = FaultRule(PATH, FaultKind.FROZEN_ANSWER)
    first = table.spoil(rule, ANSWER)
    assert table.spoil(rule, {"retCode": 0, "time": 99}) == first
