"""Whose system a source reads: its key goes to no other one, and its records are those of one account.

What says whose account it is, and which secrets sign in there, is what an adapter's guide names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from app.outbound.addresses import place_of
from app.sources.adapter import SourceAdapter, TakesWebhooks
from app.sources.errors import WrongSource
from app.sources.guide import Guided
from app.sources.tables import source_record

if TYPE_CHECKING:
    from app.sources.catalog import Source


def require_own_key(known: Source, settings: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Raise ``WrongSource`` when settings lead to another system and a stored credential would go there.

    :param given: the secrets that come with these settings; an empty one takes a secret back.
    """
    trusted = set(_origins(known.settings).values())
    strange = [name for name, origin in _origins(settings).items() if origin not in trusted]
    left = [name for name in _credentials(known.adapter()) if name in known.secrets and name not in given]
    if not (strange and left):
        return
    setting, stored = strange[0], " and ".join(left)
    secrets = " ".join(f"--secret {name}=-" for name in left)
    raise WrongSource(
        f"{setting}={settings[setting]!r} is another system, and the stored {stored} would go there. Give {stored} "
        "anew in the same step, as Change credentials does in the console. At the command line: "
        f"rollcall source set {known.name} --set {setting}=… {secrets}"
    )


def require_same_account(connection: Connection, known: Source, settings: Mapping[str, str]) -> None:
    """Raise ``WrongSource`` when settings name another account than the one that records were read from.

    Its record 17 is another person than the record 17 that is known. One that was not named before may be the same.
    """
    adapter = known.adapter()
    named = adapter.guide.account if isinstance(adapter, Guided) else ()
    changed = [
        name
        for name in named
        if not _is_address(name)
        and known.settings.get(name)
        and settings.get(name, "") != known.settings[name]
    ]
    if not changed or not _has_records(connection, known):
        return
    setting, new = changed[0], settings.get(changed[0], "")
    raise WrongSource(
        f"{setting}={new!r} is another account: its records are other people than those that {known.name!r} has read "
        f"from {known.settings.get(setting, '')!r}. Connect it as a source of its own, and remove this one when it is "
        f"not needed any more; the people stay. At the command line: rollcall source add {known.kind} NAME "
        f"--set {setting}={new} …, then rollcall source remove {known.name}"
    )


def _has_records(connection: Connection, known: Source) -> bool:
    where = (source_record.c.tenant_id == known.tenant_id, source_record.c.source_id == known.id)
    return connection.execute(select(source_record.c.source_id).where(*where).limit(1)).first() is not None


def _origins(settings: Mapping[str, str]) -> dict[str, str]:
    return {name: place_of(value) for name, value in settings.items() if _is_address(name) and value}


def _is_address(setting: str) -> bool:
    """Whether a setting says where a system is called: ``base_url``, ``token_url`` and their like."""
    return setting.endswith("url")


def _credentials(adapter: SourceAdapter) -> list[str]:
    """Return the secrets with which a kind signs in; others prove calls of its vendor, or are Rollcall's own notes."""
    known = [option.name for option in adapter.secrets]
    ways = adapter.guide.credentials if isinstance(adapter, Guided) else ()
    named = {name for way in ways for name in way} or known
    proofs = adapter.webhook_secrets if isinstance(adapter, TakesWebhooks) else ()
    return [name for name in known if name in named and name not in proofs]
