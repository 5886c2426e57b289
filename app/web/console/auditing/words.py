"""The audit chain in plain words: what was done, and by whom."""

from __future__ import annotations

from collections.abc import Mapping

#: Family → its name, and action → what was done, as it goes on after a name.
FAMILIES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "employee": (
        "People",
        {
            "employee.created": "added a person",
            "employee.changed": "changed a person",
            "employee.deleted": "deleted a person",
            "employee.pinned": "pinned a value of a person",
            "employee.unpinned": "let go of a pinned value",
            "employee.revealed": "looked at a masked value",
            "employee.erased": "erased a person for good",
            "employee.resync_asked": "asked for a person to be pushed again",
        },
    ),
    "group": (
        "Groups",
        {
            "group.created": "added a group",
            "group.changed": "changed a group",
            "group.deleted": "deleted a group",
        },
    ),
    "import": (
        "Imports",
        {
            "import.started": "started an import",
            "import.finished": "finished an import",
            "import.failed": "could not finish an import",
            "import.cancelled": "stopped an import",
            "import.held": "held an import back for approval",
            "import.approved": "approved an import",
            "match.confirmed": "confirmed that two records are one person",
        },
    ),
    "source": (
        "Sources",
        {
            "source.added": "added a source",
            "source.changed": "changed a source",
            "source.consented": "agreed to a source's terms",
            "source.published": "published a source",
            "source.active": "started a source's schedule again",
            "source.paused": "paused a source",
            "source.disconnected": "disconnected a source",
            "source.linked_again": "connected a source again",
            "source.removed": "removed a source",
            "source.left_behind": "let go of a source that its vendor may still call for",
            "source.subscribed": "asked a vendor to call Rollcall",
            "source.unsubscribed": "asked a vendor to call no more",
            "source.webhook_secret_generated": "made a webhook secret for a source",
            "vendor.enabled": "allowed a kind of source",
            "vendor.disabled": "ruled out a kind of source",
        },
    ),
    "target": (
        "Targets and approvals",
        {
            "target.added": "added a target",
            "target.changed": "changed a target",
            "target.paused": "paused a target",
            "target.resumed": "let a target go on",
            "target.removed": "removed a target",
            "target.changes_held": "held changes back for approval",
            "target.orphan_cleared": "let go of an account without a person",
            "plan.approved": "approved changes",
            "plan.discarded": "rejected changes",
        },
    ),
    "token": (
        "Tokens and clients",
        {
            "token.created": "made a token",
            "token.rotated": "replaced a token",
            "token.revoked": "revoked a token",
            "token.issued": "got an access token",
            "client.created": "added a client",
            "client.changed": "changed a client",
            "client.secret_made": "made an OAuth secret",
            "client.secret_ended": "ended an OAuth secret",
        },
    ),
    "admin": (
        "Admins",
        {
            "admin.signed_in": "signed in",
            "admin.proved": "proved again who they are",
            "admin.password_issued": "gave out a one-time password",
            "admin.password_changed": "chose a password",
            "admin.role_given": "gave a role",
            "admin.removed": "removed an admin",
            "admin.sessions_ended": "ended sign-ins of an admin",
            "sign_in_provider.changed": "set the sign-in provider",
            "sign_in_provider.removed": "removed the sign-in provider",
            "admin.bound_to_provider": "signed in through the sign-in provider for the first time",
        },
    ),
    "settings": (
        "Settings",
        {
            "precedence.set": "decided whose word counts for a field",
            "precedence.removed": "took a field's order of sources away",
            "welcome.set": "set the welcome mail",
            "welcome.removed": "switched the welcome mail off",
            "notices.channel_added": "added a channel for notices",
            "notices.channel_removed": "removed a channel for notices",
            "notices.secret_rotated": "replaced a webhook's secret",
            "schema.loaded": "loaded schemas",
            "schema.removed": "removed a schema",
            "keys.made": "made an encryption key",
            "keys.resealed": "sealed secrets with the newest key",
            "keys.retired": "retired an encryption key",
            "tenant.created": "created the organisation",
            "installation.set_up": "set the installation up",
            "installation.restored": "restored a backup",
        },
    ),
}
DEEDS: Mapping[str, str] = {
    action: words for _, deeds in FAMILIES.values() for action, words in deeds.items()
}
#: What Rollcall does by itself or at the command line.
SYSTEM: Mapping[str, str] = {
    "system:cli": "Command line",
    "system:breaker": "Rollcall's circuit breaker",
    "system:demo": "The demo",
    "system:keys": "Key rotation",
    "system:migration": "An upgrade",
    "system:provisioning": "Rollcall's pushing",
    "system:restore": "A restore",
    "system:schedule": "The schedule",
    "system:webhook": "A vendor's call",
}


def deed(action: str) -> str:
    """Return what was done; of an action without words of its own, its name.

    >>> deed("token.revoked"), deed("resource.Device.created")
    ('revoked a token', 'resource Device created')
    """
    return DEEDS.get(action) or action.replace("_", " ").replace(".", " ")


def actor_words(actor: str, clients: Mapping[str, str]) -> str:
    """Return who did it; ``clients``: a client's number → its name.

    >>> actor_words("admin:ann@acme.example", {}), actor_words("client:3", {"3": "okta"}), actor_words("source:hr", {})
    ('ann@acme.example', 'Client okta', 'Source hr')
    """
    kind, _, name = actor.partition(":")
    if actor in SYSTEM:
        return SYSTEM[actor]
    if kind == "admin":
        return name
    if kind == "client":
        return f"Client {clients.get(name, name)}"
    return f"{kind.capitalize()} {name}".strip()
