"""Prop firms' terms: floors in money by hand, days by the firm's clock, every value overridable with its origin."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import tomli
from rule_views import level, money, view

from market_analysis.config import load
from market_analysis.config_presets import preset_named, preset_names, preset_toml
from market_analysis.desk.guard_policy import policy_of
from market_analysis.domain import trading_day
from market_analysis.errors import SettingsError
from market_analysis.rules.limit import Limit, read_limit
from market_analysis.rules.view import Anchors, Period
from market_analysis.settings import AccountSettings


def settings(tmp_path: Path, text: str) -> AccountSettings:
    (tmp_path / "settings.toml").write_text(text)
    return load(directory=tmp_path, environment={}).settings.accounts["main"]


@pytest.mark.parametrize(
    ("name", "floor"),
    # Initial 100,000; the day began at a balance of 98,000 with 99,000 of equity.
    [
        ("ftmo-2-step", "93000"),  # 98,000 - 5 % of 100,000
        ("the5ers", "94050"),  # 99,000 - 5 % of 99,000
        ("breakout-4-percent", "94080"),  # 98,000 - 4 % of 98,000
        ("breakout-5-percent", "93100"),  # 98,000 - 5 % of 98,000
    ],
)
def test_the_floor_of_an_example_day(tmp_path: Path, name: str, floor: str) -> None:
    account = settings(tmp_path, f'[accounts.main]\npreset = "{name}"\ninitial_balance = 100000\n')
    (active,) = [item for item in policy_of("main", account, enforces=False).rules if item.rule.name == "daily_loss"]
    assert isinstance(active.parameters, Limit)
    anchors = Anchors(initial_balance=Decimal(100_000), period_start={Period.DAY: level("98000", "99000")})
    reading = read_limit(view(money=money("97000", "97500"), anchors=anchors), active.parameters)
    assert reading.bound == Decimal(floor)


@pytest.mark.parametrize(
    ("name", "moment", "start"),
    # The last instants before and at a reset, in winter and in summer.
    [
        ("ftmo-2-step", datetime(2026, 1, 15, 22, 59, tzinfo=UTC), datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ("ftmo-2-step", datetime(2026, 7, 15, 22, 0, tzinfo=UTC), datetime(2026, 7, 15, 22, tzinfo=UTC)),
        ("topstep-combine", datetime(2026, 1, 15, 22, 59, tzinfo=UTC), datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ("topstep-combine", datetime(2026, 7, 15, 22, 0, tzinfo=UTC), datetime(2026, 7, 15, 22, tzinfo=UTC)),
        ("the5ers", datetime(2026, 7, 15, 21, 0, tzinfo=UTC), datetime(2026, 7, 15, 21, tzinfo=UTC)),
        ("breakout-5-percent", datetime(2026, 7, 15, 0, 29, tzinfo=UTC), datetime(2026, 7, 14, 0, 30, tzinfo=UTC)),
        ("alpha", datetime(2026, 1, 15, 22, 0, tzinfo=UTC), datetime(2026, 1, 15, 22, tzinfo=UTC)),
        ("alpha", datetime(2026, 7, 15, 22, 0, tzinfo=UTC), datetime(2026, 7, 15, 22, tzinfo=UTC)),
    ],
)
def test_the_day_begins_by_the_firms_clock(tmp_path: Path, name: str, moment: datetime, start: datetime) -> None:
    account = settings(tmp_path, f'[accounts.main]\npreset = "{name}"\n')
    assert trading_day(moment, ZoneInfo(account.reset_zone), account.reset_time).start == start


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_names_its_sources_and_what_is_missing(tmp_path: Path, name: str) -> None:
    preset = preset_named(name)
    assert preset.terms
    assert all(term.says and term.source for term in preset.terms)
    assert all(item.what and item.set for item in preset.missing)
    assert date(2026, 1, 1) < preset.noted
    written = preset_toml(preset)
    assert settings(tmp_path, written) == settings(tmp_path, f'[accounts.main]\npreset = "{name}"\n').model_copy(
        update={"preset": None}
    )
    assert all(f"NOT KNOWN HERE: {item.what}" in written for item in preset.missing)
    assert tomli.loads(written)
    policy_of("main", AccountSettings(**preset.account), enforces=False)


def test_whatever_is_given_goes_before_the_preset_and_says_so(tmp_path: Path) -> None:
    head = '[accounts.main]\npreset = "the5ers"\nreset_time = "18:00"\n'
    text = head + '[accounts.main.rules.daily_loss]\namount = 0.04\nmode = "enforce"\n'
    (tmp_path / "settings.toml").write_text(text)
    found = load(directory=tmp_path, environment={})
    account = found.settings.accounts["main"]
    assert (account.reset_time, account.reset_zone) == (time(18), "America/New_York")
    assert account.rules["daily_loss"] == {
        "measure": "equity",
        "series": "higher",
        "amount": 0.04,
        "amount_of": "reference",
        "mode": "enforce",
    }
    assert found.origins["accounts.main.rules.daily_loss.amount"].endswith("settings.toml:5")
    assert found.origins["accounts.main.rules.daily_loss.series"] == "preset the5ers of 2026-10-15"


def test_an_unknown_preset_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no preset 'x'; known: alpha, breakout-4-percent"):
        settings(tmp_path, '[accounts.main]\npreset = "x"\n')
