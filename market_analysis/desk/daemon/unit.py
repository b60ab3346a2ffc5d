"""The systemd unit of the guard, hardened. `systemd-analyze security --offline=true` rates it; a test holds it at 1.5 or below."""

from __future__ import annotations

from string import Template

UNIT_NAME = "risk-manager-guard.service"
_UNIT = Template(
    """\
# The guard of risk-manager as a service of its own user. See docs/daemon.md.
# Before the first start:
#   useradd --system --home-dir /var/lib/risk-manager --shell /usr/sbin/nologin $user
#   install -d -m 0755 $directory
#   put settings.toml there, and the key into BYBIT_API_KEY and BYBIT_API_SECRET there, both of root and mode 0600
[Unit]
Description=risk-manager guard: account rules, limits and lockouts
After=network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=$command --config $directory/settings.toml guard --quiet
User=$user
Group=$user
WorkingDirectory=/var/lib/risk-manager
StateDirectory=risk-manager
StateDirectoryMode=0700
RuntimeDirectory=risk-manager
RuntimeDirectoryMode=0755
UMask=0077
LoadCredential=BYBIT_API_KEY:$directory/BYBIT_API_KEY
LoadCredential=BYBIT_API_SECRET:$directory/BYBIT_API_SECRET
Environment=RISK_MANAGER_SECRETS_DIR=%d
Environment=RISK_MANAGER_STATE_DIR=%S/risk-manager
Environment=RISK_MANAGER_SOCKET=%t/risk-manager/read.sock
Environment=RISK_MANAGER__DAEMON__ADMIN_SOCKET=%t/risk-manager/admin.sock

# Fed by completed decision loops alone: a guard that hangs is started again.
WatchdogSec=60
TimeoutStartSec=300
TimeoutStopSec=60
Restart=on-failure
RestartSec=5
# Wrong settings, a refused key and wrong usage do not mend themselves.
RestartPreventExitStatus=4 5 64

CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
DevicePolicy=closed
RemoveIPC=yes
KeyringMode=private
LockPersonality=yes
# The extra [fast] compiles code while it runs: set this to no with it.
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""
)


def unit_text(command: str, *, user: str = "risk-manager", directory: str = "/etc/risk-manager") -> str:
    """The unit. command: the program, an absolute path. directory: of its settings and its key."""
    return _UNIT.substitute(command=command, user=user, directory=directory)
