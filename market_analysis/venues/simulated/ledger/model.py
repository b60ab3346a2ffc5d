"""The ledger's records: what an account owns, asked for, and was told.

All records are frozen. Names are Bybit's wire names in snake case (`order_link_id` is `orderLinkId`); `_ms` marks epoch
milliseconds (UTC) and is dropped on the wire; `position_im` / `position_mm` are `positionIM` / `positionMM`. Money,
prices and quantities are `Decimal`; `None` means "no value" and is an empty string on the wire. Quantities of inverse
contracts are in USD, their money in the base coin.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from market_analysis.venues.simulated.catalogue import Category

Side = Literal["Buy", "Sell"]
PositionSide = Literal["Buy", "Sell", ""]
OrderType = Literal["Market", "Limit"]
TimeInForce = Literal["GTC", "IOC", "FOK", "PostOnly"]
TriggerBy = Literal["LastPrice", "MarkPrice", "IndexPrice"]
TpslMode = Literal["Full", "Partial"]
StopOrderType = Literal[
    "",
    "TakeProfit",
    "StopLoss",
    "PartialTakeProfit",
    "PartialStopLoss",
    "TrailingStop",
    "Stop",
    "tpslOrder",
]
OrderStatus = Literal[
    "New",
    "PartiallyFilled",
    "Untriggered",
    "Triggered",
    "Filled",
    "Cancelled",
    "Rejected",
    "Deactivated",
]
ExecType = Literal["Trade", "Funding", "BustTrade", "AdlTrade"]
MarginMode = Literal["REGULAR_MARGIN", "ISOLATED_MARGIN", "PORTFOLIO_MARGIN"]
LogType = Literal[
    "TRADE",
    "SETTLEMENT",
    "LIQUIDATION",
    "TRANSFER_IN",
    "TRANSFER_OUT",
    "ADL",
    "INTEREST",
    "BONUS",
    "CURRENCY_BUY",
    "CURRENCY_SELL",
]
Topic = Literal["order", "execution", "position", "wallet"]

ZERO = Decimal(0)
OPEN_STATUSES: frozenset[str] = frozenset({"New", "PartiallyFilled", "Untriggered"})


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key. `permissions` maps Bybit's groups (ContractTrade, Spot, Wallet, ...) to rights (Order, Position.

    Withdraw, ...).
    """

    api_key: str
    secret: str
    note: str = ""
    read_only: bool = True
    permissions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ips: tuple[str, ...] = ("*",)
    created_ms: int = 0
    expires_ms: int | None = None

    def allows(self, group: str, right: str) -> bool:
        """Whether the key holds `right` in permission group `group`."""
        return any(name == group and right in rights for name, rights in self.permissions)


@dataclass(frozen=True, slots=True)
class Order:
    """An order, active, conditional or historic. `seq` grows with each change; `leaves_value` is in settle coin."""

    order_id: str
    order_link_id: str
    category: Category
    symbol: str
    side: Side
    order_type: OrderType
    price: Decimal | None
    qty: Decimal
    time_in_force: TimeInForce
    position_idx: int
    order_status: OrderStatus
    created_time_ms: int
    updated_time_ms: int
    leaves_qty: Decimal
    leaves_value: Decimal = ZERO
    cum_exec_qty: Decimal = ZERO
    cum_exec_value: Decimal = ZERO
    cum_exec_fee: Decimal = ZERO
    closed_pnl: Decimal = ZERO
    fee_currency: str = ""
    avg_price: Decimal | None = None
    reduce_only: bool = False
    close_on_trigger: bool = False
    create_type: str = "CreateByUser"
    cancel_type: str = "UNKNOWN"
    reject_reason: str = "EC_NoError"
    stop_order_type: StopOrderType = ""
    trigger_price: Decimal | None = None
    trigger_by: TriggerBy | Literal[""] = ""
    trigger_direction: int = 0
    last_price_on_created: Decimal | None = None
    tpsl_mode: TpslMode | Literal[""] = ""
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    tp_trigger_by: TriggerBy | Literal[""] = ""
    sl_trigger_by: TriggerBy | Literal[""] = ""
    tp_limit_price: Decimal | None = None
    sl_limit_price: Decimal | None = None
    oco_trigger_by: str = ""
    smp_type: str = "None"
    smp_group: int = 0
    smp_order_id: str = ""
    is_leverage: str = ""
    market_unit: str = ""
    place_type: str = ""
    block_trade_id: str = ""
    order_iv: str = ""
    seq: int = 0
    trail_distance: Decimal | None = None
    active_price: Decimal | None = None
    pair_id: str = ""

    @property
    def is_open(self) -> bool:
        """New, PartiallyFilled or Untriggered."""
        return self.order_status in OPEN_STATUSES

    @property
    def is_conditional(self) -> bool:
        """Waiting for its trigger price."""
        return self.order_status == "Untriggered"


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill, liquidation or funding charge.

    `exec_fee` > 0 is paid by the account; for Funding it is the funding paid.
    """

    exec_id: str
    category: Category
    symbol: str
    order_id: str
    order_link_id: str
    side: Side
    order_type: OrderType | Literal["UNKNOWN"]
    order_price: Decimal
    order_qty: Decimal
    leaves_qty: Decimal
    exec_type: ExecType
    exec_time_ms: int
    exec_price: Decimal
    exec_qty: Decimal
    exec_value: Decimal
    exec_fee: Decimal
    fee_rate: Decimal
    fee_currency: str
    is_maker: bool
    closed_size: Decimal
    exec_pnl: Decimal
    mark_price: Decimal
    index_price: Decimal
    stop_order_type: StopOrderType
    create_type: str
    position_idx: int
    seq: int
    is_leverage: str = "0"
    market_unit: str = ""
    block_trade_id: str = ""
    underlying_price: str = ""
    trade_iv: str = ""
    mark_iv: str = ""


@dataclass(frozen=True, slots=True)
class ClosedPnl:
    """What one closing order realised: `closed_pnl = gross - open_fee - close_fee`, funding excluded.

    `side` is the closing order's.
    """

    symbol: str
    category: Category
    order_id: str
    side: Side
    qty: Decimal
    order_price: Decimal
    order_type: OrderType
    exec_type: ExecType
    closed_size: Decimal
    cum_entry_value: Decimal
    avg_entry_price: Decimal
    cum_exit_value: Decimal
    avg_exit_price: Decimal
    closed_pnl: Decimal
    open_fee: Decimal
    close_fee: Decimal
    fill_count: int
    leverage: Decimal
    created_time_ms: int
    updated_time_ms: int
    position_idx: int


@dataclass(frozen=True, slots=True)
class TransactionLogEntry:
    """One change of one coin's wallet: `change = cash_flow + funding - fee`; `cash_balance` is the balance after it.

    `funding` > 0 was received, `fee` > 0 was paid; `size` is the signed position after the trade (spot and flows:
    zero).
    """

    id: str
    symbol: str
    category: str
    side: Side | Literal["None"]
    transaction_time_ms: int
    type: LogType
    trans_sub_type: str
    qty: Decimal
    size: Decimal
    currency: str
    trade_price: Decimal
    funding: Decimal | None
    fee: Decimal
    cash_flow: Decimal
    change: Decimal
    cash_balance: Decimal
    fee_rate: Decimal
    trade_id: str
    order_id: str
    order_link_id: str
    bonus_change: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """One row of the position list at a moment. A flat row (size 0, side "") exists once the symbol was touched.

    `created_time_ms` is the first position ever on the symbol (a trap of Bybit's own); `open_time_ms` is this
    position's.
    """

    category: Category
    symbol: str
    position_idx: int
    side: PositionSide
    size: Decimal
    risk_id: int
    risk_limit_value: Decimal
    avg_price: Decimal
    entry_price: Decimal
    session_avg_price: Decimal | None
    position_value: Decimal
    leverage: Decimal | None
    mark_price: Decimal
    liq_price: Decimal | None
    bust_price: Decimal | None
    break_even_price: Decimal | None
    position_im: Decimal | None
    position_mm: Decimal | None
    position_balance: Decimal
    take_profit: Decimal | None
    stop_loss: Decimal | None
    trailing_stop: Decimal | None
    tpsl_mode: TpslMode
    unrealised_pnl: Decimal
    cur_realised_pnl: Decimal
    cum_realised_pnl: Decimal
    adl_rank_indicator: int
    auto_add_margin: int
    position_status: str
    is_reduce_only: bool
    created_time_ms: int
    updated_time_ms: int
    open_time_ms: int
    seq: int
    trade_mode: int = 0
    mmr_sys_updated_time: str = ""
    leverage_sys_updated_time: str = ""


@dataclass(frozen=True, slots=True)
class WalletCoin:
    """One coin of the wallet. Order and position margins are in the coin; `usd_value` values the equity."""

    coin: str
    equity: Decimal
    usd_value: Decimal
    wallet_balance: Decimal
    locked: Decimal
    total_order_im: Decimal
    total_position_im: Decimal
    total_position_mm: Decimal
    unrealised_pnl: Decimal
    cum_realised_pnl: Decimal
    available_to_withdraw: Decimal
    borrow_amount: Decimal
    accrued_interest: Decimal
    bonus: Decimal
    spot_borrow: Decimal
    spot_hedging_qty: Decimal
    margin_collateral: bool
    collateral_switch: bool
    collateral_ratio: Decimal


@dataclass(frozen=True, slots=True)
class WalletBalance:
    """The unified account in USD. The account-wide margin fields are `None` ("" on the wire) under isolated margin, as on Bybit.

    `account_im_rate` / `account_mm_rate` are fractions of (margin balance - haircut); liquidation is at
    `account_mm_rate >= 1`.
    """

    account_type: str
    total_equity: Decimal
    total_wallet_balance: Decimal
    total_margin_balance: Decimal | None
    total_available_balance: Decimal | None
    total_perp_upl: Decimal
    total_initial_margin: Decimal | None
    total_maintenance_margin: Decimal | None
    account_im_rate: Decimal | None
    account_mm_rate: Decimal | None
    account_ltv: Decimal
    coins: tuple[WalletCoin, ...]


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """Answer to account-info. `unified_margin_status` 5 is UTA 2.0."""

    margin_mode: MarginMode
    updated_time_ms: int
    unified_margin_status: int = 5
    dcp_status: str = "OFF"
    time_window: int = 0
    smp_group: int = 0
    is_master_trader: bool = False
    spot_hedging_status: str = "OFF"


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """Something a private stream would tell: the record after the change. `seq` orders all events of an exchange."""

    seq: int
    uid: str
    topic: Topic
    time_ms: int
    record: Order | Execution | Position | WalletBalance
