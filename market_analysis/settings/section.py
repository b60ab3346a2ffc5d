"""What every settings section shares."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, field_validator


class Section(BaseModel):
    """A frozen, bounded group of settings. Unknown keys, NaN and infinities are refused; input never appears in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True, populate_by_name=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _true_is_no_number(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        """`bars = true` is a slip, not 1."""
        if not isinstance(value, bool):
            return handler(value)
        try:
            accepted = handler(value)
        except ValidationError:
            accepted = None
        if not isinstance(accepted, bool):
            raise ValueError(f"{str(value).lower()} is no value for this key")
        return accepted
