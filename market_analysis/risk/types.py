"""What an analysis of a book says. Prices and money are Decimal, fractions and probabilities float, unknown is None plus a
finding or a reason.

Names of document 003's fields are kept; its `_pct` fields are fractions here and end in `_frac`. Money of a
position is in `money_currency` (USD; settle-coin amounts are converted at the snapshot's rate). Losses are positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market_analysis.domain import Finding, MarginMode, PositionKey, Side
from market_analysis.domain.tail import TailModel
from market_analysis.risk.book_structure import BookStructure
from market_analysis.risk.value_at_risk_report import ValueAtRiskReport


class Verdict(StrEnum):
    """The book's or a position's state, worst first in the order CRITICAL, UNKNOWN, WARNING, NORMAL (rulings 37)."""

    NORMAL = "NORMAL"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One volatility model: its horizon sigma (fraction), its weight in the method, sample and diagnostics.

    status: `used`, `compared` (shown, no part of the method), `dropped` (with issues) or `fallback`. parameters: omega, alpha,
    beta, ... per bar, log returns.
    """

    name: str
    status: str
    sigma_h: float | None
    sigma_ann: float | None
    weight: float
    observations: int
    issues: tuple[str, ...]
    parameters: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class VolatilityReport:
    """The forecast. sigma_h: of log returns over horizon_hours. term_structure: hours -> sigma (fraction) of the total
    move over that many hours. fallback_chain: methods tried in order, the last one used."""

    method: str
    horizon_hours: int
    sigma_h: float
    sigma_ann: float
    term_structure: Mapping[int, float]
    models: tuple[ModelReport, ...]
    fallback_chain: tuple[str, ...]
    bars: int
    gaps: int
    last_bar_close: datetime


@dataclass(frozen=True, slots=True)
class ProbabilityReport:
    """Outcomes of the policy within horizon_hours from now (ruling 3); p_tp + p_sl + p_breakeven + p_open = 1.

    p_noise_stop: the stop as it stands is touched within the horizon by noise alone. static_stop_p_tp: closed-form check.
    calibration: `past windows` where half of the answer is that of the market's own past windows, else `none`. standard_error: of
    p_tp, Monte Carlo.
    """

    horizon_hours: int
    p_tp: float
    p_sl: float
    p_breakeven: float
    p_open: float
    standard_error: float
    p_noise_stop: float
    static_stop_p_tp: float | None
    paths: int
    method: str
    calibration: str


class ProtectionState(StrEnum):
    """How far a position is protected by what rests at the venue right now (ruling 15)."""

    PROTECTED = "protected"
    PARTIAL = "partial"
    ASLEEP = "asleep"
    WRONG_SIDE = "wrong_side"
    BEYOND_LIQUIDATION = "beyond_liquidation"
    NAKED = "naked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RestingStop:
    """One stop order at the venue. counts: whether it is protection; why_not: reason code when it is not."""

    order_id: str
    trigger_price: Decimal
    trigger_source: str
    quantity: Decimal
    counts: bool
    why_not: str | None


@dataclass(frozen=True, slots=True)
class ProtectionReport:
    """Resting protection of a position. nearest_stop: the counting stop that fires first. covered_frac: 0..1 of the size.

    can_lose_usd: from the mark, if all counting stops fill and uncovered size loses the stress gap (ruling 14), with fees and
    slippage. can_lose_from_entry_r: the same from entry, in R. assumed_usd: the part of it that rests on the stress gap.
    """

    state: ProtectionState
    stops: tuple[RestingStop, ...]
    nearest_stop: Decimal | None
    nearest_trigger_source: str | None
    covered_frac: float
    resting_take_profits: tuple[Decimal, ...]
    can_lose_usd: Decimal | None
    can_lose_from_entry_r: float | None
    assumed_usd: Decimal


@dataclass(frozen=True, slots=True)
class PositionReport:
    """Everything said about one position. A position that could not be modelled has `volatility` None, null levels and the
    reasons in `findings`."""

    key: PositionKey
    symbol: str
    side: Side
    entry_price: Decimal
    current_price: Decimal
    position_size: Decimal
    notional: Decimal | None
    leverage: Decimal | None
    margin_mode: MarginMode
    current_pnl: Decimal | None
    current_pnl_frac: float | None
    r_multiple: float | None
    liquidation_price: Decimal | None
    adl_rank: int | None
    funding_per_day_usd: Decimal | None
    tick_size: Decimal | None
    money_currency: str
    opened_at: datetime | None
    # volatility
    atr: Decimal | None
    atr_frac: float | None
    volatility_method: str | None
    sigma_H: float | None
    sigma_H_abs: Decimal | None
    har_sigma_ann: float | None
    garch_sigma_ann: float | None
    volatility: VolatilityReport | None
    # levels
    anchor_entry: Decimal | None
    anchor_estimated: bool
    r0: Decimal | None
    r0_source: str | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    sl_distance: Decimal | None
    tp_distance: Decimal | None
    sl_frac: float | None
    tp_frac: float | None
    k_multiplier: float | None
    m_multiplier: float | None
    k_eff: float | None
    m_eff: float | None
    static_stop_loss: Decimal | None
    static_take_profit: Decimal | None
    static_sl_distance: Decimal | None
    static_tp_distance: Decimal | None
    dynamic_stop_loss: Decimal | None
    dynamic_take_profit: Decimal | None
    dynamic_sl_distance: Decimal | None
    dynamic_tp_distance: Decimal | None
    dynamic_p_tp: float | None
    dynamic_reasons: tuple[str, ...]
    tp1: Decimal | None
    tp2: Decimal | None
    tp1_quantity: Decimal | None
    tp2_quantity: Decimal | None
    runner_quantity: Decimal | None
    scaleout_frac1: float
    scaleout_frac2: float
    leave_runner_frac: float
    trail_stop_suggestion: Decimal | None
    breakeven_price: Decimal | None
    probabilities: ProbabilityReport | None
    # size and money
    regime_score: int | None
    confidence_factors: tuple[str, ...]
    risk_target_frac: float | None
    volatility_adjustment: float
    confidence_adjustment: float
    optimal_position_size: Decimal | None
    size_refusal: str | None
    dollar_risk: Decimal | None
    dollar_reward: Decimal | None
    current_dollar_risk: Decimal | None
    current_dollar_reward: Decimal | None
    risk_reward_ratio: float | None
    risk_deviation_ratio: float | None
    portfolio_scale: float
    # protection and verdict
    protection: ProtectionReport
    liquidation_buffer_safe: bool | None
    liquidation_buffer_ratio: float | None
    position_health: Verdict
    action_required: str
    portfolio_note: str | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class HoldingReport:
    """A non-stable balance: exposure of kind holding (ruling 17)."""

    coin: str
    quantity: Decimal
    value_usd: Decimal | None
    collateral_value_frac: float | None
    sigma_day: float | None


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """Positions that move as one bet (rulings 11, 12). risk_usd = sqrt(r' C r) with signed can-lose; gross_usd = sum |r|."""

    name: str
    members: tuple[str, ...]
    mean_correlation: float | None
    risk_usd: Decimal
    gross_usd: Decimal
    cap_usd: Decimal | None
    over_cap: bool
    planned_scale: float
    note: str | None


@dataclass(frozen=True, slots=True)
class BookReport:
    """The book's totals, one consistent set after caps. Money in USD, losses positive, None where it cannot be told.

    room_usd = day_left_usd - loss_if_all_stops_fill_usd. loss_if_all_stops_fill_usd: plain sum from the mark (correlation
    one); correlated_loss_usd = sqrt(r' C r). resting_entries_usd: what resting entry orders would add if filled and stopped.
    holdings_stress_usd: what the holdings lose at the stress gap, a line of its own outside ROOM. total_positions: None when the
    positions could not be read. joint_liquidation_factor: the market whose move is stated, `BTC` or `first principal component`.
    total_risk_if_all_sl_hit, total_reward_if_all_tp_hit: of the planned sizes after caps; risk_of_equity_frac:
    loss_if_all_stops_fill_usd over equity. naked_count: positions without any counting stop, None when orders are unknown.
    risk_cap: limit of the planned risk after the drawdown throttle.
    joint_liquidation_move_frac: signed beta-weighted joint move at which the account is liquidated (negative: down), None
    when no such move lies within reach. mmr_at_stops_frac: the account's margin rate with every position at its stop, None when
    unknown or when no margin balance is left (finding `joint_liquidation_at_stops`).
    """

    total_positions: int | None
    total_notional: Decimal | None
    net_notional: Decimal | None
    total_unrealized_pnl: Decimal | None
    equity_usd: Decimal | None
    available_usd: Decimal | None
    day_pnl_usd: Decimal | None
    day_realized_usd: Decimal | None
    day_fees_usd: Decimal | None
    day_funding_usd: Decimal | None
    day_flows_usd: Decimal | None
    equity_at_reset_usd: Decimal | None
    equity_at_reset_source: str | None
    unexplained_usd: Decimal | None
    next_reset: datetime
    day_limit_usd: Decimal | None
    day_left_usd: Decimal | None
    room_usd: Decimal | None
    total_risk_if_all_sl_hit: Decimal | None
    total_reward_if_all_tp_hit: Decimal | None
    loss_if_all_stops_fill_usd: Decimal | None
    loss_if_all_stops_fill_r: float | None
    correlated_loss_usd: Decimal | None
    resting_entries_usd: Decimal | None
    holdings_stress_usd: Decimal | None
    funding_per_day_usd: Decimal | None
    portfolio_risk_reward_ratio: float | None
    risk_of_equity_frac: float | None
    risk_cap_usd: Decimal | None
    risk_cap_frac: float | None
    drawdown_from_peak_frac: float | None
    throttle_multiplier: float
    portfolio_scale: float
    margin_mode: MarginMode
    maintenance_margin_frac: float | None
    mmr_at_stops_frac: float | None
    joint_liquidation_move_frac: float | None
    joint_liquidation_factor: str | None
    naked_count: int | None
    positions_at_risk: tuple[str, ...]
    es_99_1d_usd: Decimal | None
    wallet_balance_usd: Decimal | None = None
    margin_balance_usd: Decimal | None = None
    initial_margin_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DataQuality:
    """How old and how whole the data was. parts: name -> state (`ok`, `stale`, or an Unknown's reason). ages in seconds."""

    as_of: datetime
    parts: Mapping[str, str]
    details: Mapping[str, str]
    oldest_age_seconds: float | None
    bars: Mapping[str, int]
    gaps: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of one look at one account. tail_model: for judging books that are not held, None where a line has no value."""

    account_name: str
    venue: str
    as_of: datetime
    verdict: Verdict
    book: BookReport
    positions: tuple[PositionReport, ...] | None
    holdings: tuple[HoldingReport, ...]
    clusters: tuple[ClusterReport, ...]
    correlation_symbols: tuple[str, ...]
    correlation: tuple[tuple[float, ...], ...]
    findings: tuple[Finding, ...]
    data: DataQuality
    seed: int
    value_at_risk: ValueAtRiskReport
    structure: BookStructure
    tail_model: TailModel | None = None
