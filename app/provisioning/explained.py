"""Why a field of one link is what it is at the target (rule 18): where from → by which rule → sent when → answered how.

Pure: what the database knows is handed in as a `Case`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.outbound.redaction import HIDDEN
from app.provisioning import gates, origins
from app.provisioning.effects import fields_fed_by
from app.provisioning.fields import FIELDS, NEVER_CLEARED, Mapped, same_value
from app.provisioning.links import Link
from app.provisioning.origins import Origin
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.readers import Document
from app.provisioning.reasons import FIELD_REASONS, says
from app.provisioning.standing import HELD, PENDING, RIDES_ALONG, WAITING, WRONG, Standing

#: A code of `FIELD_REASONS` with what its sentence names.
_Why = tuple[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Case:
    """One link with all that bears on it.

    `document` is None for a deleted employee. `attempts` are the writing requests that worked, oldest first.
    `writers` are those who are paired with the target (rule 17), as owners name them.
    """

    person: Person
    document: Document | None
    link: Link
    how: Standing
    policy: Policy
    supported: frozenset[str]
    origins: Mapping[str, Origin]
    attempts: Sequence[Any] = ()
    writers: frozenset[str] = frozenset()


def fields(case: Case) -> dict[str, dict[str, Any]]:
    """Field → its explanation, of every field of the table.

    Members: label, directory, from, rule, sent, sent_at, attempt, answer, target_keeps (only where the target keeps
    another form), code and says.
    """
    return {name: _field(name, case) for name in FIELDS}


def _field(name: str, case: Case) -> dict[str, Any]:
    link = case.link
    wanted, sent = _wanted(name, case), link.sent.get(name)
    sources = [o for path, o in sorted(case.origins.items()) if name in _fed(path, name, case)]
    attempt = _attempt(name, case, sources)
    code, named = _why(name, case, sources, attempt)
    reason = FIELD_REASONS[code]
    explanation: dict[str, Any] = {
        "label": FIELDS[name].label,
        "directory": wanted,
        "from": [origins.to_json({o.path: o})[o.path] | {"path": o.path} for o in sources],
        "rule": {"number": reason.rule, "switch": _switch(name, case), "mapping": _mapping(name, case)},
        "sent": sent,
        "sent_at": attempt.at if attempt else None,
        "attempt": _members(attempt, "id", "method", "path", "employee_version"),
        "answer": _members(attempt, "status", "error", "response_body"),
        "code": code,
        "says": says(FIELD_REASONS, code, **named),
    }
    if name in link.normalised:
        explanation["target_keeps"] = link.normalised[name]
    return explanation


def _wanted(name: str, case: Case) -> Any:
    if case.policy.selection.sends(name) or case.document is None:
        return case.person.values.get(name)
    return FIELDS[name].read(case.document)


def _fed(path: str, name: str, case: Case) -> tuple[str, ...]:
    selection = case.policy.selection
    return fields_fed_by(path, selection if selection.sends(name) else None)


def _switch(name: str, case: Case) -> str:
    selection = case.policy.selection
    if not selection.sends(name):
        return "not sent"
    if name in selection.create_only:
        return "create-only"
    return "triggers" if name in selection.triggering else "rides along"


def _mapping(name: str, case: Case) -> str | None:
    source = case.policy.selection.sources.get(name)
    return source.text if isinstance(source, Mapped) else None


def _members(row: Any, *names: str) -> dict[str, Any] | None:
    return None if row is None else {name: getattr(row, name) for name in names}


# --- which request carried it ------------------------------------------------------------------------------------


def _attempt(name: str, case: Case, sources: Sequence[Origin]) -> Any:
    """The first request that worked after the value became what it is and that had it in its body; None without one."""
    value = case.link.sent.get(name)
    made = origins.latest(sources)
    if made is None or (name not in case.link.sent and name not in case.policy.selection.create_only):
        return None
    since = [a for a in case.attempts if (a.employee_version or 0) >= made.revision or a.at >= made.at]
    value = case.person.values.get(name) if value is None else value
    return next((a for a in since if _carries(a.request_body, value)), None)


def _carries(body: str | None, value: Any) -> bool:
    """Whether a kept body has the value; one that was not kept whole, or in which much is hidden, may have it."""
    if body is None:
        return False
    if not isinstance(value, str) or HIDDEN in body or not body.endswith(("}", "]")):
        return True
    return json.dumps(value, ensure_ascii=False)[1:-1] in body


# --- the reason --------------------------------------------------------------------------------------------------


def _why(name: str, case: Case, sources: Sequence[Origin], attempt: Any) -> _Why:
    never = _never(name, case)
    if never is not None:
        return never
    link, wanted, sent = case.link, case.person.values.get(name), case.link.sent.get(name)
    if link.remote_id is None:
        return _without_account(case, wanted)
    if name in case.policy.selection.create_only:
        return "create_only", {}
    if wanted is None and name == "manager" and case.person.waits_for:
        return "manager_waits", {"manager": case.person.waits_for}
    if wanted is None and sent is None:
        return ("cleared" if name in link.sent else "empty"), {}
    if not same_value(name, wanted, sent):
        return _differs(name, case, wanted)
    if name in link.normalised:
        return "normalised", {"kept": link.normalised[name]}
    writer = origins.latest(sources)
    if attempt is None and writer is not None and writer.owner in case.writers:
        return "echo", {"writer": writer.writer}
    return ("sent" if attempt is not None else "held_there"), {}


def _never(name: str, case: Case) -> _Why | None:
    """Why a field is not sent to this target at all."""
    selection, needs = case.policy.selection, FIELDS[name].needs
    if name in case.person.unmapped:
        return "mapping_failed", {"why": case.person.unmapped[name]}
    if name not in case.supported:
        return "not_supported", {}
    if name not in selection.sent:
        return "not_selected", {}
    if not selection.sends(name):
        return "needs_other_field", {"needs": needs}
    return None


def _without_account(case: Case, wanted: Any) -> _Why:
    if wanted is None:
        return "empty", {}
    how = case.how
    if how.kind == PENDING:
        return "to_be_sent", {"why": how.says}
    if how.kind in (HELD, WAITING):
        return "held", {"state": how.kind, "why": how.says}
    return "no_account", {}


def _differs(name: str, case: Case, wanted: Any) -> _Why:
    if wanted is None and name in NEVER_CLEARED:
        return "key_not_cleared", {}
    shut = _gate(name, case, wanted)
    if shut is not None:
        return shut
    how = case.how
    if how.kind == RIDES_ALONG:
        return "rides_along", {}
    if how.kind == WRONG and how.code != "stuck":
        return "unexplained", {}
    if how.kind in (PENDING, WRONG):
        return ("to_be_sent" if wanted is not None else "to_be_cleared"), {"why": how.says}
    return "held", {"state": case.link.state, "why": how.says}


def _gate(name: str, case: Case, wanted: Any) -> _Why | None:
    link, change = case.link, gates.class_of(name, wanted)
    if not link.shuts(change):
        return None
    named: dict[str, object] = {"change": gates.label_of(change)}
    if change not in link.gates:
        return "gate_run", named | {"run": link.gate_run}
    plan_id = link.gates[change]
    return ("gate_discarded", named) if plan_id is None else ("gate_waits", named | {"plan": plan_id})
