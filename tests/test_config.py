"""Settings: environment over file over defaults, all findings at once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.config import load_settings
from app.errors import SettingsError


def _loaded(tmp_path: Path, **environ: str):  # type: ignore[no-untyped-def]
    return load_settings({"ROLLCALL_INSTANCE_PATH": str(tmp_path), **environ})


def test_without_settings_the_directory_is_a_file_in_the_instance_folder(tmp_path: Path) -> None:
    settings = _loaded(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'rollcall.db'}"
    assert settings.is_sqlite
    assert not settings.allow_private_targets


def test_the_environment_is_stronger_than_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('call_timeout = 7\nlog_level = "error"\n')
    settings = _loaded(tmp_path, ROLLCALL_CALL_TIMEOUT="9")
    assert (settings.call_timeout, settings.log_level) == (9.0, "error")


def test_keys_are_made_once_and_readable_by_the_owner_only(tmp_path: Path) -> None:
    first, second = _loaded(tmp_path), _loaded(tmp_path)
    assert first.key_ring == second.key_ring
    assert first.secret_key == second.secret_key
    for name in ("key_ring", "secret_key"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    assert first.key_ring not in repr(first)


def test_keys_may_come_from_a_file(tmp_path: Path) -> None:
    ring = tmp_path / "ring"
    ring.write_text("k9:" + "ab" * 32 + "\n")
    assert _loaded(tmp_path, ROLLCALL_KEY_RING_FILE=str(ring)).key_ring == "k9:" + "ab" * 32


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_every_spelling_of_postgresql_becomes_psycopg(tmp_path: Path, url: str) -> None:
    assert _loaded(tmp_path, ROLLCALL_DATABASE_URL=url).database_url == "postgresql+psycopg://u@h/d"


def test_all_findings_come_at_once_and_name_the_variable_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("colour = 'blue'\n")
    with pytest.raises(SettingsError) as caught:
        _loaded(
            tmp_path,
            ROLLCALL_DATABASE_URL="mysql://x",
            ROLLCALL_ALLOW_PRIVATE_TARGETS="perhaps",
            ROLLCALL_PUBLIC_URL="rollcall.example.com",
            ROLLCALL_ALLOWED_ADDRESSES="127.0.0.1",
            ROLLCALL_KEY_RING_FILE=str(tmp_path / "nothing"),
        )
    text = "\n".join(caught.value.findings)
    assert len(caught.value.findings) == 6
    for word in (
        "DATABASE_URL",
        "PRIVATE_TARGETS",
        "PUBLIC_URL",
        "ALLOWED_ADDRESSES",
        "KEY_RING_FILE",
        "colour",
    ):
        assert word in text


def test_a_secret_is_never_in_a_finding(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("key_ring = 'hunter2'\n")
    settings = _loaded(tmp_path)
    assert "hunter2" not in repr(settings)
