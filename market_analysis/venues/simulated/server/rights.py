"""What a key must be allowed for each kind of request; refusals are 10005."""

from __future__ import annotations

from enum import Enum

from market_analysis.venues.simulated.ledger.model import ApiKey
from market_analysis.venues.simulated.ledger.refusals import ApiError
from market_analysis.venues.simulated.server.replies import PERMISSION_DENIED

_ORDERS = (("ContractTrade", "Order"), ("Spot", "SpotTrade"), ("Derivatives", "DerivativesTrade"))
_POSITIONS = (("ContractTrade", "Position"), ("Derivatives", "DerivativesTrade"))


class Right(Enum):
    """Access to an endpoint."""

    PUBLIC = "public"
    ANY_KEY = "any key"
    READ_ORDERS = "read orders"
    READ_POSITIONS = "read positions"
    WRITE_ORDERS = "write orders"
    WRITE_POSITIONS = "write positions"

    @property
    def signed(self) -> bool:
        """Whether the request must be signed."""
        return self is not Right.PUBLIC

    @property
    def writes(self) -> bool:
        """Whether a read-only key is refused."""
        return self in {Right.WRITE_ORDERS, Right.WRITE_POSITIONS}


_GRANTS = {
    Right.READ_ORDERS: _ORDERS + _POSITIONS,
    Right.READ_POSITIONS: _ORDERS + _POSITIONS,
    Right.WRITE_ORDERS: _ORDERS,
    Right.WRITE_POSITIONS: _POSITIONS,
}


def check_right(key: ApiKey, right: Right) -> None:
    """Raise 10005 unless `key` may do what `right` says: a read-only key never writes; a grant of the right's group is needed."""
    grants = _GRANTS.get(right, ())
    allowed = not grants or any(key.allows(group, entry) for group, entry in grants)
    if not allowed or (right.writes and key.read_only):
        raise ApiError(PERMISSION_DENIED, "Permission denied, please check your API key permissions.")
