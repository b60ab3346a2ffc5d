"""MaxContracts and MaxContractsPerInstrument: hand-written tables, both sides of each limit, hedges cut in pairs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError
from rule_views import D, asked, judge, one, position, unread, view

from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import Ends, Status

MNQ = (position("MNQ", "5", index=1), position("MNQ", "-3", index=2))
ES = (position("ES", "5", index=1), position("ES", "-1", index=2))


@pytest.mark.parametrize(
    ("book", "count_type", "count", "status"),
    [
        ((), "net", 0, Status.OK),
        ((*MNQ, *ES), "net", 6, Status.BREACH),  # the specification's own table: |5 - 3| + |5 - 1|
        ((*MNQ, *ES), "gross", 14, Status.BREACH),
        ((position("ES", "5"),), "net", 5, Status.WARN),  # at a count's limit is no breach
        ((position("ES", "6"),), "net", 6, Status.BREACH),
        ((position("ES", "-6"),), "net", 6, Status.BREACH),
        ((position("ES", "3"),), "gross", 3, Status.OK),
        ((position("ES", "3"), position("NQ", "1")), "gross", 4, Status.WARN),
        ((position("BTC", "9", tags=["holding"]),), "net", 0, Status.OK),
    ],
)
def test_counts(book: tuple[object, ...], count_type: str, count: int, status: Status) -> None:
    verdict = one("max_contracts", view(*book), count_type=count_type)  # type: ignore[arg-type]
    assert (verdict.measure, verdict.status, verdict.distance) == (count, status, 5 - count)
    assert asked(verdict) == (["close all"] if status is Status.BREACH else [])
    assert verdict.lock is None


@pytest.mark.parametrize(
    ("book", "parameters", "expected"),
    [
        # limit 5, released at 4.25: whole contracts, largest first
        ((position("ES", "6"), position("NQ", "3")), {"count_type": "gross"}, ["reduce ES 1"]),
        ((position("ES", "6"),), {"release_frac": 1}, ["reduce ES 5"]),
        ((position("ES", "2"),), {"limit": 1}, ["reduce ES 1"]),  # a limit of one leaves one
        # 5 long 3 short: the surplus of two first, then pairs: 8 - 2 = 6, and one pair makes 4
        (MNQ, {"count_type": "gross"}, ["reduce MNQ#1 2", "reduce MNQ#2 2"]),
        # net 2 of 5/3 with a limit of 1: the surplus alone
        (MNQ, {"limit": 1}, ["reduce MNQ#1 4"]),
        # expiries of one root hedge each other though net counts each contract
        (
            (position("ESH6", "4", root="ES"), position("ESM6", "-4", root="EP")),
            {},
            ["reduce ESH6 2", "reduce ESM6 2"],
        ),
        # a short that hedges a holding stays; the rest is cut
        (
            (position("BTC", "-4"), position("BTCSPOT", "4", root="BTC", tags=["holding"]), position("ES", "3")),
            {},
            ["reduce ES 0.2"],
        ),
        ((position("ES", "8", tags=["hedge"]),), {}, []),  # a tagged hedge is not cut alone
        ((position("BTC", "0.6"),), {"limit": "0.5"}, ["reduce BTC 0.5"]),
    ],
)
def test_reductions(book: tuple[object, ...], parameters: dict[str, object], expected: list[str]) -> None:
    steps = {"quantity_step": D("0.1")} if len(book) == 3 else {}
    seen = view(*(position_with(item, **steps) for item in book))
    verdict = one("max_contracts", seen, enforcement="reduce", **parameters)
    assert verdict.status is Status.BREACH
    assert asked(verdict) == expected


def position_with(item: object, **changes: object) -> object:
    return replace(item, **changes)  # type: ignore[type-var]


def test_what_stays_is_said() -> None:
    held = (position("BTC", "-6"), position("BTCSPOT", "6", root="BTC", tags=["holding"]))
    verdict = one("max_contracts", view(*held), enforcement="reduce")
    assert asked(verdict) == []
    assert "hedges a holding and is left to you" in verdict.message


def test_locks_and_unknown() -> None:
    book = view(position("ES", "6"))
    locked = one("max_contracts", book, lockout_on_breach=True)
    assert locked.lock is not None
    assert (locked.lock.ends, locked.lock.until) == (Ends.RESET, book.day.end)
    blocked = one("max_contracts", book, enforcement="block")
    assert blocked.lock is not None
    assert (blocked.lock.ends, asked(blocked)) == (Ends.CONDITION, [])
    assert asked(one("max_contracts", book, enforcement="alert")) == []
    blind = one("max_contracts", view(positions=unread()))
    assert (blind.status, blind.responses, blind.lock) == (Status.UNKNOWN, (), None)


@pytest.mark.parametrize(
    ("book", "parameters", "expected"),
    [
        ((position("ESU5", "2", root="EP"),), {}, {"ES": (Status.WARN, [])}),
        ((position("ESU5", "3", root="EP"),), {}, {"ES": (Status.BREACH, ["reduce ESU5 1"])}),
        ((position("ESU5", "3", root="EP"),), {"enforcement": "close"}, {"ES": (Status.BREACH, ["close ESU5", "cancel ESU5"])}),
        ((position("ESU5", "3", root="EP"),), {"enforcement": "block"}, {"ES": (Status.BREACH, [])}),
        (
            (position("ESU5", "2", root="ES"), position("ESZ5", "2", root="ES")),
            {"release_frac": 1},
            {"ES": (Status.BREACH, ["close ESU5"])},  # all expiries of a root together
        ),
        ((position("MES", "1"),), {}, {"MES": (Status.BREACH, ["close MES"])}),  # MES is not ES: an unknown root, blocked
        ((position("MES", "1"),), {"unknown_symbol_action": "allow_with_limit"}, {"MES": (Status.WARN, [])}),
        (
            (position("MES", "2"),),
            {"unknown_symbol_action": "allow_with_limit"},
            {"MES": (Status.BREACH, ["reduce MES 1"])},
        ),
        ((position("MES", "9"),), {"unknown_symbol_action": "allow_unlimited"}, {"account": (Status.OK, [])}),
        ((position("BTC", "9", tags=["holding"]),), {}, {"account": (Status.OK, [])}),
        ((), {}, {"account": (Status.OK, [])}),
        ((position("ES", "-3"), position("NQ", "1")), {}, {"ES": (Status.BREACH, ["reduce ES 1"]), "NQ": (Status.WARN, [])}),
    ],
)
def test_per_root(book: tuple[object, ...], parameters: dict[str, object], expected: dict[str, object]) -> None:
    verdicts = judge("max_contracts_per_instrument", view(*book), limits={"es": 2, "ENQ": 1}, **parameters)  # type: ignore[arg-type]
    assert {item.subject: (item.status, asked(item)) for item in verdicts} == expected


def test_per_root_lock_is_of_the_root() -> None:
    seen = view(position("ES", "3"))
    lock = one("max_contracts_per_instrument", seen, limits={"ES": 2}, lockout_on_breach=True).lock
    assert lock is not None
    assert (lock.root, lock.ends, lock.until) == ("ES", Ends.RESET, seen.day.end)
    assert one("max_contracts_per_instrument", view(positions=unread()), limits={"ES": 2}).status is Status.UNKNOWN


@pytest.mark.parametrize("limits", [{}, {"ES": -1}, {"ES": 1, "EP": 2}])
def test_limits_that_mean_nothing_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        rule_named("max_contracts_per_instrument").parameters(limits=limits)
