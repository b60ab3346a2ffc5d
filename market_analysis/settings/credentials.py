"""An API key pair that never prints its secret."""

from __future__ import annotations

from dataclasses import dataclass, field

from market_analysis.errors import AuthenticationError

_SHOWN = 4


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Key and secret as the exchange gave them (an RSA key pair has its PEM text as secret).

    Raises:
        AuthenticationError: one of them is blank, or has a character that none can have (a request header could not carry it).
    """

    key: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("key", "secret"):
            value = getattr(self, name).strip()
            if not value:
                raise AuthenticationError(f"the API {name} is blank; a {name} of at least one character is needed")
            is_pem = name == "secret" and value.startswith("-----BEGIN")
            if not value.isascii() or not (is_pem or all("!" <= character <= "~" for character in value)):
                raise AuthenticationError(
                    f"the API {name} holds a space, a line break or a character outside ASCII",
                    remedy="copy it again from Bybit's API management page",
                )
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Credentials(key='{self.key[:_SHOWN]}...', secret=hidden)"
