"""What an account owner may set.

Leverage, position mode, margin mode, margin of an isolated position, collateral, money in and out.
"""

from __future__ import annotations

from decimal import Decimal

from market_analysis.venues.simulated.catalogue import Category, InstrumentSpec
from market_analysis.venues.simulated.ledger import refusals
from market_analysis.venues.simulated.ledger.checks import find_spec
from market_analysis.venues.simulated.ledger.collateral import ALWAYS_ON
from market_analysis.venues.simulated.ledger.journal import book_flow
from market_analysis.venues.simulated.ledger.margin import sign_of, value_at
from market_analysis.venues.simulated.ledger.matching import isolated_available
from market_analysis.venues.simulated.ledger.model import ZERO, MarginMode, TransactionLogEntry
from market_analysis.venues.simulated.ledger.path import liquidation_level
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.refusals import ApiError, parameter_error
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState
from market_analysis.venues.simulated.ledger.valuation import value_account

ONE_WAY, HEDGE = 0, 3
TRANSFER_INSUFFICIENT = 131212


def set_leverage(account: AccountState, spec: InstrumentSpec, buy: Decimal, sell: Decimal, prices: PricesAt) -> None:
    """Set both sides; they must be equal in one-way mode and under cross margin. All or nothing."""
    if buy != sell and not (account.isolated and account.is_hedged(spec.symbol)):
        raise parameter_error("buy leverage must equal sell leverage under cross margin and in one-way mode")
    for leverage in (buy, sell):
        if not spec.min_leverage <= leverage <= spec.max_leverage:
            raise parameter_error(f"cannot set leverage {leverage}: bounds are {spec.min_leverage} to {spec.max_leverage}")
    before = {side: account.leverage(spec, side) for side in ("Buy", "Sell")}
    wanted = {"Buy": buy, "Sell": sell}
    if before == wanted:
        raise ApiError(refusals.LEVERAGE_NOT_MODIFIED, "leverage not modified")
    mine = [position for position in account.held() if position.spec.key == spec.key]
    for position in mine:
        tier = spec.tier_for(value_at(spec, position.size, prices.mark(spec)))
        if wanted[position.side] > tier.max_leverage:
            raise ApiError(
                refusals.LEVERAGE_ABOVE_RISK_LIMIT, f"cannot set leverage gt maxLeverage {tier.max_leverage} by risk limit"
            )
    _try_leverage(account, spec, mine, before, wanted, prices)


def _try_leverage(
    account: AccountState,
    spec: InstrumentSpec,
    mine: list[PositionState],
    before: dict[str, Decimal],
    wanted: dict[str, Decimal],
    prices: PricesAt,
) -> None:
    """Set, and set back if the account then lacks margin or would be liquidated."""
    _store_leverage(account, spec, wanted)
    refusal: ApiError | None = None
    if any(wanted[side] < before[side] for side in wanted) and _short_of_margin(account, spec.settle, prices):
        refusal = ApiError(refusals.AVAILABLE_INSUFFICIENT_FOR_LEVERAGE, "Insufficient available balance.")
    elif account.isolated and any(_beyond_liquidation(account, position, prices) for position in mine):
        refusal = ApiError(refusals.LIQUIDATION_IMMINENT, "Liquidation will be triggered immediately by this adjustment.")
    if refusal is not None:
        _store_leverage(account, spec, before)
        raise refusal
    for position in mine:
        account.touch(position.key)
    account.wallet_touched = True


def _store_leverage(account: AccountState, spec: InstrumentSpec, by_side: dict[str, Decimal]) -> None:
    for side, leverage in by_side.items():
        account.leverages[(spec.category, spec.symbol, side)] = leverage


def _short_of_margin(account: AccountState, coin: str, prices: PricesAt) -> bool:
    """Whether initial margin exceeds what carries it (positions and orders; isolated: of this coin)."""
    value = value_account(account, prices)
    if not account.isolated:
        return value.initial_usd > value.margin_balance_usd
    held = sum((item.initial for item in value.positions if item.position.spec.settle == coin), ZERO)
    return held + value.order_initial.get(coin, ZERO) > account.coin(coin).balance


def _beyond_liquidation(account: AccountState, position: PositionState, prices: PricesAt) -> bool:
    """Whether an isolated position's liquidation price already is at or beyond the mark."""
    level = liquidation_level(account, position)
    return level is not None and sign_of(position.side) * (prices.mark(position.spec) - level) <= 0


def switch_position_mode(
    account: AccountState, market: MarketData, category: Category, mode: int, symbol: str | None, coin: str | None
) -> None:
    """One-way (0) or hedge (3) for a symbol or for all symbols settled in a coin."""
    if mode not in (ONE_WAY, HEDGE):
        raise parameter_error(f"params error: mode {mode} invalid, 0 (one-way) or 3 (hedge)")
    if category == "inverse":
        raise ApiError(refusals.HEDGE_NOT_SUPPORTED, "Hedge mode is not supported for this symbol.")
    if symbol:
        symbols = [find_spec(market, category, symbol).symbol]
    elif coin:
        symbols = [spec.symbol for spec in market.specs.values() if spec.category == category and spec.settle == coin]
    else:
        raise parameter_error("params error: symbol or coin is required")
    changing = [name for name in symbols if account.is_hedged(name) != (mode == HEDGE)]
    if not changing:
        raise ApiError(refusals.MODE_NOT_MODIFIED, "Position mode is not modified")
    if any(position.spec.symbol in changing for position in account.held()):
        raise ApiError(
            refusals.MODE_SWITCH_WITH_POSITION, "You have an existing position, so the position mode cannot be switched."
        )
    if any(order.symbol in changing for order in account.open_orders()):
        raise ApiError(refusals.MODE_SWITCH_WITH_ORDERS, "You have existing open orders, so the position mode cannot be switched.")
    if mode == HEDGE:
        account.hedge_symbols.update(changing)
    else:
        account.hedge_symbols.difference_update(changing)


def set_margin_mode(account: AccountState, mode: MarginMode, prices: PricesAt, time_ms: int) -> None:
    """Cross or isolated for the whole account; refused if the account could not stand it.

    Portfolio margin is only ever reported.
    """
    if mode == account.margin_mode:
        raise ApiError(refusals.MARGIN_MODE_NOT_MODIFIED, "Cross/isolated margin mode has not been modified.")
    if mode == "PORTFOLIO_MARGIN":
        raise ApiError(refusals.MARGIN_MODE_FAILED, "Set margin mode failed: portfolio margin is not offered")
    before = account.margin_mode
    account.margin_mode = mode
    settles = {position.spec.settle for position in account.held()}
    unable = any(_short_of_margin(account, coin, prices) for coin in settles)
    if unable or (account.isolated and any(_beyond_liquidation(account, position, prices) for position in account.held())):
        account.margin_mode = before
        raise ApiError(refusals.MARGIN_MODE_FAILED, "Set margin mode failed: positions lack margin under the new mode")
    if not account.isolated:
        for position in account.held():
            position.extra_margin = ZERO
    account.mode_updated_ms = time_ms
    account.touched.update(position.key for position in account.held())
    account.wallet_touched = True


def add_margin(account: AccountState, position: PositionState | None, margin: Decimal, prices: PricesAt) -> PositionState:
    """Add to (or, negative, take from) an isolated position's margin."""
    if not account.isolated:
        raise ApiError(refusals.POSITION_IS_CROSS, "The position is in cross margin mode.")
    if position is None or position.size == 0:
        raise ApiError(refusals.NO_POSITION_FOR_MARGIN, "You can't set margin without an open position")
    if margin == 0:
        raise parameter_error("params error: margin must not be 0")
    if margin > isolated_available(account, position.spec.settle, prices):
        raise ApiError(refusals.MARGIN_ADD_INSUFFICIENT, "Insufficient available balance to add additional margin.")
    if position.extra_margin + margin < 0:
        raise ApiError(refusals.MARGIN_REDUCE_TOO_LARGE, "Added margin more than max can reduce margin")
    position.extra_margin += margin
    if _beyond_liquidation(account, position, prices):
        position.extra_margin -= margin
        raise ApiError(refusals.LIQUIDATION_IMMINENT, "Liquidation will be triggered immediately by this adjustment.")
    account.touch(position.key)
    account.wallet_touched = True
    return position


def set_auto_add_margin(account: AccountState, position: PositionState | None, on: bool) -> None:
    """Store the switch of an isolated position (reported; margin is never added by itself)."""
    if not account.isolated:
        raise ApiError(refusals.AUTO_ADD_NEEDS_ISOLATED, "Only isolated mode can set auto-add-margin")
    if position is None or position.size == 0:
        raise ApiError(refusals.NO_POSITION_FOR_MARGIN, "You can't set margin without an open position")
    position.auto_add_margin = on
    account.touch(position.key)


def set_collateral(account: AccountState, coin: str, on: bool, prices: PricesAt) -> None:
    """Switch a coin on or off as collateral; dollar coins stay on, and the margin in use must still be covered."""
    if coin in ALWAYS_ON:
        raise ApiError(refusals.COLLATERAL_ERROR, f"{coin} cannot be switched off as collateral")
    wallet = account.coin(coin)
    before, wallet.collateral_on = wallet.collateral_on, on
    if not account.isolated and not on:
        value = value_account(account, prices)
        if value.initial_usd > value.margin_balance_usd:
            wallet.collateral_on = before
            raise ApiError(refusals.AVAILABLE_INSUFFICIENT, "Available balance is insufficient")
    account.wallet_touched = True


def withdrawable(account: AccountState, coin: str, prices: PricesAt) -> Decimal:
    """How much of a coin can leave: its wallet, within what margin leaves free (cross.

    Unrealised profit cannot leave, losses bind).
    """
    wallet = account.coin(coin)
    if account.isolated:
        return min(max(ZERO, wallet.balance), isolated_available(account, coin, prices))
    usd = prices.usd(coin)
    if usd == 0 or wallet.balance <= 0:
        return max(ZERO, wallet.balance)
    value = value_account(account, prices)
    if not value.positions and not value.order_initial:
        return wallet.balance
    return min(wallet.balance, value.available_usd / usd)


def money_in(account: AccountState, coin: str, amount: Decimal, time_ms: int) -> TransactionLogEntry:
    """A deposit or transfer arrives."""
    if not amount > 0:
        raise parameter_error(f"params error: amount {amount} must be above 0")
    return book_flow(account, coin, amount, "TRANSFER_IN", time_ms)


def money_out(account: AccountState, coin: str, amount: Decimal, prices: PricesAt, time_ms: int) -> TransactionLogEntry:
    """A withdrawal or transfer leaves."""
    if not amount > 0:
        raise parameter_error(f"params error: amount {amount} must be above 0")
    if amount > withdrawable(account, coin, prices):
        raise ApiError(TRANSFER_INSUFFICIENT, "user insufficient balance")
    return book_flow(account, coin, -amount, "TRANSFER_OUT", time_ms)
