"""The limit evaluator: a table worked by hand for every anchor, series, kind of amount and measure; firms' own rules; and a slow
reference, written from the definition, on random states.

The account of the table: initial balance 10,000; day from balance 10,200 and equity 10,100; highest in real time 10,500 and 10,800;
highest end of a day 10,400 and 10,300; now balance 10,150 and equity 10,050. Amounts: 700 in money, or a tenth.
"""

from __future__ import annotations

from typing import Any

import pytest
from limit_reference import random_state, slow_reading
from pydantic import ValidationError
from rule_views import DAY, D, ago, level, money, position, trade, unread, view

from market_analysis.rules.limit import Anchor, Limit, read_limit
from market_analysis.rules.verdict import Status
from market_analysis.rules.view import AccountView, Anchors, Period

ANCHORS = Anchors(
    D(10000),
    {Period.DAY: level("10200", "10100"), Period.WEEK: level("9800", "9900"), Period.PHASE: level("10000")},
    level("10500", "10800"),
    level("10400", "10300"),
)


def table_view(**changes: Any) -> AccountView:
    """Realised today: 100 less 8, -50 less 2, an opening fill that cost 5: 50 gross, 35 net. Floating -100 and +40."""
    fields: dict[str, Any] = {
        "anchors": ANCHORS,
        "money": money("10050", "10150", used="5000"),
        "trades": (trade("a", 9, "100", "8"), trade("b", 8, "-50", "2"), trade("c", 7, None, "5")),
        "positions": (position("BTC", "1", "100", "200"), position("ETH", "-1", "60", "100")),
    }
    return view(**(fields | changes))


# anchor, series, amount_of: reference, amount, floor of a loss, ceiling of a profit
LEVELS = [
    ("fixed", "balance", "absolute", "10000", "700", "9300", "10700"),
    ("fixed", "balance", "initial", "10000", "1000", "9000", "11000"),
    ("fixed", "balance", "reference", "10000", "1000", "9000", "11000"),
    ("fixed", "balance", "current", "10000", "1015", "8985", "11015"),
    ("fixed", "equity", "absolute", "10000", "700", "9300", "10700"),
    ("fixed", "higher", "absolute", "10000", "700", "9300", "10700"),
    ("period_start", "balance", "absolute", "10200", "700", "9500", "10900"),
    ("period_start", "balance", "initial", "10200", "1000", "9200", "11200"),
    ("period_start", "balance", "reference", "10200", "1020", "9180", "11220"),
    ("period_start", "balance", "current", "10200", "1015", "9185", "11215"),
    ("period_start", "equity", "absolute", "10100", "700", "9400", "10800"),
    ("period_start", "equity", "initial", "10100", "1000", "9100", "11100"),
    ("period_start", "equity", "reference", "10100", "1010", "9090", "11110"),
    ("period_start", "equity", "current", "10100", "1015", "9085", "11115"),
    ("period_start", "higher", "absolute", "10200", "700", "9500", "10900"),
    ("period_start", "higher", "initial", "10200", "1000", "9200", "11200"),
    ("period_start", "higher", "reference", "10200", "1020", "9180", "11220"),
    ("period_start", "higher", "current", "10200", "1015", "9185", "11215"),
    ("real_time_peak", "balance", "absolute", "10500", "700", "9800", "11200"),
    ("real_time_peak", "balance", "initial", "10500", "1000", "9500", "11500"),
    ("real_time_peak", "balance", "reference", "10500", "1050", "9450", "11550"),
    ("real_time_peak", "balance", "current", "10500", "1015", "9485", "11515"),
    ("real_time_peak", "equity", "absolute", "10800", "700", "10100", "11500"),
    ("real_time_peak", "equity", "initial", "10800", "1000", "9800", "11800"),
    ("real_time_peak", "equity", "reference", "10800", "1080", "9720", "11880"),
    ("real_time_peak", "equity", "current", "10800", "1015", "9785", "11815"),
    ("real_time_peak", "higher", "absolute", "10800", "700", "10100", "11500"),
    ("real_time_peak", "higher", "initial", "10800", "1000", "9800", "11800"),
    ("real_time_peak", "higher", "reference", "10800", "1080", "9720", "11880"),
    ("real_time_peak", "higher", "current", "10800", "1015", "9785", "11815"),
    ("end_of_day_peak", "balance", "absolute", "10400", "700", "9700", "11100"),
    ("end_of_day_peak", "balance", "initial", "10400", "1000", "9400", "11400"),
    ("end_of_day_peak", "balance", "reference", "10400", "1040", "9360", "11440"),
    ("end_of_day_peak", "balance", "current", "10400", "1015", "9385", "11415"),
    ("end_of_day_peak", "equity", "absolute", "10300", "700", "9600", "11000"),
    ("end_of_day_peak", "equity", "initial", "10300", "1000", "9300", "11300"),
    ("end_of_day_peak", "equity", "reference", "10300", "1030", "9270", "11330"),
    ("end_of_day_peak", "equity", "current", "10300", "1015", "9285", "11315"),
    ("end_of_day_peak", "higher", "absolute", "10400", "700", "9700", "11100"),
    ("end_of_day_peak", "higher", "initial", "10400", "1000", "9400", "11400"),
    ("end_of_day_peak", "higher", "reference", "10400", "1040", "9360", "11440"),
    ("end_of_day_peak", "higher", "current", "10400", "1015", "9385", "11415"),
]


@pytest.mark.parametrize(("measure", "value"), [("equity", "10050"), ("balance", "10150")])
@pytest.mark.parametrize(("anchor", "series", "amount_of", "reference", "amount", "floor", "ceiling"), LEVELS)
def test_levels(
    measure: str, value: str, anchor: str, series: str, amount_of: str, reference: str, amount: str, floor: str, ceiling: str
) -> None:
    share = "700" if amount_of == "absolute" else "0.1"
    words = {"measure": measure, "anchor": anchor, "series": series, "amount_of": amount_of, "amount": share, "warn_at": ()}
    loss = read_limit(table_view(), Limit.model_validate(words))
    assert (loss.value, loss.reference, loss.amount, loss.bound) == tuple(map(D, (value, reference, amount, floor)))
    assert loss.room == D(value) - D(floor)
    assert loss.status is (Status.BREACH if D(value) <= D(floor) else Status.OK)
    gain = read_limit(table_view(), Limit.model_validate(words | {"kind": "profit"}))
    assert (gain.bound, gain.room) == (D(ceiling), D(ceiling) - D(value))
    assert gain.status is (Status.BREACH if D(value) >= D(ceiling) else Status.OK)


# measure, its value, amount_of, series: amount. The floor is minus the amount, the ceiling the amount.
RESULTS = [
    (measure, value, amount_of, series, amount)
    for measure, value in (("realized", "35"), ("unrealized", "-60"), ("realized_and_unrealized", "-25"), ("floating", "-100"))
    for amount_of, series, amount in (
        ("absolute", "balance", "700"),
        ("initial", "balance", "1000"),
        ("reference", "balance", "1020"),
        ("reference", "equity", "1010"),
        ("reference", "higher", "1020"),
        ("current", "balance", "1015"),
    )
]


@pytest.mark.parametrize(("measure", "value", "amount_of", "series", "amount"), RESULTS)
def test_results_of_the_day(measure: str, value: str, amount_of: str, series: str, amount: str) -> None:
    share = "700" if amount_of == "absolute" else "0.1"
    words = {"measure": measure, "series": series, "amount_of": amount_of, "amount": share}
    loss = read_limit(table_view(), Limit.model_validate(words))
    assert (loss.value, loss.amount, loss.bound, loss.room) == (D(value), D(amount), -D(amount), D(value) + D(amount))
    gain = read_limit(table_view(), Limit.model_validate(words | {"kind": "profit"}))
    assert (gain.bound, gain.room) == (D(amount), D(amount) - D(value))


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ({"measure": "realized", "costs_in": False}, "50"),
        ({"measure": "realized_and_unrealized", "costs_in": False}, "-10"),
        ({"measure": "realized", "period": "week"}, "350"),  # 10,150 less 9,800
        ({"measure": "realized", "period": "phase"}, "150"),
        ({"measure": "realized", "anchor": "fixed"}, "35"),
    ],
)
def test_costs_and_longer_periods(words: dict[str, Any], value: str) -> None:
    assert read_limit(table_view(), Limit.model_validate({"amount": 700} | words)).value == D(value)


def test_trades_of_other_days_voided_ones_and_the_boundary() -> None:
    since_start = (ago(0) - DAY.start).total_seconds()
    trades = (
        trade("yesterday", since_start + 1, "-900"),
        trade("first", since_start, "-30"),
        trade("voided", 9, "-500", voided=True),
    )
    assert read_limit(table_view(trades=trades), Limit(measure="realized", amount=D(700))).value == -30


def test_a_holding_without_an_entry_has_no_floating_result() -> None:
    held = (position("BTC", "1", "100", "200"), position("SPOT", "1", None, tags=["holding"]))
    assert read_limit(table_view(positions=held), Limit(measure="unrealized", amount=D(700))).value == -100


@pytest.mark.parametrize(
    ("words", "bound"),
    [
        # highest end of a day 10,400
        ({"amount": 700, "lock_at_initial": False}, "9700"),
        ({"amount": 700, "lock_at_initial": True}, "9700"),
        ({"amount": 300, "lock_at_initial": False}, "10100"),
        ({"amount": 300, "lock_at_initial": True}, "10000"),
        ({"amount": 700, "manual_peak": 11000}, "10300"),
        ({"amount": 700, "manual_peak": 10300}, "9700"),  # a peak that was seen is not forgotten
        ({"amount": 700, "manual_peak": 11000, "lock_at_initial": True}, "10000"),
    ],
)
def test_trailing_floors(words: dict[str, Any], bound: str) -> None:
    limit = Limit.model_validate({"anchor": "end_of_day_peak"} | words)
    assert read_limit(table_view(), limit).bound == D(bound)


@pytest.mark.parametrize(
    ("manual", "initial", "bound"), [(None, "10000", None), ("10200", "10000", "9500"), ("10200", None, "9500")]
)
def test_a_peak_that_was_never_seen_is_given_by_hand_or_unknown(manual: str | None, initial: str | None, bound: str | None) -> None:
    anchors = Anchors(None if initial is None else D(initial))
    limit = Limit(anchor=Anchor.REAL_TIME_PEAK, amount=D(700), manual_peak=None if manual is None else D(manual))
    assert read_limit(table_view(anchors=anchors), limit).bound == (None if bound is None else D(bound))


@pytest.mark.parametrize(
    ("equity", "words", "status"),
    [
        # a loss of 1,000 from 10,000
        ("9301", {}, Status.OK),
        ("9300", {}, Status.WARN),
        ("9300", {"warn_at": ()}, Status.OK),
        ("9300", {"warn_at": ("0.71",)}, Status.OK),
        ("9150.01", {"act_at_frac": "0.85"}, Status.WARN),
        ("9150", {"act_at_frac": "0.85"}, Status.ACT),
        ("9000.01", {}, Status.WARN),
        ("9000", {}, Status.BREACH),
        ("9000", {"strict": True}, Status.WARN),
        ("9000", {"strict": True, "act_at_frac": 1}, Status.ACT),
        ("8999.99", {"strict": True}, Status.BREACH),
    ],
)
def test_warning_acting_breaching(equity: str, words: dict[str, Any], status: Status) -> None:
    limit = Limit.model_validate({"anchor": "fixed", "amount": 1000} | words)
    assert read_limit(view(money=money(equity, "10000")), limit).status is status


@pytest.mark.parametrize(
    ("equity", "flat", "bound", "status"),
    [
        # FTMO: midnight balance 101,000, equity 99,500; 5 % of 100,000 below the higher of the two, on equity
        ("96000.01", None, "96000", Status.WARN),
        ("96000", None, "96000", Status.BREACH),
        ("97000", "95990", "96000", Status.BREACH),  # closing now would cost it
        ("99500", "99400", "96000", Status.OK),
    ],
)
def test_ftmo_daily_loss(equity: str, flat: str | None, bound: str, status: Status) -> None:
    anchors = Anchors(D(100_000), {Period.DAY: level("101000", "99500")})
    limit = Limit.model_validate({"series": "higher", "amount": "0.05", "amount_of": "initial"})
    reading = read_limit(view(money=money(equity, "101000", flat=flat), anchors=anchors), limit)
    assert (reading.bound, reading.status) == (D(bound), status)


@pytest.mark.parametrize(
    ("highest", "floor"),
    [("49000", "48000"), ("50000", "48000"), ("51500", "49500"), ("52000", "50000"), ("55000", "50000")],
)
def test_topstep_maximum_loss(highest: str, floor: str) -> None:
    """min(S, S - D + max(0, H - S)) with S 50,000, D 2,000 and H the highest end-of-day balance."""
    anchors = Anchors(D(50_000), {}, None, level(highest, "60000"))
    words = {"anchor": "end_of_day_peak", "amount": 2000, "lock_at_initial": True, "act_at_frac": "0.85"}
    limit = Limit.model_validate(words)
    assert read_limit(view(money=money(floor), anchors=anchors), limit).status is Status.BREACH
    # 85 % used: 300 of the 2,000 are left
    near = read_limit(view(money=money(str(D(floor) + 300)), anchors=anchors), limit)
    assert (near.bound, near.room, near.used, near.status) == (D(floor), 300, D("0.85"), Status.ACT)
    assert read_limit(view(money=money(str(D(floor) + 301)), anchors=anchors), limit).status is Status.WARN


@pytest.mark.parametrize(
    ("equity", "used", "words", "level_", "status"),
    [
        ("2000", "1000", {}, "2", Status.OK),
        ("1250", "1000", {}, "1.25", Status.WARN),  # 1 / 1.25 = .8 of it used
        ("1250", "1000", {"act_at_frac": "0.8"}, "1.25", Status.ACT),
        ("1000", "1000", {}, "1", Status.BREACH),
        ("1000", "1000", {"strict": True}, "1", Status.WARN),
        ("-100", "1000", {}, "-0.1", Status.BREACH),
        ("1000", "0", {}, None, Status.OK),
        ("1000", None, {}, None, Status.UNKNOWN),
    ],
)
def test_margin_level(equity: str, used: str | None, words: dict[str, Any], level_: str | None, status: Status) -> None:
    limit = Limit.model_validate({"measure": "margin_level", "amount": 1} | words)
    reading = read_limit(view(money=money(equity, used=used)), limit)
    assert (reading.value, reading.status) == (None if level_ is None else D(level_), status)
    assert read_limit(view(money=unread()), limit).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ({}, {"money": unread()}),
        ({"measure": "floating"}, {"money": unread()}),
        ({"amount_of": "current", "amount": "0.1", "measure": "unrealized"}, {"money": unread()}),
        ({"amount_of": "current", "amount": "0.1"}, {"money": money("5", "0")}),
        ({"amount_of": "initial", "amount": "0.1"}, {"anchors": Anchors(None, ANCHORS.period_start)}),
        ({"anchor": "fixed"}, {"anchors": Anchors()}),
        ({}, {"anchors": Anchors()}),
        ({"period": "month"}, {}),
        ({"measure": "realized", "period": "month"}, {}),
        ({"measure": "realized", "period": "week"}, {"money": unread()}),
        ({"measure": "realized"}, {"trades": unread()}),
        ({"measure": "unrealized"}, {"positions": unread()}),
        ({"measure": "unrealized"}, {"positions": (position("BTC", "1", None),)}),
        ({"lock_at_initial": True}, {"anchors": Anchors(None, ANCHORS.period_start)}),
    ],
)
def test_what_is_missing_is_unknown(words: dict[str, Any], missing: dict[str, Any]) -> None:
    reading = read_limit(table_view(**missing), Limit.model_validate({"amount": 700} | words))
    assert (reading.status, reading.room, reading.used) == (Status.UNKNOWN, None, None)
    assert reading.missing


@pytest.mark.parametrize(
    "words",
    [
        {"amount": 0},
        {"amount": -5},
        {"amount": 5, "amount_of": "initial"},  # 5 %, written as a percentage
        {"amount": "0.5", "amount_of": "initial", "measure": "margin_level"},
        {"amount": 5, "warn_at": ("0.9", "0.7")},
        {"amount": 5, "warn_at": (1,)},
        {"amount": 5, "act_at_frac": "1.1"},
        {"amount": 5, "surprise": 1},
    ],
)
def test_limits_that_mean_nothing_are_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Limit.model_validate(words)


@pytest.mark.parametrize("seed", range(1000))
def test_the_slow_reference_agrees(seed: int) -> None:
    seen, limit = random_state(seed)
    reading = read_limit(seen, limit)
    status, bound, room = slow_reading(seen, limit)
    assert (reading.status.value, reading.bound if status != "unknown" else None) == (status, bound)
    assert (reading.room if status != "unknown" else None) == room


def test_the_random_states_reach_every_answer() -> None:
    words = [slow_reading(*random_state(seed))[0] for seed in range(1000)]
    assert {word: words.count(word) >= 30 for word in set(words)} == dict.fromkeys(("ok", "warn", "act", "breach", "unknown"), True)
