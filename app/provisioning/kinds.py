"""Adapters and policies of targets, made from what a target's row says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol, cast

from app import registry
from app.errors import WrongUse
from app.provisioning.adapter import TargetAdapter
from app.provisioning.policies import MAP, SETTINGS, Policy, policy_of


class Kind(Protocol):
    """What a registered kind is: made from settings, it is the adapter, and says where the token goes."""

    auth_header: str
    auth_prefix: str

    def __call__(self, settings: Mapping[str, Any]) -> TargetAdapter:
        """The adapter of a target with these settings. Raises ValueError naming the setting that is wrong."""


class _Watched(Mapping[str, Any]):
    """Settings that remember what they were asked for: so an adapter need not declare which it knows."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return self._settings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)


def adapter_for(kind: str, settings: Mapping[str, Any]) -> TargetAdapter:
    """The adapter of a target. Raises `WrongUse` naming the kinds, or the setting that is wrong."""
    try:
        return cast(Kind, registry.target_adapter(kind))(settings)
    except ValueError as error:
        raise WrongUse(f"These settings do not fit a {kind} target: {error}.") from error


def check_names(kind: str, names: set[str]) -> None:
    """Raise `WrongUse` when a setting is neither one of every target nor one that the kind's adapter reads."""
    watched = _Watched({})
    adapter_for(kind, watched)
    known = (watched.asked | SETTINGS.keys()) - {"capabilities"}
    unknown = sorted(names - known)
    if unknown:
        shown = sorted({f"{MAP}FIELD" if name.startswith(MAP) else name for name in known})
        raise WrongUse(f"A {kind} target has no setting {', '.join(unknown)}; known are {', '.join(shown)}.")


def check_settings(kind: str, settings: Mapping[str, Any]) -> None:
    """Raise `WrongUse` when settings that are fine one by one do not fit together, or not this kind."""
    adapter, policy = adapter_for(kind, settings), policy_for(kind, settings)
    if policy.groups == "off":
        return
    if not getattr(adapter, "takes_groups", False):
        raise WrongUse(f"groups={policy.groups}: a {kind} target with these settings takes no groups.")
    if not policy.selection.sends("department"):
        raise WrongUse(
            f"groups={policy.groups} needs the field department: "
            "`rollcall target fields NAME --select department`."
        )


def credentials_place(adapter: TargetAdapter) -> tuple[str, str]:
    """The header for the token, and what stands before the token in it."""
    return getattr(adapter, "auth_header", "Authorization"), getattr(adapter, "auth_prefix", "Bearer ")


def policy_for(kind: str, settings: Mapping[str, Any]) -> Policy:
    """The policy of a target, its fields limited to those that its kind can hold.

    What the adapter says about its system (`profile_defaults`: rate, concurrency …) holds until the settings say else.
    """
    adapter = adapter_for(kind, settings)
    usual: Mapping[str, Any] = getattr(adapter, "profile_defaults", {})
    policy = policy_of({**usual, **settings}, adapter.supported_fields)
    if getattr(adapter, "only_known", False):
        # Not even the key leaves: whose account it is, is known by the source's record.
        sent = policy.selection.sent & adapter.supported_fields
        selection = replace(policy.selection, sent=sent)
        policy = replace(policy, selection=selection, only_known=True, inactive="keep", breaker=False)
    return replace(policy, freezes_inactive=getattr(adapter, "freezes_inactive", False))


@lru_cache(maxsize=256)
def policy_from_text(kind: str, settings: str) -> Policy:
    """As `policy_for`, of the settings as they are stored: marking asks with every change of the directory."""
    return policy_for(kind, json.loads(settings))
