"""Every way in which an exchange fails its clients, switchable per endpoint and stage while the server runs.

`FaultKind` is the list that tests enumerate. A `FaultRule` says where (endpoint, symbol, category), when (`Stage`)
and how often. Rules are tried in the order they were set; the first that matches acts.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from enum import Enum

ANY_ENDPOINT = "*"


class FaultKind(Enum):
    """One failure. The value is its stable name."""

    TIME_OUT = "time_out"
    CONNECTION_RESET = "connection_reset"
    HTTP_401 = "http_401"
    HTTP_403_BAN = "http_403_ban"
    HTTP_429 = "http_429"
    HTTP_429_JSON = "http_429_json"
    HTTP_500 = "http_500"
    HTTP_502 = "http_502"
    HTTP_503 = "http_503"
    HTTP_504 = "http_504"
    CODE_10002 = "code_10002"
    CODE_10003 = "code_10003"
    CODE_10004 = "code_10004"
    CODE_10005 = "code_10005"
    CODE_10006 = "code_10006"
    CODE_10010 = "code_10010"
    CODE_10016 = "code_10016"
    CODE_10018 = "code_10018"
    CODE_33004 = "code_33004"
    EMPTY_BODY = "empty_body"
    HTML_WITH_200 = "html_with_200"
    JSON_NULL = "json_null"
    JSON_EMPTY_OBJECT = "json_empty_object"
    RESULT_MISSING = "result_missing"
    RESULT_NULL = "result_null"
    RESULT_EMPTY = "result_empty"
    TRUNCATED_JSON = "truncated_json"
    CURSOR_DROPPED = "cursor_dropped"
    ROWS_DROPPED = "rows_dropped"
    STALE_DATA = "stale_data"
    FROZEN_ANSWER = "frozen_answer"
    WRONG_SYMBOL = "wrong_symbol"
    WRONG_CATEGORY = "wrong_category"
    WRONG_ACCOUNT = "wrong_account"
    NOT_A_NUMBER = "not_a_number"
    GARBAGE_NUMBER = "garbage_number"
    APPLIED_THEN_HTTP_500 = "applied_then_http_500"
    APPLIED_THEN_RESET = "applied_then_reset"
    APPLIED_THEN_TIME_OUT = "applied_then_time_out"
    HALF_OPEN = "half_open"


REQUEST_FAULTS = frozenset(FaultKind) - {FaultKind.HALF_OPEN}
"""Faults that can befall a single request; a half-open connection cannot."""


@dataclass(frozen=True, slots=True)
class Stage:
    """When a rule acts. Calls are counted per rule, over those that fit its endpoint, symbol, category and page.

    `skip` fitting calls are let through first; then `count` of them fail (None: all). `page` 1 is a request without
    cursor, 2 any with one. `after_advance` waits until market time has moved since the rule was set. `probability`
    thins the failures, drawn from the rule's own seed.
    """

    skip: int = 0
    count: int | None = None
    page: int | None = None
    after_advance: bool = False
    probability: float = 1.0
    seed: int = 0

    @classmethod
    def always(cls) -> Stage:
        """Every call."""
        return cls()

    @classmethod
    def first_call(cls) -> Stage:
        """The next call only."""
        return cls(count=1)

    @classmethod
    def nth_call(cls, number: int) -> Stage:
        """The call with this number, counted from one, and no other."""
        return cls(skip=number - 1, count=1)

    @classmethod
    def page_two(cls) -> Stage:
        """Every request that follows a cursor."""
        return cls(page=2)

    @classmethod
    def mid_loop(cls) -> Stage:
        """Every call once market time has moved: the second round of a monitor."""
        return cls(after_advance=True)


@dataclass(slots=True)
class FaultRule:
    """A switched-on fault; `hits` counts how often it acted."""

    endpoint: str
    kind: FaultKind
    stage: Stage = field(default_factory=Stage)
    symbol: str = ""
    category: str = ""
    armed_at_ms: int | None = None
    hits: int = 0
    _seen: int = 0
    _frozen: bytes | None = None
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.stage.seed)

    def acts_on(self, facts: CallFacts) -> bool:
        """Count a call and say whether the fault acts on it."""
        if not self._fits(facts):
            return False
        self._seen += 1
        if self._seen <= self.stage.skip or (self.stage.count is not None and self.hits >= self.stage.count):
            return False
        if self.stage.probability < 1.0 and self._random.random() >= self.stage.probability:
            return False
        self.hits += 1
        return True

    def _fits(self, facts: CallFacts) -> bool:
        if self.endpoint not in (ANY_ENDPOINT, facts.endpoint):
            return False
        # Rows are dropped from whatever answer holds them, so the symbol is not looked for in the request.
        if self.kind is not FaultKind.ROWS_DROPPED and self.symbol not in ("", facts.symbol):
            return False
        if self.category not in ("", facts.category):
            return False
        if self.stage.page is not None and self.stage.page != (2 if facts.has_cursor else 1):
            return False
        moved = self.armed_at_ms is None or facts.market_now_ms > self.armed_at_ms
        return moved or not self.stage.after_advance

    def freeze(self, answer: bytes) -> bytes:
        """The first answer given under this rule, again and again."""
        if self._frozen is None:
            self._frozen = answer
        return self._frozen


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a rule may ask of a request."""

    endpoint: str
    symbol: str
    category: str
    has_cursor: bool
    market_now_ms: int


class FaultPlan:
    """The faults of one server. Thread-safe: tests switch from their own thread while the server answers in another.

    `hang_seconds` bounds a time-out fault; `stale_by_ms` is how far STALE_DATA sets market time back.
    """

    def __init__(self, *, hang_seconds: float = 30.0, stale_by_ms: int = 86_400_000) -> None:
        self.hang_seconds = hang_seconds
        self.stale_by_ms = stale_by_ms
        self._lock = threading.Lock()
        self._rules: list[FaultRule] = []
        self._market_now_ms: Callable[[], int] | None = None

    def bind(self, market_now_ms: Callable[[], int]) -> None:
        """Tell the plan the market clock; rules set before are armed now."""
        with self._lock:
            self._market_now_ms = market_now_ms
            for rule in self._rules:
                rule.armed_at_ms = market_now_ms()

    def set(
        self,
        endpoint: str,
        kind: FaultKind,
        stage: Stage | None = None,
        *,
        symbol: str = "",
        category: str = "",
    ) -> FaultRule:
        """Switch a fault on. `endpoint` is a path such as "/v5/position/list", or "*"; `symbol` and `category` make
        the outage partial. Returns the rule, to read its `hits` or to `remove` it.
        """
        with self._lock:
            armed = self._market_now_ms() if self._market_now_ms is not None else None
            rule = FaultRule(endpoint, kind, stage or Stage(), symbol, category, armed_at_ms=armed)
            self._rules.append(rule)
            return rule

    def remove(self, rule: FaultRule) -> None:
        """Switch one fault off; unknown rules are ignored."""
        with self._lock:
            self._rules = [item for item in self._rules if item is not rule]

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._rules.clear()

    def decide(self, facts: CallFacts, among: Set[FaultKind] = REQUEST_FAULTS) -> FaultRule | None:
        """The rule, of those `among` the given kinds, that acts on this request, if any. Counts the call."""
        with self._lock:
            return next((rule for rule in self._rules if rule.kind in among and rule.acts_on(facts)), None)

    def half_open(self, endpoint: str) -> bool:
        """Whether the stream at `endpoint` has fallen silent: connected, yet neither answering nor pushing."""
        with self._lock:
            return any(rule.kind is FaultKind.HALF_OPEN and rule.endpoint in (ANY_ENDPOINT, endpoint) for rule in self._rules)
