"""One checked read: paced, signed, timed out, retried, fresh."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from market_analysis.errors import MalformedAnswerError, RateLimitedError, VenueError, VenueUnavailableError
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.endpoints import SERVER_TIME, Endpoint
from market_analysis.venues.bybit.failures import BAN_SECONDS, from_ccxt
from market_analysis.venues.bybit.gate import Monotonic, RequestGate, Sleep
from market_analysis.venues.bybit.paging import Page, read_pages
from market_analysis.venues.bybit.retry import RetryPolicy, with_retries
from market_analysis.venues.bybit.wire.convert import WireStruct, parse
from market_analysis.venues.bybit.wire_time import WireTime

Params = Mapping[str, str | int]
T = TypeVar("T", bound=WireStruct)
V = TypeVar("V")

STALE_AFTER_MS = 5_000
"""An answer stamped this much before it was asked for comes from a cache or a frozen server, not from the account."""
_GRACE_S = 1.0


class RestClient(Protocol):
    """What the reader needs of a ccxt client; its implicit methods are looked up by name."""

    async def close(self) -> None:
        """Release connections."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A proven envelope: its result and the venue's wire time at which it was given."""

    result: dict[str, Any]
    time_ms: int


class Reader:
    """Reads one account's endpoints. Raises `VenueError`s only."""

    def __init__(
        self,
        client: RestClient,
        wire: WireTime,
        settings: BybitSettings,
        *,
        timeout_s: float,
        sleep: Sleep = asyncio.sleep,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._client = client
        self._wire = wire
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._policy = RetryPolicy(settings.max_attempts)
        self._gate = RequestGate(settings.concurrency, settings.requests_per_second, monotonic=monotonic, sleep=sleep)

    async def parsed(self, endpoint: Endpoint, params: Params, parser: Callable[[Answer], V]) -> V:
        """What `parser` makes of one answer; an answer that it refuses is asked for again."""

        async def attempt() -> V:
            return parser(await self._once(endpoint, params))

        return await with_retries(attempt, self._policy, sleep=self._sleep, resynchronise=self._resynchronise)

    async def read(self, endpoint: Endpoint, params: Params, kind: type[T]) -> T:
        """One answer's result as a wire struct."""
        return await self.parsed(endpoint, params, lambda answer: parse(kind, answer.result, endpoint.path))

    async def one_page(self, endpoint: Endpoint, params: Params, kind: type[T]) -> list[T]:
        """The rows of one answer, for reads by symbol that fit on a page by nature: their cursor is of no use (the vendor's
        examples give one even beside a single row)."""

        def rows_of(answer: Answer) -> list[T]:
            _check_category(endpoint, params.get("category"), answer.result)
            return _page_of(endpoint, answer.result, kind).rows

        return await self.parsed(endpoint, params, rows_of)

    async def rows(self, endpoint: Endpoint, params: Params, kind: type[T], *, max_pages: int) -> list[T]:
        """All rows of all pages, each as a wire struct; nothing at all if one page fails."""
        limit = {"limit": endpoint.page_limit} if endpoint.page_limit else {}
        category = params.get("category")

        async def page(cursor: str) -> Page[T]:
            asked = {**params, **limit, **({"cursor": cursor} if cursor else {})}

            def page_of(answer: Answer) -> Page[T]:
                _check_category(endpoint, category, answer.result)
                return _page_of(endpoint, answer.result, kind)

            return await self.parsed(endpoint, asked, page_of)

        return await read_pages(page, endpoint.path, page_limit=endpoint.page_limit, max_pages=max_pages)

    async def server_time_ms(self) -> int:
        """The venue's clock now; measures our offset from it."""
        return await self.parsed(SERVER_TIME, {}, lambda answer: answer.time_ms)

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def _resynchronise(self) -> None:
        await self._once(SERVER_TIME, {})

    async def _once(self, endpoint: Endpoint, params: Params) -> Answer:
        async with self._gate.passage(endpoint.path):
            sent_ms = self._wire.local_ms()
            envelope = await self._call(endpoint, params)
            received_ms = self._wire.local_ms()
        answer = Answer(envelope["result"], envelope["time"])
        if endpoint is SERVER_TIME:
            self._wire.measure(sent_ms, received_ms, answer.time_ms)
            return answer
        asked_at_ms = sent_ms + self._wire.offset_ms
        if self._wire.measured and answer.time_ms < asked_at_ms - STALE_AFTER_MS:
            with suppress(VenueError):
                await self._resynchronise()
            raise MalformedAnswerError(
                f"{endpoint.path}: the answer is stamped {asked_at_ms - answer.time_ms} ms before it was asked for "
                f"(bound {STALE_AFTER_MS} ms): it is stale",
                venue_code="stale",
            )
        self._wire.observe(sent_ms, received_ms, answer.time_ms)
        return answer

    async def _call(self, endpoint: Endpoint, params: Params) -> dict[str, Any]:
        """The checked envelope. Whatever ccxt raises beside our own errors is mapped here."""
        from ccxt.base.errors import BaseError

        try:
            async with asyncio.timeout(self._timeout_s + _GRACE_S):
                envelope = await getattr(self._client, endpoint.method)(dict(params))
        except RateLimitedError as error:
            if error.retry_after_s is not None and error.retry_after_s >= BAN_SECONDS:
                self._gate.ban(error.retry_after_s)
            raise
        except TimeoutError:
            raise VenueUnavailableError(f"{endpoint.path}: no answer within {self._timeout_s + _GRACE_S:g} s") from None
        except BaseError as error:
            raise from_ccxt(endpoint.path, error) from error
        if not isinstance(envelope, dict):
            raise MalformedAnswerError(f"{endpoint.path} answered no JSON object")
        return envelope


def _check_category(endpoint: Endpoint, asked: str | int | None, result: Mapping[str, Any]) -> None:
    told = result.get("category")
    if asked is not None and told is not None and told != asked:
        raise MalformedAnswerError(f"{endpoint.path}: category is {told!r}, must be {asked!r} as asked")


def _page_of(endpoint: Endpoint, result: Mapping[str, Any], kind: type[T]) -> Page[T]:
    rows, cursor = result.get("list"), result.get("nextPageCursor", "")
    if not isinstance(rows, list):
        raise MalformedAnswerError(f"{endpoint.path}: result.rows is {type(rows).__name__}, must be a list")
    if not isinstance(cursor, str):
        raise MalformedAnswerError(f"{endpoint.path}: nextPageCursor is {type(cursor).__name__}, must be a text")
    return Page([parse(kind, row, f"{endpoint.path} row {number}") for number, row in enumerate(rows)], cursor)
