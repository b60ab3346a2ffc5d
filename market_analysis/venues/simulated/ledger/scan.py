"""Where to look: the first minute of a stretch in which anything could happen to an account, found with arrays.

The search may point at a minute in which nothing happens (the exact step decides), never past one in which something
does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from market_analysis.venues.simulated.ledger.collateral import collateral_value
from market_analysis.venues.simulated.ledger.margin import sign_of
from market_analysis.venues.simulated.ledger.model import Order, TriggerBy
from market_analysis.venues.simulated.ledger.path import liquidation_level
from market_analysis.venues.simulated.ledger.prices import STABLE_COINS, PricesAt
from market_analysis.venues.simulated.ledger.state import AccountState, InstrumentKey, PositionState
from market_analysis.venues.simulated.ledger.tape import HIGH, LOW, Floats, Stretch

Flags = NDArray[np.bool_]
SLACK = 1e-9
CUSHION_SLACK_FRAC = 0.02


def first_minute(account: AccountState, stretches: Mapping[InstrumentKey, Stretch], start: int, prices: PricesAt) -> int | None:
    """Index of the first minute from `start` on that needs an exact step; None if the rest of the stretch is quiet.

    `prices` are those at some time of the stretch, for what moves little (collateral coins without a stretch).
    """
    found: list[int] = []
    for order in account.open_orders():
        stretch = stretches[(order.category, order.symbol)]
        found += _first(_order_flags(order, stretch, start))
    for position in account.held():
        if account.isolated:
            found += _first(_liquidation_flags(account, position, stretches[position.spec.key], start))
    if not account.isolated and account.held():
        found += _first(_thin_cushion_flags(account, stretches, start, prices))
    return start + min(found) if found else None


def _first(flags: Flags) -> list[int]:
    """Index of the first True, as a list of none or one."""
    hits = np.flatnonzero(flags)
    return [int(hits[0])] if len(hits) else []


def _order_flags(order: Order, stretch: Stretch, start: int) -> Flags:
    """Minutes in which an order may trigger or fill."""
    if order.trail_distance is not None and order.is_conditional:
        return _trailing_flags(order, stretch, start)
    if order.is_conditional and order.trigger_price is not None:
        source: TriggerBy = order.trigger_by or "LastPrice"
        level = float(order.trigger_price)
        if order.trigger_direction == 1:
            return stretch.column(source, HIGH)[start:] >= level * (1 - SLACK)
        return stretch.column(source, LOW)[start:] <= level * (1 + SLACK)
    if order.price is None:
        return np.zeros(len(stretch.column("LastPrice", LOW)) - start, dtype=np.bool_)
    level = float(order.price)
    if order.side == "Buy":
        return stretch.column("LastPrice", LOW)[start:] < level
    return stretch.column("LastPrice", HIGH)[start:] > level


def _trailing_flags(order: Order, stretch: Stretch, start: int) -> Flags:
    """Minutes in which a trailing stop may wake or trigger.

    The best price so far includes the minute's own, which errs to looking.
    """
    high, low = stretch.column("LastPrice", HIGH)[start:], stretch.column("LastPrice", LOW)[start:]
    long = order.side == "Sell"
    if order.trigger_price is None:
        wakes = float(order.active_price or 0)
        return high >= wakes * (1 - SLACK) if long else low <= wakes * (1 + SLACK)
    distance, level = float(order.trail_distance or 0), float(order.trigger_price)
    if long:
        follows = np.maximum(np.maximum.accumulate(high) - distance, level)
        return low <= follows * (1 + SLACK)
    follows = np.minimum(np.minimum.accumulate(low) + distance, level)
    return high >= follows * (1 - SLACK)


def _liquidation_flags(account: AccountState, position: PositionState, stretch: Stretch, start: int) -> Flags:
    """Minutes in which the mark may reach an isolated position's liquidation price."""
    low = stretch.column("MarkPrice", LOW)[start:]
    level = liquidation_level(account, position)
    if level is None:
        return np.zeros(len(low), dtype=np.bool_)
    if position.side == "Buy":
        return low <= float(level) * (1 + SLACK)
    return stretch.column("MarkPrice", HIGH)[start:] >= float(level) * (1 - SLACK)


def _thin_cushion_flags(account: AccountState, stretches: Mapping[InstrumentKey, Stretch], start: int, prices: PricesAt) -> Flags:
    """Minutes in which a cross account, each position at its minute's worst mark.

    May not cover its maintenance margin.
    """
    cushion: Floats = np.array([float(collateral_usd(account, stretches, prices))])
    scale = np.abs(cushion)
    for position in account.held():
        worst = _worst_marks(position, stretches[position.spec.key], start)
        profit, maintenance = _profit_and_maintenance(account, position, worst)
        usd = _worst_usd(position, stretches[position.spec.key], start, profit - maintenance, prices)
        cushion = cushion + (profit - maintenance) * usd
        scale = scale + (np.abs(profit) + maintenance) * usd
    return cushion <= CUSHION_SLACK_FRAC * scale


def collateral_usd(account: AccountState, stretches: Mapping[InstrumentKey, Stretch], prices: PricesAt) -> float:
    """Collateral at the lowest price its coin has in the stretch (a debt at the highest).

    Less a slack for index against mark.
    """
    total = 0.0
    for name, coin in account.coins.items():
        if coin.balance == 0:
            continue
        usd = prices.usd(name)
        value = float(collateral_value(name, coin.balance, usd, coin.collateral_on))
        if name not in STABLE_COINS:
            stretch = stretches.get(("linear", f"{name}USDT")) or stretches.get(("inverse", f"{name}USD"))
            if stretch is None:
                value *= 0.9 if value > 0 else 1.1
            elif value > 0:
                value *= float(stretch.column("MarkPrice", LOW).min()) / float(usd)
            else:
                value *= float(stretch.column("MarkPrice", HIGH).max()) / float(usd)
        total += value
    return total


def _worst_usd(position: PositionState, stretch: Stretch, start: int, amount: Floats, prices: PricesAt) -> Floats | float:
    """USD price of the settle coin that makes `amount` worst: an inverse contract's own coin moves with it."""
    if position.spec.category != "inverse":
        return float(prices.usd(position.spec.settle))
    high, low = stretch.column("MarkPrice", HIGH)[start:], stretch.column("MarkPrice", LOW)[start:]
    return np.where(amount < 0, high, low)


def _worst_marks(position: PositionState, stretch: Stretch, start: int) -> Floats:
    return stretch.column("MarkPrice", LOW if position.side == "Buy" else HIGH)[start:]


def _profit_and_maintenance(account: AccountState, position: PositionState, marks: Floats) -> tuple[Floats, Floats]:
    """Float twins of `value_position` over many marks.

    Maintenance takes the dearest tier, which is the right one (it is convex).
    """
    spec, size = position.spec, float(position.size)
    value = size / marks if spec.category == "inverse" else size * marks
    sign = sign_of(position.side) * (-1 if spec.category == "inverse" else 1)
    profit = sign * (value - float(position.entry_value))
    leverage = float(account.leverage(spec, position.side))
    maintenance = np.max(
        [value * float(tier.maintenance_margin_rate) - float(tier.mm_deduction) for tier in spec.risk_tiers], axis=0
    )
    return profit, maintenance + value * (1 + 1 / leverage) * float(spec.taker_fee_rate)
