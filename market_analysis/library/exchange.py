"""Prices, closed bars and contract terms through a synchronous ccxt exchange of the caller's, without keys.

A failed, empty or malformed answer raises one of the product's errors; nothing here returns None or an empty frame for one.
Closed bars only: an exchange serves the forming bar last, so a bar counts as closed once a later one exists.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import to_milliseconds
from market_analysis.errors import MalformedAnswerError, VenueError
from market_analysis.library.arguments import ArgumentError, above_zero
from market_analysis.library.volatility import bar_hours_of
from market_analysis.venues.bybit.failures import error_for_code, error_for_status, from_ccxt

if TYPE_CHECKING:
    import pandas as pd

PAGE_LIMIT = 1000
"""Most bars that Bybit gives in one answer."""
Table = NDArray[np.float64]
T = TypeVar("T")


class SyncExchange(Protocol):
    """What is used of a ccxt exchange such as `ccxt.bybit()`."""

    def load_markets(self) -> Any: ...
    def market(self, symbol: str) -> Any: ...
    def fetch_ticker(self, symbol: str) -> Any: ...
    def fetch_ohlcv(self, symbol: str, timeframe: str, since: int | None, limit: int | None, params: dict[str, Any]) -> Any: ...


class MarketInfo(TypedDict):
    """Terms of a market; None where the exchange does not say. tick_size, min_cost: quote currency; quantities: contracts."""

    symbol: str
    base: str
    quote: str
    type: str
    tick_size: float | None
    min_quantity: float | None
    max_quantity: float | None
    min_cost: float | None
    contract_size: float | None
    maker_fee: float | None
    taker_fee: float | None


def get_live_price_bybit(exchange: SyncExchange, symbol: str) -> float:
    """The last traded price."""
    last = _asked("fetch_ticker", lambda: exchange.fetch_ticker(symbol)["last"])
    try:
        return above_zero("last price", last)
    except (TypeError, ValueError):
        raise MalformedAnswerError(f"fetch_ticker: the last price of {symbol} is {last!r}") from None


def get_klines_bybit(
    exchange: SyncExchange,
    symbol: str,
    timeframe: str = "4h",
    since: datetime | int | None = None,
    limit: int = 1000,
) -> pd.DataFrame:
    """Closed bars, oldest first: float columns open, high, low, close, volume; index aware UTC, the bar's opening time.

    The last `limit` of them, or with `since` (aware datetime or Unix milliseconds) the first `limit` from there; read in as many
    pages as needed, fewer only where the exchange has no more.
    Raises VenueError (MalformedAnswerError for an answer without a closed bar), ArgumentError.
    """
    from market_analysis.library.frames import frame_of

    if limit < 1:
        raise ArgumentError(f"limit is {limit}; it must be at least 1", parameter="limit")
    pages = _Pages(exchange, symbol, timeframe, round(bar_hours_of(timeframe) * 3_600_000))
    table = pages.latest(limit + 1) if since is None else pages.onwards(_since_ms(since), limit + 1)
    if len(table) < 2:
        raise MalformedAnswerError(
            f"fetch_ohlcv: no closed {timeframe} bar of {symbol}", remedy="check symbol, timeframe and since"
        )
    return frame_of(table[:-1])


def get_multiple_timeframes_bybit(
    exchange: SyncExchange, symbol: str, timeframes: Sequence[str], days_back: float = 120
) -> dict[str, pd.DataFrame]:
    """`get_klines_bybit` of the last `days_back` days per timeframe."""
    hours = above_zero("days_back", days_back) * 24.0
    return {
        timeframe: get_klines_bybit(exchange, symbol, timeframe, limit=max(int(hours / bar_hours_of(timeframe)), 1))
        for timeframe in timeframes
    }


def get_bybit_market_info(exchange: SyncExchange, symbol: str) -> MarketInfo:
    """Terms of the market `symbol` (ccxt's name)."""
    _asked("load_markets", exchange.load_markets)
    return _asked("market", lambda: _market_info(exchange.market(symbol)))


def fetch_ohlcv_df(exchange: SyncExchange, symbol: str, timeframe: str = "4h", limit: int = 500) -> pd.DataFrame:
    """`get_klines_bybit` under atr_sl_gpt's name: the last `limit` closed bars."""
    return get_klines_bybit(exchange, symbol, timeframe, limit=limit)


def load_exchange(exchange_id: str = "bybit", sandbox: bool = False) -> Any:
    """A synchronous ccxt exchange with its own rate limit, without keys; `sandbox` selects its test system."""
    import ccxt

    if exchange_id not in ccxt.exchanges:
        raise ArgumentError(f"exchange_id is {exchange_id!r}, which ccxt does not know", parameter="exchange_id")
    exchange = getattr(ccxt, exchange_id)({"enableRateLimit": True})
    if sandbox:
        exchange.set_sandbox_mode(True)
    return exchange


class _Pages:
    """Pages of one symbol's bars; `step`: bar length, milliseconds."""

    def __init__(self, exchange: SyncExchange, symbol: str, timeframe: str, step: int) -> None:
        self._exchange, self._symbol, self._timeframe, self._step = exchange, symbol, timeframe, step

    def latest(self, count: int) -> Table:
        """The newest `count` bars, the forming one included."""
        table = self._page(None, min(count, PAGE_LIMIT), {})
        while 0 < len(table) < count:
            oldest = int(table[0, 0])
            size = min(count - len(table), PAGE_LIMIT)
            page = self._page(oldest - size * self._step, size, {"until": oldest - 1})
            page = page[page[:, 0] < oldest]
            if not len(page):
                break
            table = np.concatenate([page, table])
        return table[-count:]

    def onwards(self, since_ms: int, count: int) -> Table:
        """The first `count` bars that open at or after `since_ms`."""
        table = np.empty((0, 6))
        start = since_ms
        while len(table) < count:
            size = min(count - len(table), PAGE_LIMIT)
            page = self._page(start, size, {})
            page = page[page[:, 0] >= start]
            table = np.concatenate([table, page])
            if len(page) < size:
                break
            start = int(table[-1, 0]) + self._step
        return table[:count]

    def _page(self, since_ms: int | None, size: int, params: dict[str, Any]) -> Table:
        rows = _asked("fetch_ohlcv", lambda: self._exchange.fetch_ohlcv(self._symbol, self._timeframe, since_ms, size, params))
        try:
            table = np.array(rows, dtype=np.float64).reshape(-1, 6)
        except (TypeError, ValueError) as error:
            raise MalformedAnswerError(f"fetch_ohlcv: {self._symbol}: {error}") from None
        times, opened, high, low, close, volume = table.T
        sound = (low > 0.0) & (high >= np.maximum(opened, close)) & (low <= np.minimum(opened, close)) & (high < np.inf)
        if not (sound & (volume >= 0.0) & (times % self._step == 0.0)).all() or (np.diff(times) <= 0.0).any():
            raise MalformedAnswerError(f"fetch_ohlcv: {self._symbol} has impossible prices, volume or times")
        return table


def _asked(endpoint: str, question: Callable[[], T]) -> T:
    """The answer, with ccxt's errors mapped to the product's."""
    import ccxt

    try:
        answer = question()
    except ccxt.BaseError as error:
        raise _mapped(endpoint, error) from error
    except (TypeError, AttributeError, LookupError, ValueError) as error:
        # An answer of another shape makes ccxt's parsers stumble over it.
        raise MalformedAnswerError(f"{endpoint}: {type(error).__name__}: {error}") from error
    if inspect.iscoroutine(answer):
        answer.close()
        raise ArgumentError("exchange is an asynchronous one; pass a synchronous one, ccxt.bybit()", parameter="exchange")
    return answer


def _mapped(endpoint: str, error: Exception) -> VenueError:
    """The product's error: by Bybit's code where ccxt quotes one, else by the HTTP status, else by ccxt's class.

    ccxt has no class of its own for many codes, and reads a refusal with an empty JSON body as any other error.
    """
    quoted = re.search(r'"retCode":\s*(-?\d+)', str(error))
    if quoted is not None and int(quoted.group(1)) != 0:
        return error_for_code(endpoint, int(quoted.group(1)), str(error))
    refused: BaseException | None = error
    while refused is not None and getattr(refused, "response", None) is None:
        refused = refused.__cause__ or refused.__context__
    if refused is None:
        return from_ccxt(endpoint, error)
    response: Any = getattr(refused, "response", None)
    return error_for_status(endpoint, int(response.status_code), str(response.text))


def _since_ms(since: datetime | int) -> int:
    if isinstance(since, datetime):
        if since.tzinfo is None:
            raise ArgumentError(f"since is {since}, without a zone", parameter="since", remedy="give it tzinfo=UTC")
        return to_milliseconds(since)
    return int(since)


def _market_info(market: Any) -> MarketInfo:
    limits = market["limits"]
    return {
        "symbol": str(market["symbol"]),
        "base": str(market["base"]),
        "quote": str(market["quote"]),
        "type": str(market["type"]),
        "tick_size": _number(market["precision"]["price"]),
        "min_quantity": _number(limits["amount"]["min"]),
        "max_quantity": _number(limits["amount"]["max"]),
        "min_cost": _number(limits["cost"]["min"]),
        "contract_size": _number(market["contractSize"]),
        "maker_fee": _number(market["maker"]),
        "taker_fee": _number(market["taker"]),
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
