"""Random accounts for the properties that every rule has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from rule_views import ago, entry_order, level, money, order, position, trade, unread, view

from market_analysis.domain import Side
from market_analysis.rules.view import AccountView, AnalysisView, Anchors, ClusterView, Period, PositionView

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "consistency": [{}],
    "cooldown_after_loss": [{}, {"count_guard_fills": True}],
    "cluster_risk": [{}, {"enforcement": "reduce"}],
    "auth_loss_guard": [{}, {"close_positions": True}],
    "daily_loss": [{}, {"amount_of": "initial", "series": "balance"}],
    "daily_realized_loss": [{}, {"act_at_frac": "0.85"}],
    "daily_realized_profit": [{}],
    "daily_unrealized_loss": [{}, {"scope": "per_position", "loss": 20}],
    "joint_liquidation": [{}, {"enforcement": "close"}],
    "margin_level": [{}, {"enforcement": "close"}],
    "max_contracts": [{}, {"enforcement": "reduce"}, {"enforcement": "reduce", "count_type": "gross", "limit": 2}],
    "max_contracts_per_instrument": [{"limits": {"ES": 2}}, {"limits": {"ES": 1, "BTC": 3}, "enforcement": "close"}],
    "max_drawdown": [{}, {"anchor": "end_of_day_peak", "series": "balance", "lock_at_initial": True}],
    "max_exposure": [{}, {"enforcement": "reduce", "amount": "0.02"}, {"enforcement": "reduce", "count_type": "gross"}],
    "max_leverage": [{}, {"enforcement": "reduce", "amount": "0.02"}],
    "max_loss": [{}, {"close_all": True}],
    "max_position_size": [{}, {"enforcement": "reduce", "amount": "0.01"}],
    "max_unrealized_profit": [{"profit": 20}, {"fires_at": "breakeven", "scope": "per_position", "arm_at": 5}],
    "no_stop_loss_grace": [{}, {"attach_planned_stop": False}],
    "scale_outs": [{}],
    "session_block_outside": [{}, {"sessions": {"ES": {"start": "18:00", "end": "14:00", "timezone": "UTC"}}}],
    "stale_data": [{}],
    "symbol_blocks": [{}, {"blocked_symbols": ["EP", "BTC"]}],
    "trade_frequency_limit": [{}, {"counts": "fills"}],
    "trade_management": [
        {},
        {"trailing_stop": {"enabled": True}, "auto_stop_loss": {"enabled": True}},
        {"dynamic_stop": {"enabled": True}},
    ],
    "unexplained_equity_change": [{}],
    "unprotected_position": [{}],
}
"""Parameters under which the properties are tried; a rule that is missing here fails its test."""

_ROOTS = {"ESH6": "ES", "ESM6": "EP", "BTCUSDT": "BTC", "BTCPERP": "BTC", "MES": "MES"}


@st.composite
def positions(draw: st.DrawFn) -> PositionView:
    """One of five symbols in three roots, with everything that may be missing missing at times."""
    symbol = draw(st.sampled_from(sorted(_ROOTS)))
    size = draw(st.sampled_from(["1", "2", "3", "6", "-1", "-2", "-4", "-6", "0.5"]))
    mark = draw(st.sampled_from([None, "80", "95", "100", "110", "130"]))
    return position(
        symbol,
        size,
        mark,
        root=_ROOTS[symbol],
        mark_at=ago(draw(st.sampled_from([0, 0, 0, 20, 100]))),
        tags=draw(st.sampled_from([[], [], [], ["hedge"], ["holding"]])),
        unprotected_since=draw(st.sampled_from([None, ago(5), ago(500)])),
        planned_stop=draw(st.sampled_from([None, Decimal(90), Decimal(105)])),
        stops_refused=draw(st.sampled_from([{}, {"no_stop_loss_grace": Decimal(90)}, {"trade_management": Decimal(100)}])),
        best_price=draw(st.sampled_from([None, Decimal(100), Decimal(70), Decimal(130)])),
        tick_value=draw(st.sampled_from([Decimal(1), Decimal(1), Decimal(1), None])),
    )


def _maybe(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(value, value, value, st.builds(unread))


amounts = st.integers(8000, 12000).map(str)
levels = st.builds(level, amounts, amounts)


@st.composite
def accounts(draw: st.DrawFn) -> AccountView:
    """An account with any part unreadable."""
    held = tuple({item.key: item for item in draw(st.lists(positions(), max_size=4))}.values())
    stops = tuple(
        order(
            item,
            draw(st.sampled_from(["60", "90", "99", "104", "140"])),
            order_id=f"s{n}",
            quantity=draw(st.sampled_from([None, Decimal(1)])),
        )
        for n, item in enumerate(held)
        if draw(st.booleans())
    )
    entries = (entry_order("ESM6"),) if draw(st.booleans()) else ()
    fills = tuple(
        trade(
            f"o{draw(st.integers(0, 5))}",
            seconds,
            draw(st.sampled_from([None, "-600", "-150", "50", "1200"])),
            voided=draw(st.booleans()),
            by_guard=draw(st.booleans()),
        )
        for seconds in draw(st.lists(st.integers(1, 4000), max_size=6, unique=True))
    )
    clusters = (ClusterView(frozenset({"BTC", "ES"}), Decimal(draw(st.integers(0, 90))), Decimal(50)),)
    made = AnalysisView(ago(draw(st.sampled_from([0, 5000]))), clusters, draw(st.sampled_from([None, Decimal("0.5"), Decimal(2)])))
    anchors = Anchors(
        draw(st.sampled_from([None, Decimal(10000)])),
        draw(st.dictionaries(st.sampled_from(Period), levels)),
        draw(st.one_of(st.none(), levels)),
        draw(st.one_of(st.none(), levels)),
    )
    cash = draw(_maybe(st.builds(money, amounts, amounts, st.sampled_from(["0", "9000", None]))))
    return view(
        anchors=anchors,
        money=cash,
        positions=draw(_maybe(st.just(held))),
        orders=draw(_maybe(st.just((*stops, *entries)))),
        orders_match=draw(st.sampled_from([True, True, False])),
        trades=draw(_maybe(st.just(fills))),
        can_trade=draw(st.sampled_from([True, False, None])),
        analysis=draw(st.one_of(st.none(), st.just(made))),
        unexplained=draw(st.sampled_from([None, Decimal(0), Decimal(500)])),
        now=ago(draw(st.sampled_from([0, 0, 3600, -40_000]))) if draw(st.booleans()) else ago(0),
        day_results=draw(st.sampled_from([None, {}, {view().day.day: Decimal(5)}])),
    )


def net_value(held: dict[Any, Decimal], items: dict[Any, PositionView], root: str) -> Decimal:
    """Longs less shorts of a root, in contracts."""
    names = {"EP": "ES"}
    total = Decimal(0)
    for key, quantity in held.items():
        if names.get(items[key].root, items[key].root) == root:
            total += quantity if items[key].side is Side.LONG else -quantity
    return total
