"""Plans in HR words: what a line does to somebody's account, and how a plan stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.provisioning.fields import FIELDS
from app.web.console.blueprint import blueprint
from app.web.console.wording import Word, known

#: Kind of a line → its word, what it means, its colour.
KINDS = {
    "create": Word("New account", "An account is made for this person.", "success"),
    "adopt": Word(
        "Take over",
        "An account with the same work e-mail is there already; it becomes this person's.",
        "info",
    ),
    "update": Word("Change", "Values of the account are changed.", "primary"),
    "suspend": Word("Suspend", "The account is suspended; nothing is deleted.", "warning"),
    "activate": Word("Re-activate", "The suspended account works again.", "success"),
    "hold": Word("Nothing", "Nothing is sent for this person; the reason says why.", "secondary"),
}
#: State of a line → how it stands.
LINE_STATES = {
    "planned": Word("Not decided", "Nothing is sent before somebody decides.", "secondary"),
    "approved": Word("Approved", "It is sent with the next tick of the target.", "info"),
    "applied": Word("Done", "It was sent, and the target took it.", "success"),
    "refused": Word("Not sent", "It could not be applied as it was shown; the reason says why.", "danger"),
    "held": Word("Held", "Nothing can be sent for this person; the reason says why.", "warning"),
    "discarded": Word("Rejected", "An admin rejected it; it is not sent.", "secondary"),
}
PLAN_STATES = {
    "draft": Word("Draft", "Nothing happens before an admin approves it.", "secondary"),
    "waiting": Word("Waits", "Nothing of it is sent before an admin decides.", "warning"),
    "approved": Word("Approved", "What was approved is being sent.", "info"),
    "applying": Word("Under way", "Its changes are being sent.", "info"),
    "applied": Word("Done", "Everything in it is through.", "success"),
    "discarded": Word("Rejected", "Nothing more of it is sent.", "secondary"),
}
#: Kind of a plan → what it is.
PLAN_KINDS = {
    "full": "Full resync",
    "tick": "Scheduled push",
    "dry-run": "Dry run",
    "held": "Changes that were stopped",
    "approval": "Protected accounts",
    "undo": "Undo",
}
#: The beginning of a held line's reason (``gates.LABELS``) → what its plan would do to how many people.
_CLASSES = {
    "the suspend": ("{n} account would be suspended", "{n} accounts would be suspended"),
    "the creation": ("{n} account would be made", "{n} accounts would be made"),
    "the change of the work e-mail": (
        "{n} person would get another work e-mail",
        "{n} people would get another work e-mail",
    ),
    "the clearing of": ("{n} person would lose a value", "{n} people would lose a value"),
}
_ANYTHING = ("{n} account would be changed", "{n} accounts would be changed")


def class_sentence(reason: str | None, number: int) -> str:
    """Return what a plan of the breaker would do, from the reason of its lines.

    >>> class_sentence("the suspend", 12), class_sentence("the clearing of title", 1)
    ('12 accounts would be suspended', '1 person would lose a value')
    """
    forms = next((forms for start, forms in _CLASSES.items() if (reason or "").startswith(start)), _ANYTHING)
    return forms[number != 1].format(n=f"{number:,}")


def changes_of(line: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return label, value before and value after of each field that a line writes.

    >>> changes_of({"before": {"title": "Lead"}, "after": {"title": None, "active": False}})
    [('Job title', 'Lead', 'nothing'), ('Account', 'nothing', 'suspended')]
    """
    before, after = line["before"], line["after"]
    return [
        (label_of(name), shown(name, before.get(name)), shown(name, value)) for name, value in after.items()
    ]


def label_of(field: str) -> str:
    """Return what a field is called."""
    if field == "active":
        return "Account"
    return FIELDS[field].label if field in FIELDS else field


def shown(field: str, value: Any) -> str:
    """Return a value as people read it."""
    if field == "active" and isinstance(value, bool):
        return "active" if value else "suspended"
    if value is None or value == "":
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def kind_word(kind: str) -> Word:
    """Return the word of a line's kind."""
    return known(KINDS, kind)


def line_word(state: str) -> Word:
    """Return the word of a line's state."""
    return known(LINE_STATES, state)


def plan_word(state: str) -> Word:
    """Return the word of a plan's state."""
    return known(PLAN_STATES, state)


@blueprint.app_template_filter("sentence")
def sentence(text: str | None) -> str:
    """Return a reason as it stands on its own.

    >>> sentence("the suspend"), sentence("It ended."), sentence(None)
    ('The suspend.', 'It ended.', '')
    """
    if not text:
        return ""
    begun = text[0].upper() + text[1:]
    return begun if begun[-1] in ".!?" else f"{begun}."


@blueprint.app_template_filter("actor")
def actor(text: str | None) -> str:
    """Return who did something.

    >>> actor("admin:ada@acme.example"), actor("system:cli"), actor(None)
    ('ada@acme.example', 'the command line', 'somebody')
    """
    names = {"system:cli": "the command line", None: "somebody"}
    return names.get(text) or str(text).removeprefix("admin:")


@blueprint.app_template_filter("bare_name")
def bare_name(label: str) -> str:
    """Return the name of a line's person, without the address that tells namesakes apart.

    >>> bare_name("Maya Okafor (maya@acme.example)")
    'Maya Okafor'
    """
    name, bracket, _ = label.rpartition(" (")
    return name if bracket else label
