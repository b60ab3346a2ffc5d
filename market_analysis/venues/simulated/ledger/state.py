"""The mutable inside of an account. Everything that leaves the ledger is a frozen record made from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal

from market_analysis.venues.simulated.catalogue import Category, InstrumentSpec
from market_analysis.venues.simulated.ledger.account import Account
from market_analysis.venues.simulated.ledger.margin import average_price
from market_analysis.venues.simulated.ledger.model import (
    ZERO,
    ApiKey,
    ClosedPnl,
    Execution,
    LedgerEvent,
    MarginMode,
    Order,
    PositionSide,
    TransactionLogEntry,
)

InstrumentKey = tuple[str, str]
PositionKey = tuple[Category, str, int]
FIRST_SEQ = 8_327_597_000


@dataclass(slots=True)
class PositionState:
    """One position slot. `entry_value` and `open_fee` are what is left of the opening fills, in settle coin."""

    spec: InstrumentSpec
    position_idx: int
    side: PositionSide = ""
    size: Decimal = ZERO
    entry_value: Decimal = ZERO
    open_fee: Decimal = ZERO
    extra_margin: Decimal = ZERO
    auto_add_margin: bool = False
    cur_realised: Decimal = ZERO
    cum_realised: Decimal = ZERO
    created_ms: int = 0
    opened_ms: int = 0
    updated_ms: int = 0
    seq: int = -1

    @property
    def key(self) -> PositionKey:
        """(category, symbol, positionIdx)."""
        return self.spec.category, self.spec.symbol, self.position_idx

    @property
    def avg_price(self) -> Decimal:
        """Average entry price, unrounded."""
        return average_price(self.spec, self.size, self.entry_value)


@dataclass(slots=True)
class CoinState:
    """One coin's wallet; `cum_realised` is all profit, fees and funding ever booked in it."""

    balance: Decimal = ZERO
    cum_realised: Decimal = ZERO
    collateral_on: bool = True


@dataclass(slots=True)
class AccountState:
    """All of one account. `orders` holds the latest state of every order; `open_ids` keeps placing order."""

    uid: str
    seed: int
    opened_ms: int
    default_leverage: Decimal
    margin_mode: MarginMode
    mode_updated_ms: int
    api_keys: tuple[ApiKey, ...]
    hedge_symbols: set[str] = field(default_factory=set)
    collateral_off: frozenset[str] = frozenset()
    coins: dict[str, CoinState] = field(default_factory=dict)
    leverages: dict[tuple[Category, str, str], Decimal] = field(default_factory=dict)
    positions: dict[PositionKey, PositionState] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    link_ids: dict[str, str] = field(default_factory=dict)
    open_ids: dict[str, None] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    closed: list[ClosedPnl] = field(default_factory=list)
    log: list[TransactionLogEntry] = field(default_factory=list)
    events: list[LedgerEvent] = field(default_factory=list)
    touched: set[PositionKey] = field(default_factory=set)
    wallet_touched: bool = False
    counter: int = 0

    def next_seq(self) -> int:
        """The account's growing cross sequence."""
        self.counter += 1
        return FIRST_SEQ + self.counter

    def next_id(self, kind: str) -> str:
        """A UUID-shaped id: a pure function of (seed, uid, kind, counter)."""
        self.counter += 1
        source = f"{self.seed}|{self.uid}|{kind}|{self.counter}".encode()
        digest = hashlib.blake2b(source, digest_size=16).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"

    def coin(self, name: str) -> CoinState:
        """The coin's wallet, created empty."""
        if name not in self.coins:
            self.coins[name] = CoinState(collateral_on=name not in self.collateral_off)
        return self.coins[name]

    def position(self, spec: InstrumentSpec, position_idx: int, at_ms: int) -> PositionState:
        """The slot, created flat (it then exists for ever, as on the exchange)."""
        key = (spec.category, spec.symbol, position_idx)
        if key not in self.positions:
            self.positions[key] = PositionState(spec, position_idx, created_ms=at_ms, updated_ms=at_ms)
        return self.positions[key]

    def touch(self, key: PositionKey) -> None:
        """Remember that a position's row changed; a slot that does not exist has none."""
        if key in self.positions:
            self.touched.add(key)

    def leverage(self, spec: InstrumentSpec, side: str) -> Decimal:
        """Leverage set for the symbol and side, else the account's default within the symbol's bounds."""
        chosen = self.leverages.get((spec.category, spec.symbol, side))
        return min(self.default_leverage, spec.max_leverage) if chosen is None else chosen

    def is_hedged(self, symbol: str) -> bool:
        """Whether the symbol is in hedge mode."""
        return symbol in self.hedge_symbols

    def open_orders(self) -> list[Order]:
        """Open orders in placing order."""
        return [self.orders[order_id] for order_id in self.open_ids]

    def held(self) -> list[PositionState]:
        """Positions that are not flat."""
        return [position for position in self.positions.values() if position.size > 0]

    @property
    def isolated(self) -> bool:
        """Whether each position has a margin of its own."""
        return self.margin_mode == "ISOLATED_MARGIN"


def open_account(account: Account, *, seed: int, now_ms: int) -> AccountState:
    """An account's empty state; its wallet is booked by the exchange as flows."""
    return AccountState(
        uid=account.uid,
        seed=seed,
        opened_ms=now_ms,
        default_leverage=account.default_leverage,
        margin_mode=account.margin_mode,
        mode_updated_ms=now_ms,
        api_keys=account.api_keys,
        hedge_symbols=set(account.hedge_symbols),
        collateral_off=account.collateral_off,
    )


def instrument_key(order: Order) -> InstrumentKey:
    """(category, symbol) of an order."""
    return order.category, order.symbol
