"""The types that the guard's journal and state are made of, and the state without its policy, which its owner's settings hold."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from market_analysis import domain
from market_analysis.domain import decision, event, tail
from market_analysis.guard import state as guard_state
from market_analysis.guard.changes import with_changes
from market_analysis.guard.days import of_phase
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.rules import verdict, view

STORED_TYPES: tuple[type, ...] = (
    domain.Category,
    domain.ExecutionStyle,
    domain.InstrumentId,
    domain.Order,
    domain.OrderPurpose,
    domain.OrderSide,
    domain.PositionKey,
    domain.Side,
    domain.TradingDay,
    domain.TriggerSource,
    domain.Unknown,
    event.AccountRead,
    event.ActionResult,
    event.AnalysisMade,
    event.Command,
    event.CommandKind,
    event.FillSeen,
    event.HeldPosition,
    event.MarksSeen,
    event.MoneyRead,
    event.Outcome,
    event.PeriodStartKnown,
    event.Started,
    event.Ticked,
    event.TradesRead,
    decision.Alert,
    decision.DayBegan,
    decision.FlattenEnded,
    decision.Intent,
    decision.IntentKind,
    decision.LockCleared,
    decision.LockSet,
    decision.ReadNow,
    decision.SettingChanged,
    decision.WouldDo,
    tail.TailModel,
    guard_state.ActiveLock,
    guard_state.Asked,
    guard_state.Exit,
    guard_state.Flattening,
    guard_state.RuleChange,
    guard_state.Sent,
    verdict.CancelOrders,
    verdict.CloseAll,
    verdict.ClosePosition,
    verdict.Ends,
    verdict.ReducePosition,
    verdict.SetExit,
    verdict.SetStop,
    verdict.Status,
    view.Anchors,
    view.Level,
    view.Period,
    view.TradeView,
)


@dataclass(frozen=True, slots=True)
class StoredState:
    """A state's fields by name, the policy and what follows from it left out."""

    values: dict[str, Any]


_OWNER_S = frozenset({"policy", "rules"})


def stored(state: GuardState) -> StoredState:
    """What is saved of a state."""
    return StoredState({field.name: getattr(state, field.name) for field in fields(state) if field.name not in _OWNER_S})


def restored(saved: StoredState, policy: GuardPolicy) -> GuardState:
    """The state under the owner's present policy; fields that a newer version brought keep their defaults, and those that it has no
    more are left out."""
    known = {field.name for field in fields(GuardState)} - _OWNER_S
    state = GuardState(policy=policy, **{name: value for name, value in saved.values.items() if name in known})
    state = replace(state, anchors=of_phase(state.anchors, policy.initial_balance))
    return with_changes(state)
