"""A past trade under fixed levels and under the product's policy, bar by bar (rulings 2, 3, 8).

No look-ahead by construction: levels are decided at each close from views that end there (`Seen`), read-only; the bar that
follows only fills them. Costs: the taker fee of every fill, slippage of stops; the entry price is taken as filled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from market_analysis.domain import Bars, PositionMemory, Side
from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D
from market_analysis.risk.anchor import AnchorEvent
from market_analysis.risk.backtest_bar import CLOSED, BarFill, Prices, Resting, RestingExit, fills_in_bar
from market_analysis.risk.backtest_market import Market, Seen, entry_moment_of, market_of
from market_analysis.risk.backtest_types import (
    BacktestResult,
    EntryMoment,
    ExitKind,
    Funding,
    RestingLevels,
    TradeFill,
    TradeOutcome,
    TradeResult,
)
from market_analysis.risk.ratchet import BarFacts, RatchetRules, advance, start
from market_analysis.risk.target import scale_out_prices, scale_outs_ahead
from market_analysis.risk.valuation import Valuer
from market_analysis.settings import StopsSettings

OnClose = Callable[[PositionMemory, Seen], PositionMemory]


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """One entry and how its exits are paid for. index: its bar; known: last bar closed before it."""

    market: Market
    rules: RatchetRules
    costs: Valuer
    price: float
    moment: EntryMoment
    index: int
    known: int

    @property
    def first_row(self) -> int:
        """The first bar whose prices may fill a level."""
        return self.known + 1


@dataclass(slots=True)
class _Walk:
    """What a walk over the bars has gathered. left: fraction of the initial size still open."""

    left: float = 1.0
    fills: list[TradeFill] = field(default_factory=list)
    ambiguous: list[int] = field(default_factory=list)
    levels: list[RestingLevels] = field(default_factory=list)
    funding_r: float = 0.0


def backtest(
    bars: Bars,
    entry_index: int,
    side: Side,
    entry_price: float,
    sigma_h: float | Float1D,
    atr: Float1D,
    k: float,
    m: float,
    stops: StopsSettings,
    costs: Valuer,
    *,
    dynamic_m: float | None = None,
    entry_moment: EntryMoment | None = None,
    finer: Bars | None = None,
    funding: Funding | None = None,
) -> BacktestResult:
    """Follow one entry to its end or to the last bar, once with static and once with dynamic levels.

    bars: closed bars (bars,). entry_price: a fill within bar `entry_index`. sigma_h: fraction over the horizon that k and m count
    in, one number or one per bar (bars,) as of its close. atr: (bars,), price units, as of each close. From the entry on both must
    be finite, sigma_h > 0 and atr >= 0; before it they are not read.

    Static: SL = E (1 - s k sigma), TP = E (1 + s m sigma), price-linear, never moved, one exit. Dynamic, in logs: SL0 =
    E exp(-s k_eff sigma) with k_eff as `risk.multiples.effective_k`; TP = E exp(s dynamic_m sigma), only ever nearer; breakeven,
    trail and scale-outs by `stops`, moved at each close, a stop that only tightens. dynamic_m: m unless given.

    entry_moment: by default CLOSE if the price is the bar's close, OPEN if its open, else INSIDE. finer: shorter bars for bars that
    span the stop and a target. funding: paid on what is open when a bar that contains the time opens, at its open.

    Raises:
        QuantError: an index without a bar to live through, a price outside the entry bar, a level at or below zero, bad arrays.
    """
    moment, known = entry_moment_of(bars, entry_index, entry_price, entry_moment)
    market = market_of(bars, sigma_h, atr, known, finer, funding)
    rules = RatchetRules(side.sign, k, costs.taker_fee_frac, costs.slippage_frac, stops)
    entry = _Entry(market, rules, costs, entry_price, moment, entry_index, known)
    levels = _first_levels(entry, k, m, m if dynamic_m is None else dynamic_m)
    scale_outs = scale_out_prices(side.sign, entry_price, abs(entry_price - levels.stop), stops)
    return BacktestResult(
        side=side,
        entry_index=entry_index,
        entry_price=entry_price,
        entry_moment=moment,
        k_eff=levels.k_eff,
        m_eff=levels.m_eff,
        last_index=len(bars) - 1,
        missing_bars=bars[entry_index:].gaps,
        static=_follow(entry, levels.static_stop, levels.static_target, m, (None, None), _unmoved),
        dynamic=_follow(entry, levels.stop, levels.target, levels.m_eff, scale_outs, _ratchet(entry)),
    )


def follow_levels(
    bars: Bars,
    side: Side,
    stop: float,
    target: float,
    m: float,
    sigma_h: float | Float1D,
    atr: Float1D,
    stops: StopsSettings,
    costs: Valuer,
    *,
    moves: bool = True,
) -> TradeResult:
    """Follow an entry at the close of the first of `bars` with levels that are already chosen, to its end or to the last bar.

    stop, target: prices. moves: breakeven, trail and scale-outs by `stops`, and a target that comes nearer as E exp(s m sigma_h)
    does; a constant sigma_h of ln(target / E) / m holds it. False: neither level moves and nothing is scaled out, whatever m,
    sigma_h and atr are. Arrays and errors as `backtest`.
    """
    price = float(bars.close[0])
    moment, known = entry_moment_of(bars, 0, price, EntryMoment.CLOSE)
    rules = RatchetRules(side.sign, m, costs.taker_fee_frac, costs.slippage_frac, stops)
    entry = _Entry(market_of(bars, sigma_h, atr, known, None, None), rules, costs, price, moment, 0, known)
    for name, value in (("stop", stop), ("target", target)):
        _above_zero(name, value)
    if not moves:
        return _follow(entry, stop, target, m, (None, None), _unmoved)
    scale_outs = scale_out_prices(side.sign, price, abs(price - stop), stops)
    return _follow(entry, stop, target, m, scale_outs, _ratchet(entry))


@dataclass(frozen=True, slots=True)
class _FirstLevels:
    """Levels at the entry, prices > 0."""

    k_eff: float
    m_eff: float
    stop: float
    target: float
    static_stop: float
    static_target: float


def _first_levels(entry: _Entry, k: float, m: float, dynamic_m: float) -> _FirstLevels:
    for name, value in (("k", k), ("m", m), ("dynamic_m", dynamic_m)):
        _above_zero(name, value)
    sigma, atr = float(entry.market.sigma_h[entry.known]), float(entry.market.atr[entry.known])
    sign, price = entry.rules.sign, entry.price
    k_eff = entry.rules.k_eff(price, sigma, atr)
    if k_eff is None:
        raise QuantError(
            f"atr is {atr} at entry price {price}: no price is far enough for a stop",
            parameter="atr",
            remedy="check the unit of atr (price units), or lower [stops] min_stop_atr_multiple",
        )
    static_stop, static_target = price * (1.0 - sign * k * sigma), price * (1.0 + sign * m * sigma)
    _above_zero("static stop", static_stop)
    _above_zero("static target", static_target)
    stop = price * math.exp(-sign * k_eff * sigma)
    return _FirstLevels(k_eff, dynamic_m, stop, entry.rules.target(price, dynamic_m, sigma), static_stop, static_target)


def _unmoved(state: PositionMemory, seen: Seen) -> PositionMemory:
    """Static levels stay."""
    del seen
    return state


def _ratchet(entry: _Entry) -> OnClose:
    """The product's own step, fed with what is seen."""

    def on_close(state: PositionMemory, seen: Seen) -> PositionMemory:
        bars, row = seen.bars, len(seen.bars) - 1
        extreme = bars.high if entry.rules.sign > 0 else bars.low
        inside = row == entry.index and entry.moment is EntryMoment.INSIDE
        best = float(bars.close[row] if inside else extreme[row])
        facts = BarFacts(int(bars.open_time_ms[row]), best, float(seen.atr[row]), float(seen.sigma_h[row]))
        return advance(state, facts, entry.rules)

    return on_close


def _follow(
    entry: _Entry, stop: float, target: float, m: float, scale_outs: tuple[float | None, float | None], on_close: OnClose
) -> TradeResult:
    """Walk the bars from the entry until nothing is left or the data ends."""
    market, sign = entry.market, entry.rules.sign
    unit = -entry.costs.profit(sign, 1.0, entry.price, stop)
    state = replace(_first_state(entry, stop, m), target=target)
    walk = _Walk()
    for row in range(entry.first_row, len(market.bars)):
        walk.levels.append(RestingLevels(row, state.stop, _target_of(state), state.peak))
        walk.funding_r += _funding(entry, row, walk.left) / unit
        for fill in _bar_fills(entry, row, state, walk, scale_outs):
            profit = entry.costs.profit(sign, fill.fraction, entry.price, fill.price)
            cost = entry.costs.fill_cost(fill.fraction, fill.price, slips=fill.kind is ExitKind.STOP)
            walk.fills.append(TradeFill(row, fill.kind, fill.price, fill.fraction, fill.at_open, profit / unit, cost / unit))
            walk.left -= fill.fraction
        if walk.left <= CLOSED:
            break
        state = on_close(state, market.seen(row))
    return _result(entry, walk, stop, target, unit)


def _bar_fills(
    entry: _Entry, row: int, state: PositionMemory, walk: _Walk, scale_outs: tuple[float | None, float | None]
) -> tuple[BarFill, ...]:
    """The fills of bar `row` under the levels decided before it."""
    market, sign = entry.market, entry.rules.sign
    prices = Prices.of(market.bars, row)
    if row == entry.index and entry.moment is EntryMoment.INSIDE:
        return _inside_entry_bar(sign, prices, state.stop, walk, row)
    target = _target_of(state)
    ahead = scale_outs_ahead(sign, entry.price, target, scale_outs, 1.0 - walk.left, entry.rules.stops)
    exits = [RestingExit(ExitKind.SCALE_OUT, taken.price, taken.fraction * walk.left) for taken in ahead if taken is not None]
    rest = walk.left - sum(taken.fraction for taken in exits)
    if rest > CLOSED:
        exits.append(RestingExit(ExitKind.TARGET, target, rest))
    found = fills_in_bar(Resting(sign, state.stop, walk.left, tuple(exits)), prices, market.finer_of(row))
    if found.ambiguous:
        walk.ambiguous.append(row)
    return found.fills


def _inside_entry_bar(sign: int, prices: Prices, stop: float, walk: _Walk, row: int) -> tuple[BarFill, ...]:
    """What the bar did before the entry is not known: a stop that it touched counts, a target does not."""
    worst = prices.low if sign > 0 else prices.high
    if sign * (worst - stop) > 0.0:
        return ()
    walk.ambiguous.append(row)
    return (BarFill(ExitKind.STOP, stop, walk.left, at_open=False),)


def _funding(entry: _Entry, row: int, left: float) -> float:
    """Funding that falls due in the bar on what is open at its start, settle coin, positive when paid."""
    rate = 0.0 if row == entry.index else entry.market.funding_rate(row)
    return entry.rules.sign * rate * left * entry.costs.notional(1.0, float(entry.market.bars.open[row]))


def _result(entry: _Entry, walk: _Walk, stop: float, target: float, unit: float) -> TradeResult:
    sign, costs = entry.rules.sign, entry.costs
    ended = walk.left <= CLOSED
    gross = sum(fill.profit_r for fill in walk.fills)
    paid = costs.fill_cost(1.0, entry.price, slips=False) / unit + sum(fill.cost_r for fill in walk.fills)
    if not ended:
        close = float(entry.market.bars.close[-1])
        gross += costs.profit(sign, walk.left, entry.price, close) / unit
        paid += costs.fill_cost(walk.left, close) / unit
    outcome = _outcome(entry, walk.fills[-1]) if ended else TradeOutcome.OPEN
    return TradeResult(
        first=None if not ended else "TP" if outcome is TradeOutcome.TARGET else "SL",
        outcome=outcome,
        exit_index=walk.fills[-1].index if ended else None,
        stop=stop,
        target=target,
        r0=abs(entry.price - stop),
        fills=tuple(walk.fills),
        r_gross=gross,
        costs_r=paid,
        funding_r=walk.funding_r,
        r_net=gross - paid - walk.funding_r,
        ambiguous=tuple(walk.ambiguous),
        levels=tuple(walk.levels),
    )


def _outcome(entry: _Entry, last: TradeFill) -> TradeOutcome:
    if last.kind is not ExitKind.STOP:
        return TradeOutcome.TARGET
    breakeven = entry.rules.breakeven(entry.price)
    better = entry.rules.sign * (last.price - breakeven) >= 0.0
    return TradeOutcome.STOP_AT_BREAKEVEN_OR_BETTER if better else TradeOutcome.STOP_AT_LOSS


def _first_state(entry: _Entry, stop: float, m: float) -> PositionMemory:
    bars, known = entry.market.bars, entry.known
    opened, closed = entry.market.span_ms(entry.index)
    at_ms = closed if entry.moment is EntryMoment.CLOSE else opened
    event = AnchorEvent(at_ms, entry.price, entry.price, "backtest")
    return start(event, stop, entry.rules, float(entry.market.sigma_h[known]), m, int(bars.open_time_ms[known]))


def _target_of(state: PositionMemory) -> float:
    """A backtest's state always has a target."""
    return math.nan if state.target is None else state.target


def _above_zero(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise QuantError(f"the {name} is {value}; it must be finite and above 0", parameter=name)
