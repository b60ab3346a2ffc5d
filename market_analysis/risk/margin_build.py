"""From a snapshot to a margin model, or the reason why there is none."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from market_analysis.domain import (
    STABLE_COINS,
    Account,
    CoinBalance,
    Finding,
    Instrument,
    MarginMode,
    Position,
    Severity,
    Snapshot,
    Unknown,
)
from market_analysis.risk.assets import asset_of, asset_of_instrument, usd_rate
from market_analysis.risk.margin_model import Collateral, MarginLine, MarginModel
from market_analysis.risk.market_factor import MarketFactor


def margin_model(snapshot: Snapshot, factor: MarketFactor) -> MarginModel | Finding | None:
    """The model of the cross-margin positions; None where there is none to liquidate; a finding where it cannot be built.

    Isolated positions are left out: their loss ends with their own margin, which the account's margin balance does not hold.
    """
    if isinstance(snapshot.account, Unknown) or isinstance(snapshot.positions, Unknown):
        return _unknown("the account or its positions could not be read")
    account = snapshot.account
    ordered = sorted(snapshot.positions, key=lambda held: held.key)
    cross = [held for held in ordered if held.margin_mode is not MarginMode.ISOLATED]
    if not cross:
        return None
    if account.margin_mode is MarginMode.PORTFOLIO:
        return Finding(
            code="portfolio_margin_not_modelled",
            severity=Severity.WARNING,
            subject="account",
            message="portfolio margin: the joint liquidation move is not computed for this margin mode",
            action="watch the venue's own margin rate",
        )
    if account.margin_balance is None:
        return _unknown("the venue gave no margin balance")
    lines: list[MarginLine] = []
    for held in cross:
        line = _line(held, snapshot, factor)
        if isinstance(line, str):
            return _unknown(line)
        lines.append(line)
    collateral: list[Collateral] = []
    for coin in account.coins:
        if coin.coin.upper() in STABLE_COINS or coin.wallet_balance == 0:
            continue
        rate = usd_rate(snapshot, coin.coin)
        if rate is None:
            return _unknown(f"no USD rate of the collateral {coin.coin}")
        collateral.append(_collateral(coin, rate, factor))
    other, scale = _reconciled(account, lines)
    return MarginModel(tuple(lines), tuple(collateral), float(account.margin_balance), other, scale)


def _line(held: Position, snapshot: Snapshot, factor: MarketFactor) -> MarginLine | str:
    terms = snapshot.instruments.get(held.instrument)
    if not isinstance(terms, Instrument):
        return f"the contract terms of {held.instrument.symbol} could not be read"
    if not terms.tiers:
        return f"the risk tiers of {held.instrument.symbol} could not be read"
    rate = usd_rate(snapshot, terms.settle)
    if rate is None:
        return f"no USD rate of {terms.settle}"
    asset = asset_of_instrument(held.instrument, snapshot.instruments)
    return MarginLine(
        key=held.key,
        asset=asset,
        sign=held.side.sign,
        units=float(held.quantity * terms.contract_size),
        mark=float(held.mark_price),
        is_inverse=terms.is_inverse,
        settle_usd=float(rate),
        profit=float(held.unrealized_pnl),
        beta=factor.beta.get(asset, 1.0),
        limits=np.array([float(tier.limit_value) for tier in terms.tiers]),
        rates=np.array([float(tier.maintenance_margin_frac) for tier in terms.tiers]),
        deductions=np.array([float(tier.deduction) for tier in terms.tiers]),
        closing_fee_frac=_closing_fee_frac(held, terms),
    )


def _closing_fee_frac(held: Position, terms: Instrument) -> float:
    """Taker fee at the bankruptcy price: value * (1 - s / leverage) * fee (linear), value * (1 + s / leverage) * fee (inverse)."""
    direction = held.side.sign if terms.is_inverse else -held.side.sign
    shift = Decimal(0) if not held.leverage else direction / held.leverage
    return float((1 + shift) * terms.taker_fee_frac)


def _collateral(coin: CoinBalance, rate: Decimal, factor: MarketFactor) -> Collateral:
    asset = asset_of(coin.coin)
    value = float(coin.wallet_balance * rate)
    if value < 0.0:
        falls = rises = 1.0
    elif not coin.is_collateral:
        falls = rises = 0.0
    elif coin.collateral_value_frac is None:
        falls, rises = 1.0, 0.0
    else:
        falls = rises = float(coin.collateral_value_frac)
    return Collateral(coin.coin, asset, value, falls, rises, factor.beta.get(asset, 1.0))


def _reconciled(account: Account, lines: list[MarginLine]) -> tuple[float, float]:
    """(other maintenance margin, scale of the model's own) that bring the model to what the venue states now."""
    modelled = sum(float(line.maintenance_usd(np.array([line.mark]))[0]) for line in lines)
    if account.maintenance_margin is None or modelled <= 0.0:
        return 0.0, 1.0
    stated = float(account.maintenance_margin)
    return (stated - modelled, 1.0) if stated >= modelled else (0.0, max(stated, 0.0) / modelled)


def _unknown(why: str) -> Finding:
    return Finding(
        code="joint_liquidation_unknown",
        severity=Severity.UNKNOWN,
        subject="account",
        message=f"the joint liquidation move cannot be computed: {why}",
        action="check the position's liquidation at the venue",
    )
