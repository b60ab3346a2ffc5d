"""The embedded exchange's accounts: what can be asked of them, and time.

`Exchange` is the one door to the ledger. It holds no rule itself: each call brings the ledger's modules to bear on one account.
Times are aware UTC; nothing here reads a clock. Writes raise `ApiError` before anything has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from market_analysis.venues.simulated.ledger.account import Account
from market_analysis.venues.simulated.ledger.model import (
    AccountInfo,
    ApiKey,
    Category,
    ClosedPnl,
    Execution,
    LedgerEvent,
    MarginMode,
    Order,
    Position,
    TransactionLogEntry,
    WalletBalance,
)
from market_analysis.venues.simulated.ledger.requests import (
    AmendRequest,
    OrderRequest,
    TradingStopRequest,
)


class Exchange:
    """Accounts on one market, from `start` onwards. Same calls, same seed: same ids, same records."""

    def __init__(
        self,
        market: Market,
        accounts: Iterable[Account],
        *,
        start: datetime,
        seed: int = 0,
    ) -> None: ...

    @property
    def now(self) -> datetime: ...

    def advance(self, to: datetime) -> None:
        """Move market time to `to`: fills, triggers, funding and liquidations happen in order. Earlier than now: ValueError."""

    def find_key(self, api_key: str) -> tuple[str, ApiKey] | None:
        """(uid, key) of an API key."""

    def place_order(self, uid: str, request: OrderRequest) -> Order: ...
    def amend_order(self, uid: str, request: AmendRequest) -> Order: ...
    def cancel_order(
        self,
        uid: str,
        category: Category,
        symbol: str,
        *,
        order_id: str = "",
        order_link_id: str = "",
    ) -> Order: ...
    def cancel_all(
        self,
        uid: str,
        category: Category,
        *,
        symbol: str | None = None,
        base_coin: str | None = None,
        settle_coin: str | None = None,
        conditional_only: bool = False,
    ) -> tuple[Order, ...]: ...
    def set_trading_stop(self, uid: str, request: TradingStopRequest) -> None: ...
    def set_leverage(
        self, uid: str, category: Category, symbol: str, buy: Decimal, sell: Decimal
    ) -> None: ...
    def switch_position_mode(
        self,
        uid: str,
        category: Category,
        *,
        mode: int,
        symbol: str | None = None,
        coin: str | None = None,
    ) -> None:
        """mode 0 one-way, 3 hedge."""

    def set_margin_mode(self, uid: str, mode: MarginMode) -> None: ...
    def add_margin(
        self,
        uid: str,
        category: Category,
        symbol: str,
        margin: Decimal,
        position_idx: int = 0,
    ) -> Position:
        """Isolated only; negative takes out."""

    def set_auto_add_margin(
        self, uid: str, category: Category, symbol: str, on: bool, position_idx: int = 0
    ) -> None: ...
    def set_collateral(self, uid: str, coin: str, on: bool) -> None: ...
    def deposit(self, uid: str, coin: str, amount: Decimal) -> TransactionLogEntry: ...
    def withdraw(self, uid: str, coin: str, amount: Decimal) -> TransactionLogEntry: ...
    def transfer_in(
        self, uid: str, coin: str, amount: Decimal
    ) -> TransactionLogEntry: ...
    def transfer_out(
        self, uid: str, coin: str, amount: Decimal
    ) -> TransactionLogEntry: ...

    # Reads. Lists are newest first, unfiltered by page: the server pages.
    def positions(
        self,
        uid: str,
        category: Category,
        *,
        symbol: str | None = None,
        base_coin: str | None = None,
        settle_coin: str | None = None,
    ) -> tuple[Position, ...]:
        """With `symbol`: its rows, flat or not (hedge: two). Without: all touched rows, flat ones included."""

    def orders(self, uid: str, category: Category) -> Sequence[Order]:
        """Every order ever, latest state, newest first (by created time)."""

    def open_orders(self, uid: str, category: Category) -> tuple[Order, ...]: ...
    def executions(self, uid: str, category: Category) -> Sequence[Execution]: ...
    def closed_pnls(self, uid: str, category: Category) -> Sequence[ClosedPnl]: ...
    def transaction_log(self, uid: str) -> Sequence[TransactionLogEntry]: ...
    def wallet_balance(self, uid: str) -> WalletBalance: ...
    def account_info(self, uid: str) -> AccountInfo: ...
    def events_since(self, cursor: int) -> tuple[Sequence[LedgerEvent], int]:
        """Events with seq > cursor and the new cursor."""
