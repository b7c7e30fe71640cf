"""Settings read at start: defaults, parsing, refusals that say what to write."""

from pathlib import Path

import pytest

from netra.config.environment import IsolatedEnvironment
from netra.config.errors import ConfigurationError
from netra.config.instance_secret import derive, load_instance_secret, write_once
from netra.config.secret import Secret, mask_url
from netra.config.settings import Settings, load_settings, setting_specs


def load(**variables: str) -> Settings:
    return load_settings(IsolatedEnvironment(variables))


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load()
    assert settings == Settings()
    assert (settings.environment, settings.host, settings.timezone) == ("development", "127.0.0.1", "UTC")
    assert settings.run_timeout_s == 300
    assert settings.database_url is None


def test_every_setting_has_a_variable_of_its_own() -> None:
    specs = setting_specs()
    assert len({spec.variable for spec in specs}) == len(specs)
    assert all(spec.variable.startswith("NETRA_") and spec.description and spec.expects for spec in specs)
    assert {"NETRA_HOME", "NETRA_ENV", "NETRA_DATABASE_URL"} <= {spec.variable for spec in specs}


def test_values_are_read_with_their_types() -> None:
    settings = load(
        NETRA_PORT="9000",
        NETRA_ENV="Production",
        NETRA_HOME="~/netra",
        NETRA_ALLOWED_ORIGINS="https://A.example.com, https://b.example.com:8443/",
        NETRA_LLM_API_KEY="sk-1",
        NETRA_TIMEZONE="Europe/Berlin",
        NETRA_PUBLIC_URL="https://netra.example.com/",
    )
    assert settings.port == 9000
    assert settings.environment == "production"
    assert settings.home == Path.home() / "netra"
    assert settings.allowed_origins == ("https://a.example.com", "https://b.example.com:8443")
    assert settings.llm_api_key is not None
    assert settings.llm_api_key.reveal() == "sk-1"
    assert settings.public_url == "https://netra.example.com"
    assert "sk-1" not in repr(settings)


def test_blank_variables_count_as_unset() -> None:
    assert load(NETRA_PORT=" ", NETRA_DATABASE_URL="") == Settings()


def test_overrides_win_and_none_overrides_nothing() -> None:
    env = IsolatedEnvironment({"NETRA_PORT": "9000", "NETRA_HOST": "0.0.0.0"})
    settings = load_settings(env, port=0, host=None)
    assert (settings.port, settings.host) == (0, "0.0.0.0")
    with pytest.raises(ConfigurationError, match="no setting ports"):
        load_settings(env, ports=1)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NETRA_PORT", "eighty"),
        ("NETRA_PORT", "65536"),
        ("NETRA_ENV", "prod"),
        ("NETRA_HOST", "a\nb"),
        ("NETRA_PUBLIC_URL", "netra.example.com"),
        ("NETRA_ALLOWED_ORIGINS", "https://a.example.com/path"),
        ("NETRA_DATABASE_URL", "mysql://u:hunter2@h/db"),
        ("NETRA_VALKEY_URL", "memcached://h"),
        ("NETRA_TIMEZONE", "Mars/Olympus"),
        ("NETRA_TIMEZONE", "../../etc/passwd"),
        ("NETRA_LOG_LEVEL", "loud"),
        ("NETRA_SECRET_KEY", "short"),
        ("NETRA_WORKER_CONCURRENCY", "0"),
    ],
)
def test_a_bad_value_names_the_variable_and_what_to_write(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(**{variable: value})
    assert variable in str(refused.value)
    assert (refused.value.hint or "").startswith("write ")
    assert refused.value.details == {"variable": variable}
    assert "hunter2" not in str(refused.value)


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first = load_instance_secret(settings)
    assert load_instance_secret(settings) == first
    file = tmp_path / "secrets" / "instance.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert len(first) == 64


def test_a_given_secret_needs_no_file(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secret_key=Secret("s" * 40))
    assert load_instance_secret(settings) == b"s" * 40
    assert not (tmp_path / "secrets").exists()


def test_a_damaged_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "instance.key").write_text("short", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="damaged"):
        load_instance_secret(Settings(home=tmp_path))


def test_whoever_comes_second_keeps_the_first_ones_file(tmp_path: Path) -> None:
    write_once(tmp_path / "f", b"first")
    write_once(tmp_path / "f", b"second")
    assert (tmp_path / "f").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_derived_secrets_differ_by_purpose() -> None:
    assert derive(b"k", "one") != derive(b"k", "two")
    assert derive(b"k", "one") == derive(b"k", "one")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("redis://:pw@h/0", "redis://:********@h/0"),
        ("https://u:p%40ss@h:1/x and http://a:b@c", "https://u:********@h:1/x and http://a:********@c"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("https://h:8443/x@y", "https://h:8443/x@y"),
    ],
)
def test_passwords_in_addresses_are_masked(text: str, masked: str) -> None:
    assert mask_url(text) == masked


def test_a_secret_does_not_print_itself() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r}"
    assert secret == Secret("hunter2")
