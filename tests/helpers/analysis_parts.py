"""Parts of analyses built by hand: volatility, odds, protection, findings, book totals, data quality, bars. Money is USD."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from market_analysis.domain import Bars, Category, Finding, InstrumentId, MarginMode, Severity
from market_analysis.risk.types import (
    BookReport,
    ClusterReport,
    DataQuality,
    ModelReport,
    ProbabilityReport,
    ProtectionReport,
    ProtectionState,
    RestingStop,
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


_BOOK: dict[str, Any] = {
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


def book(**changes: Any) -> BookReport:
    """Totals of the example's book."""
    return BookReport(**(_BOOK | changes))


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


def bars(last: float, *, hours: int = 300, sigma: float = 0.006, seed: int = 3, end: datetime = LAST_CLOSE) -> Bars:
    """Seeded hourly bars that end at `last`."""
    steps = np.random.default_rng(seed).standard_normal(hours) * sigma
    close = last * np.exp(np.cumsum(steps) - steps.sum())
    opened = close * np.exp(-steps)
    reach = np.exp(np.abs(steps) * 0.5 + sigma / 4)
    first = int(end.timestamp() * 1000) - 3_600_000 * hours
    times = first + 3_600_000 * np.arange(hours, dtype=np.int64)
    return Bars(60, times, opened, np.maximum(opened, close) * reach, np.minimum(opened, close) / reach, close, np.full(hours, 9.0))
