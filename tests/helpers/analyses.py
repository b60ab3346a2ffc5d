"""Analyses built by hand, for everything that draws one: demo-like, flat, unknown, stale, hedge mode.

The demo book's figures are those of the one-screen example (DOGE naked, BTC long, ETH short); money is USD.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from market_analysis.domain import Bars, Category, Finding, History, InstrumentId, MarginMode, PositionKey, Severity, Side
from market_analysis.risk.types import (
    Analysis,
    BookReport,
    ClusterReport,
    DataQuality,
    HoldingReport,
    ModelReport,
    PositionReport,
    ProbabilityReport,
    ProtectionReport,
    ProtectionState,
    RestingStop,
    Verdict,
    VolatilityReport,
)

AS_OF = datetime(2026, 3, 2, 14, 4, tzinfo=UTC)
LAST_CLOSE = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
RESET = datetime(2026, 3, 3, tzinfo=UTC)
D = Decimal


def instrument(symbol: str, category: Category = Category.LINEAR) -> InstrumentId:
    """Identity on bybit."""
    return InstrumentId("bybit", category, symbol)


def volatility(sigma_h: float = 0.012) -> VolatilityReport:
    """A blend of three models around `sigma_h` over 4 hours."""
    yearly = sigma_h * (8760 / 4) ** 0.5
    models = (
        ModelReport("garch", "used", sigma_h * 1.1, yearly * 1.1, 0.3, 1599, (), {"omega": 2e-6, "alpha": 0.08, "beta": 0.9}),
        ModelReport("har", "used", sigma_h * 0.95, yearly * 0.95, 0.4, 1590, (), {"r_squared": 0.31}),
        ModelReport("atr", "used", sigma_h * 0.29 / 0.3, yearly * 0.29 / 0.3, 0.3, 400, (), {"atr_abs": 900.0}),
    )
    return VolatilityReport(
        method="VOL_BLEND(garch+har+atr)",
        horizon_hours=4,
        sigma_h=sigma_h,
        sigma_ann=yearly,
        term_structure={1: sigma_h / 2, 4: sigma_h, 24: sigma_h * 6**0.5, 72: sigma_h * 18**0.5},
        models=models,
        fallback_chain=("garch",),
        bars=1600,
        gaps=0,
        last_bar_close=LAST_CLOSE,
    )


def probabilities(p_tp: float = 0.27) -> ProbabilityReport:
    """Outcomes within 72 hours that sum to one."""
    rest = 1.0 - p_tp
    return ProbabilityReport(72, p_tp, rest * 0.6, rest * 0.1, rest * 0.3, 0.0044, 0.55, 0.36, 10_000, "policy simulation", "none")


def protection(
    state: ProtectionState = ProtectionState.PROTECTED,
    stop: str | None = None,
    lose: str | None = "0",
    *,
    source: str = "last",
    quantity: str = "1",
    covered: float = 1.0,
    assumed: str = "0",
) -> ProtectionReport:
    """Protection by one stop or by none."""
    stops = () if stop is None else (RestingStop("order-1", D(stop), source, D(quantity), covered > 0, None),)
    return ProtectionReport(
        state=state,
        stops=stops,
        nearest_stop=D(stop) if stop is not None and covered > 0 else None,
        nearest_trigger_source=source if stop is not None and covered > 0 else None,
        covered_frac=covered,
        resting_take_profits=(),
        can_lose_usd=None if lose is None else D(lose),
        can_lose_from_entry_r=0.8,
        assumed_usd=D(assumed),
    )


def row(symbol: str = "BTCUSDT", side: Side = Side.LONG, *, index: int = 0, **changes: Any) -> PositionReport:
    """The BTC long of the example, 0.2 at 70 200, with named fields changed."""
    fields: dict[str, Any] = {
        "key": PositionKey("main", instrument(symbol), index),
        "symbol": symbol,
        "side": side,
        "entry_price": D("70200"),
        "current_price": D("71000"),
        "position_size": D("0.2"),
        "notional_usd": D("14200"),
        "leverage": D(10),
        "margin_mode": MarginMode.CROSS,
        "current_pnl": D("160"),
        "current_pnl_frac": 160 / 14200,
        "r_multiple": 0.6,
        "liquidation_price": D("62000"),
        "adl_rank": 2,
        "funding_per_day_usd": D("-4.3"),
        "tick_size": D("0.1"),
        "money_currency": "USD",
        "opened_at": AS_OF - timedelta(hours=50),
        "atr": D("906"),
        "atr_frac": 906 / 71000,
        "volatility_method": "VOL_BLEND(garch+har+atr)",
        "sigma_H": 0.012,
        "sigma_H_abs": D("852"),
        "har_sigma_ann": 0.5335,
        "garch_sigma_ann": 0.6177,
        "volatility": volatility(),
        "anchor_entry": D("70200"),
        "anchor_estimated": False,
        "r0": D("1333"),
        "r0_source": "planned_stop",
        "stop_loss": D("69200"),
        "take_profit": D("75400"),
        "sl_distance": D("1800"),
        "tp_distance": D("4400"),
        "sl_frac": 1800 / 71000,
        "tp_frac": 4400 / 71000,
        "k_multiplier": 2.2,
        "m_multiplier": 4.0,
        "k_eff": 2.2,
        "m_eff": 3.5,
        "static_stop_loss": D("68347"),
        "static_take_profit": D("73569"),
        "static_sl_distance": D("1853"),
        "static_tp_distance": D("3369"),
        "dynamic_stop_loss": D("69200"),
        "dynamic_take_profit": D("75400"),
        "dynamic_sl_distance": D("1800"),
        "dynamic_tp_distance": D("4400"),
        "dynamic_p_tp": 0.27,
        "dynamic_reasons": ("R0 1333 from planned_stop", "m 3.5 as chosen at the anchor"),
        "tp1": D("72199.5"),
        "tp2": D("74199"),
        "tp1_quantity": D("0.08"),
        "tp2_quantity": D("0.06"),
        "runner_quantity": D("0.06"),
        "scaleout_frac1": 0.4,
        "scaleout_frac2": 0.3,
        "leave_runner_frac": 0.3,
        "trail_stop_suggestion": D("69200"),
        "breakeven_price": D("70277.3"),
        "probabilities": probabilities(),
        "regime_score": 2,
        "confidence_factors": ("Uptrend (EMA20 > EMA50)", "Volatility models aligned"),
        "risk_target_frac": 0.005,
        "volatility_adjustment": 1.0,
        "confidence_adjustment": 1.0,
        "optimal_position_size": D("0.09"),
        "size_refusal": None,
        "dollar_risk": D("127.05"),
        "dollar_reward": D("468"),
        "current_dollar_risk": D("282.3"),
        "current_dollar_reward": D("880"),
        "risk_reward_ratio": 2.2,
        "risk_deviation_ratio": 2.2222222,
        "portfolio_scale": 1.0,
        "protection": protection(stop="68950", lose="434.6", quantity="0.2"),
        "liquidation_buffer_safe": None,
        "liquidation_buffer_ratio": None,
        "position_health": Verdict.WARNING,
        "action_required": "raise stop",
        "portfolio_note": None,
        "findings": (),
    }
    return PositionReport(**(fields | changes))


def finding(code: str, severity: Severity, subject: str, message: str, **more: Any) -> Finding:
    """One finding."""
    return Finding(code, severity, subject, message, **more)


NAKED = finding(
    "naked_position",
    Severity.CRITICAL,
    "main/DOGEUSDT",
    "no resting stop protects 20000; size without a stop is counted at the stress gap: 459 USD",
    rule="an active market reduce-only stop rests on the loss side",
    inputs={"size": "20000", "covered_frac": 0.0, "mark": "0.1530"},
    threshold=1.0,
    action="ADD STOP",
)
LOOSE = finding(
    "stop_looser_than_plan",
    Severity.WARNING,
    "main/BTCUSDT",
    "resting stop 68950 is looser than the plan 69200",
    rule="resting stop at least as tight as the planned stop",
    inputs={"resting_stop": "68950", "planned_stop": "69200"},
    threshold="69200",
    action="raise stop",
)
OVER = finding(
    "cluster_over_cap",
    Severity.WARNING,
    "BTC ETH DOGE",
    "cluster BTC ETH DOGE can lose 597 USD, its cap is 381",
    rule="sqrt(r' C r) of signed can-lose <= cluster_risk_cap_pct x max_portfolio_risk_frac x equity",
    inputs={"risk_usd": 597.0, "gross_usd": 1164.0},
    threshold=381.0,
    action="tighten stops or reduce the largest line",
)


def doge() -> PositionReport:
    """20 000 DOGE long without a stop."""
    return row(
        "DOGEUSDT",
        entry_price=D("0.1558"),
        current_price=D("0.153"),
        position_size=D("20000"),
        notional_usd=D("3060"),
        current_pnl=D("-56"),
        current_pnl_frac=-56 / 3060,
        r_multiple=-0.4,
        liquidation_price=None,
        adl_rank=4,
        funding_per_day_usd=D("-1.1"),
        tick_size=D("0.0001"),
        atr=D("0.0031"),
        atr_frac=0.0031 / 0.153,
        sigma_H=0.016,
        sigma_H_abs=D("0.00245"),
        volatility=volatility(0.016),
        anchor_entry=D("0.1558"),
        r0=D("0.0062"),
        stop_loss=D("0.1452"),
        take_profit=D("0.168"),
        dynamic_stop_loss=D("0.1452"),
        dynamic_take_profit=D("0.168"),
        sl_distance=D("0.0078"),
        tp_distance=D("0.015"),
        sl_frac=0.0078 / 0.153,
        tp_frac=0.015 / 0.153,
        static_stop_loss=D("0.1503"),
        static_take_profit=D("0.1657"),
        breakeven_price=D("0.156"),
        trail_stop_suggestion=None,
        dynamic_p_tp=0.24,
        probabilities=probabilities(0.24),
        tp1=D("0.1651"),
        tp2=None,
        tp1_quantity=D("8000"),
        tp2_quantity=None,
        runner_quantity=D("12000"),
        optimal_position_size=D("15000"),
        risk_deviation_ratio=4 / 3,
        protection=protection(ProtectionState.NAKED, lose="459", covered=0.0, assumed="459"),
        position_health=Verdict.CRITICAL,
        action_required="ADD STOP",
        findings=(NAKED,),
    )


def eth() -> PositionReport:
    """4 ETH short, stopped as planned."""
    return row(
        "ETHUSDT",
        Side.SHORT,
        entry_price=D("2462"),
        current_price=D("2450"),
        position_size=D("4"),
        notional_usd=D("9800"),
        current_pnl=D("48"),
        current_pnl_frac=48 / 9800,
        r_multiple=0.2,
        liquidation_price=D("2900"),
        adl_rank=1,
        funding_per_day_usd=D("2.0"),
        tick_size=D("0.01"),
        atr=D("38"),
        atr_frac=38 / 2450,
        sigma_H=0.014,
        sigma_H_abs=D("34.3"),
        volatility=volatility(0.014),
        anchor_entry=D("2462"),
        r0=D("62"),
        stop_loss=D("2519"),
        take_profit=D("2290"),
        dynamic_stop_loss=D("2519"),
        dynamic_take_profit=D("2290"),
        sl_distance=D("69"),
        tp_distance=D("160"),
        sl_frac=69 / 2450,
        tp_frac=160 / 2450,
        static_stop_loss=D("2537"),
        static_take_profit=D("2324"),
        breakeven_price=D("2459.29"),
        trail_stop_suggestion=None,
        dynamic_p_tp=0.29,
        probabilities=probabilities(0.29),
        tp1=D("2369"),
        tp2=None,
        tp1_quantity=D("1.6"),
        tp2_quantity=None,
        runner_quantity=D("2.4"),
        optimal_position_size=D("4"),
        risk_deviation_ratio=1.0,
        protection=protection(stop="2524", lose="295", source="mark", quantity="4"),
        position_health=Verdict.NORMAL,
        action_required="ok",
        findings=(),
    )


def book(**changes: Any) -> BookReport:
    """Totals of the example's book."""
    fields: dict[str, Any] = {
        "total_positions": 3,
        "total_notional": D("27060"),
        "net_notional": D("7460"),
        "total_unrealized_pnl": D("152"),
        "equity_usd": D("25410"),
        "available_usd": D("21800"),
        "day_pnl_usd": D("-312"),
        "day_realized_usd": D("-270"),
        "day_fees_usd": D("-21.4"),
        "day_funding_usd": D("-3.1"),
        "day_flows_usd": D("0"),
        "equity_at_reset_usd": D("25722"),
        "equity_at_reset_source": "recorded",
        "unexplained_usd": D("0.4"),
        "next_reset": RESET,
        "day_limit_usd": D("1286"),
        "day_left_usd": D("974"),
        "room_usd": D("-190"),
        "total_risk_if_all_sl_hit": D("381"),
        "total_reward_if_all_tp_hit": D("900"),
        "loss_if_all_stops_fill_usd": D("1164"),
        "loss_if_all_stops_fill_r": 2.4,
        "correlated_loss_usd": D("597"),
        "resting_entries_usd": D("310"),
        "holdings_stress_usd": D("0"),
        "funding_per_day_usd": D("-3.4"),
        "portfolio_risk_reward_ratio": 2.36,
        "risk_of_equity_frac": 1164 / 25410,
        "risk_cap_usd": D("762.3"),
        "risk_cap_frac": 0.03,
        "drawdown_from_peak_frac": 0.031,
        "throttle_multiplier": 1.0,
        "portfolio_scale": 1.0,
        "margin_mode": MarginMode.CROSS,
        "maintenance_margin_frac": 0.09,
        "mmr_at_stops_frac": 0.12,
        "joint_liquidation_move_frac": -0.118,
        "joint_liquidation_factor": "BTC",
        "naked_count": 1,
        "positions_at_risk": ("main/BTCUSDT", "main/DOGEUSDT"),
        "es_99_1d_usd": D("1480"),
    }
    return BookReport(**(fields | changes))


CLUSTER = ClusterReport(
    name="BTC ETH DOGE",
    members=("main/DOGEUSDT", "main/BTCUSDT", "main/ETHUSDT"),
    mean_correlation=0.81,
    risk_usd=D("597"),
    gross_usd=D("1164"),
    cap_usd=D("381"),
    over_cap=True,
    planned_scale=0.7,
    note=None,
)


def data(**parts: str) -> DataQuality:
    """Three quotes and the account, two seconds old; named parts changed (`quote_BTCUSDT="stale"`, `positions="..."`)."""
    names = {f"quote_{symbol}": f"quote bybit:linear:{symbol}" for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT")}
    states = dict.fromkeys(("account", "positions", "orders", "day", *names.values()), "ok")
    states |= {names.get(name, name): state for name, state in parts.items()}
    return DataQuality(
        as_of=AS_OF,
        parts=states,
        details={name: f"{name} was not readable" for name, state in states.items() if state != "ok"},
        oldest_age_seconds=2.0,
        bars={f"bybit:linear:{symbol}": 1600 for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT")},
        gaps={f"bybit:linear:{symbol}": 0 for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT")},
    )


def demo() -> Analysis:
    """The example's book: one naked position, one stop too loose, one in order, a cluster over its cap."""
    return Analysis(
        account_name="main",
        venue="bybit",
        as_of=AS_OF,
        verdict=Verdict.CRITICAL,
        book=book(),
        positions=(row(findings=(LOOSE,)), eth(), doge()),
        holdings=(),
        clusters=(CLUSTER,),
        correlation_symbols=("BTC", "DOGE", "ETH"),
        correlation=((1.0, 0.78, 0.86), (0.78, 1.0, 0.8), (0.86, 0.8, 1.0)),
        findings=(NAKED, OVER, LOOSE),
        data=data(),
        seed=20_250_920,
    )


def calm() -> Analysis:
    """One protected position, everything in order: the only kind of book that may look good."""
    quiet = book(
        total_positions=1,
        room_usd=D("679"),
        loss_if_all_stops_fill_usd=D("295"),
        naked_count=0,
        resting_entries_usd=D(0),
        positions_at_risk=(),
    )
    return replace(demo(), verdict=Verdict.NORMAL, book=quiet, positions=(eth(),), clusters=(), findings=())


def flat() -> Analysis:
    """A book that was read and is proven empty; no daily limit is set."""
    empty = book(
        total_positions=0,
        total_notional=D(0),
        net_notional=D(0),
        total_unrealized_pnl=D(0),
        day_limit_usd=None,
        day_left_usd=None,
        room_usd=None,
        total_risk_if_all_sl_hit=D(0),
        total_reward_if_all_tp_hit=D(0),
        loss_if_all_stops_fill_usd=D(0),
        loss_if_all_stops_fill_r=0.0,
        correlated_loss_usd=D(0),
        resting_entries_usd=D(0),
        funding_per_day_usd=D(0),
        portfolio_risk_reward_ratio=None,
        risk_of_equity_frac=0.0,
        joint_liquidation_move_frac=None,
        joint_liquidation_factor=None,
        naked_count=0,
        positions_at_risk=(),
        es_99_1d_usd=D(0),
    )
    return replace(
        demo(),
        verdict=Verdict.NORMAL,
        book=empty,
        positions=(),
        clusters=(),
        correlation_symbols=(),
        correlation=(),
        findings=(),
    )


def unknown() -> Analysis:
    """Neither positions nor account could be read."""
    nothing = dict.fromkeys(BookReport.__dataclass_fields__)
    kept = {
        "next_reset": RESET,
        "margin_mode": MarginMode.UNKNOWN,
        "positions_at_risk": (),
        "throttle_multiplier": 1.0,
        "portfolio_scale": 1.0,
    }
    gone = data(account="venue_unavailable", positions="malformed_answer", orders="venue_unavailable")
    return replace(
        demo(),
        verdict=Verdict.UNKNOWN,
        book=BookReport(**(nothing | kept)),  # type: ignore[arg-type]
        positions=None,
        clusters=(),
        correlation_symbols=(),
        correlation=(),
        findings=(finding("unreadable_data", Severity.UNKNOWN, "positions", "positions: malformed_answer"),),
        data=replace(gone, oldest_age_seconds=None),
    )


def stale() -> Analysis:
    """A calm book whose BTC quote is 95 seconds old: nothing may look good."""
    old = replace(data(quote_BTCUSDT="stale"), oldest_age_seconds=95.0)
    late = finding("stale_data", Severity.UNKNOWN, "quote bybit:linear:BTCUSDT", "quote: stale (95 s old, at most 30 s)")
    return replace(calm(), verdict=Verdict.UNKNOWN, data=old, findings=(late,))


def unmodelled(symbol: str = "NEWUSDT") -> PositionReport:
    """A position without bars: no levels, loss at the worst case."""
    none: dict[str, Any] = dict.fromkeys(
        (
            *("r_multiple", "liquidation_price", "adl_rank", "funding_per_day_usd", "tick_size", "opened_at", "leverage"),
            *("atr", "atr_frac", "volatility_method", "sigma_H", "sigma_H_abs", "har_sigma_ann", "garch_sigma_ann", "volatility"),
            *("anchor_entry", "r0", "r0_source", "stop_loss", "take_profit", "sl_distance", "tp_distance", "sl_frac", "tp_frac"),
            *("k_multiplier", "m_multiplier", "k_eff", "m_eff", "static_stop_loss", "static_take_profit"),
            *("static_sl_distance", "static_tp_distance", "dynamic_stop_loss", "dynamic_take_profit"),
            *("dynamic_sl_distance", "dynamic_tp_distance", "dynamic_p_tp", "tp1", "tp2", "tp1_quantity", "tp2_quantity"),
            *("runner_quantity", "trail_stop_suggestion", "breakeven_price", "probabilities", "regime_score"),
            *("risk_target_frac", "optimal_position_size", "dollar_risk", "dollar_reward", "current_dollar_risk"),
            *("current_dollar_reward", "risk_reward_ratio", "risk_deviation_ratio", "notional_usd", "current_pnl"),
        )
    )
    missing = finding("not_modelled", Severity.UNKNOWN, f"main/{symbol}", "no levels: no bars", action="review by hand")
    return row(
        symbol,
        **none,
        dynamic_reasons=(),
        confidence_factors=(),
        size_refusal="not_modelled",
        protection=protection(ProtectionState.UNKNOWN, lose=None, covered=0.0),
        position_health=Verdict.UNKNOWN,
        action_required="review by hand",
        findings=(missing,),
    )


def hedged() -> Analysis:
    """Hedge mode: long and short of one symbol, a position that could not be modelled, and BTC held as collateral."""
    long_leg = row(index=1, position_health=Verdict.NORMAL, action_required="ok")
    short_leg = row(
        side=Side.SHORT,
        index=2,
        position_health=Verdict.NORMAL,
        action_required="ok",
        r_multiple=-0.6,
        stop_loss=D("72800"),
        take_profit=D("66800"),
        protection=protection(ProtectionState.PARTIAL, "72900", "301.6", quantity="0.1", covered=0.5, assumed="100"),
    )
    held = HoldingReport("BTC", D("0.3"), D("21300"), 0.95, 0.03)
    return replace(
        demo(),
        verdict=Verdict.UNKNOWN,
        positions=(long_leg, short_leg, unmodelled()),
        holdings=(held,),
        clusters=(),
        correlation_symbols=("BTC",),
        correlation=((1.0,),),
        findings=unmodelled().findings,
    )


def many(count: int = 50) -> Analysis:
    """A wide book of long names and tiny prices."""
    rows = tuple(
        row(
            f"1000000COIN{number}USDT",
            tick_size=D("0.00000001"),
            entry_price=D("0.00001234"),
            current_price=D("0.00001301"),
            stop_loss=D("0.00001199"),
            take_profit=D("0.00001555"),
            notional_usd=D(1_234_567),
            funding_per_day_usd=D("-12345.6"),
            protection=protection(ProtectionState.PARTIAL, "0.00001200", "98765", covered=0.5, assumed="44444"),
            action_required="tighten stops or reduce the largest line",
        )
        for number in range(count)
    )
    names = tuple(f"1000000COIN{number}" for number in range(count))
    cluster = replace(CLUSTER, name=" ".join(names), members=tuple(str(item.key) for item in rows))
    matrix = tuple(tuple(1.0 if i == j else 0.75 for j in range(count)) for i in range(count))
    return replace(demo(), positions=rows, clusters=(cluster,), correlation_symbols=names, correlation=matrix)


def bars(last: float, *, hours: int = 300, sigma: float = 0.006, seed: int = 3, end: datetime = LAST_CLOSE) -> Bars:
    """Seeded hourly bars that end at `last`."""
    steps = np.random.default_rng(seed).standard_normal(hours) * sigma
    close = last * np.exp(np.cumsum(steps) - steps.sum())
    opened = close * np.exp(-steps)
    reach = np.exp(np.abs(steps) * 0.5 + sigma / 4)
    first = int(end.timestamp() * 1000) - 3_600_000 * hours
    times = first + 3_600_000 * np.arange(hours, dtype=np.int64)
    return Bars(60, times, opened, np.maximum(opened, close) * reach, np.minimum(opened, close) / reach, close, np.full(hours, 9.0))


def history(analysis: Analysis) -> History:
    """Hourly bars of every position, ending at its mark."""
    rows = analysis.positions or ()
    return History({item.key.instrument: bars(float(item.current_price)) for item in rows}, {})
