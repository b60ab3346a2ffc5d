"""Analyses built by hand, for everything that draws one: demo-like, flat, unknown, stale, hedge mode.

The demo book's figures are those of the one-screen example (DOGE naked, BTC long, ETH short); money is USD.
"""

from __future__ import annotations

from dataclasses import replace

from analysis_parts import (
    AS_OF,
    CLUSTER,
    LAST_CLOSE,
    LOOSE,
    NAKED,
    OVER,
    RESET,
    D,
    bars,
    book,
    data,
    finding,
    instrument,
    probabilities,
    protection,
    volatility,
)
from analysis_positions import doge, eth, row, unmodelled

from market_analysis.domain import History, MarginMode, Severity, Side
from market_analysis.risk.book_structure import (
    BookStructure,
    ClassExposure,
    Concentration,
    PositionLiquidity,
    RiskScore,
    ScorePart,
    StressResult,
)
from market_analysis.risk.types import (
    Analysis,
    BookReport,
    HoldingReport,
    ProtectionState,
    Verdict,
)
from market_analysis.risk.value_at_risk_report import TailBacktest, TailComponent, TailFigure, ValueAtRiskReport

__all__ = [
    "AS_OF",
    "CLUSTER",
    "LAST_CLOSE",
    "LOOSE",
    "NAKED",
    "OVER",
    "RESET",
    "bars",
    "book",
    "calm",
    "data",
    "demo",
    "doge",
    "eth",
    "finding",
    "flat",
    "hedged",
    "history",
    "instrument",
    "many",
    "probabilities",
    "protection",
    "row",
    "stale",
    "unknown",
    "unmodelled",
    "volatility",
]


TAIL = ValueAtRiskReport(
    reason=None,
    method="filtered historical simulation of joint days",
    figures=tuple(
        TailFigure(days, level, D(usd), D(usd) * 2, float(usd) / 25_410, float(usd) / 12_705)
        for days, level, usd in ((1, 0.95, "610"), (1, 0.99, "930"), (5, 0.95, "1400"), (5, 0.99, "2100"))
    ),
    components=(
        TailComponent("main/BTCUSDT", D("700"), D("1400"), 0.1, assumed=False),
        TailComponent("main/ETHUSDT", D("-170"), D("-340"), 0.035, assumed=False),
        TailComponent("main/DOGEUSDT", D("400"), D("800"), 0.26, assumed=True),
    ),
    scenarios=869,
    history_days=146.0,
    parametric_99_1d_usd=D("880"),
    historical_99_1d_usd=D("990"),
    backtests=(TailBacktest(0.95, 84, 3, 4.2, 0.53, 0.7, None, "green", 0.1, 0.33, -2.9),),
    backtest_reason=None,
)


STRUCTURE = BookStructure(
    reason=None,
    concentration=Concentration(
        hhi=0.42,
        effective_positions=2.4,
        effective_bets=2.1,
        effective_assets=1.2,
        mean_correlation=0.81,
        largest_share=0.52,
        leverage=1.07,
        factor="BTC",
        beta_usd_per_percent=D("75"),
        classes=(ClassExposure("major", D("4400"), D("24000"), 0.89, 1.0), ClassExposure("meme", D("3060"), D("3060"), 0.11, 2.5)),
    ),
    liquidity=(
        PositionLiquidity("main/BTCUSDT", D("14200"), D("9000000000"), 0.0000158, D("1"), 0.3, 0.00001, None),
        PositionLiquidity("main/ETHUSDT", D("9800"), None, None, None, None, None, "fewer than 24 hourly bars"),
    ),
    stress=(
        StressResult(
            "FTX fails, 24 h from 2022-11-08",
            "historical",
            24,
            D("-2300"),
            -0.09,
            D("23110"),
            False,
            "main/BTCUSDT",
            D("-2297"),
            "m",
        ),
        StressResult("BTC +20%", "hypothetical", None, D("1500"), 0.06, D("26910"), None, None, None, "beta"),
        StressResult("yours", "user", None, D("-26000"), -1.02, D("-590"), True, "main/DOGEUSDT", D("-3000"), "other = -90%"),
    ),
    score=RiskScore(41.0, "medium", (ScorePart("leverage", 1.07, 53.5, 0.2), ScorePart("hhi", 0.42, 84.0, 0.2)), None),
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
        value_at_risk=TAIL,
        structure=STRUCTURE,
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
            notional=D(1_234_567),
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


def history(analysis: Analysis) -> History:
    """Hourly bars of every position, ending at its mark."""
    rows = analysis.positions or ()
    return History({item.key.instrument: bars(float(item.current_price)) for item in rows}, {})
