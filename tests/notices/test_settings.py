"""The settings of notices and metrics: checked at start, and no secret of them is in a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import Settings, load_settings
from app.errors import SettingsError


def _loaded(folder: Path, **environ: str) -> Settings:
    return load_settings({"ROLLCALL_INSTANCE_PATH": str(folder), **environ})


@pytest.mark.parametrize(
    "url", ["smtp://localhost", "smtps://u:p%40@mail.example.com", "smtp+starttls://u:p@mail.example.com:587"]
)
def test_mail_servers_are_taken(tmp_path: Path, url: str) -> None:
    assert _loaded(tmp_path, ROLLCALL_SMTP_URL=url).smtp_url == url


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://canary@x", "smtp://", "smtps://u:canary@x:port", "smtp://canary@x:0"]
)
def test_what_is_no_mail_server_is_refused_without_being_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        _loaded(tmp_path, ROLLCALL_SMTP_URL=url)
    assert caught.value.findings[0].startswith("ROLLCALL_SMTP_URL: use smtp://host:port")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("address", ["rollcall", "a@b\r\nBcc: c@d", "Rollcall <rollcall@example.com>"])
def test_a_sender_is_an_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match="ROLLCALL_MAIL_FROM"):
        _loaded(tmp_path, ROLLCALL_MAIL_FROM=address)


@pytest.mark.parametrize("token", ["short-canary", "with a blank canary in it", "canary-é-canary-canary"])
def test_a_metrics_token_is_long_and_plain(tmp_path: Path, token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        _loaded(tmp_path, ROLLCALL_METRICS_TOKEN=token)
    assert "canary" not in str(caught.value)


def test_passwords_and_tokens_may_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("smtps://u:canary@mail.example.com\n")
    (tmp_path / "metrics").write_text("canary-0123456789\n")
    settings = _loaded(
        tmp_path,
        ROLLCALL_SMTP_URL_FILE=str(tmp_path / "smtp"),
        ROLLCALL_METRICS_TOKEN_FILE=str(tmp_path / "metrics"),
    )
    assert settings.smtp_url == "smtps://u:canary@mail.example.com"
    assert settings.metrics_token == "canary-0123456789"
    assert "canary" not in repr(settings)
