"""What a target's settings would write to whom, before they are saved: the whole directory against what was last sent.

Nothing is asked of the target and nothing is stored. Who has no account yet would be looked for there first; what was
changed there by hand shows only in a dry run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, select

from app import directory
from app.database import one_of
from app.provisioning import guards, people, planner, tasks
from app.provisioning.kinds import check_settings, policy_for
from app.provisioning.links import COLUMNS, Link, link_of
from app.provisioning.operations import Decision, Reading, Sight
from app.provisioning.people import Person
from app.provisioning.policies import Policy
from app.provisioning.tables import link_table
from app.provisioning.targets import Target

BATCH = 500
#: Of somebody without an account these fields are shown, and those with a mapping.
SHOWN_OF_THE_NEW = ("userName", "displayName")

_c = link_table.c
_AT_TARGET = (_c.tenant_id == bindparam("b_tenant"), _c.target_id == bindparam("b_target"))
_LINKS = select(*COLUMNS).where(*_AT_TARGET, one_of(_c.employee_id, "b_ids"))
_NAMES = select(_c.user_name_key, _c.employee_id, _c.label).where(
    *_AT_TARGET, _c.user_name_key.is_not(None), _c.remote_id.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Preview:
    """The difference: people by what would be done, by field, by what would hold them; the first few of each.

    `kinds` are `new update suspend activate unchanged held waiting`; `examples` and `holds` are plain JSON objects.
    """

    people: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, int] = field(default_factory=dict)
    cleared: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[Mapping[str, Any]] = ()
    holds: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> dict[str, Any]:
        """All of it, for scripts and the console."""
        counted = {name: dict(getattr(self, name)) for name in ("kinds", "fields", "cleared", "held")}
        return {"people": self.people, **counted, "examples": list(self.examples), "holds": list(self.holds)}


def of(
    connection: Connection,
    target: Target,
    settings: Mapping[str, Any],
    *,
    shown: int = 20,
    advance: Callable[[int], None] = lambda number: None,
) -> Preview:
    """What these settings would do; `shown` people are shown one by one, `advance` is told of every batch.

    Raises `WrongUse` when the settings do not fit together.
    """
    check_settings(target.kind, settings)
    policy = policy_for(target.kind, settings)
    taken = _taken(connection, target)
    decided: list[tuple[Person, Decision]] = []
    last: str | None = None
    while ids := directory.iterate_ids(connection, target.tenant_id, last, BATCH):
        decided += _decided(connection, target, policy, ids, taken)
        last = ids[-1]
        advance(len(ids))
    finals = guards.without_collisions(decision for _, decision in decided)
    return _summed(
        policy, [(person, final) for (person, _), final in zip(decided, finals, strict=True)], shown
    )


def _taken(connection: Connection, target: Target) -> dict[str, tuple[str, str]]:
    rows = connection.execute(_NAMES, {"b_tenant": target.tenant_id, "b_target": target.id})
    return {row.user_name_key: (row.employee_id, row.label or f"employee {row.employee_id}") for row in rows}


def _decided(
    connection: Connection,
    target: Target,
    policy: Policy,
    ids: list[str],
    taken: Mapping[str, tuple[str, str]],
) -> list[tuple[Person, Decision]]:
    persons = people.load(connection, target.tenant_id, ids, policy.selection, target.id)
    key = {"b_tenant": target.tenant_id, "b_target": target.id, "b_ids": ids}
    links = tasks.gated(connection, target, [link_of(row) for row in connection.execute(_LINKS, key)])
    by_id = {link.employee_id: link for link in links}
    names = {name: label for name, (_, label) in taken.items()}
    return [
        (persons[id_], planner.decide(persons[id_], _settled(by_id.get(id_, Link(id_))), policy, _SEEN,
                                      taken_user_names=names))
        for id_ in ids
        if id_ in persons
    ]  # fmt: skip


#: As if the keys had been looked for and nobody found: what is not linked is new.
_SEEN = Sight(Reading.KEYS)


def _settled(link: Link) -> Link:
    """The link as it is once nothing is under way and refused data may pass again."""
    return replace(link, compare_since=None, attempt_kind=None, refused_digest=None)


def _summed(policy: Policy, decided: Sequence[tuple[Person, Decision]], shown: int) -> Preview:
    kinds: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    cleared: Counter[str] = Counter()
    held: Counter[str] = Counter()
    examples: list[dict[str, Any]] = []
    holds: list[dict[str, Any]] = []
    for person, decision in decided:
        operation = decision.operation
        is_held = decision.state in ("held", "waiting", "vanished")
        kinds[_kind(decision)] += 1
        if is_held:
            held[decision.code or decision.state] += 1
        if is_held and len(holds) < shown:
            holds.append({"employee": person.employee_id, "label": person.label, "code": decision.code,
                          "reason": decision.reason})  # fmt: skip
        if operation is None or decision.needs_approval:
            continue
        if not operation.creates:
            fields.update(operation.after.keys())
            cleared.update(name for name, value in operation.after.items() if value is None)
        if len(examples) < shown:
            examples.append({"employee": person.employee_id, "label": person.label, "kind": _kind(decision),
                             "changes": _changes(policy, decision)})  # fmt: skip
    return Preview(len(decided), kinds, fields, cleared, held, examples, holds)


def _kind(decision: Decision) -> str:
    if decision.operation is None or decision.needs_approval:
        return decision.counts
    return "new" if decision.operation.creates else decision.operation.kind


def _changes(policy: Policy, decision: Decision) -> dict[str, list[Any]]:
    """Field → [before, after]."""
    operation = decision.operation
    if operation is None:
        return {}
    names = [*SHOWN_OF_THE_NEW, *policy.selection.mappings] if operation.creates else list(operation.after)
    return {name: [operation.before.get(name), operation.after.get(name)] for name in dict.fromkeys(names)}
