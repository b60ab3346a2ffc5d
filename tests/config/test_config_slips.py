"""Slips that people make in settings, `.env` and environment: each is told by name, none is echoed with a secret."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from market_analysis.config import load
from market_analysis.errors import AuthenticationError, SettingsError
from market_analysis.settings import Credentials

CANARY = "hunter2hunter2"
PREFIX = "RISK_MANAGER__"


@pytest.fixture(autouse=True)
def _no_user_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))


def refusal(tmp_path: Path, toml: str = "", environment: dict[str, str] | None = None) -> str:
    (tmp_path / "settings.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(directory=tmp_path, environment=environment or {})
    return str(caught.value)


def test_a_byte_order_mark_of_a_windows_editor_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xef\xbb\xbf[risk]\r\nequity_risk_frac = 0.004\r\n")
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfBYBIT_API_KEY=k1\r\nBYBIT_API_SECRET=s1\r\n")
    got = load(directory=tmp_path, environment={})
    assert got.settings.risk.equity_risk_frac == 0.004
    assert got.credentials("main") == Credentials("k1", "s1")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[risk]\nequity_risk_frac = 0.5\n", "0.5 percent is 0.005"),
        ('[risk]\nequity_risk_frac = "0.5%"\n', "0.5 percent is 0.005"),
        ("[risk]\nslippage_bps = true\n", "settings.toml:2: risk.slippage_bps = True: true is no value"),
        ("[accounts.main]\nreset_time = 17\n", "must be a time like 17:00:00"),
        ("risk = 5\n", "must be a table"),
        ("[[risk]]\nequity_risk_frac = 0.005\n", "must be a table"),
        ("[RISK]\nbase = 'equity'\n", "did you mean risk?"),
        ("risk = { equity_risk_frac = 0.4 }\n", "settings.toml:1: risk.equity_risk_frac"),
        (
            "[portfolio]\ndrawdown_multipliers = [{pnl=-0.02, multiplier=0.5}]\n",
            "settings.toml:2: portfolio.drawdown_multipliers.0",
        ),
        ("[prob]\nm_step = 1e-9\n", "greater than or equal to 0.01"),
        ("seed = " + "9" * 5000 + "\n", "is not TOML"),
        ("seed = " + "[" * 2000 + "]" * 2000 + "\n", "is not TOML"),
        ("[bybit]\nbase_url = 'https://api .bybit.com'\n", "must be an address like https://host:port"),
        ("[bybit]\nbase_url = 'https://'\n", "must be an address like https://host:port"),
        ("[bybit]\nws_url = 'https://a.b'\n", "must be an address like wss://host:port"),
    ],
)
def test_a_slip_is_told_with_its_line_and_its_fix(tmp_path: Path, toml: str, said: str) -> None:
    assert said in refusal(tmp_path, toml)


@pytest.mark.parametrize(
    "toml",
    [
        f"[accounts.main]\nsecret_env = '{CANARY}'\n",
        f"[accounts.main]\napi_key = '{CANARY}'\n",
        f"[bybit]\napi_secrt = '{CANARY}'\n",
        f"BYBIT_API_SECRET = '{CANARY}'\n",
        f"[bybit]\napi_secret = {CANARY}\n",
    ],
)
def test_a_key_pasted_into_settings_is_refused_and_not_echoed(tmp_path: Path, toml: str) -> None:
    said = refusal(tmp_path, toml)
    assert CANARY not in said
    assert "keys are never settings" in said or "never the key itself" in said or "not TOML" in said


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({PREFIX + "RISK": "5", PREFIX + "RISK__BASE": "equity"}, "environment RISK_MANAGER__RISK__BASE contradicts"),
        ({PREFIX + "RISK__BASE": "equity", PREFIX + "RISK__BASE__X": "1"}, "contradicts another variable"),
        ({"RISK_MANAGER_RISK__BASE": "equity"}, "write two underscores: RISK_MANAGER__RISK__BASE"),
        ({PREFIX + "VOL__BARS": "many"}, "environment RISK_MANAGER__VOL__BARS: vol.bars = 'many'"),
        ({PREFIX + "VOL": "{bars = 1}"}, "environment RISK_MANAGER__VOL: vol.bars = 1"),
        ({"RISK_MANAGER_SECRETS_DIR": "/nowhere/at/all"}, "RISK_MANAGER_SECRETS_DIR cannot be read"),
    ],
)
def test_a_variable_that_is_wrong_is_named(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    assert said in refusal(tmp_path, environment=environment)


def test_variables_that_an_orchestrator_sets_for_a_service_of_our_name_are_passed_over(tmp_path: Path) -> None:
    environment = {"RISK_MANAGER_SERVICE_HOST": "10.0.0.1", "RISK_MANAGER_PORT_80_TCP_ADDR": "10.0.0.1"}
    assert load(directory=tmp_path, environment=environment).origins["seed"] == "default"


def test_blank_variables_set_nothing_and_blanks_around_a_value_do_not_count(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BYBIT_API_KEY=k1\nBYBIT_API_SECRET=s1\n")
    environment = {"BYBIT_API_KEY": "", "BYBIT_API_SECRET": "", "BYBIT_SANDBOX": "true ", PREFIX + "SEED": " "}
    got = load(directory=tmp_path, environment=environment)
    assert got.credentials("main") == Credentials("k1", "s1")
    assert got.settings.bybit.sandbox
    assert got.origins["seed"] == "default"


@pytest.mark.parametrize("line", [f'BYBIT_API_SECRET="{CANARY}', f"BYBIT_API_SECRET: {CANARY} x"])
def test_a_dotenv_line_that_is_none_is_named_by_its_number_and_not_echoed(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"BYBIT_API_KEY=k1\n{line}\n")
    said = refusal(tmp_path)
    assert ".env:2: not a NAME=value line" in said
    assert CANARY not in said


@pytest.mark.parametrize(("key", "secret"), [("k 1", "s1"), ("k1", "s 1"), ("k1", "s1\nX: y"), ("k\u00e9", "s1")])
def test_a_key_that_no_header_can_carry_is_refused_before_the_wire(key: str, secret: str) -> None:
    with pytest.raises(AuthenticationError, match="holds a space") as caught:
        Credentials(key, secret)
    assert key not in str(caught.value)
    assert secret not in str(caught.value)


def test_a_pem_secret_has_lines() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----"
    assert Credentials("k", pem).secret == pem


def test_a_blank_key_is_no_key(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BYBIT_API_KEY=' '\nBYBIT_API_SECRET=' '\n")
    with pytest.raises(AuthenticationError, match="BYBIT_API_KEY and BYBIT_API_SECRET not set"):
        load(directory=tmp_path, environment={}).credentials("main")


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("[]{}=\"'#.\n\r\t a1-_\\\x00\ufeff\u00e9")))
def test_whatever_stands_in_the_file_only_a_settings_error_comes_out(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "settings.toml").write_bytes(text.encode())
        (Path(directory) / ".env").write_bytes(text.encode())
        with suppress(SettingsError):
            load(directory=Path(directory), environment={})
