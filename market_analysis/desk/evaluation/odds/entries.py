"""What the product says of a position entered at the close of the last bar seen: its own plan, and the plain models beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import numpy as np

from market_analysis.desk.evaluation.odds.cases import BROWNIAN, PRINTED, SIMULATED, STATIC_STOP, Probabilities
from market_analysis.domain import (
    Bars,
    Category,
    EntryHistory,
    Fill,
    FillKind,
    History,
    Instrument,
    InstrumentId,
    MarginMode,
    OrderSide,
    Position,
    PositionKey,
    Side,
    to_milliseconds,
)
from market_analysis.quant.arrays import Float2D
from market_analysis.quant.average_true_range import average_true_range
from market_analysis.quant.barrier import static_stop_probability
from market_analysis.quant.forecast.panel import PanelModel
from market_analysis.quant.garch import GarchFit, fit_garch_batch, forecast_variance_path
from market_analysis.quant.past_windows import PastWindows, pooled_shares, replay
from market_analysis.quant.policy import simulate
from market_analysis.quant.policy_inputs import PolicyInputs
from market_analysis.risk.past_windows import pooled_windows
from market_analysis.risk.position_inputs import PositionInputs
from market_analysis.risk.position_plan import plan_position, plan_probabilities
from market_analysis.risk.probability import seed_for, shares_of
from market_analysis.risk.protection import Coverage
from market_analysis.risk.types import ProbabilityReport
from market_analysis.risk.valuation import Valuer, valuer_for
from market_analysis.risk.volatility import VolatilityModel, fit_models
from market_analysis.settings import Settings

__all__ = ["BASELINE_RETURNS", "MarketThen", "Terms", "VirtualEntry", "market_then", "policy_entry", "static_entry"]

BASELINE_RETURNS = 1000
"""Returns that the baseline GARCH is fitted on, and the least history of a symbol that is entered."""
STATIC_HOURS, STATIC_STOP_ATR, STATIC_TARGET_ATR, STATIC_ATR_PERIOD = 24, 3.0, 6.0, 14
"""The static case of quant.md C2: a day, 3 against 6 ATR(14) of hourly bars."""
TAKER_FEE = Decimal("0.00055")
"""Bybit's standard taker fee of a linear contract; a folder of bars does not tell."""
NEVER = 1e6
"""Profit in R from which a stop that never moves would move."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is entered beside the price: settings of the product, leverage (it chooses k and m), tick size by symbol.

    panel: coefficients of the pooled model, None for the shipped.
    """

    settings: Settings
    leverage: Decimal
    tick_sizes: Mapping[str, Decimal]
    panel: PanelModel | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MarketThen:
    """The models of one moment, made from `seen` alone, which ends there.

    brownian: GARCH(1,1)-normal by symbol. day_windows: past windows of the static case, None when too few.
    """

    as_of: datetime
    seen: Mapping[str, Bars]
    models: Mapping[str, VolatilityModel]
    brownian: Mapping[str, GarchFit]
    day_windows: PastWindows | None


@dataclass(frozen=True, slots=True)
class VirtualEntry:
    """An entry at `price` with its levels (prices) and what each model says of them; m, atr: NaN for static levels."""

    side: Side
    horizon_hours: int
    price: float
    stop: float
    target: float
    m: float
    atr: float
    valuer: Valuer
    said: Mapping[str, Probabilities]


def market_then(seen: Mapping[str, Bars], as_of: datetime, terms: Terms) -> MarketThen:
    """Fit every symbol of `seen` (closed hourly bars, more than BASELINE_RETURNS of each); what cannot be modelled is left out."""
    identities = {instrument_id(symbol): symbol for symbol in seen}
    history = History({identity: seen[symbol] for identity, symbol in identities.items()}, {})
    fitted = fit_models(history, identities, terms.settings, as_of, terms.panel)
    models = {identities[identity]: model for identity, model in fitted.items() if isinstance(model, VolatilityModel)}
    if not models:
        return MarketThen(as_of, seen, {}, {}, None)
    returns = np.stack([np.diff(np.log(seen[symbol].close[-BASELINE_RETURNS - 1 :])) for symbol in models])
    baseline = dict(zip(models, fit_garch_batch(returns, "normal"), strict=True))
    forecasts = [(models[name].series, forecast) for name in sorted(models) if (forecast := models[name].forecast) is not None]
    return MarketThen(as_of, seen, models, baseline, pooled_windows(forecasts, STATIC_HOURS, terms.panel))


def instrument_id(symbol: str) -> InstrumentId:
    """A symbol of the folder as a linear contract."""
    return InstrumentId("folder", Category.LINEAR, symbol)


def policy_entry(then: MarketThen, symbol: str, side: Side, terms: Terms) -> VirtualEntry | None:
    """Levels and odds exactly as the product prints them right after a fill at the close; None where it prints no levels."""
    model, bars, settings = then.models[symbol], then.seen[symbol], terms.settings
    inputs, instrument = _just_entered(symbol, side, Decimal(repr(float(bars.close[-1]))), then.as_of, terms)
    uncovered = Coverage((), inputs.position.quantity)
    plan = plan_position(inputs, instrument, uncovered, None, model, to_milliseconds(then.as_of), settings)
    if plan is None or plan.probabilities is None or plan.levels.stop is None or plan.levels.target is None:
        return None
    price, stop, target = float(inputs.mark), float(plan.levels.stop), float(plan.levels.target)
    odds, hours = plan.probabilities, settings.prob.horizon_hours
    alone = plan_probabilities(inputs, plan.anchored, plan.levels, replace(model, windows=None), settings) or odds
    said = {PRINTED: _row(odds), SIMULATED: _row(alone)}
    said |= _brownian(then, symbol, side, price, stop, target, hours)
    m = plan.anchored.memory.m_eff
    return VirtualEntry(side, hours, price, stop, target, m, model.atr_abs, inputs.valuer, said)


def static_entry(then: MarketThen, symbol: str, side: Side, terms: Terms) -> VirtualEntry | None:
    """The static case: the product's paths under levels that never move; None where a level would be no price."""
    model, bars, sign = then.models[symbol], then.seen[symbol], side.sign
    atr = float(average_true_range(bars.high, bars.low, bars.close, STATIC_ATR_PERIOD)[-1])
    price = float(bars.close[-1])
    stop, target = price - sign * STATIC_STOP_ATR * atr, price + sign * STATIC_TARGET_ATR * atr
    if min(stop, target) <= 0.0 or model.residuals is None or atr <= 0.0:
        return None
    inputs, _ = _just_entered(symbol, side, Decimal(repr(price)), then.as_of, terms)
    seed = seed_for(terms.settings.seed, str(inputs.position.key), model.last_bar_ms)
    paths = terms.settings.prob.paths
    said = _static_odds(then, model, model.residuals, (sign, price, stop, target), seed, paths)
    said |= _brownian(then, symbol, side, price, stop, target, STATIC_HOURS)
    return VirtualEntry(side, STATIC_HOURS, price, stop, target, math.nan, math.nan, inputs.valuer, said)


def _static_odds(
    then: MarketThen, model: VolatilityModel, residuals: Float2D, entry: tuple[int, float, float, float], seed: int, paths: int
) -> dict[str, Probabilities]:
    """What the product would print for levels that never move, and its simulation alone. entry: sign, price, stop, target."""
    sign, price, stop, target = entry
    outcome = simulate(
        PolicyInputs(
            side=sign,
            price=price,
            entry=price,
            stop=stop,
            initial_risk=abs(price - stop),
            peak=price,
            atr=0.0,
            trail_mult_initial=0.0,
            trail_mult_late=0.0,
            breakeven_after_r=NEVER,
            fee_frac=0.0,
            scale_outs=(),
            runner_frac=1.0,
            target_grid=np.empty(0),
            variance_path=model.variance_path[:STATIC_HOURS],
            residuals=residuals,
            seed=seed,
            garch=model.recursion,
            paths=paths,
        )
    )
    alone = shares_of(outcome.outcome_at(target))
    if then.day_windows is None:
        return {PRINTED: alone, SIMULATED: alone}
    past = shares_of(replay(outcome.inputs, then.day_windows).outcome_at(target))
    return {PRINTED: pooled_shares(alone, past), SIMULATED: alone}


def _row(odds: ProbabilityReport) -> Probabilities:
    return odds.p_tp, odds.p_sl, odds.p_breakeven, odds.p_open


def _brownian(
    then: MarketThen, symbol: str, side: Side, price: float, stop: float, target: float, hours: int
) -> dict[str, Probabilities]:
    """The closed form with the product's variance and with that of GARCH(1,1)-normal; it knows no breakeven."""
    garch = math.sqrt(float(forecast_variance_path(then.brownian[symbol], hours).sum()))
    sigmas = {STATIC_STOP: then.models[symbol].sigma_over(hours), BROWNIAN: garch}
    answers = {}
    for name, sigma in sigmas.items():
        at = static_stop_probability(price, target, stop, side.sign, sigma)
        answers[name] = (float(at.p_tp), float(at.p_sl), 0.0, float(at.p_open))
    return answers


def _just_entered(symbol: str, side: Side, price: Decimal, as_of: datetime, terms: Terms) -> tuple[PositionInputs, Instrument]:
    """The smallest position, filled at `price` at `as_of`, with its record complete and nothing resting at the venue."""
    identity, one = instrument_id(symbol), Decimal(1)
    instrument = Instrument(
        id=identity,
        base=symbol,
        quote="USDT",
        settle="USDT",
        tick_size=terms.tick_sizes[symbol],
        quantity_step=one,
        min_quantity=one,
        max_quantity=None,
        min_notional=None,
        max_leverage=None,
        taker_fee_frac=TAKER_FEE,
        maker_fee_frac=TAKER_FEE,
        funding_interval_hours=None,
        status="Trading",
    )
    position = Position(
        key=PositionKey("main", identity),
        side=side,
        quantity=one,
        entry_price=price,
        mark_price=price,
        notional=price,
        leverage=terms.leverage,
        margin_mode=MarginMode.CROSS,
        liquidation_price=None,
        unrealized_pnl=Decimal(0),
        realized_pnl=Decimal(0),
        initial_margin=None,
        maintenance_margin=None,
        adl_rank=None,
        updated_at=as_of,
    )
    bought = OrderSide.BUY if side is Side.LONG else OrderSide.SELL
    fill = Fill("entry", "entry", identity, bought, one, price, Decimal(0), "USDT", Decimal(0), FillKind.TRADE, as_of)
    valuer = valuer_for(instrument, one, terms.settings.risk.slippage_bps)
    return PositionInputs(position, instrument, None, price, valuer, (), EntryHistory((fill,), True), None, None), instrument
