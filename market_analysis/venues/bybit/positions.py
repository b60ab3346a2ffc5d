"""Open positions of every settle coin, with proof that none is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from market_analysis.domain import Category, InstrumentId, MarginMode, Position, PositionKey, Side, from_milliseconds
from market_analysis.errors import MalformedAnswerError, VenueError
from market_analysis.venues.bybit.account import read_margin_mode, read_wallet
from market_analysis.venues.bybit.concurrent import read_group
from market_analysis.venues.bybit.endpoints import POSITIONS, WALLET
from market_analysis.venues.bybit.reader import Params, Reader
from market_analysis.venues.bybit.wire.account import Wallet
from market_analysis.venues.bybit.wire.trading import PositionRow

T = TypeVar("T")

VENUE = "bybit"
MAX_PAGES = 25
POSITIONS_MISSING = "positions_missing"
LINEAR_SETTLE_COINS = ("USDT", "USDC")
MISSING_MARGIN_FRAC = Decimal("0.2")
"""Positions that hold less than this share below the wallet's maintenance margin are taken for incomplete; ticks between the
two reads move it far less."""

_SIDES: Mapping[str, Side] = {"Buy": Side.LONG, "Sell": Side.SHORT}
_FLAT_SIDES = frozenset({"", "None"})
_HEDGE_SIDES: Mapping[int, str] = {1: "Buy", 2: "Sell"}


async def read_positions(reader: Reader, account_name: str) -> tuple[Position, ...]:
    """All open positions.

    The list is checked against the margin that the wallet says positions hold; as a position may open or close between the
    two reads, a contradiction is read once more before it is raised. The margin mode degrades to UNKNOWN when the account's
    settings cannot be read; an empty book whose wallet cannot be read proves nothing and raises.

    Raises:
        VenueError: a page failed, rows contradict themselves or each other, or the wallet.
    """
    try:
        return await _read_once(reader, account_name)
    except MalformedAnswerError as error:
        if error.venue_code != POSITIONS_MISSING:
            raise
        return await _read_once(reader, account_name)


async def _read_once(reader: Reader, account_name: str) -> tuple[Position, ...]:
    async with read_group() as group:
        reading_mode = group.create_task(_or_error(read_margin_mode(reader)))
        reading_wallet = group.create_task(_or_error(read_wallet(reader)))
        linear = [group.create_task(_read_rows(reader, {"category": "linear", "settleCoin": coin})) for coin in LINEAR_SETTLE_COINS]
        inverse = group.create_task(_read_rows(reader, {"category": "inverse"}))
    by_coin = {coin: task.result() for coin, task in zip(LINEAR_SETTLE_COINS, linear, strict=True)}
    mode, wallet = reading_mode.result(), reading_wallet.result()
    _check_against_wallet(wallet, by_coin, inverse.result())
    margin_mode = mode if isinstance(mode, MarginMode) else MarginMode.UNKNOWN
    books = [(Category.LINEAR, row) for rows in by_coin.values() for row in rows]
    books += [(Category.INVERSE, row) for row in inverse.result()]
    positions = tuple(position_of(row, category, account_name, margin_mode) for category, row in books)
    keys = [position.key for position in positions]
    if len(set(keys)) < len(keys):
        raise MalformedAnswerError(f"{POSITIONS.path}: a position is listed twice")
    return positions


async def _or_error(read: Awaitable[T]) -> T | VenueError:
    try:
        return await read
    except VenueError as error:
        return error


async def _read_rows(reader: Reader, params: Params) -> list[PositionRow]:
    rows = await reader.rows(POSITIONS, params, PositionRow, max_pages=MAX_PAGES)
    return [row for row in rows if not is_flat(row)]


def is_flat(row: PositionRow) -> bool:
    """Whether the row is an empty slot: size zero and no side. One without the other is a contradiction.

    Raises:
        MalformedAnswerError: size and side contradict each other, or the slot's side.
    """
    label = f"{POSITIONS.path}: {row.symbol} position {row.position_idx}"
    if row.side in _FLAT_SIDES and row.size == 0:
        return True
    if row.side not in _SIDES or row.size <= 0:
        raise MalformedAnswerError(f"{label} has side {row.side!r} and size {row.size}, which contradict each other")
    if row.side != _HEDGE_SIDES.get(row.position_idx, row.side):
        raise MalformedAnswerError(f"{label} has side {row.side!r}, must be {_HEDGE_SIDES[row.position_idx]!r} in that slot")
    return False


def position_of(row: PositionRow, category: Category, account_name: str, margin_mode: MarginMode) -> Position:
    """An open row as a position. Notional: at mark, in the quote currency (an inverse size is already dollars)."""
    label = f"{POSITIONS.path}: {row.symbol}"
    entry, mark = _positive(row.avg_price, f"{label} avgPrice"), _positive(row.mark_price, f"{label} markPrice")
    if row.unrealised_pnl is None:
        raise MalformedAnswerError(f"{label} is open without unrealisedPnl")
    return Position(
        key=PositionKey(account_name, InstrumentId(VENUE, category, row.symbol), row.position_idx),
        side=_SIDES[row.side],
        quantity=row.size,
        entry_price=entry,
        mark_price=mark,
        notional=row.size if category is Category.INVERSE else row.size * mark,
        leverage=row.leverage if row.leverage else None,
        margin_mode=margin_mode,
        liquidation_price=row.liq_price if row.liq_price else None,
        unrealized_pnl=row.unrealised_pnl,
        realized_pnl=row.cur_realised_pnl,
        initial_margin=row.initial_margin,
        maintenance_margin=row.maintenance_margin,
        adl_rank=row.adl_rank_indicator or None,
        updated_at=from_milliseconds(row.updated_time),
    )


def _positive(value: Decimal | None, label: str) -> Decimal:
    if value is None or value <= 0:
        raise MalformedAnswerError(f"{label} is {value}, must be above zero for an open position")
    return value


def inverse_coin(symbol: str) -> str:
    """The settle coin of an inverse contract: BTCUSD and BTCUSDH26 settle in BTC."""
    return symbol.partition("USD")[0]


def _check_against_wallet(
    wallet: Wallet | VenueError, linear: Mapping[str, Sequence[PositionRow]], inverse: Sequence[PositionRow]
) -> None:
    """Law 1: an empty or short list is believed only if the wallet holds no more margin than the list explains."""
    if isinstance(wallet, VenueError):
        if not inverse and not any(linear.values()):
            raise wallet
        return
    listed: dict[str, list[PositionRow]] = {coin: list(rows) for coin, rows in linear.items()}
    for row in inverse:
        listed.setdefault(inverse_coin(row.symbol), []).append(row)
    for coin in wallet.coin:
        held, rows = coin.position_margin, listed.get(coin.coin, [])
        if not held:
            continue
        explained = sum((row.maintenance_margin or Decimal(0) for row in rows), Decimal(0))
        if explained < held * (1 - MISSING_MARGIN_FRAC) and not any(row.maintenance_margin is None for row in rows):
            raise MalformedAnswerError(
                f"{POSITIONS.path}: {len(rows)} positions in {coin.coin} explain maintenance margin of {explained}, but "
                f"{WALLET.path} says that positions hold {held}: some are missing (options are not read)",
                venue_code=POSITIONS_MISSING,
            )
