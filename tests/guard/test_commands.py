"""What an administrator orders: rules changed live, loosening late, locks that only their own condition ends, pauses."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from guard_world import Driver, active, held, policy
from hypothesis import given
from hypothesis import strategies as st
from rule_strategies import SETTINGS

from market_analysis.desk.guard import CODEC
from market_analysis.domain.decision import Alert, Decision, Intent, LockCleared, LockSet, SettingChanged
from market_analysis.domain.event import Command, CommandKind
from market_analysis.errors import SettingsError
from market_analysis.guard import changes
from market_analysis.guard.state import Mode
from market_analysis.guard.stored import restored, stored
from market_analysis.rules.registry import rule_named, rules
from market_analysis.rules.rule import Looser, Parameters, direction, loosened

RULE = "daily_realized_loss"


def driver(enforces: bool = True, **parameters: Any) -> Driver:
    world = Driver(policy(active(RULE, loss=Decimal(500), **parameters), enforces=enforces))
    world.read()
    world.trades_known()
    return world


def order(world: Driver, kind: CommandKind, **terms: Any) -> tuple[Decision, ...]:
    return world.feed(Command(world.at, world.uptime, kind, "uid 0", "a reason", **terms))


def put(world: Driver, value: str, setting: str = "loss", rule: str = RULE, **terms: Any) -> tuple[Decision, ...]:
    return order(world, CommandKind.SET, rule=rule, setting=setting, value=value, **terms)


def changed(decisions: tuple[Decision, ...]) -> list[SettingChanged]:
    return [item for item in decisions if isinstance(item, SettingChanged)]


def codes(decisions: tuple[Decision, ...]) -> list[str]:
    return [item.code for item in decisions if isinstance(item, Alert)]


def loss(world: Driver) -> Decimal:
    found: Decimal = world.state.active_rules[0].parameters.loss  # type: ignore[attr-defined]
    return found


def test_a_tighter_limit_begins_at_once_and_acts() -> None:
    world = driver()
    world.fill("-200", "a")
    assert not world.state.locks
    decided = put(world, "150")
    assert [(item.value, item.looser, item.begins) for item in changed(decided)] == [("150", False, None)]
    assert [item.rule for item in decided if isinstance(item, LockSet)] == [RULE]
    assert loss(world) == 150


def test_a_looser_limit_waits_for_the_next_trading_day() -> None:
    world = driver()
    assert world.state.day is not None
    (told,) = changed(put(world, "900"))
    assert (told.looser, told.begins) == (True, world.state.day.end)
    assert loss(world) == 500
    world.wait(3600)
    assert loss(world) == 500
    begun = changed(world.wait(13 * 3600))
    assert [(item.value, item.begins) for item in begun] == [("900", None)]
    assert loss(world) == 900
    assert not changed(world.wait(86_400))


def test_a_looser_limit_also_waits_over_days_of_down_time_and_begins_once() -> None:
    world = driver()
    put(world, "900")
    saved = CODEC.dumps(stored(world.state))
    world.state = restored(CODEC.loads(saved), world.policy)
    assert loss(world) == 500
    assert len(changed(world.restart(3 * 86_400))) == 1
    assert loss(world) == 900


def test_forced_it_begins_at_once() -> None:
    world = driver()
    (told,) = changed(put(world, "900", forced=True))
    assert (told.looser, told.begins) == (True, None)
    assert loss(world) == 900


def test_the_last_change_counts_and_a_tighter_one_drops_what_waits() -> None:
    world = driver()
    put(world, "900")
    put(world, "300")
    assert loss(world) == 300
    assert not changed(world.wait(14 * 3600))
    assert loss(world) == 300
    put(world, "400")
    put(world, "450")
    world.wait(86_400)
    assert loss(world) == 450


def test_changes_live_over_the_owner_s_settings_and_go_when_unset() -> None:
    world = driver()
    put(world, "300")
    put(world, "0.5", "act_at_frac")
    saved = CODEC.dumps(stored(world.state))
    theirs = policy(active(RULE, loss=Decimal(700), costs_in=False))
    after = restored(CODEC.loads(saved), theirs).active_rules[0].parameters.model_dump()
    assert (after["loss"], after["act_at_frac"], after["costs_in"]) == (300, Decimal("0.5"), False)
    (told,) = changed(order(world, CommandKind.UNSET, rule=RULE, setting="loss"))
    assert told.looser
    world.wait(14 * 3600)
    assert loss(world) == 500
    assert [item.setting for item in world.state.changes] == ["act_at_frac"]
    (told,) = changed(order(world, CommandKind.UNSET, rule=RULE, setting="act_at_frac", forced=True))
    assert told.looser
    assert not world.state.changes


def test_a_change_that_its_rule_no_longer_takes_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = driver()
    put(world, "300")
    put(world, "900")
    put(world, "0.5", "act_at_frac")
    saved = CODEC.dumps(stored(world.state))

    def gone(name: str) -> Any:
        raise SettingsError(f"there is no rule {name!r}")

    monkeypatch.setattr(changes, "rule_named", gone)
    world.state = restored(CODEC.loads(saved), world.policy)
    assert (loss(world), len(world.state.changes)) == (500, 3)
    assert codes(world.wait(14 * 3600)) == ["setting_refused"]
    assert [(item.setting, item.after) for item in world.state.changes] == [("loss", None), ("act_at_frac", None)]


@pytest.mark.parametrize(
    ("rule", "setting", "value", "words"),
    [
        (RULE, "loss", "-5", "greater than 0"),
        (RULE, "loss", "much", "valid decimal"),
        (RULE, "loss", "NaN", "finite"),
        (RULE, "los", "5", "has no setting 'los'; it has mode, loss"),
        ("no_rule", "loss", "5", "no rule 'no_rule'"),
        (RULE, "mode", "loud", "must be one of off, shadow, alert, enforce"),
        ("max_contracts_per_instrument", "count_type", "net", "Field required"),
    ],
)
def test_what_a_rule_does_not_take_is_refused_and_changes_nothing(rule: str, setting: str, value: str, words: str) -> None:
    world = driver()
    before = (world.state.active_rules, world.state.changes)
    decided = put(world, value, setting, rule)
    (alert,) = [item for item in decided if isinstance(item, Alert)]
    assert alert.code == "setting_refused"
    assert words in alert.text
    assert (world.state.active_rules, world.state.changes) == before


def test_modes_and_rules_that_were_not_there() -> None:
    world = driver()
    assert changed(put(world, "alert", "mode"))[0].looser
    assert not changed(put(world, "2", "per_minute", "trade_frequency_limit"))[0].looser
    modes = {item.rule.name: item.mode for item in world.state.active_rules}
    assert modes == {RULE: Mode.ENFORCE, "trade_frequency_limit": Mode.ALERT}
    world.wait(86_400)
    assert world.state.active_rules[0].mode is Mode.ALERT
    order(world, CommandKind.UNSET, rule="trade_frequency_limit", setting="mode", forced=True)
    assert world.state.active_rules[1].mode is Mode.OFF


def test_only_an_administrator_s_locks_are_unlocked() -> None:
    world = driver()
    world.fill("-600", "a")  # until the reset
    order(world, CommandKind.LOCK)  # until unlocked
    order(world, CommandKind.LOCK, until=world.at + timedelta(hours=1), self_lock=True)
    decided = order(world, CommandKind.UNLOCK)
    assert [item.rule for item in decided if isinstance(item, LockCleared)] == ["manual"]
    assert codes(decided) == ["lock_not_an_administrator_s", "lock_is_firm"]
    assert [lock.rule for lock in world.state.locks] == [RULE, "self_lock"]
    assert codes(order(world, CommandKind.LOCK, self_lock=True)) == ["self_lock_needs_an_end"]


def test_a_paused_guard_knows_and_does_not_act() -> None:
    world = driver()
    assert codes(order(world, CommandKind.PAUSE)) == ["paused"]
    decided = world.fill("-600", "a") + world.read(held("1")) + world.read(held("1"))
    assert not [item for item in decided if isinstance(item, Intent | LockSet)]
    assert not order(world, CommandKind.PAUSE)
    decided = order(world, CommandKind.RESUME) + world.read(held("1")) + world.read(held("1"))
    assert [item.rule for item in decided if isinstance(item, LockSet)] == [RULE]
    assert [item for item in decided if isinstance(item, Intent)]


def test_a_pause_does_not_get_round_a_lock_on_oneself() -> None:
    world = driver()
    order(world, CommandKind.LOCK, until=world.at + timedelta(hours=1), self_lock=True)
    assert codes(order(world, CommandKind.PAUSE)) == ["lock_is_firm"]
    assert not world.state.paused


def test_what_is_done_outside_is_only_told() -> None:
    world = driver()
    before = stored(world.state)
    for kind in (CommandKind.STOP, CommandKind.NOTE):
        assert order(world, kind) == ()
    assert stored(world.state) == before


def test_every_direction_is_of_a_parameter_that_is_there() -> None:
    for rule in rules().values():
        for base in rule.parameters.__mro__:
            named = vars(base).get("looser", {}) if issubclass(base, Parameters) else {}
            assert set(named) <= set(rule.parameters.model_fields), rule.name


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "cluster_risk"])
def test_amounts_have_a_direction(name: str) -> None:
    """What bounds a loss, a size or a time must be known to tighten: else it could only change at a reset."""
    fields = rule_named(name).parameters.model_fields
    for amount in {"loss", "amount", "limit", "target", "level", "margin_rate", "grace_period_seconds", "per_minute"} & set(fields):
        assert direction(rule_named(name).parameters, amount) in (Looser.HIGHER, Looser.LOWER)


@given(before=st.decimals("0.01", "9999", places=2), after=st.decimals("0.01", "9999", places=2))
def test_of_two_amounts_one_loosens(before: Decimal, after: Decimal) -> None:
    kind = rule_named(RULE).parameters
    assert bool(loosened(kind(loss=before), kind(loss=after))) == (after > before)  # type: ignore[call-arg]


def test_loosening_by_hand() -> None:
    def of(rule: str, before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
        kind = rule_named(rule).parameters
        return loosened(kind.model_validate(before), kind.model_validate(after))

    assert of("daily_loss", {}, {"act_at_frac": None}) == ("act_at_frac",)
    assert of("daily_loss", {"act_at_frac": None}, {"act_at_frac": 1}) == ()
    assert of("daily_loss", {}, {"warn_at": ["0.5"]}) == ("warn_at",)  # no direction is known: any change waits
    assert of("margin_level", {}, {"level": "0.9"}) == ("level",)
    assert of("margin_level", {}, {"enforcement": "close"}) == ()
    assert of("margin_level", {"enforcement": "close"}, {"enforcement": "alert"}) == ("enforcement",)
    assert of("symbol_blocks", {"blocked_symbols": ["BTC", "ES"]}, {"blocked_symbols": ["BTC"]}) == ("blocked_symbols",)
    assert of("symbol_blocks", {"blocked_symbols": ["BTC"]}, {"blocked_symbols": ["BTC", "ES"]}) == ()
    assert of("trade_frequency_limit", {}, {"per_hour": None}) == ("per_hour",)
    assert of("stale_data", {}, {"lock_new_risk": False}) == ("lock_new_risk",)
