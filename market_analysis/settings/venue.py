"""`[bybit]` and `[accounts.NAME]`: where and as whom to read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from typing import Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import Field, ValidationInfo, field_validator, model_validator

from market_analysis.settings.section import Section


class BybitSettings(Section):
    """How Bybit is reached. Keys are never settings: see `.env`."""

    base_url: str | None = Field(None, description="REST address instead of Bybit's own, like https://host:port")
    ws_url: str | None = Field(
        None, description="WebSocket address instead of Bybit's own, like wss://host:port; reports poll and open no stream yet"
    )
    sandbox: bool = Field(False, description="use Bybit's testnet")
    demo_trading: bool = Field(False, description="use Bybit's demo trading accounts")
    recv_window_ms: int = Field(5_000, ge=1_000, le=60_000, description="receive window of signed requests, milliseconds")
    max_attempts: int = Field(3, ge=1, le=10, description="tries of one read that may be repeated")
    concurrency: int = Field(8, ge=1, le=50, description="requests under way at once")
    requests_per_second: float = Field(40.0, gt=0, le=100, description="own ceiling below the venue's 600 in 5 s per address")

    @field_validator("base_url", "ws_url")
    @classmethod
    def _address(cls, value: str | None, info: ValidationInfo) -> str | None:
        scheme = "http" if info.field_name == "base_url" else "ws"
        if value is not None and not re.fullmatch(rf"{scheme}s?://[^\s/@?#]+(/[^\s@?#]*)?", value):
            raise ValueError(f"must be an address like {scheme}s://host:port, without spaces, user or password")
        return value

    @model_validator(mode="after")
    def _one_environment(self) -> Self:
        if self.sandbox and self.demo_trading:
            raise ValueError("sandbox and demo_trading are both true; they are different systems, choose one")
        return self


class AccountSettings(Section):
    """One account to watch. Its key comes from the environment: `key_env` and `secret_env` name the variables."""

    venue: Literal["bybit"] = Field("bybit", description="where the account is")
    key_env: str = Field("BYBIT_API_KEY", description="environment variable that holds the key")
    secret_env: str = Field("BYBIT_API_SECRET", description="the same for the secret")
    reset_time: time = Field(time(0, 0), description="local time at which the account's trading day starts")
    reset_zone: str = Field("UTC", description="IANA zone of reset_time")
    allow_withdraw_key: bool = Field(False, description="accept a key that can withdraw, for watching only")
    enforce: bool = Field(False, description="the guard may act on this account: close, cancel, set stops, by its rules")
    initial_balance: Decimal | None = Field(None, gt=0, description="what the account or its phase began with, for rules that ask")
    exit_slippage_bps: Decimal = Field(
        Decimal(50),
        gt=0,
        le=1_000,
        description="how far from the mark the guard's first closing order may fill; each next one goes twice as far",
    )
    most_exit_slippage_bps: Decimal = Field(Decimal(500), gt=0, le=2_000, description="and its last ones, at most")
    preset: str | None = Field(
        None, description="a prop firm's known terms below everything said here: see `risk-manager rules presets`"
    )
    rules: Mapping[str, Mapping[str, Any]] = Field(
        {},
        description='of the guard: { daily_realized_loss = { mode = "alert", loss = 500 } }; see `risk-manager rules list`',
    )

    @field_validator("key_env", "secret_env")
    @classmethod
    def _names_a_variable(cls, value: str) -> str:
        """Capitals only, so that a key pasted here by mistake is refused and never shown as the name of a variable."""
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", value):
            raise ValueError("must be the name of an environment variable in capitals, never the key itself")
        return value

    @model_validator(mode="after")
    def _ladder(self) -> Self:
        if self.most_exit_slippage_bps < self.exit_slippage_bps:
            raise ValueError("most_exit_slippage_bps is below exit_slippage_bps: the last closing order goes at least as far")
        return self

    @field_validator("reset_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"reset_zone is {value!r}, which is no IANA zone; write for example UTC or America/Chicago")
        return value

    @field_validator("reset_time", mode="before")
    @classmethod
    def _written_as_a_time(cls, value: object) -> object:
        if isinstance(value, int | float):
            raise ValueError("must be a time like 17:00:00 or '17:00'")
        return value

    @field_validator("reset_time")
    @classmethod
    def _wall_time(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("reset_time carries an offset; give a plain time like 17:00 and the zone in reset_zone")
        return value
