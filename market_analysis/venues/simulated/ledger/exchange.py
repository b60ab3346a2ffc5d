"""The embedded exchange's accounts: what can be asked of them, and time.

`Exchange` is the one door to the ledger. It holds no rule itself: each call brings the ledger's modules to bear on one
account. Times are aware UTC; nothing here reads a clock. Writes raise `ApiError` before anything has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from market_analysis.errors import UsageError
from market_analysis.venues.simulated.catalogue import Category
from market_analysis.venues.simulated.ledger import account_settings, orders, trading_stop, views
from market_analysis.venues.simulated.ledger.account import Account
from market_analysis.venues.simulated.ledger.checks import check_position_idx, find_spec
from market_analysis.venues.simulated.ledger.journal import tell
from market_analysis.venues.simulated.ledger.model import (
    AccountInfo,
    ApiKey,
    ClosedPnl,
    Execution,
    LedgerEvent,
    MarginMode,
    Order,
    Position,
    TransactionLogEntry,
    WalletBalance,
)
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.prices import PricesAt, from_ms, to_ms
from market_analysis.venues.simulated.ledger.requests import AmendRequest, OrderRequest, TradingStopRequest
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState, open_account
from market_analysis.venues.simulated.ledger.valuation import value_account
from market_analysis.venues.simulated.ledger.walk import advance_account


class Exchange:
    """Accounts on one market, from `start` onwards. Same calls, same seed: same ids, same records."""

    def __init__(self, market: MarketData, accounts: Iterable[Account], *, start: datetime, seed: int = 0) -> None:
        self._market = market
        self._now_ms = to_ms(start)
        self._accounts: dict[str, AccountState] = {}
        for account in accounts:
            state = open_account(account, seed=seed, now_ms=self._now_ms)
            self._accounts[account.uid] = state
            for coin, amount in account.wallet:
                account_settings.money_in(state, coin, amount, self._now_ms)
            self._flush(state)

    @property
    def market(self) -> MarketData:
        """The market traded on."""
        return self._market

    @property
    def now(self) -> datetime:
        """Market time."""
        return from_ms(self._now_ms)

    @property
    def uids(self) -> tuple[str, ...]:
        """All accounts."""
        return tuple(self._accounts)

    def advance(self, to: datetime) -> None:
        """Move market time to `to`: fills, triggers, funding and liquidations happen in order.

        A time before now is refused.
        """
        until = to_ms(to)
        if until < self._now_ms:
            raise UsageError(
                f"to={to.isoformat()} lies before market time {self.now.isoformat()}", remedy="time only goes forwards"
            )
        before, self._now_ms = self._now_ms, until
        for account in self._accounts.values():
            advance_account(account, self._market, before, until)
            self._flush(account)

    def find_key(self, api_key: str) -> tuple[str, ApiKey] | None:
        """(uid, key) of an API key."""
        for uid, account in self._accounts.items():
            for key in account.api_keys:
                if key.api_key == api_key:
                    return uid, key
        return None

    # Orders

    def place_order(self, uid: str, request: OrderRequest) -> Order:
        """Place an order; its state right after (Filled, New, Untriggered, Cancelled)."""
        with self._changing(uid) as (account, prices):
            return orders.place_order(account, self._market, request, prices, self._now_ms)

    def amend_order(self, uid: str, request: AmendRequest) -> Order:
        """Change an open order."""
        with self._changing(uid) as (account, prices):
            return orders.amend_order(account, self._market, request, prices, self._now_ms)

    def cancel_order(self, uid: str, category: Category, symbol: str, *, order_id: str = "", order_link_id: str = "") -> Order:
        """Cancel an open order by either id."""
        with self._changing(uid) as (account, _):
            order = orders.find_order(account, category, symbol, order_id, order_link_id)
            return orders.cancel_order(account, order, self._now_ms)

    def cancel_all(
        self,
        uid: str,
        category: Category,
        *,
        symbol: str | None = None,
        base_coin: str | None = None,
        settle_coin: str | None = None,
        conditional_only: bool = False,
    ) -> tuple[Order, ...]:
        """Cancel all open orders that fit, stops and targets included."""
        with self._changing(uid) as (account, _):
            cancelled: list[Order] = []
            for order in account.open_orders():
                spec = self._market.specs[(order.category, order.symbol)]
                fits = (
                    order.category == category
                    and symbol in (None, order.symbol)
                    and base_coin in (None, spec.base)
                    and settle_coin in (None, spec.settle)
                    and (order.is_conditional or not conditional_only)
                )
                if fits:
                    cancelled.append(orders.cancel_order(account, order, self._now_ms))
            return tuple(cancelled)

    def set_trading_stop(self, uid: str, request: TradingStopRequest) -> None:
        """Set, change or cancel stops and targets of a position."""
        with self._changing(uid) as (account, prices):
            trading_stop.set_trading_stop(account, self._market, request, prices, self._now_ms)

    # Account

    def set_leverage(self, uid: str, category: Category, symbol: str, buy: Decimal, sell: Decimal) -> None:
        """Leverage of both sides of a symbol."""
        with self._changing(uid) as (account, prices):
            account_settings.set_leverage(account, find_spec(self._market, category, symbol), buy, sell, prices)

    def switch_position_mode(
        self, uid: str, category: Category, *, mode: int, symbol: str | None = None, coin: str | None = None
    ) -> None:
        """mode 0 one-way, 3 hedge."""
        with self._changing(uid) as (account, _):
            account_settings.switch_position_mode(account, self._market, category, mode, symbol, coin)

    def set_margin_mode(self, uid: str, mode: MarginMode) -> None:
        """Cross or isolated, for the whole account."""
        with self._changing(uid) as (account, prices):
            account_settings.set_margin_mode(account, mode, prices, self._now_ms)

    def add_margin(self, uid: str, category: Category, symbol: str, margin: Decimal, position_idx: int = 0) -> Position:
        """Isolated only; negative takes out."""
        with self._changing(uid) as (account, prices):
            position = self._position(account, category, symbol, position_idx)
            account_settings.add_margin(account, position, margin, prices)
        return next(row for row in self.positions(uid, category, symbol=symbol) if row.position_idx == position_idx)

    def set_auto_add_margin(self, uid: str, category: Category, symbol: str, on: bool, position_idx: int = 0) -> None:
        """Isolated only; stored and reported."""
        with self._changing(uid) as (account, _):
            account_settings.set_auto_add_margin(account, self._position(account, category, symbol, position_idx), on)

    def set_collateral(self, uid: str, coin: str, on: bool) -> None:
        """Switch a coin as collateral."""
        with self._changing(uid) as (account, prices):
            account_settings.set_collateral(account, coin, on, prices)

    def deposit(self, uid: str, coin: str, amount: Decimal) -> TransactionLogEntry:
        """Money arrives from outside (on the wire a TRANSFER_IN, as on a unified account)."""
        with self._changing(uid) as (account, _):
            return account_settings.money_in(account, coin, amount, self._now_ms)

    def withdraw(self, uid: str, coin: str, amount: Decimal) -> TransactionLogEntry:
        """Money leaves (TRANSFER_OUT); no more than margin leaves free."""
        with self._changing(uid) as (account, prices):
            return account_settings.money_out(account, coin, amount, prices, self._now_ms)

    # Reads: newest first, whole; the server filters by time and pages.

    def positions(
        self,
        uid: str,
        category: Category,
        *,
        symbol: str | None = None,
        base_coin: str | None = None,
        settle_coin: str | None = None,
    ) -> tuple[Position, ...]:
        """With `symbol`: its rows, flat or not (hedge: two), touched or not.

        Without: all touched rows, flat ones included.
        """
        account, prices = self._account(uid), PricesAt(self._market, self._now_ms)
        if symbol is not None:
            spec = find_spec(self._market, category, symbol)
            indexes = (1, 2) if account.is_hedged(symbol) else (0,)
            slots = [account.positions.get((category, symbol, index)) or PositionState(spec, index) for index in indexes]
        else:
            slots = [
                slot
                for slot in account.positions.values()
                if slot.spec.category == category
                and base_coin in (None, slot.spec.base)
                and settle_coin in (None, slot.spec.settle)
                and (slot.position_idx > 0) == account.is_hedged(slot.spec.symbol)
            ]
        value = value_account(account, prices)
        return tuple(views.position_row(account, slot, value, prices) for slot in slots)

    def orders(self, uid: str, category: Category) -> Sequence[Order]:
        """Every order ever, in its latest state."""
        return [order for order in reversed(self._account(uid).orders.values()) if order.category == category]

    def open_orders(self, uid: str, category: Category) -> tuple[Order, ...]:
        """Open orders: active, conditional, stops and targets."""
        return tuple(order for order in reversed(self._account(uid).open_orders()) if order.category == category)

    def executions(self, uid: str, category: Category) -> Sequence[Execution]:
        """Fills, funding and liquidations."""
        return [item for item in reversed(self._account(uid).executions) if item.category == category]

    def closed_pnls(self, uid: str, category: Category) -> Sequence[ClosedPnl]:
        """What closing orders realised."""
        return [item for item in reversed(self._account(uid).closed) if item.category == category]

    def transaction_log(self, uid: str) -> Sequence[TransactionLogEntry]:
        """Every change of every coin."""
        return list(reversed(self._account(uid).log))

    def wallet_balance(self, uid: str) -> WalletBalance:
        """The account in USD and coin by coin."""
        account, prices = self._account(uid), PricesAt(self._market, self._now_ms)
        return views.wallet_balance(account, value_account(account, prices), prices)

    def account_info(self, uid: str) -> AccountInfo:
        """Margin mode."""
        return views.account_info(self._account(uid))

    def leverage(self, uid: str, category: Category, symbol: str) -> tuple[Decimal, Decimal]:
        """(buy, sell) leverage set for a symbol."""
        account, spec = self._account(uid), find_spec(self._market, category, symbol)
        return account.leverage(spec, "Buy"), account.leverage(spec, "Sell")

    def withdrawable(self, uid: str, coin: str) -> Decimal:
        """How much of a coin could leave now."""
        return account_settings.withdrawable(self._account(uid), coin, PricesAt(self._market, self._now_ms))

    def events_since(self, uid: str, cursor: int) -> tuple[Sequence[LedgerEvent], int]:
        """The account's private-stream events with seq > cursor, and the new cursor."""
        events = self._account(uid).events
        return events[cursor:], len(events)

    # Inside

    def _account(self, uid: str) -> AccountState:
        if uid not in self._accounts:
            raise UsageError(f"uid={uid!r} is no account of this exchange", remedy=f"use one of {', '.join(self._accounts)}")
        return self._accounts[uid]

    def _position(self, account: AccountState, category: Category, symbol: str, position_idx: int) -> PositionState | None:
        find_spec(self._market, category, symbol)
        check_position_idx(account, symbol, position_idx)
        return account.positions.get((category, symbol, position_idx))

    @contextmanager
    def _changing(self, uid: str) -> Iterator[tuple[AccountState, PricesAt]]:
        """An account and the prices now; afterwards what was touched is told."""
        account = self._account(uid)
        yield account, PricesAt(self._market, self._now_ms)
        self._flush(account)

    def _flush(self, account: AccountState) -> None:
        """Tell the positions and the wallet that changed since the last time, once each, as they are now."""
        if not (account.touched or account.wallet_touched):
            return
        prices = PricesAt(self._market, self._now_ms)
        value = value_account(account, prices)
        for key in sorted(account.touched):
            tell(account, views.position_row(account, account.positions[key], value, prices), self._now_ms)
        tell(account, views.wallet_balance(account, value, prices), self._now_ms)
        account.touched.clear()
        account.wallet_touched = False
