"""The reads that this venue asks for, each by ccxt's implicit method (no unified parser stands between)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One GET of Bybit v5. `page_limit`: largest page, 0 where the endpoint takes no limit."""

    path: str
    signed: bool
    page_limit: int = 0

    @property
    def method(self) -> str:
        """ccxt's name for it: /v5/position/list, signed, is private_get_v5_position_list."""
        side = "private" if self.signed else "public"
        return f"{side}_get_{self.path.strip('/').replace('/', '_').replace('-', '_')}"


SERVER_TIME = Endpoint("/v5/market/time", signed=False)
INSTRUMENTS = Endpoint("/v5/market/instruments-info", signed=False)
RISK_LIMITS = Endpoint("/v5/market/risk-limit", signed=False)
TICKERS = Endpoint("/v5/market/tickers", signed=False)
KLINES = Endpoint("/v5/market/kline", signed=False, page_limit=1000)
KEY_INFO = Endpoint("/v5/user/query-api", signed=True)
ACCOUNT_INFO = Endpoint("/v5/account/info", signed=True)
WALLET = Endpoint("/v5/account/wallet-balance", signed=True)
COLLATERAL = Endpoint("/v5/account/collateral-info", signed=True)
FEE_RATES = Endpoint("/v5/account/fee-rate", signed=True)
TRANSACTION_LOG = Endpoint("/v5/account/transaction-log", signed=True, page_limit=50)
POSITIONS = Endpoint("/v5/position/list", signed=True, page_limit=200)
OPEN_ORDERS = Endpoint("/v5/order/realtime", signed=True, page_limit=50)
ORDER_HISTORY = Endpoint("/v5/order/history", signed=True, page_limit=50)
EXECUTIONS = Endpoint("/v5/execution/list", signed=True, page_limit=100)

ALL_ENDPOINTS = (
    SERVER_TIME,
    INSTRUMENTS,
    RISK_LIMITS,
    TICKERS,
    KLINES,
    KEY_INFO,
    ACCOUNT_INFO,
    WALLET,
    COLLATERAL,
    FEE_RATES,
    TRANSACTION_LOG,
    POSITIONS,
    OPEN_ORDERS,
    ORDER_HISTORY,
    EXECUTIONS,
)
