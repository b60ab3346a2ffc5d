"""What the coins in the wallet gained or lost since the reset, by hand, and what the day's anchor makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

import books
import numpy as np
import pytest

from market_analysis.domain import Category, DayMarks, History, Memory, Severity, Side, Snapshot
from market_analysis.risk.analyse import analyse
from market_analysis.risk.bridge import equity_bridge
from market_analysis.risk.collateral_change import Revaluation, collateral_change
from market_analysis.risk.day_marks import day_id
from market_analysis.risk.types import Analysis, Verdict
from market_analysis.settings import RiskSettings, Settings

D = Decimal
BTC, PEPE = books.instrument("BTC"), books.instrument("1000PEPE")
QUIET = books.day(None, revaluation=None)
SETTINGS = Settings(risk=RiskSettings(daily_loss_limit_frac=1 / 3))


def bars(now: float) -> History:
    """4 % up since midnight, flat before."""
    steps = np.concatenate([np.zeros(1_500), np.full(10, np.log(1 / 0.96) / 10)])
    return books.history({BTC.id: books.bars_from_returns(steps, now), PEPE.id: books.bars_from_returns(steps, now)})


def wallet(*coins: tuple[str, str, float], equity: float = 10_000) -> Any:
    return books.account(equity, coins=tuple(books.coin(name, amount, price) for name, amount, price in coins))


def read(*coins: tuple[str, str, float], **rates: float) -> Snapshot:
    return books.snapshot([], [BTC, PEPE], prices={BTC.id: 100, PEPE.id: 100}, wallet=wallet(*coins), rates=rates)


def test_coins_held_since_the_reset_gained_what_the_price_did() -> None:
    # 10 coins at 100 now, 96 at midnight: 40 USD. Dollars do not count.
    found = collateral_change(read(("BTC", "10", 100), ("USDT", "5000", 1)), bars(100), QUIET)
    assert found == Revaluation(D("40.0000"), True)
    assert collateral_change(read(("BTC", "-10", 100)), bars(100), QUIET) == Revaluation(D("-40.0000"), True)


def test_the_coin_is_valued_at_its_own_rate_not_at_that_of_a_contract_for_a_thousand() -> None:
    # 1,000 PEPE are worth what the contract says: 10,000 coins at .1 gained 4 % of 1,000 USD.
    found = collateral_change(read(("PEPE", "10000", 0.1), PEPE=0.1), bars(100), QUIET)
    assert found == Revaluation(D("40.0000"), True)


def test_without_coins_nothing_is_revalued_whatever_happened() -> None:
    busy = books.day(None, realized=50, flows=1_000, revaluation=None)
    assert collateral_change(read(("USDT", "5000", 1)), History({}, {}), busy) == Revaluation(D(0), True)


def test_money_moved_today_makes_it_uncertain_and_missing_prices_unknown() -> None:
    coins = ("BTC", "10", 100.0)
    for day in (books.day(None, flows=5, revaluation=None), books.day(None, realized=-5, revaluation=None)):
        assert collateral_change(read(coins), bars(100), day) == Revaluation(D("40.0000"), False)
    assert collateral_change(read(coins), History({}, {}), QUIET) is None
    assert collateral_change(replace(read(coins), quotes={}), bars(100), QUIET) is None
    assert collateral_change(replace(read(coins), usd_rates={}), bars(100), QUIET) is None
    assert collateral_change(books.with_unknown(read(coins), "account"), bars(100), QUIET) is None


def test_the_late_anchor_takes_the_revaluation_off() -> None:
    certain = equity_bridge(D(10_100), D(0), QUIET, Memory(), 0.002, D(60), Revaluation(D(40), True))
    assert (certain.equity_at_reset_usd, certain.source, certain.day_pnl_usd) == (D(10_000), "rebuilt", D(100))
    guessed = equity_bridge(D(10_100), D(0), QUIET, Memory(), 0.002, D(60), Revaluation(D(40), False))
    assert (guessed.equity_at_reset_usd, guessed.source) == (D(10_000), "estimated")
    blind = equity_bridge(D(10_100), D(0), QUIET, Memory(), 0.002, D(60), None)
    assert (blind.equity_at_reset_usd, blind.source) == (D(10_040), "estimated")


def remembered(equity: int) -> Memory:
    return Memory(days={day_id(QUIET.since): DayMarks(D(equity), D(0), D(0))})


def test_the_venue_states_no_revaluation_and_missing_money_is_still_found() -> None:
    """A venue that never states it must not silence the check: dollars only, 500 gone without a log entry."""
    one = replace(read(("USDT", "9500", 1)), account=wallet(("USDT", "9500", 1), equity=9_500), day=QUIET)
    analysis, _ = analyse(one, bars(100), remembered(10_000), SETTINGS)
    assert analysis.book.unexplained_usd == D(-500)
    assert "unexplained_equity_change" in {finding.code for finding in analysis.findings}
    explained, _ = analyse(one, bars(100), remembered(9_500), SETTINGS)
    assert explained.verdict is Verdict.NORMAL


def amounts(value: Any) -> Iterator[Decimal]:
    if is_dataclass(value):
        for field in fields(value):
            inner = getattr(value, field.name)
            money = field.name.endswith("_usd") or field.name.startswith(("total_", "net_", "dollar_", "current_dollar"))
            if money and isinstance(inner, Decimal):
                yield inner
            yield from amounts(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from amounts(inner)


def test_money_leaves_in_hundredths_of_a_cent_and_room_adds_up() -> None:
    third = D("1234.123456789012345678901234567")
    held = books.position(BTC, Side.LONG, "3.333", "98.77", 100)
    odd = books.snapshot([held], [BTC], orders=[books.stop_for(held, BTC, "95.11")], wallet=wallet(("BTC", "0.7777777777", 100)))
    day = replace(
        QUIET, realized_pnl_usd=third / 7, fees_usd=-third / 900, funding_usd=third / 9_000, equity_at_reset_usd=third * 8
    )
    odd = replace(odd, account=replace(odd.account, equity=third * 9), day=day)  # type: ignore[type-var]
    analysis, _ = analyse(odd, bars(100), Memory(), SETTINGS)
    found = list(amounts(analysis))
    assert len(found) > 20
    assert all(-int(amount.as_tuple().exponent) <= 4 for amount in found)
    book = analysis.book
    assert book.room_usd is not None
    assert book.day_left_usd is not None
    assert book.room_usd == book.day_left_usd - (book.loss_if_all_stops_fill_usd or 0)


def codes(analysis: Analysis) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in analysis.findings}


@pytest.mark.parametrize(
    ("side", "code"), [(None, "holdings_over_cap"), (Side.SHORT, "holdings_over_cap"), (Side.LONG, "cluster_over_cap")]
)
def test_the_cap_warns_of_what_is_traded_not_of_coins_that_are_held(side: Side | None, code: str) -> None:
    """50 coins at 100 are half of the equity: 750 USD at the stress gap, cap 150."""
    held = () if side is None else (books.position(BTC, side, 4, 100),)
    stops = [books.stop_for(position, BTC, 100 - 4 * position.side.sign) for position in held]
    coins = wallet(("BTC", "50", 100), ("USDT", "5000", 1))
    one = books.snapshot(held, [BTC], orders=stops, prices={BTC.id: 100}, wallet=coins)
    found = codes(analyse(one, bars(100), Memory(), SETTINGS)[0])
    assert {"holdings_over_cap", "cluster_over_cap"} & set(found) == {code}
    assert found[code] is (Severity.WARNING if side is Side.LONG else Severity.INFO)


@pytest.mark.parametrize("equity", [0, -5])
def test_no_equity_is_never_normal(equity: int) -> None:
    one = replace(read(("USDT", "0", 1)), account=replace(books.account(1), equity=D(equity), coins=()))
    analysis, _ = analyse(one, bars(100), Memory(), SETTINGS)
    assert analysis.verdict is Verdict.WARNING
    assert analysis.book.risk_of_equity_frac is None
    assert codes(analysis)["no_equity"] is Severity.WARNING


def test_a_position_with_mere_information_is_not_at_risk() -> None:
    """Protected at the plan, of planned size; its target may be out of reach, which is information."""
    held = books.position(BTC, Side.LONG, "0.1", 100)
    one = books.snapshot([held], [BTC], orders=[books.stop_for(held, BTC, "99.9")], prices={BTC.id: 100})
    strict = SETTINGS.model_copy(update={"prob": SETTINGS.prob.model_copy(update={"prob_target": 0.99, "paths": 1000})})
    analysis, _ = analyse(one, bars(100), Memory(), strict)
    assert codes(analysis)["target_unreachable"] is Severity.INFO
    assert analysis.book.positions_at_risk == ()


def test_an_inverse_short_turns_its_coins_into_dollars() -> None:
    """10 coins at 100: a short of 1,000 USD is flat; one of 500 leaves half of them, one of 2,000 is as short as they are long."""
    item = books.instrument("BTC", Category.INVERSE)
    history = books.history({item.id: bars(100).hourly[BTC.id]})  # type: ignore[dict-item]
    shortfall = {}
    for size in (500, 1_000, 2_000):
        short = books.position(item, Side.SHORT, size, 100, leverage=1)
        coins = wallet(("BTC", "10", 100), equity=1_000)
        one = books.snapshot([short], [item], orders=[books.stop_for(short, item, 104)], wallet=coins)
        book = analyse(one, history, Memory(), SETTINGS)[0].book
        shortfall[size] = float(book.es_99_1d_usd or 0)
        assert book.loss_if_all_stops_fill_usd == pytest.approx(D(size) * (D("0.04") + D("0.00105")))
        if size == 1_000:
            assert book.joint_liquidation_move_frac is None
    assert shortfall[1_000] == 0
    assert shortfall[2_000] == pytest.approx(2 * shortfall[500], abs=1e-3)
    assert shortfall[500] > 0
