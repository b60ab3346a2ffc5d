"""`[daemon]`: where the guard is asked and administered."""

from __future__ import annotations

from pydantic import Field

from market_analysis.settings.section import Section


class DaemonSettings(Section):
    """The guard's sockets; see docs/daemon.md."""

    socket: str | None = Field(
        None, min_length=1, description="read socket that `status` asks; unset: run/read.sock of the state directory"
    )
    socket_group: str | None = Field(None, min_length=1, description="group that may read it; unset: whoever can reach it")
    admin_socket: str | None = Field(
        None, min_length=1, description="socket of `lock`, `unlock`, `admin`; unset: run/admin.sock of the state directory"
    )
    admin_group: str | None = Field(
        None, min_length=1, description="group that may reach it and then needs the password; unset: the guard's own user"
    )
