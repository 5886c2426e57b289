"""The file of a backup: a tar with a manifest, one compressed member per table, and the key ring if it was asked for.

The manifest names every other member with its SHA-256. The file is written under another name, durable and for its
owner only, and takes its name at the end: a file of that name is whole.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import secrets
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

from app.errors import RollcallError, WrongUse

FORMAT = 1
MANIFEST, KEY_RING = "manifest.json", "key_ring"
_TABLE, _ENDING = "tables/", ".jsonl.gz"
_MOST_MANIFEST = 1 << 20


class BackupUnreadable(RollcallError):
    """A file is not a backup, is damaged, or was made by a newer version."""


@dataclass(frozen=True)
class Manifest:
    """What a backup is: when and of what it was made, how many rows each table has, and the members' digests."""

    made_at: str
    version: str
    revision: str
    database: str
    tenants: list[str]
    rows: dict[str, int]
    #: The keys that open, the one that seals first; and the fingerprints of these and of retired ones.
    keys: list[str]
    prints: dict[str, str]
    #: ``table.column`` → how many sealed values it has.
    sealed: dict[str, int]
    members: dict[str, str]
    format: int = FORMAT

    @property
    def has_keys(self) -> bool:
        """True when the key ring is in the backup."""
        return KEY_RING in self.members


class Draft:
    """A backup that is being written. Use :func:`drafting`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.digests: dict[str, str] = {}

    @contextmanager
    def table(self, name: str) -> Iterator[IO[str]]:
        """Give a text file for the lines of a table."""
        member = f"{_TABLE}{name}{_ENDING}"
        path = self._path(member)
        with gzip.open(path, "wt", encoding="utf-8", compresslevel=5) as handle:
            yield handle
        with path.open("rb") as whole:
            self.digests[member] = hashlib.file_digest(whole, "sha256").hexdigest()

    def add(self, member: str, content: bytes) -> None:
        """Add a member."""
        self._path(member).write_bytes(content)
        self.digests[member] = hashlib.sha256(content).hexdigest()

    def _path(self, member: str) -> Path:
        return self._folder / member.replace("/", "-")

    def close(self, manifest: Manifest, path: Path) -> None:
        """Write the tar and give it its name. Raises ``WrongUse`` when a file has that name by now."""
        draft = self._folder / "backup.tar"
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            with tarfile.open(fileobj=handle, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _add(tar, MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode())
                for member in self.digests:
                    tar.addfile(
                        _entry(member, self._path(member).stat().st_size), self._path(member).open("rb")
                    )
            handle.flush()
            os.fsync(handle.fileno())
        _take_name(draft, path)


def _take_name(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)  # unlike a rename, it never takes another file's place
    except FileExistsError:
        raise _taken(path) from None
    except OSError:
        if path.exists():
            raise _taken(path) from None
        draft.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _add(tar: tarfile.TarFile, member: str, content: bytes) -> None:
    tar.addfile(_entry(member, len(content)), io.BytesIO(content))


def _entry(member: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(member)
    entry.size, entry.mode = size, 0o600
    return entry


def _taken(path: Path) -> WrongUse:
    return WrongUse(f"{path} exists already and is not overwritten; give another name, or move it away.")


@contextmanager
def drafting(path: Path) -> Iterator[Draft]:
    """Give a draft beside ``path``, removed at the end whatever happens.

    :raises WrongUse: the name is taken, or its folder cannot be written to.
    """
    if path.exists():
        raise _taken(path)
    folder = path.parent / f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise WrongUse(
            f"{path} cannot be written ({error.strerror}); name a file in a folder of yours."
        ) from None
    try:
        yield Draft(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- reading ----------------------------------------------------------------------------------------------------------


class Archive:
    """A backup whose members were all found as its manifest says. Use :func:`opened`."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self._tar, self.manifest = tar, manifest

    @contextmanager
    def table(self, name: str) -> Iterator[Iterator[str]]:
        """Give the lines of a table."""
        member = self._tar.extractfile(f"{_TABLE}{name}{_ENDING}")
        assert member is not None
        with gzip.open(member, "rt", encoding="utf-8") as handle:
            yield iter(handle)

    def key_ring(self) -> str:
        """Return the text of the key ring; only where ``manifest.has_keys``."""
        member = self._tar.extractfile(KEY_RING)
        assert member is not None
        return member.read().decode()


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Give a backup, every byte of which was compared with its digest first.

    :raises WrongUse: there is no such file to read.
    :raises BackupUnreadable: it is not a whole backup that this version reads.
    """
    try:
        handle = path.open("rb")
    except OSError as error:
        raise WrongUse(f"{path} cannot be read ({error.strerror}); name a backup.") from None
    with handle, _tar(handle, path) as tar:
        manifest = _manifest(tar, path)
        _compare(tar, manifest, path)
        yield Archive(tar, manifest)


def _tar(handle: IO[bytes], path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=handle, mode="r:")
    except tarfile.TarError as error:
        raise BackupUnreadable(f"{path} is not a backup of Rollcall ({error}).") from error


def _manifest(tar: tarfile.TarFile, path: Path) -> Manifest:
    try:
        first = tar.next()
        if first is None or first.name != MANIFEST or first.size > _MOST_MANIFEST:
            raise ValueError("its first member is not a manifest")
        found = tar.extractfile(first)
        assert found is not None
        content: Mapping[str, Any] = json.loads(found.read())
        if content["format"] > FORMAT:
            raise BackupUnreadable(
                f"{path} was made by a newer Rollcall ({content['version']}); restore it with that."
            )
        return Manifest(**{field.name: content[field.name] for field in fields(Manifest)})
    except (ValueError, KeyError, TypeError, tarfile.TarError) as error:
        raise BackupUnreadable(f"{path} is not a backup of Rollcall ({error}).") from error


def _compare(tar: tarfile.TarFile, manifest: Manifest, path: Path) -> None:
    try:
        found = {entry.name: _digest(tar, entry) for entry in tar if entry.name != MANIFEST}
    except (tarfile.TarError, OSError) as error:
        raise BackupUnreadable(f"{path} is damaged ({error}). Nothing was restored.") from error
    for name in sorted(found.keys() | manifest.members.keys()):
        if found.get(name) != manifest.members.get(name):
            raise BackupUnreadable(
                f"{path} is damaged: {name} is not what was backed up. Nothing was restored."
            )


def _digest(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    member = tar.extractfile(entry) if entry.isfile() else None
    if member is None:
        return ""
    return hashlib.file_digest(member, "sha256").hexdigest()  # type: ignore[arg-type]
