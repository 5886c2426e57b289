"""The file that holds the key ring: running processes look at it, ``rollcall keys`` writes it.

A ring that the environment gives as text never changes while a process runs; one in a file may. Every use of the ring
looks whether the file is another one than before (a stat, some microseconds), so all processes of an installation
seal with a new key from the moment it is written, and open what the others seal with it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.config import PREFIX, Settings

_VARIABLE = PREFIX + "KEY_RING"


class KeyFile:
    """A file with a key ring, or none: then nothing is ever new.

    ``is_ours`` is True for the one that Rollcall made in its instance folder and may write.
    """

    def __init__(self, path: Path | None, *, is_ours: bool = False) -> None:
        self.path = path
        self.is_ours = is_ours and path is not None
        self._seen: tuple[int, int, int] | None = None

    def news(self) -> str | None:
        """Return the ring's text when the file is another one than at the last look; else, or without it, None."""
        if self.path is None:
            return None
        try:
            found = os.stat(self.path)
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if mark == self._seen:
                return None
            text = self.path.read_text().strip()
        except OSError:
            return None
        self._seen = mark
        return text

    def read(self) -> str:
        """Return the ring's text as it is in the file now; raises ``OSError``."""
        assert self.path is not None
        return self.path.read_text().strip()

    def write(self, text: str) -> None:
        """Put another ring in the file's place, whole and durable: a process sees the old one or the new one."""
        assert self.path is not None and self.is_ours
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes of this machine from changing the ring meanwhile; they wait."""
        assert self.path is not None
        with self.path.with_name(".key_ring.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def key_file_of(settings: Settings, environ: Mapping[str, str] | None = None) -> KeyFile:
    """Return the file that the installation's ring is read from, by the same order of places as the settings."""
    environ = os.environ if environ is None else environ
    if _VARIABLE + "_FILE" in environ:
        return KeyFile(Path(environ[_VARIABLE + "_FILE"]))
    path = settings.instance_path / "keys" / "key_ring"
    if _VARIABLE in environ or _is_in_config(settings.instance_path / "config.toml") or not path.exists():
        return KeyFile(None)
    return KeyFile(path, is_ours=True)


def _is_in_config(path: Path) -> bool:
    return path.exists() and "key_ring" in tomllib.loads(path.read_text())
