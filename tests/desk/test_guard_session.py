"""The guard on the embedded exchange, from the wire to the request sent: watched, enforced, faulted, killed and begun again."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from desk_sessions import Desk, open_desk, quick_settings
from embedded_exchange import READER, TRADER
from guard_world import active, policy

from market_analysis.config import Configuration
from market_analysis.desk.guard import GuardSession, JournaledGuard
from market_analysis.desk.guard_opening import GuardOpening
from market_analysis.domain import Order, Unknown
from market_analysis.domain.decision import Decision, FlattenEnded, Intent, IntentKind, LockSet, WouldDo
from market_analysis.domain.event import CommandKind, Outcome
from market_analysis.errors import AuthenticationError, WriteRefusedError
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.settings import Credentials, Settings
from market_analysis.store import IN_MEMORY, Journal, open_database
from market_analysis.venues.bybit.enforcer import BybitEnforcer
from market_analysis.venues.enforcer import Carried
from market_analysis.venues.simulated.ledger.books import DEMO_UID
from market_analysis.venues.simulated.ledger.model import ApiKey

LOSS = "60"
"""Below what the demo book's day has lost: the rule is breached from the first look."""


class Killed(BaseException):
    """The process ends here."""


def guarded(enforces: bool, loss: str = LOSS) -> GuardPolicy:
    return policy(active("daily_realized_loss", loss=Decimal(loss)), enforces=enforces)


@dataclass(frozen=True)
class Enforced:
    desk: Desk
    enforcer: BybitEnforcer


@asynccontextmanager
async def enforced_desk() -> AsyncIterator[Enforced]:
    """The demo account, with a key beside the watching one that may trade."""
    async with open_desk(quick_settings()) as desk:
        give_key(desk, TRADER)
        bybit = desk.session.settings.bybit
        async with BybitEnforcer(bybit, Credentials(TRADER.api_key, TRADER.secret), timeout_s=2.0) as enforcer:
            await enforcer.check()
            yield Enforced(desk, enforcer)


def give_key(desk: Desk, key: ApiKey) -> None:
    with desk.server.exchange() as held:
        account = held._accounts[DEMO_UID]
        account.api_keys = (*account.api_keys, key)


def of(kind: type, decisions: tuple[Decision, ...]) -> list[Decision]:
    return [item for item in decisions if isinstance(item, kind)]


async def test_watching_tells_and_touches_nothing() -> None:
    async with open_desk() as desk:
        guard = JournaledGuard(guarded(enforces=False), Journal(open_database(IN_MEMORY)))
        session = GuardSession(desk.session, guard)
        first = await session.watch()
        before = first.state.positions
        second = await session.watch()
        assert [item.response for item in of(WouldDo, first.decisions)] == ["CloseAll"]
        assert not of(Intent, first.decisions + second.decisions)
        assert second.state.positions == before
        assert [verdict.status.value for verdict in second.verdicts] == ["breach"]
        await session.unread("the look failed")
        assert isinstance(session.state.positions, Unknown)
        assert session.state.blind_since is not None
        assert session.state.read_number == 3
        await session.tick()
        assert (await session.watch()).state.positions == before


@pytest.mark.parametrize("boot_time", [7, None])
async def test_the_product_guards_by_the_clock_that_goes_on_in_sleep_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, boot_time: int | None
) -> None:
    """As `guard` opens it: of a machine that slept for a thousand seconds the other clock tells nothing."""
    if boot_time is None:
        monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    else:
        monkeypatch.setattr(time, "CLOCK_BOOTTIME", boot_time, raising=False)
        monkeypatch.setattr(time, "clock_gettime", lambda clock: {boot_time: time.monotonic() + 1000}[clock])
    settings = Settings.model_validate({"accounts": {"main": {"rules": {"daily_realized_loss": {"loss": 100}}}}})
    configuration = Configuration(settings, {}, {"BYBIT_API_KEY": READER.api_key, "BYBIT_API_SECRET": READER.secret})
    async with GuardOpening(configuration, state_directory=tmp_path).open("main", lambda line: None) as opened:
        slept = opened.guard.uptime_ms() / 1000 - time.monotonic()
    assert abs(slept - (0 if boot_time is None else 1000)) < 1


async def test_a_breach_locks_flattens_and_is_verified_on_the_wire() -> None:
    async with enforced_desk() as world:
        journal = Journal(open_database(IN_MEMORY))
        session = GuardSession(world.desk.session, JournaledGuard(guarded(enforces=True), journal), world.enforcer)
        decisions: tuple[Decision, ...] = ()
        for _ in range(6):
            watch = await session.watch()
            decisions += watch.decisions
            world.desk.advance(seconds=5)
        assert len(of(LockSet, decisions)) == 1
        assert [item.verified for item in of(FlattenEnded, decisions)] == [True]
        assert watch.state.positions == ()
        assert watch.look.analysis.positions == ()
        names = [item.client_id for item in of(Intent, decisions)]
        assert len(names) == len(set(names)) >= 5
        last = journal.verified("main").last
        assert last is not None


async def test_killed_between_deciding_and_sending_it_begins_again_and_ends_flat() -> None:
    async with enforced_desk() as world:
        journal = Journal(open_database(IN_MEMORY))

        class Dying:
            """An enforcer whose process ends before anything is sent."""

            async def check(self) -> None: ...

            async def close(self) -> None: ...

            async def carry_out(self, intent: Intent) -> Carried:
                raise Killed

        for _ in range(4):
            dying = GuardSession(world.desk.session, JournaledGuard(guarded(enforces=True), journal), Dying())
            with suppress(Killed):
                await dying.watch()
        again = JournaledGuard(guarded(enforces=True), journal)
        assert again.state.locks
        assert again.state.flattening is not None
        session = GuardSession(world.desk.session, again, world.enforcer)
        decisions: tuple[Decision, ...] = ()
        for _ in range(7):
            watch = await session.watch()
            decisions += watch.decisions
            world.desk.advance(seconds=5)
        assert watch.state.positions == ()
        assert [item.verified for item in of(FlattenEnded, decisions)] == [True]


async def test_one_request_that_fails_inside_leaves_none_under_way_for_ever() -> None:
    """The daemon goes on after such a failure: an intent without an end would hold its position open."""
    async with enforced_desk() as world:

        class Broken:
            locks_account = False
            asked = 0

            async def carry_out(self, intent: Intent) -> Carried:
                Broken.asked += 1
                if Broken.asked == 1:
                    raise ValueError("broken")
                return await world.enforcer.carry_out(intent)

        journal = Journal(open_database(IN_MEMORY))
        session = GuardSession(world.desk.session, JournaledGuard(guarded(enforces=True), journal), Broken())  # type: ignore[arg-type]
        decisions = (await session.watch()).decisions
        assert len([item for item in decisions if isinstance(item, Intent)]) > 1
        assert all(sent.answered for sent in session.state.sent.values())


async def test_flatten_on_command() -> None:
    async with enforced_desk() as world:
        guard = JournaledGuard(guarded(enforces=True, loss="100000"), Journal(open_database(IN_MEMORY)))
        session = GuardSession(world.desk.session, guard, world.enforcer)
        await session.watch()
        decisions = await session.order(CommandKind.FLATTEN, "test", "panic")
        for _ in range(5):
            watch = await session.watch()
            decisions += watch.decisions
            world.desk.advance(seconds=5)
        assert watch.state.positions == ()
        assert not watch.state.locks
        assert [item.verified for item in of(FlattenEnded, decisions)] == [True]


async def test_the_enforcer_refuses_everything_but_three_requests() -> None:
    async with enforced_desk() as world:
        client = world.enforcer._client
        for method in (
            "private_post_v5_asset_withdraw_create",
            "private_post_v5_position_set_leverage",
            "private_get_v5_position_list",
        ):
            with pytest.raises(WriteRefusedError):
                await getattr(client, method)({})


async def test_the_same_client_id_twice_is_one_order() -> None:
    async with enforced_desk() as world:
        guard = JournaledGuard(guarded(enforces=True), Journal(open_database(IN_MEMORY)))
        session = GuardSession(world.desk.session, guard)
        decisions: tuple[Decision, ...] = ()
        for _ in range(3):
            decisions += (await session.watch()).decisions
        close = next(item for item in of(Intent, decisions) if isinstance(item, Intent) and item.quantity is not None)
        first, second = await world.enforcer.carry_out(close), await world.enforcer.carry_out(close)
        assert first.outcome is Outcome.DONE
        assert second.outcome in (Outcome.DONE, Outcome.REJECTED)


WITHDRAWS = replace(TRADER, api_key="rich-key", permissions=(*TRADER.permissions, ("Wallet", ("Withdraw",))))


@pytest.mark.parametrize(("key", "words"), [(READER, "cannot trade"), (WITHDRAWS, "can withdraw")])
async def test_a_key_that_may_withdraw_or_not_trade_enforces_nothing(key: ApiKey, words: str) -> None:
    async with open_desk() as desk:
        give_key(desk, key)
        bybit = desk.session.settings.bybit
        async with BybitEnforcer(bybit, Credentials(key.api_key, key.secret), timeout_s=2.0) as enforcer:
            with pytest.raises(AuthenticationError, match=words):
                await enforcer.check()


def own_exits(state: GuardState) -> list[Order]:
    assert isinstance(state.orders, tuple)
    return [order for order in state.orders if state.own_order(order.client_order_id)]


async def test_the_analysis_stops_and_exits_rest_at_the_venue_and_a_flattening_goes_through_them() -> None:
    rules = (active("trade_management", dynamic_stop={"enabled": True}), active("scale_outs"))
    async with enforced_desk() as world:
        guard = JournaledGuard(policy(*rules, enforces=True), Journal(open_database(IN_MEMORY)))
        session = GuardSession(world.desk.session, guard, world.enforcer)
        decisions: tuple[Decision, ...] = ()
        for _ in range(7):
            decisions += (await session.watch()).decisions
            world.desk.advance(seconds=11)
        given = [item for item in of(Intent, decisions) if isinstance(item, Intent)]
        placed = [item for item in given if item.kind is IntentKind.PLACE_EXIT]
        resting = own_exits(guard.state)
        planned = guard.state.analysis.planned_exits if guard.state.analysis else {}
        assert len(placed) == len(resting) == sum(map(len, planned.values())) == 2
        assert {order.client_order_id for order in resting} <= {item.client_id for item in placed}
        assert all(order.reduce_only and order.trigger_price is None for order in resting)
        by_slot = [(order.instrument, order.limit_price) for order in resting]
        assert len(by_slot) == len(set(by_slot))
        assert {order.instrument for order in resting} <= {key.instrument for key in planned}
        assert any(item.kind is IntentKind.SET_STOP for item in given)

        decisions = await session.order(CommandKind.FLATTEN, "test", "panic")
        for _ in range(8):
            watch = await session.watch()
            decisions += watch.decisions
            world.desk.advance(seconds=5)
        assert watch.state.positions == ()
        assert [item.verified for item in of(FlattenEnded, decisions)] == [True]
        closes = [item for item in of(Intent, decisions) if isinstance(item, Intent) and item.kind is IntentKind.CLOSE]
        assert any(item.price is not None for item in closes)
        assert sum((item.quantity or Decimal(0)) > 0 for item in closes) == len(closes)
        assert not own_exits(watch.state)
