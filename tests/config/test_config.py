"""Settings: what wins, where it came from, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from market_analysis.config import load
from market_analysis.config_document_names import DOCUMENT_KEYS
from market_analysis.config_example import render
from market_analysis.config_sources import key_lines
from market_analysis.errors import AuthenticationError, SettingsError
from market_analysis.settings import Credentials, Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _no_user_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))


def test_the_example_documents_every_key_with_its_default() -> None:
    text = (ROOT / "settings.example.toml").read_text(encoding="utf-8")
    assert text == render(), "run: python -m market_analysis.config_example > settings.example.toml"
    assert load(ROOT / "settings.example.toml", environment={}).settings == Settings()


def test_precedence_and_origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = tmp_path / "nowhere" / "risk-manager"
    user.mkdir(parents=True)
    (user / "settings.toml").write_text("seed = 1\n[vol]\nbars = 600\n[prob]\nm_max = 5\n")
    (tmp_path / "settings.toml").write_text("seed = 2\n[vol]\nbars = 700\n")
    (tmp_path / ".env").write_text("RISK_MANAGER__SEED=3\nRISK_MANAGER__VOL__BARS=800\n")
    sources = {"RISK_MANAGER__VOL__BARS": "900"}
    got = load(directory=tmp_path, environment=sources, flags={"monitor.interval_seconds": 3})
    assert (got.settings.seed, got.settings.vol.bars, got.settings.prob.m_max) == (3, 900, 5)
    assert got.settings.monitor.interval_seconds == 3
    assert got.origins["vol.bars"] == "environment RISK_MANAGER__VOL__BARS"
    assert got.origins["seed"] == ".env RISK_MANAGER__SEED"
    assert got.origins["prob.m_max"].endswith("settings.toml:5")
    assert got.origins["monitor.interval_seconds"] == "flag"
    assert got.origins["risk.base"] == "default"


def test_the_documents_own_environment_names_count(tmp_path: Path) -> None:
    environment = {"BYBIT_BASE_URL": "http://127.0.0.1:9", "BYBIT_SANDBOX": "true"}
    got = load(directory=tmp_path, environment=environment).settings.bybit
    assert (got.base_url, got.sandbox) == ("http://127.0.0.1:9", True)


def test_every_problem_is_told_at_once_with_file_line_key_value_bound_and_fix(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        "[risk]\nequity_risk_frac = 0.5\nequty_risk_frac = 1\n"
        "[stops]\nscaleout_frac1 = 0.9\n[portfolio]\ncluster_risk_cap_pct = 50\n"
    )
    with pytest.raises(SettingsError) as caught:
        load(directory=tmp_path, environment={})
    text = str(caught.value)
    assert "4 settings are wrong" in text
    assert "settings.toml:2: risk.equity_risk_frac = 0.5: Input should be less than or equal to 0.1" in text
    assert "settings.toml:3: risk.equty_risk_frac: unknown key; did you mean equity_risk_frac?" in text
    assert "scaleout_frac1 + scaleout_frac2 + leave_runner_frac must be 1, is 1.5" in text
    assert "it is a fraction: 50 percent is 0.5" in text


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[risk]\nmin_equity_risk_frac = 0.007\n", "min_equity_risk_frac (0.007) <= equity_risk_frac (0.005)"),
        ("[stops]\nscaleout_r1 = 4.0\n", "scaleout_r1 (4.0) must be less than scaleout_r2"),
        ("[stops]\natr_trail_mult_late = 3.0\n", "must not exceed atr_trail_mult_initial"),
        ("[vol]\nblend_w_garch = 0\nblend_w_har = 0\nblend_w_atr = 0\n", "all 0"),
        ("[vol]\nmin_bars = 5000\n", "must not exceed bars"),
        ("[prob]\nm_min = 7\n", "must not exceed m_max"),
        ("[prob]\nhorizon_hours = 2\n", "must not exceed prob.horizon_hours"),
        ("[portfolio]\ncorr_release = 0.8\n", "must not exceed corr_threshold"),
        ("[portfolio]\nmin_portfolio_risk_frac = 0.2\n", "must not exceed max_portfolio_risk_frac"),
        (
            "[portfolio]\ndrawdown_multipliers = [{pnl_frac=-0.04, multiplier=0.5}, {pnl_frac=-0.02, multiplier=0.7}]\n",
            "mildest loss to the worst",
        ),
        ("[bybit]\nsandbox = true\ndemo_trading = true\n", "choose one"),
        ('[accounts.main]\nreset_zone = "Mars/Olympus"\n', "no IANA zone"),
        ('[accounts.main]\nreset_time = "17:00+02:00"\n', "zone in reset_zone"),
        ("[risk]\nslippage_bps = nan\n", "finite number"),
        ('[bybit]\napi_key = "abc"\n', "put BYBIT_API_KEY into .env"),
    ],
)
def test_cross_checks(tmp_path: Path, toml: str, said: str) -> None:
    (tmp_path / "settings.toml").write_text(toml)
    with pytest.raises(SettingsError) as caught:
        load(directory=tmp_path, environment={})
    assert said in str(caught.value)


def test_a_key_written_into_settings_is_never_echoed(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[bybit]\napi_secret = "hunter2hunter2"\n')
    with pytest.raises(SettingsError) as caught:
        load(directory=tmp_path, environment={})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is a directory"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "not UTF-8"),
        (lambda path: path.write_text("[risk\n"), "not TOML"),
    ],
)
def test_a_named_file_must_be_readable_settings(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "named.toml"
    make(path)  # type: ignore[operator]
    with pytest.raises(SettingsError, match=said):
        load(path, directory=tmp_path, environment={})


def test_a_dotenv_that_docker_made_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsError, match="is a directory"):
        load(directory=tmp_path, environment={})


def test_keys_come_from_the_environment_and_do_not_print(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BYBIT_API_KEY=k-123\nBYBIT_API_SECRET=s-456\n")
    got = load(directory=tmp_path, environment={}).credentials("main")
    assert got == Credentials("k-123", "s-456")
    assert "123" not in repr(got)
    assert "456" not in repr(got)


def test_without_a_key_both_ways_on_are_told(tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError) as caught:
        load(directory=tmp_path, environment={}).credentials("main")
    assert "--demo" in str(caught.value)
    assert "init" in str(caught.value)
    with pytest.raises(SettingsError, match="known: main"):
        load(directory=tmp_path, environment={}).credentials("other")


def test_secret_files_are_read(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "bybit_api_key").write_text("from-file\n")
    (secrets / "BYBIT_API_SECRET").write_text("also\n")
    got = load(directory=tmp_path, environment={"RISK_MANAGER_SECRETS_DIR": str(secrets)}).credentials("main")
    assert got == Credentials("from-file", "also")


def test_key_lines_sees_tables_dotted_keys_and_quotes() -> None:
    text = 'seed = 1\n\n[risk] # money\n"base" = "equity"\n[accounts.main]\nvenue = "bybit"\n[[x]]\na.b = 2\n'
    assert key_lines(text) == {
        "seed": 1,
        "risk": 3,
        "risk.base": 4,
        "accounts.main": 5,
        "accounts.main.venue": 6,
        "x": 7,
        "x.a.b": 8,
    }


def test_the_documents_module_global_is_a_dictionary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    import market_analysis.config as config

    monkeypatch.delitem(vars(config), "settings", raising=False)
    from market_analysis.config import settings

    assert settings.get("vol", {})["horizon_hours"] == 4
    vars(config).pop("settings")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = config.nothing


def test_document_004_s_names_are_read_in_its_units(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        "[sizing]\nmax_single_position_percent = 7\nmax_leverage_ratio = 2\n[portfolio]\nmax_portfolio_risk_percent = 2.5\n"
    )
    got = load(directory=tmp_path, environment={"CRYPTO_MAX_POSITION_PERCENT": "6.5", "RISK_SCORE_THRESHOLD": "8"})
    sizing = got.settings.sizing
    assert (sizing.max_position_frac, sizing.max_leverage, sizing.crypto_max_position_frac) == (0.07, 2.0, 0.065)
    assert (got.settings.portfolio.max_portfolio_risk_frac, sizing.risk_score_threshold) == (0.025, 8.0)
    assert got.origins["sizing.max_position_frac"] == f"{tmp_path}/settings.toml:2 (max_single_position_percent)"
    assert got.origins["sizing.crypto_max_position_frac"].startswith("environment CRYPTO_MAX_POSITION_PERCENT")
    assert "sizing.max_single_position_percent" not in got.origins


def test_a_stronger_source_wins_under_either_name(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[sizing]\nmax_position_frac = 0.07\n")
    got = load(directory=tmp_path, environment={"RISK_MANAGER__SIZING__MAX_SINGLE_POSITION_PERCENT": "5"})
    assert got.settings.sizing.max_position_frac == 0.05


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[sizing]\nmax_position_frac = 0.1\nmax_single_position_percent = 10\n", "are the same setting"),
        ('[sizing]\nmin_stop_loss_percent = "near"\n', "sizing.min_stop_frac = 'near'"),
        ("[sizing]\nmax_leverage_ratio = true\n", "sizing.max_leverage"),
        ("[sizing]\nmax_leverage_ratio = [3]\n", "sizing.max_leverage"),
        ("[sizing]\ndefault_risk_per_trade = 50\n", "sizing.risk_per_trade_frac = 0.5: Input should be less than or equal to 0.1"),
        ("[sizing]\ndefault_stop_frac = 0.2\n", "max_stop_frac (0.15) must hold"),
        ("[sizing]\nweight_volatility = 0\nweight_kelly = 0\nweight_equal_risk = 0\n", "all 0"),
        ("[sizing]\nkelly_fraction = 0.6\n", "less than or equal to 0.5"),
        ("[sizing]\nmin_order_usd = 200_000\n", "must not exceed max_order_usd"),
    ],
)
def test_wrong_sizing_settings(tmp_path: Path, toml: str, said: str) -> None:
    (tmp_path / "settings.toml").write_text(toml)
    with pytest.raises(SettingsError) as caught:
        load(directory=tmp_path, environment={})
    assert said in str(caught.value)


def test_every_document_name_leads_to_a_key_that_exists_and_keeps_the_documents_default() -> None:
    documented = {"default_risk_per_trade": 2.0, "max_single_position_percent": 10.0, "max_leverage_ratio": 3.0}
    for (section, name), (key, factor) in DOCUMENT_KEYS.items():
        value = getattr(getattr(Settings(), section), key)
        if name in documented:
            assert value == pytest.approx(documented[name] * float(factor))
