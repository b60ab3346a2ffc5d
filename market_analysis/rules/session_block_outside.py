"""SessionBlockOutside (document 002, rule 9): no position outside the trading hours; locked until the next session starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import Order, Unknown
from market_analysis.rules.book import adds_risk, by_root, contracts
from market_analysis.rules.hedged import close_together
from market_analysis.rules.measured import fine
from market_analysis.rules.roots import canonical, root_of
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.sessions import SessionHours, SessionState, session_state
from market_analysis.rules.verdict import CancelOrders, CloseAll, Ends, Lock, Response, Status, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "session_block_outside"

_GLOBAL = SessionHours(start=time(9, 30), end=time(16), timezone="America/New_York")


class SessionBlockOutside(Parameters):
    """A root with hours of its own follows them, and only it is locked by them; every other follows the global ones."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "respect_holidays": Looser.LOWER,
        "holidays": Looser.FEWER,
        "close_positions_at_session_end": Looser.LOWER,
        "lockout_outside_session": Looser.LOWER,
        "warn_minutes": Looser.LOWER,
    }
    global_session: SessionHours | None = Field(_GLOBAL, description="hours of everything without its own; none: no hours")
    sessions: Mapping[str, SessionHours] = Field(default_factory=dict, description="hours by root; aliases are known")
    respect_holidays: bool = Field(True, description="no session on a holiday")
    holidays: frozenset[date] = Field(frozenset(), description="trade dates without a session, besides the venue's")
    early_closes: Mapping[date, time] = Field(default_factory=dict, description="local end of the session of a trade date")
    close_positions_at_session_end: bool = Field(True, description="close what is open outside the hours")
    lockout_outside_session: bool = Field(True, description="lock until the next session starts")
    warn_minutes: int = Field(15, ge=0, le=600, description="warn so long before the end while something is open")

    def hours_of(self, root: str) -> SessionHours | None:
        """The hours that a canonical root follows."""
        own = {canonical(name): hours for name, hours in self.sessions.items()}
        return own.get(root, self.global_session)


def evaluate(view: AccountView, parameters: SessionBlockOutside) -> tuple[Verdict, ...]:
    """At the end is outside, at the start inside. One verdict for the account, or per root where any root has its own hours."""
    if not parameters.sessions:
        if parameters.global_session is None:
            return (fine(NAME, "no trading hours are set"),)
        state = _state(view, parameters, parameters.global_session)
        return (_account(view, parameters, state),)
    positions, orders = view.positions, view.orders
    if isinstance(positions, Unknown) or isinstance(orders, Unknown):
        return (unknown(NAME, "account", "trading hours: positions and orders could not be read"),)
    held = by_root(contracts(positions))
    entries: dict[str, list[Order]] = {}
    for order in filter(adds_risk, orders):
        entries.setdefault(root_of(order.instrument, view.roots), []).append(order)
    verdicts = []
    for root in sorted({*held, *entries}):
        hours = parameters.hours_of(root)
        if hours is not None:
            state = _state(view, parameters, hours)
            verdicts.append(_of_root(view, parameters, root, state, positions, held.get(root, ()), entries.get(root, [])))
    return tuple(verdicts) or (fine(NAME, "nothing that has trading hours is open"),)


def _state(view: AccountView, parameters: SessionBlockOutside, hours: SessionHours) -> SessionState:
    if not parameters.respect_holidays:
        return session_state(hours, view.now)
    early = {**view.early_closes, **parameters.early_closes}
    return session_state(hours, view.now, view.holidays | parameters.holidays, early)


def _account(view: AccountView, parameters: SessionBlockOutside, state: SessionState) -> Verdict:
    positions, orders = view.positions, view.orders
    if isinstance(positions, Unknown) or isinstance(orders, Unknown):
        if state.current is not None:
            return _verdict(view, parameters, "account", state, open_now=False, responses=())
        return unknown(NAME, "account", "outside the session: positions and orders could not be read")
    held, entries = contracts(positions), tuple(filter(adds_risk, orders))
    closes = bool(held) and parameters.close_positions_at_session_end
    responses: tuple[Response, ...] = (CloseAll(),) if closes else (CancelOrders(),)
    return _verdict(view, parameters, "account", state, open_now=closes or bool(entries), responses=responses)


def _of_root(
    view: AccountView,
    parameters: SessionBlockOutside,
    root: str,
    state: SessionState,
    positions: Sequence[PositionView],
    held: Sequence[PositionView],
    entries: Sequence[Order],
) -> Verdict:
    closes = bool(held) and parameters.close_positions_at_session_end
    plan = close_together(positions, held) if closes else None
    responses: tuple[Response, ...] = () if plan is None else plan.responses
    cancelled = {item.instrument for item in responses if isinstance(item, CancelOrders)}
    responses += tuple(CancelOrders(item) for item in sorted({order.instrument for order in entries} - cancelled))
    note = "" if plan is None else plan.note
    return _verdict(view, parameters, root, state, open_now=closes or bool(entries), responses=responses, note=note)


def _verdict(
    view: AccountView,
    parameters: SessionBlockOutside,
    subject: str,
    state: SessionState,
    *,
    open_now: bool,
    responses: tuple[Response, ...],
    note: str = "",
) -> Verdict:
    """measure: seconds until the session ends, 0 outside."""
    current, following = state.current, state.following
    left = timedelta(0) if current is None else current.end - view.now
    fires = current is None and open_now
    warns = current is not None and open_now and left <= timedelta(minutes=parameters.warn_minutes)
    root = None if subject == "account" else subject
    opens = "no session within three weeks" if following is None else f"next session {_utc(following.start)}"
    text = f"session ends {_utc(current.end)}" if current is not None else f"outside the session, {opens}"
    return Verdict(
        rule=NAME,
        code=NAME,
        status=Status.BREACH if fires else Status.WARN if warns else Status.OK,
        subject=subject,
        message=f"{subject}: {text}{note}",
        measure=Decimal(int(left.total_seconds())),
        threshold=Decimal(0),
        unit="seconds",
        distance=Decimal(int(left.total_seconds())),
        responses=responses if fires else (),
        lock=_lock(following.start if following else None, root) if fires and parameters.lockout_outside_session else None,
        blocks=f"new risk{'' if root is None else ' in ' + root} until the next session" if fires else "",
        inputs={} if following is None else {"next_start": following.start.isoformat()},
    )


def _lock(until: datetime | None, root: str | None) -> Lock:
    return Lock(Ends.CONDITION, None, root) if until is None else Lock(Ends.TIME, until, root)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


RULE = Rule(
    name=NAME,
    title="Trading hours",
    source="document 002, RULE-009",
    parameters=SessionBlockOutside,
    evaluate=evaluate,
    explanation=Explanation(
        watches="positions and entry orders against the session, in its own zone, holidays and early closes known",
        fires="when something is open outside it",
        does="closes it, cancels entries, locks until the next session starts; a root with its own hours alone",
        does_not="close holdings, or lock the account because of one root's hours",
    ),
)
