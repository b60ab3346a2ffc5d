"""What an account is worth and how much margin it uses at given prices.

Cross margin (Bybit help centre, "Trading Terms and Formulas in Unified Trading Account"): margin balance = sum of coin
wallets at collateral value + unrealised profit; rates are margin / margin balance. Position margins follow the mark
price in cross mode; in isolated mode the initial margin follows the entry price ("The New Margin Calculation"). Spot
orders, options and borrowing limits are not modelled: no haircut loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.venues.simulated.ledger.collateral import collateral_value
from market_analysis.venues.simulated.ledger.margin import (
    closing_fee,
    gross_profit,
    initial_margin,
    maintenance_requirement,
    sign_of,
    value_at,
)
from market_analysis.venues.simulated.ledger.model import ZERO, Order
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState


@dataclass(frozen=True, slots=True)
class PositionValue:
    """One open position at the mark, in settle coin."""

    position: PositionState
    mark: Decimal
    value: Decimal
    unrealised: Decimal
    initial: Decimal
    maintenance: Decimal


@dataclass(frozen=True, slots=True)
class AccountValue:
    """The account at the marks. Maps are per settle coin, in coins; the rest is USD."""

    positions: tuple[PositionValue, ...]
    order_initial: dict[str, Decimal]
    equity_usd: Decimal
    wallet_usd: Decimal
    profit_usd: Decimal
    margin_balance_usd: Decimal
    initial_usd: Decimal
    maintenance_usd: Decimal

    @property
    def available_usd(self) -> Decimal:
        """Margin balance less all initial margin, not below zero."""
        return max(ZERO, self.margin_balance_usd - self.initial_usd)

    @property
    def cushion_usd(self) -> Decimal:
        """Margin balance less maintenance margin: at zero the account is liquidated."""
        return self.margin_balance_usd - self.maintenance_usd


def value_position(account: AccountState, position: PositionState, mark: Decimal) -> PositionValue:
    """Value, profit and margins of one open position at `mark`."""
    spec, side = position.spec, position.side
    leverage = account.leverage(spec, side)
    value = value_at(spec, position.size, mark)
    margin_base = position.entry_value if account.isolated else value
    fee = closing_fee(spec, side, margin_base, leverage)
    return PositionValue(
        position=position,
        mark=mark,
        value=value,
        unrealised=gross_profit(spec, side, position.entry_value, value),
        initial=initial_margin(spec, side, margin_base, leverage) + position.extra_margin,
        maintenance=maintenance_requirement(spec.tier_for(value), value) + fee,
    )


def order_margin(account: AccountState, order: Order, prices: PricesAt, qty: Decimal) -> Decimal:
    """Initial margin plus opening fee for `qty` of an order at its price (market: last), in settle coin."""
    spec = prices.spec(order.category, order.symbol)
    price = order.price if order.price is not None else prices.last(spec)
    value = value_at(spec, qty, price)
    leverage = account.leverage(spec, order.side)
    return initial_margin(spec, order.side, value, leverage) + value * spec.taker_fee_rate


def order_margins(account: AccountState, prices: PricesAt) -> dict[str, Decimal]:
    """Margin held by active opening orders, per settle coin. What an opposite one-way position covers needs none."""
    covered: dict[tuple[str, str, str], Decimal] = {}
    held: dict[str, Decimal] = {}
    for position in account.held():
        if position.position_idx == 0:
            side = "Sell" if position.side == "Buy" else "Buy"
            covered[(position.spec.category, position.spec.symbol, side)] = position.size
    for order in account.open_orders():
        if order.is_conditional or order.reduce_only:
            continue
        key = (order.category, order.symbol, order.side)
        free = min(covered.get(key, ZERO), order.leaves_qty)
        covered[key] = covered.get(key, ZERO) - free
        opening = order.leaves_qty - free
        if opening > 0:
            settle = prices.spec(order.category, order.symbol).settle
            held[settle] = held.get(settle, ZERO) + order_margin(account, order, prices, opening)
    return held


def value_account(account: AccountState, prices: PricesAt) -> AccountValue:
    """Everything at `prices`."""
    positions = tuple(value_position(account, position, prices.mark(position.spec)) for position in account.held())
    orders = order_margins(account, prices)
    equity = wallet = profit = initial = maintenance = ZERO
    for name, coin in account.coins.items():
        usd = prices.usd(name)
        equity += coin.balance * usd
        wallet += collateral_value(name, coin.balance, usd, coin.collateral_on)
    for item in positions:
        usd = prices.usd(item.position.spec.settle)
        profit += item.unrealised * usd
        initial += item.initial * usd
        maintenance += item.maintenance * usd
    initial += sum((amount * prices.usd(name) for name, amount in orders.items()), ZERO)
    return AccountValue(
        positions=positions,
        order_initial=orders,
        equity_usd=equity + profit,
        wallet_usd=wallet,
        profit_usd=profit,
        margin_balance_usd=wallet + profit,
        initial_usd=initial,
        maintenance_usd=maintenance,
    )


def cross_liquidation_price(value: AccountValue, item: PositionValue, settle_usd: Decimal, taker_fee: Decimal) -> Decimal | None:
    """Estimate of the mark at which the account would be liquidated if only this symbol moved.

    Solves cushion + d(profit) - d(maintenance) = 0 along this symbol's net position, maintenance rates and the settle
    coin's USD price held. A leg on the lighter side of a hedged symbol has none; nor has a price outside (0, inf).
    """
    spec = item.position.spec
    legs = [leg for leg in value.positions if leg.position.spec.key == spec.key]
    inverse = spec.category == "inverse"
    slope = ZERO
    for leg in legs:
        rate = spec.tier_for(leg.value).maintenance_margin_rate + taker_fee
        direction = -sign_of(leg.position.side) if inverse else sign_of(leg.position.side)
        slope += leg.position.size * (direction - rate) * settle_usd
    losing_direction = sign_of(item.position.side) * (-1 if inverse else 1)
    if slope == 0 or (slope > 0) != (losing_direction > 0):
        return None
    coordinate = 1 / item.mark if inverse else item.mark
    solved = coordinate - value.cushion_usd / slope
    if solved <= 0:
        return None
    return 1 / solved if inverse else solved
