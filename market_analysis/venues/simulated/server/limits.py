"""Rate limits in wire time: 600 requests per 5 seconds and address, then a ban; per user and endpoint, 10006.

Limits per second are those of Bybit's "Rate Limit Rules" for unified accounts; endpoints not listed there get
`DEFAULT_UID_LIMIT_PER_SECOND`. Windows roll.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

WINDOW_MS = 1_000
DEFAULT_UID_LIMIT_PER_SECOND = 50
BATCH_ORDER_LIMIT = 10

UID_LIMIT_PER_SECOND: Mapping[str, int] = MappingProxyType(
    {
        "/v5/order/create": 10,
        "/v5/order/amend": 10,
        "/v5/order/cancel": 10,
        "/v5/order/cancel-all": 10,
        "/v5/order/create-batch": 10,
        "/v5/order/amend-batch": 10,
        "/v5/order/cancel-batch": 10,
        "/v5/order/realtime": 50,
        "/v5/order/history": 50,
        "/v5/execution/list": 50,
        "/v5/position/list": 50,
        "/v5/position/closed-pnl": 50,
        "/v5/position/set-leverage": 10,
        "/v5/position/trading-stop": 10,
        "/v5/position/switch-mode": 10,
        "/v5/position/add-margin": 10,
        "/v5/account/wallet-balance": 50,
        "/v5/account/transaction-log": 25,
        "/v5/account/collateral-info": 50,
        "/v5/account/fee-rate": 5,
        "/v5/account/info": 50,
        "/v5/account/set-margin-mode": 5,
        "/v5/asset/coin/query-info": 5,
        "/v5/user/query-api": 10,
    }
)


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Bounds of the limiter; `enabled` False switches every limit off (benchmarks)."""

    enabled: bool = True
    ip_requests: int = 600
    ip_window_ms: int = 5_000
    ban_ms: int = 600_000
    uid_limits: Mapping[str, int] = field(default_factory=lambda: UID_LIMIT_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the X-Bapi-Limit headers say: the limit, what is left of it, and when it resets (Unix ms)."""

    limit: int
    remaining: int
    reset_ms: int
    allowed: bool

    def headers(self) -> dict[str, str]:
        """The three response headers."""
        return {
            "X-Bapi-Limit": str(self.limit),
            "X-Bapi-Limit-Status": str(self.remaining),
            "X-Bapi-Limit-Reset-Timestamp": str(self.reset_ms),
        }


class RateLimiter:
    """Rolling windows per address and per (user, endpoint). Not thread-safe: the server calls it on its own loop."""

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings
        self._by_ip: dict[str, deque[int]] = {}
        self._banned_until_ms: dict[str, int] = {}
        self._by_user: dict[tuple[str, str], deque[int]] = {}

    def admits(self, ip: str, wire_now_ms: int) -> bool:
        """Count one request of `ip`; False while it is banned. The request over the limit starts the ban."""
        if not self.settings.enabled:
            return True
        if wire_now_ms < self._banned_until_ms.get(ip, 0):
            return False
        window = self._by_ip.setdefault(ip, deque())
        _forget(window, wire_now_ms - self.settings.ip_window_ms)
        if len(window) >= self.settings.ip_requests:
            self.ban(ip, wire_now_ms)
            return False
        window.append(wire_now_ms)
        return True

    def ban(self, ip: str, wire_now_ms: int) -> None:
        """Refuse `ip` for the ban time."""
        self._banned_until_ms[ip] = wire_now_ms + self.settings.ban_ms
        self._by_ip.pop(ip, None)

    def lift_bans(self) -> None:
        """Forget every ban and every counted request."""
        self._banned_until_ms.clear()
        self._by_ip.clear()
        self._by_user.clear()

    def spend(self, uid: str, path: str, wire_now_ms: int, *, cost: int = 1) -> Allowance:
        """Count a request of `uid` on `path`; a refused one costs nothing and names when it may be tried again."""
        limit = self.settings.uid_limits.get(path, DEFAULT_UID_LIMIT_PER_SECOND)
        if not self.settings.enabled:
            return Allowance(limit, limit - cost, wire_now_ms, allowed=True)
        window = self._by_user.setdefault((uid, path), deque())
        _forget(window, wire_now_ms - WINDOW_MS)
        if len(window) + cost > limit:
            reset_ms = window[0] + WINDOW_MS if window else wire_now_ms + WINDOW_MS
            return Allowance(limit, max(limit - len(window), 0), reset_ms, allowed=False)
        window.extend([wire_now_ms] * cost)
        return Allowance(limit, limit - len(window), wire_now_ms, allowed=True)


def _forget(window: deque[int], horizon_ms: int) -> None:
    while window and window[0] <= horizon_ms:
        window.popleft()
