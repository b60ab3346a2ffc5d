"""Money of a contract: profit, notional and exit costs, linear and inverse."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import Instrument, Rounding, Unknown, quantise

USD_STEP = Decimal("0.0001")
BASIS_POINT = 1e-4


@dataclass(frozen=True, slots=True)
class Valuer:
    """Values quantities of one instrument. Quantities are contracts > 0, prices > 0, `sign` +1 long, -1 short.

    Amounts are in the settle coin; `usd` turns them into dollars at `usd_rate` (USD per settle coin), None when that is unknown.
    An amount that is paid when the price is elsewhere is worth `usd_at` that price: the coin that an inverse contract pays in has
    moved along. taker_fee_frac, slippage_frac: of the notional, for one market fill.
    """

    is_inverse: bool
    contract_size: float
    taker_fee_frac: float
    slippage_frac: float
    usd_rate: float | None

    def notional(self, quantity: float, price: float) -> float:
        """q * size * price (linear) or q * size / price (inverse), settle coin, > 0."""
        units = quantity * self.contract_size
        return units / price if self.is_inverse else units * price

    def profit(self, sign: int, quantity: float, start: float, end: float) -> float:
        """sign * q * size * (end - start) (linear) or sign * q * size * (1/start - 1/end) (inverse); before costs."""
        move = 1.0 / start - 1.0 / end if self.is_inverse else end - start
        return sign * quantity * self.contract_size * move

    def fill_cost(self, quantity: float, price: float, *, slips: bool = True) -> float:
        """Fee, and slippage if it `slips`, of one market fill at `price`, >= 0."""
        return self.notional(quantity, price) * (self.taker_fee_frac + (self.slippage_frac if slips else 0.0))

    def loss_after_costs(self, sign: int, quantity: float, start: float, stop: float) -> float:
        """Loss from `start` to a stop fill at `stop` with the exit's costs; negative when the stop locks a profit in."""
        return self.fill_cost(quantity, stop) - self.profit(sign, quantity, start, stop)

    def usd(self, amount: float) -> float | None:
        """Dollars of a settle-coin amount, or None without a rate."""
        return None if self.usd_rate is None else amount * self.usd_rate

    def in_quote(self, amount: float, price: float) -> float:
        """A settle-coin amount paid at `price`, in the quote currency: amount (linear), amount * price (inverse)."""
        return amount * price if self.is_inverse else amount

    def usd_at(self, amount: float, price: float) -> float | None:
        """Dollars of a settle-coin amount paid at `price`; None without a rate."""
        return self.quote_usd(self.in_quote(amount, price))

    def quote_usd(self, amount: float) -> float | None:
        """Dollars of an amount in the quote currency: that of an inverse contract is the dollar. None without a rate."""
        return None if self.usd_rate is None else amount * (1.0 if self.is_inverse else self.usd_rate)


def valuer_for(instrument: Instrument, usd_rate: Decimal | Unknown[Decimal] | None, slippage_bps: float) -> Valuer:
    """The valuer of `instrument` with the account's own fees and the snapshot's USD rate of its settle coin."""
    return Valuer(
        is_inverse=instrument.is_inverse,
        contract_size=float(instrument.contract_size),
        taker_fee_frac=float(instrument.taker_fee_frac),
        slippage_frac=slippage_bps * BASIS_POINT,
        usd_rate=float(usd_rate) if isinstance(usd_rate, Decimal) else None,
    )


def rounded(amount: float | Decimal) -> Decimal:
    """A dollar amount as it leaves this room: a hundredth of a cent is its grain."""
    return quantise(amount, USD_STEP, Rounding.NEAREST)


def dollars(amount: float | Decimal | None) -> Decimal | None:
    """`rounded`; None stays None."""
    return None if amount is None else rounded(amount)
