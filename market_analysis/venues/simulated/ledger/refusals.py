"""Typed refusals: Bybit's retCode and retMsg, raised before any state has changed."""

from __future__ import annotations

from market_analysis.errors import VenueRejectedError

PARAMETER_ERROR = 10001
ORDER_NOT_EXISTS = 110001
PRICE_OUT_OF_RANGE = 110003
WALLET_INSUFFICIENT = 110004
AVAILABLE_INSUFFICIENT = 110007
ORDER_FINISHED = 110008
TOO_MANY_STOP_ORDERS = 110009
LIQUIDATION_IMMINENT = 110011
AVAILABLE_INSUFFICIENT_FOR_LEVERAGE = 110012
LEVERAGE_ABOVE_RISK_LIMIT = 110013
MARGIN_ADD_INSUFFICIENT = 110014
POSITION_IS_CROSS = 110015
REDUCE_ONLY_TRUNCATED = 110017
TOO_MANY_ORDERS = 110020
MODE_SWITCH_WITH_POSITION = 110024
MODE_NOT_MODIFIED = 110025
MARGIN_MODE_NOT_MODIFIED = 110026
MODE_SWITCH_WITH_ORDERS = 110028
HEDGE_NOT_SUPPORTED = 110029
NO_POSITION_FOR_MARGIN = 110033
LEVERAGE_NOT_MODIFIED = 110043
TPSL_SIZE_INSUFFICIENT = 110058
TOO_MANY_PARTIAL_TPSL = 110061
QTY_BELOW_FILLED = 110064
ORDER_LINK_ID_DUPLICATE = 110072
MARGIN_MODE_FAILED = 110073
AUTO_ADD_NEEDS_ISOLATED = 110076
MARGIN_REDUCE_TOO_LARGE = 110078
TRIGGER_NOT_ABOVE = 110092
TRIGGER_NOT_BELOW = 110093
NOTIONAL_TOO_SMALL = 110094
RISK_LIMIT_EXCEEDED = 110090
TRADING_STOP_NOT_MODIFIED = 34040
COLLATERAL_ERROR = 3400208


class ApiError(VenueRejectedError):
    """A definite refusal of the embedded exchange. `ret_code` and `ret_msg` go to the wire as they are."""

    code = "simulated_refusal"

    def __init__(self, ret_code: int, ret_msg: str) -> None:
        super().__init__(ret_msg, remedy="", venue_code=str(ret_code))
        self.ret_code = ret_code
        self.ret_msg = ret_msg


def parameter_error(message: str) -> ApiError:
    """retCode 10001 with the reason."""
    return ApiError(PARAMETER_ERROR, message)
