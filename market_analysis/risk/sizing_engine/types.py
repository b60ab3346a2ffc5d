"""What a size is asked of, and what is said of it: every factor with its value, its bound and its effect in money.

Money is USD and Decimal, prices are Decimal, fractions and sigmas are float. Losses are positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import Instrument, MarginMode, Rounding, Side, quantise
from market_analysis.risk.correlation import CorrelationView
from market_analysis.risk.exposure import Line
from market_analysis.risk.valuation import USD_STEP


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """The account's closed trades: how many, the fraction that won, mean win over mean loss. source: who says so."""

    trades: int
    win_frac: float
    payoff: float
    source: str


@dataclass(frozen=True, slots=True)
class SizingRequest:
    """A trade to size, entered now at `price`.

    asset: what moves it (`assets.asset_of`). usd_rate: USD per unit of the quote currency. signal: strength in [0, 1].
    sigma_day: standard deviation of the log return over the next 24 h. stop_frac: stop distance of your own, fraction of the entry.
    leverage: of the position; None: nothing is borrowed. hour_utc: 0 .. 23. slippage_frac: of a stop's fill.
    None of sigma_day, usd_rate, turnover_24h_usd, record means that it is not known.
    """

    instrument: Instrument
    asset: str
    side: Side
    price: Decimal
    usd_rate: Decimal | None
    signal: float
    sigma_day: float | None
    hour_utc: int
    stop_frac: float | None = None
    leverage: Decimal | None = None
    margin_mode: MarginMode = MarginMode.CROSS
    turnover_24h_usd: Decimal | None = None
    record: TradeRecord | None = None
    slippage_frac: float = 0.0

    @property
    def unit_usd(self) -> Decimal | None:
        """Notional of one contract in dollars; that of an inverse contract is its size whatever the price."""
        if self.instrument.is_inverse:
            return self.instrument.contract_size
        return None if self.usd_rate is None else self.instrument.contract_size * self.price * self.usd_rate


@dataclass(frozen=True, slots=True, eq=False)
class SizingBook:
    """What the trade would join.

    lines: positions and holdings (`exposure.Line`), a None inside is not known. view: correlations of their assets and the trade's.
    cluster: the lines that move with the trade's asset. available_usd: margin that is free. cluster_cap_usd, risk_cap_usd: limits
    of what can be lost at the stops (rulings 12, 20); loss_usd: what the book can lose there, resting entries in.
    day_limited: whether the day's loss is limited; day_left_usd: what that leaves. problems: what of the account is not known.
    """

    equity_usd: Decimal | None
    available_usd: Decimal | None
    lines: tuple[Line, ...]
    view: CorrelationView
    cluster: tuple[Line, ...]
    cluster_name: str
    cluster_cap_usd: Decimal | None
    risk_cap_usd: Decimal | None
    loss_usd: Decimal | None
    day_limited: bool
    day_left_usd: Decimal | None
    problems: tuple[str, ...] = ()

    def net_usd(self) -> dict[str, Decimal] | None:
        """Signed exposure of each asset; None as soon as one line has no value in dollars."""
        net: dict[str, Decimal] = {}
        for line in self.lines:
            if line.delta_usd is None:
                return None
            net[line.asset] = net.get(line.asset, Decimal(0)) + cents(line.delta_usd, Rounding.NEAREST)
        return net


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no size. code: stable; message: the value, the bound, what would help."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the loss is taken. frac: of the entry, after rounding to the tick. source: `yours`, `volatility` or `default`.

    cost_frac: fees of both fills and slippage of the second, over the entry's notional; loss_frac = frac + cost_frac."""

    price: Decimal
    frac: Decimal
    cost_frac: Decimal
    source: str
    note: str

    @property
    def loss_frac(self) -> Decimal:
        """Lost at the stop per dollar of notional, costs in."""
        return self.frac + self.cost_frac


@dataclass(frozen=True, slots=True)
class Method:
    """One opinion of the size. size_usd: None without a basis, `basis` says why. weight: as set; used: renormalised over the
    methods that have a basis; contribution_usd = used * size_usd. inputs: the numbers it rests on."""

    name: str
    size_usd: Decimal | None
    weight: float
    used: float
    contribution_usd: Decimal
    basis: str
    inputs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A factor in (0, 1] on the combined size. effect_usd: what it takes away, <= 0."""

    name: str
    value: float
    effect_usd: Decimal
    basis: str


@dataclass(frozen=True, slots=True)
class Cap:
    """A bound. bound_usd: the limit itself, in the terms that `basis` names; room_usd: the largest notional of the trade within it.

    effect_usd: what it took away in its turn, <= 0. binding: whether it decided the size. room_usd None: it cannot be told, which
    refuses the trade.
    """

    name: str
    bound_usd: Decimal | None
    room_usd: Decimal | None
    basis: str
    effect_usd: Decimal = Decimal(0)
    binding: bool = False


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """Document 004's: 0 (none) to 10; None where its input is not known, and then it has no weight."""

    name: str
    value: float | None
    weight: float
    basis: str


@dataclass(frozen=True, slots=True)
class SizingResult:
    """The size and all that made it. Refused: size, quantity and loss are zero, `refusals` say why, the factors stand as they were.

    size_usd = quantity * notional of one contract = combined_usd + every multiplier's, cap's and the lot's effect, when approved.
    max_loss_usd = size_usd * (stop.frac + stop.cost_frac), a hundredth of a cent up; fees_usd is the cost part of it.
    risk_frac = max_loss_usd / equity.
    """

    symbol: str
    side: Side
    approved: bool
    size_usd: Decimal
    quantity: Decimal
    price: Decimal
    stop: Stop | None
    max_loss_usd: Decimal
    fees_usd: Decimal
    risk_frac: float | None
    equity_usd: Decimal | None
    combined_usd: Decimal | None
    methods: tuple[Method, ...]
    multipliers: tuple[Multiplier, ...]
    caps: tuple[Cap, ...]
    lot_effect_usd: Decimal
    risk_factors: tuple[RiskFactor, ...]
    confidence: float | None
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]

    @property
    def rests_on_unknown(self) -> bool:
        """Whether it was refused because something is not known, rather than because it would be too much."""
        return any(refusal.code.startswith("unknown_") or refusal.code in _UNKNOWN for refusal in self.refusals)


_UNKNOWN = frozenset({"data_unknown", "no_equity", "no_usd_rate"})


def cents(amount: float | Decimal, rounding: Rounding = Rounding.DOWN) -> Decimal:
    """An amount on the grain of money (a hundredth of a cent), downwards unless told otherwise."""
    return quantise(amount, USD_STEP, rounding)


def exact(number: float) -> Decimal:
    """A setting or a factor as the decimal number that it is written as."""
    return Decimal(str(number))
