"""How numbers look: by hand, and by properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.report import numbers as shown

D = Decimal
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=D("-1e12"), max_value=D("1e12"), places=8)
FRACTIONS = st.floats(0, 1, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "tick", "text"),
    [
        (D("71000"), D("0.1"), "71000.0"),
        (D("71000"), D("0.10"), "71000.0"),
        (D("123456.7"), D("0.5"), "123456.7"),
        (D("0.153"), D("0.0001"), "0.1530"),
        (D("0.00001234"), D("0.00000001"), "0.00001234"),
        (D("5120"), D("10"), "5120"),
        (D("5120"), D("1E+1"), "5120"),
        (2450.0, D("0.01"), "2450.00"),
        (1e-7, D("1E-8"), "0.00000010"),
        (None, D("0.1"), "--"),
        (3.3436458123, None, "3.3436458"),
        (1e-5, None, "0.00001"),
        (D("1E+5"), None, "100000"),
        (D(0), None, "0"),
    ],
)
def test_prices_have_the_digits_of_their_tick_and_no_exponent(
    value: Decimal | float | None, tick: Decimal | None, text: str
) -> None:
    assert shown.price(value, tick) == text


@settings(deadline=None)
@given(st.integers(1, 10**9), st.integers(0, 9), st.sampled_from([1, 2, 5]))
def test_a_price_on_the_grid_is_read_back_exactly(steps: int, digits: int, factor: int) -> None:
    tick = D(factor).scaleb(-digits)
    text = shown.price(steps * tick, tick)
    assert D(text) == steps * tick
    assert "e" not in text.lower()
    assert len(text.partition(".")[2]) == digits


@pytest.mark.parametrize(
    ("value", "text"), [(D("0.153"), ".1530"), (D("1.5"), "1.5000"), (None, "--"), (D("-0.5"), "-0.5000"), (D(0), "0.0000")]
)
def test_the_screen_drops_a_leading_zero_only(value: Decimal | None, text: str) -> None:
    assert shown.short_price(value, D("0.0001")) == text


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (D("25410.4"), {}, "25,410"),
        (D("-312"), {"sign": True}, "-312"),
        (D("310"), {"sign": True}, "+310"),
        (D(0), {"sign": True}, "0"),
        (D("-0.001"), {}, "0.00"),
        (D("9.994"), {}, "9.99"),
        (D("4.3"), {"digits": 1, "sign": True}, "+4.3"),
        (2.5, {"digits": 0}, "2"),
        (D("1E+6"), {}, "1,000,000"),
        (None, {}, "--"),
    ],
)
def test_money(value: Decimal | float | None, options: dict[str, int], text: str) -> None:
    assert shown.money(value, **options) == text  # type: ignore[arg-type]


@settings(deadline=None)
@given(DECIMALS, st.booleans())
def test_money_is_within_half_a_unit_of_the_amount_and_never_minus_zero(value: Decimal, sign: bool) -> None:
    text = shown.money(value, sign=sign)
    read = D(text.replace(",", ""))
    assert abs(read - value) <= (D("0.005") if abs(value) < 10 else D("0.5"))
    assert not (read == 0 and text.startswith(("-", "+")))


@settings(deadline=None)
@given(FRACTIONS)
def test_probabilities_are_no_finer_than_one_percent_and_certain_only_when_they_are(value: float) -> None:
    text = shown.probability(value)
    assert text in {"<.01", ">.99", "1.00"} or (text[0] == "." and len(text) == 3)
    assert (text == ".00") == (value == 0)
    assert (text == "1.00") == (value == 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.24, ".24"), (0.245001, ".25"), (0.004, "<.01"), (0.996, ">.99"), (1.0, "1.00"), (0.0, ".00"), (None, "--")],
)
def test_probability_by_hand(value: float | None, text: str) -> None:
    assert shown.probability(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.6, "+.6"), (-1.24, "-1.2"), (-0.04, "+.0"), (12.0, "+12.0"), (None, "--")])
def test_multiples_of_r(value: float | None, text: str) -> None:
    assert shown.multiple(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "sign", "text"),
    [
        (-0.118, 1, True, "-11.8%"),
        (0.09, 0, False, "9%"),
        (0.05, 1, True, "+5.0%"),
        (-0.00001, 1, True, "0.0%"),
        (None, 1, False, "--"),
    ],
)
def test_percent(value: float | None, digits: int, sign: bool, text: str) -> None:
    assert shown.percent(value, digits, sign=sign) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2, "2s"), (119.9, "119s"), (840, "14m"), (35_760, "09:56h"), (172_800, "2d"), (-3, "0s"), (None, "--")],
)
def test_ages(seconds: float | None, text: str) -> None:
    assert shown.age(seconds) == text


def test_moments() -> None:
    now = datetime(2026, 3, 2, 14, 4, tzinfo=UTC)
    assert shown.until(now + timedelta(hours=9, minutes=56), now) == "09:56h"
    assert shown.when(now) == "2026-03-02 14:04:00 UTC"
    assert shown.when(None) == "--"


@pytest.mark.parametrize(
    ("value", "text"), [(D("0.2000"), "0.2"), (D("1E+3"), "1000"), (D("-0"), "0"), (D("20000"), "20000"), (None, "--")]
)
def test_quantities_have_no_trailing_zeros_and_no_exponent(value: Decimal | None, text: str) -> None:
    assert shown.quantity(value) == text


@pytest.mark.parametrize(("value", "text"), [(2.0, "2.00"), (-0.001, "0.00"), (None, "--")])
def test_ratios(value: float | None, text: str) -> None:
    assert shown.ratio(value) == text


@settings(deadline=None)
@given(st.text())
def test_text_from_outside_cannot_drive_a_terminal(text: str) -> None:
    safe = shown.plain(text)
    assert len(safe) == len(text)
    assert safe.isprintable()
    assert not set(safe) & {"\u202e", "\u2066", "\u200f", "\x1b"}


@settings(deadline=None)
@given(st.text(alphabet="abc ", max_size=30), st.integers(0, 30))
def test_clipped_text_fits(text: str, width: int) -> None:
    cut = shown.clipped(text, width)
    assert len(cut) <= width
    assert cut == text or len(text) > width
