"""``rollcall keys``: the keys that seal secrets at rest, rotated while everything runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import with_appcontext
from rich.console import Console

from app.access.encryption import key_file, key_ring
from app.cli.answers import json_option, say, say_table
from app.database import reading
from app.errors import RollcallError
from app.keeping import rotation
from app.keeping.sealed import SealedColumn, usage


@click.group()
def keys() -> None:
    """Keys that seal secrets at rest."""


@keys.command("list")
@json_option
@with_appcontext
def list_(as_json: bool) -> None:
    """Show the keys by id, and how many values each seals; never the keys themselves."""
    ring = key_ring()
    with reading() as connection:
        used = usage(connection, ring)
    roles = {**dict.fromkeys(ring.chain_keys, "retired"), **dict.fromkeys(ring.keys, "opens")}
    roles[ring.current] = "seals"
    ids: list[str | None] = [
        *ring.keys,
        *ring.chain_keys,
        *([None] if any(u.key_id is None for u in used) else []),
    ]
    rows = [
        {
            "key": key_id or "(unknown)",
            "role": roles.get(key_id or "", "missing"),
            "values": sum(use.values for use in used if use.key_id == key_id),
        }
        for key_id in ids
    ]
    say_table(rows, as_json, ("key", "role", "values"), "")


@keys.command()
@json_option
@with_appcontext
def rotate(as_json: bool) -> None:
    """Make a new key and seal every secret with it, while everything runs.

    A rotation that was interrupted is gone on with instead. Where the ring comes from the environment, the new ring is
    printed to be set there, and only what is sealed with older keys is sealed anew.
    """
    unfinished = rotation.is_unfinished()
    file = key_file()
    if not unfinished and not file.is_ours:
        _print_ring(as_json)
        return
    made = None if unfinished else rotation.make_key()
    with _progress() as tell:
        done = rotation.reseal(tell)
    answer = {"key": done.key_id, "made": made is not None, "values": done.values, "unopened": done.unopened}
    what = (
        f"Key {done.key_id!r} seals from now on"
        if made
        else f"The rotation to key {done.key_id!r} was gone on with"
    )
    hint = "" if made else " Run it again for another key."
    say(answer, as_json, f"{what}; {done.values} values sealed anew.{hint} {_about_old_keys()}".rstrip())
    if done.unopened:
        raise RollcallError(
            f"{len(done.unopened)} values do not open with this ring and stay as they were, the first in"
            f" {done.unopened[0]}; bring back the key that they were sealed with."
        )


def _print_ring(as_json: bool) -> None:
    ring = key_ring().with_new_key()
    words = (
        f"Nothing is sealed with an older key than {key_ring().current!r}. The ring comes from outside: set this one"
        " on every machine as ROLLCALL_KEY_RING, restart, and run `rollcall keys rotate` again:"
    )
    if not as_json:
        click.echo(words, err=True)
    say({"key": ring.current, "made": False, "values": 0, "ring": ring.text()}, as_json, ring.text())


def _about_old_keys() -> str:
    old = [key_id for key_id in key_ring().keys if key_id != key_ring().current]
    if not old:
        return ""
    return f"Older keys still open (backups need them too): {', '.join(old)}; drop one with `rollcall keys retire ID`."


@keys.command()
@click.argument("key_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def retire(key_id: str, yes: bool) -> None:
    """Drop an old key, once nothing is sealed with it."""
    if not yes:
        click.confirm(
            f"Values in backups that were made under {key_id!r} can then be read only with a copy of the key. Go on?",
            abort=True,
        )
    rotation.retire(key_id)
    click.echo(
        f"Key {key_id!r} is retired: it opens nothing any more and still proves the audit chain."
        " Restart web, worker and scheduler, which have it in memory."
    )


@contextmanager
def _progress() -> Iterator[rotation.Progress]:
    """Give a function that shows on a terminal how far the sealing is."""
    if not sys.stderr.isatty():
        yield lambda _column, _number: None
        return
    total = 0
    with Console(stderr=True).status("Sealing …") as status:

        def tell(column: SealedColumn, number: int) -> None:
            nonlocal total
            total += number
            status.update(f"{column.table.name}.{column.name}: {total} values sealed anew")

        yield tell
