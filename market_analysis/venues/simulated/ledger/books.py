"""Ready books: accounts with a past, built by real orders over market time, so that fills, fees, funding and logs exist."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from market_analysis.errors import UsageError
from market_analysis.venues.simulated.ledger.book_builder import Book, BookBuilder, Leg, finish, open_book
from market_analysis.venues.simulated.ledger.model import Side
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.requests import OrderRequest, TradingStopRequest

D = Decimal
DEMO_UID = "100200300"
DEMO_WALLET = {"USDT": "23200", "USDC": "1500", "BTC": "0.05"}
DEMO_DEPOSIT = D(1000)
DEMO_LEGS = (
    Leg("linear", "BTCUSDT", "Buy", D(9500), 74, stop_frac=D("0.04")),
    Leg("linear", "SOLUSDT", "Buy", D(4000), 51),
    Leg("linear", "ETHUSDT", "Sell", D(9800), 30, stop_frac=D("0.045"), stop_by="LastPrice"),
    Leg("inverse", "BTCUSD", "Sell", D(1500), 27, stop_frac=D("0.06")),
    Leg("linear", "BTCUSDT", "Buy", D(4500), 20),
    Leg("linear", "DOGEUSDT", "Buy", D(3060), 16),
    Leg("linear", "BTCPERP", "Sell", D(3000), 10, stop_frac=D("0.05"), stop_by="IndexPrice"),
    Leg("linear", "1000PEPEUSDT", "Buy", D(700), 5, stop_frac=D("0.12"), stop_by="LastPrice"),
)


def demo_book(market: MarketData, now: datetime) -> Book:
    """An instructive account of about 25,000 USDT, 0.05 BTC and some USDC, cross margin, one-way, 10x.

    Positions hours to days old: BTC long (scaled in) with a mark-price stop; ETH short with a last-price stop; SOL long with
    a stop for half; DOGE long naked; BTCPERP short in USDC as a hedge, its stop on the index; BTCUSD inverse short against
    the BTC collateral; a small 1000PEPE long. Besides: a resting XRP entry, two losing trades realised today, a deposit today.
    """
    builder, key = open_book(market, DEMO_UID, DEMO_WALLET, now=now, days=5)
    for leg in DEMO_LEGS:
        builder.open_leg(leg)
    _half_stop(builder, "SOLUSDT", hours_before=50, least_frac=D("0.06"))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = now - midnight
    builder.losing_round_trip("LINKUSDT", midnight - timedelta(hours=6), midnight + today * 0.3, D(160), D(6000))
    builder.losing_round_trip("AVAXUSDT", midnight + today * 0.4, midnight + today * 0.7, D(70), D(4000))
    builder.at(midnight + today * 0.6, lambda: builder.exchange.deposit(DEMO_UID, "USDT", DEMO_DEPOSIT))
    _resting_entry(builder, "XRPUSDT", D(1500), hours_before=3)
    return finish(builder, key)


def _half_stop(builder: BookBuilder, symbol: str, *, hours_before: float, least_frac: Decimal) -> None:
    """Schedule a partial stop on half of a long."""
    when = builder.before(hours_before)
    price = builder.price_beyond("linear", symbol, when, above=False, least_frac=least_frac)

    def act() -> None:
        (row,) = builder.exchange.positions(builder.uid, "linear", symbol=symbol)
        step = builder.market.specs[("linear", symbol)].qty_step
        half = (row.size / 2 / step).to_integral_value(ROUND_FLOOR) * step
        request = TradingStopRequest(
            "linear", symbol, tpsl_mode="Partial", stop_loss=price, sl_size=half, sl_trigger_by="LastPrice"
        )
        builder.exchange.set_trading_stop(builder.uid, request)

    builder.at(when, act)


def _resting_entry(builder: BookBuilder, symbol: str, notional: Decimal, *, hours_before: float) -> None:
    """Schedule a limit buy below the market, not reached before now, with a stop attached."""
    when = builder.before(hours_before)
    price = builder.price_beyond("linear", symbol, when, above=False, least_frac=D("0.04"))
    tick = builder.market.specs[("linear", symbol)].tick_size
    request = OrderRequest(
        "linear",
        symbol,
        "Buy",
        "Limit",
        builder.quantity("linear", symbol, notional, when),
        price,
        order_link_id="demo-xrp-entry",
        stop_loss=(price * D("0.95") / tick).to_integral_value(ROUND_FLOOR) * tick,
        sl_trigger_by="MarkPrice",
    )
    builder.at(when, lambda: builder.exchange.place_order(builder.uid, request))


def flat_book(market: MarketData, now: datetime) -> Book:
    """Money, a closed trade, hence a flat row; nothing open."""
    builder, key = open_book(market, "100200301", {"USDT": "10000"}, now=now, days=3)
    builder.losing_round_trip("BTCUSDT", builder.before(30), builder.before(20), D(50), D(3000))
    return finish(builder, key)


def hedge_mode_book(market: MarketData, now: datetime) -> Book:
    """Hedge mode: both sides of BTCUSDT, one side of ETHUSDT; one of the legs has no stop."""
    symbols = frozenset({"BTCUSDT", "ETHUSDT"})
    builder, key = open_book(market, "100200302", {"USDT": "20000"}, now=now, days=3, hedge_symbols=symbols)
    builder.open_leg(Leg("linear", "BTCUSDT", "Buy", D(8000), 40, 1, D("0.05")))
    builder.open_leg(Leg("linear", "BTCUSDT", "Sell", D(5000), 30, 2, D("0.05")))
    builder.open_leg(Leg("linear", "ETHUSDT", "Sell", D(4000), 20, 2))
    return finish(builder, key)


def isolated_book(market: MarketData, now: datetime) -> Book:
    """Isolated margin: a BTC long at 10x with a stop, a SOL short at 5x with added margin and no stop."""
    builder, key = open_book(market, "100200303", {"USDT": "12000"}, now=now, days=3, margin_mode="ISOLATED_MARGIN")
    exchange, uid = builder.exchange, builder.uid
    builder.at(builder.before(60), lambda: exchange.set_leverage(uid, "linear", "SOLUSDT", D(3), D(3)))
    builder.open_leg(Leg("linear", "BTCUSDT", "Buy", D(10000), 8, stop_frac=D("0.04")))
    builder.open_leg(Leg("linear", "SOLUSDT", "Sell", D(3000), 6))
    builder.at(builder.before(5), lambda: exchange.add_margin(uid, "linear", "SOLUSDT", D(200)))
    return finish(builder, key)


def inverse_book(market: MarketData, now: datetime) -> Book:
    """Coins only: inverse BTC long and ETH short on BTC and ETH collateral."""
    builder, key = open_book(market, "100200304", {"BTC": "0.5", "ETH": "5"}, now=now, days=3)
    builder.open_leg(Leg("inverse", "BTCUSD", "Buy", D(9000), 40, stop_frac=D("0.05")))
    builder.open_leg(Leg("inverse", "ETHUSD", "Sell", D(4000), 30, stop_frac=D("0.06")))
    return finish(builder, key)


def wide_book(market: MarketData, now: datetime, symbols: int) -> Book:
    """`symbols` USDT positions, longs and shorts in turn, each fifth one naked; for benchmarks."""
    names = [spec.symbol for spec in market.specs.values() if spec.category == "linear" and spec.settle == "USDT"]
    if not 1 <= symbols <= len(names):
        raise UsageError(
            f"symbols={symbols} must be between 1 and {len(names)}, the USDT perpetuals listed",
            remedy="make the market with a wider catalogue",
        )
    builder, key = open_book(market, "100200305", {"USDT": str(4000 * symbols)}, now=now, days=3)
    for number, symbol in enumerate(names[:symbols]):
        side: Side = "Buy" if number % 2 == 0 else "Sell"
        stop = None if number % 5 == 4 else D("0.06")
        builder.open_leg(Leg("linear", symbol, side, D(2000), 48 - 40 * number / symbols, stop_frac=stop))
    return finish(builder, key)
