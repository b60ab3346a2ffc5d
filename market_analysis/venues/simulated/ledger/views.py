"""Records of the present: position rows, the wallet, account information."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from market_analysis.venues.simulated.ledger.account_settings import withdrawable
from market_analysis.venues.simulated.ledger.collateral import ALWAYS_ON, COLLATERAL_STEPS, lowest_step_ratio
from market_analysis.venues.simulated.ledger.journal import money
from market_analysis.venues.simulated.ledger.margin import bankruptcy_price, loss_rank, sign_of
from market_analysis.venues.simulated.ledger.model import ZERO, AccountInfo, Position, WalletBalance, WalletCoin
from market_analysis.venues.simulated.ledger.path import liquidation_level
from market_analysis.venues.simulated.ledger.prices import PricesAt, to_tick
from market_analysis.venues.simulated.ledger.protection import resting_price, resting_trail
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState
from market_analysis.venues.simulated.ledger.valuation import AccountValue, PositionValue, cross_liquidation_price

RATE_STEP = Decimal("0.0001")
LEAST_BREAK_EVEN_FEE = Decimal("0.00055")


def position_row(account: AccountState, position: PositionState, value: AccountValue, prices: PricesAt) -> Position:
    """The wire's row of a position; a flat one has side "" and zeros."""
    item = next((found for found in value.positions if found.position is position), None)
    return _flat_row(account, position, prices) if item is None else _open_row(account, item, value, prices)


def _flat_row(account: AccountState, position: PositionState, prices: PricesAt) -> Position:
    spec = position.spec
    return Position(
        category=spec.category,
        symbol=spec.symbol,
        position_idx=position.position_idx,
        side="",
        size=ZERO,
        risk_id=spec.risk_tiers[0].id,
        risk_limit_value=spec.risk_tiers[0].limit_value,
        avg_price=ZERO,
        entry_price=ZERO,
        session_avg_price=None,
        position_value=ZERO,
        leverage=_row_leverage(account, position),
        mark_price=prices.mark(spec),
        liq_price=None,
        bust_price=None,
        break_even_price=None,
        position_im=ZERO,
        position_mm=ZERO,
        position_balance=ZERO,
        take_profit=None,
        stop_loss=None,
        trailing_stop=ZERO,
        tpsl_mode="Full",
        unrealised_pnl=ZERO,
        cur_realised_pnl=position.cur_realised,
        cum_realised_pnl=position.cum_realised,
        adl_rank_indicator=0,
        auto_add_margin=int(position.auto_add_margin),
        position_status="Normal",
        is_reduce_only=False,
        created_time_ms=position.created_ms,
        updated_time_ms=position.updated_ms,
        open_time_ms=0,
        seq=position.seq,
    )


def _open_row(account: AccountState, item: PositionValue, value: AccountValue, prices: PricesAt) -> Position:
    position = item.position
    spec = position.spec
    tier = spec.tier_for(item.value)
    portfolio = account.margin_mode == "PORTFOLIO_MARGIN"
    average = money(position.avg_price)
    return Position(
        category=spec.category,
        symbol=spec.symbol,
        position_idx=position.position_idx,
        side=position.side,
        size=position.size,
        risk_id=0 if portfolio else tier.id,
        risk_limit_value=ZERO if portfolio else tier.limit_value,
        avg_price=average,
        entry_price=average,
        session_avg_price=average if spec.settle == "USDC" else None,
        position_value=money(item.value),
        leverage=None if portfolio else _row_leverage(account, position),
        mark_price=item.mark,
        liq_price=None if portfolio else liquidation_price(account, item, value, prices),
        bust_price=_bust_price(account, position),
        break_even_price=_break_even(item),
        position_im=None if portfolio else money(item.initial),
        position_mm=None if portfolio else money(item.maintenance),
        position_balance=money(item.initial),
        take_profit=resting_price(account, position, "TakeProfit"),
        stop_loss=resting_price(account, position, "StopLoss"),
        trailing_stop=resting_trail(account, position),
        tpsl_mode="Full",
        unrealised_pnl=money(item.unrealised),
        cur_realised_pnl=position.cur_realised,
        cum_realised_pnl=position.cum_realised,
        adl_rank_indicator=loss_rank(item.unrealised / item.initial),
        auto_add_margin=int(position.auto_add_margin),
        position_status="Normal",
        is_reduce_only=False,
        created_time_ms=position.created_ms,
        updated_time_ms=position.updated_ms,
        open_time_ms=position.opened_ms,
        seq=position.seq,
    )


def _row_leverage(account: AccountState, position: PositionState) -> Decimal:
    """The leverage of the row's side; a flat one-way row shows the buy side's."""
    side = position.side or ("Sell" if position.position_idx == 2 else "Buy")
    return account.leverage(position.spec, side)


def liquidation_price(account: AccountState, item: PositionValue, value: AccountValue, prices: PricesAt) -> Decimal | None:
    """Isolated: exact, rounded to the tick on the near side. Cross: an estimate.

    None outside the instrument's price range.
    """
    spec = item.position.spec
    if account.isolated:
        level = liquidation_level(account, item.position)
    else:
        level = cross_liquidation_price(value, item, prices.usd(spec.settle), spec.taker_fee_rate)
    if level is None:
        return None
    price = to_tick(spec, level, ROUND_CEILING if item.position.side == "Buy" else ROUND_FLOOR)
    return price if spec.min_price < price < spec.max_price else None


def _bust_price(account: AccountState, position: PositionState) -> Decimal | None:
    """Bankruptcy price of an isolated position; a cross account has none per position."""
    if not account.isolated:
        return None
    spec = position.spec
    leverage = account.leverage(spec, position.side)
    price = bankruptcy_price(spec, position.side, position.size, position.entry_value, leverage, position.extra_margin)
    return None if price is None else to_tick(spec, price, ROUND_CEILING if position.side == "Buy" else ROUND_FLOOR)


def _break_even(item: PositionValue) -> Decimal | None:
    """Bybit's (entry * qty - realised) / (qty - |qty| * fee), qty signed.

    For inverse contracts the same in coin value.
    """
    position = item.position
    fee = max(position.spec.taker_fee_rate, LEAST_BREAK_EVEN_FEE)
    sign = sign_of(position.side)
    if position.spec.category == "inverse":
        target = sign * position.entry_value + position.cur_realised
        price = position.size * (sign + fee) / target if target != 0 else ZERO
    else:
        price = (sign * position.entry_value - position.cur_realised) / (position.size * (sign - fee))
    return to_tick(position.spec, price, ROUND_CEILING if sign > 0 else ROUND_FLOOR) if price > 0 else None


def wallet_balance(account: AccountState, value: AccountValue, prices: PricesAt) -> WalletBalance:
    """The wallet's record; account-wide margin figures do not exist under isolated margin."""
    cross = not account.isolated
    balance = value.margin_balance_usd

    def rate(margin: Decimal) -> Decimal:
        return (margin / balance).quantize(RATE_STEP) if balance > 0 else (ZERO if margin == 0 else Decimal(1))

    return WalletBalance(
        account_type="UNIFIED",
        total_equity=money(value.equity_usd),
        total_wallet_balance=money(value.wallet_usd),
        total_margin_balance=money(balance) if cross else None,
        total_available_balance=money(value.available_usd) if cross else None,
        total_perp_upl=money(value.profit_usd),
        total_initial_margin=money(value.initial_usd) if cross else None,
        total_maintenance_margin=money(value.maintenance_usd) if cross else None,
        account_im_rate=rate(value.initial_usd) if cross else None,
        account_mm_rate=rate(value.maintenance_usd) if cross else None,
        account_ltv=ZERO,
        coins=tuple(wallet_coin(account, name, value, prices) for name in sorted(account.coins)),
    )


def wallet_coin(account: AccountState, name: str, value: AccountValue, prices: PricesAt) -> WalletCoin:
    """One coin with what its positions and orders hold of it."""
    coin = account.coins[name]
    mine = [item for item in value.positions if item.position.spec.settle == name]
    profit = sum((item.unrealised for item in mine), ZERO)
    return WalletCoin(
        coin=name,
        equity=money(coin.balance + profit),
        usd_value=money((coin.balance + profit) * prices.usd(name)),
        wallet_balance=coin.balance,
        locked=ZERO,
        total_order_im=money(value.order_initial.get(name, ZERO)),
        total_position_im=money(sum((item.initial for item in mine), ZERO)),
        total_position_mm=money(sum((item.maintenance for item in mine), ZERO)),
        unrealised_pnl=money(profit),
        cum_realised_pnl=coin.cum_realised,
        available_to_withdraw=money(withdrawable(account, name, prices)),
        borrow_amount=max(ZERO, -coin.balance),
        accrued_interest=ZERO,
        bonus=ZERO,
        spot_borrow=ZERO,
        spot_hedging_qty=ZERO,
        margin_collateral=name in COLLATERAL_STEPS,
        collateral_switch=coin.collateral_on or name in ALWAYS_ON,
        collateral_ratio=lowest_step_ratio(name),
    )


def account_info(account: AccountState) -> AccountInfo:
    """The margin mode and when it was set."""
    return AccountInfo(margin_mode=account.margin_mode, updated_time_ms=account.mode_updated_ms)
