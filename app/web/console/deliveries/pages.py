"""The list of deliveries, and one of them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flask import abort, render_template, request
from sqlalchemy import Connection

from app import directory
from app.database import reading as reading_database
from app.web.console.blueprint import blueprint
from app.web.console.deliveries import reading, tries
from app.web.console.deliveries.filters import EMPLOYEE, METHODS, OUTCOMES, STATUSES, Filters
from app.web.console.deliveries.reading import Delivery
from app.web.console.deliveries.wording import fate_of
from app.web.console.sessions import current_admin
from app.web.console.targets.asking import plain

#: How long calls are kept (app.provisioning.retention).
KEPT_DAYS = 30


@blueprint.shows("/deliveries")
def deliveries() -> str:
    """Show the calls that fit the address, the newest first."""
    tenant_id, filters = current_admin().tenant_id, Filters.of(request.args)
    with reading_database() as connection:
        targets = reading.target_names(connection, tenant_id)
        employees = _employees(connection, tenant_id, filters.employee)
        found = reading.listed(connection, tenant_id, filters, employees, targets)
        named = _named(connection, tenant_id, employees)
    return render_template(
        "console/deliveries/list.html",
        filters=filters,
        targets=targets,
        found=found,
        named=named,
        is_unknown=employees == [],
        methods=METHODS,
        statuses=STATUSES,
        outcomes=OUTCOMES,
        kept_days=KEPT_DAYS,
    )


def _employees(connection: Connection, tenant_id: int, text: str) -> Sequence[str] | None:
    """Return the people that an id or a work e-mail address names; None when neither was typed."""
    if not text:
        return None
    if EMPLOYEE.fullmatch(text):
        return [text]
    return directory.ids_by_work_email(connection, tenant_id, text)


def _named(connection: Connection, tenant_id: int, employees: Sequence[str] | None) -> dict[str, str]:
    """Return id → name of the people that are filtered by."""
    about = [Delivery("", "", 0, employee, None, "", "", None, 0.0, None) for employee in employees or ()]
    return reading.names(connection, tenant_id, about)


@blueprint.shows("/deliveries/<delivery_id>")
def delivery(delivery_id: str) -> str:
    """Show one call: what was sent, what came back, what it means, the other tries of it."""
    tenant_id = current_admin().tenant_id
    if not EMPLOYEE.fullmatch(delivery_id):
        abort(404)
    with reading_database() as connection:
        row = reading.with_id(connection, tenant_id, delivery_id)
        if row is None:
            abort(404)
        person = reading.names(connection, tenant_id, [row])
        is_there = bool(row.employee_id) and (
            directory.get(connection, tenant_id, row.employee_id) is not None
        )
        link = (
            reading.link_of(connection, tenant_id, row.target_id, row.employee_id)
            if row.employee_id
            else None
        )
        siblings = tries.siblings(connection, tenant_id, row)
        targets = reading.target_names(connection, tenant_id)
    return render_template(
        "console/deliveries/one.html",
        call=row,
        fate=fate_of(row.status, row.error),
        fate_of=fate_of,
        person=person.get(row.employee_id or "", row.employee_id),
        is_there=is_there,
        link=link,
        siblings=siblings,
        target=targets.get(row.target_id),
        sent=readable(row.request_body),
        answered=readable(row.response_body),
        words=own_words(row.response_body),
        kept_days=KEPT_DAYS,
        plain=plain,
    )


@blueprint.app_template_filter("readable")
def readable(body: str | None) -> str | None:
    """Return a body with line breaks where it is JSON, and as it is where it is not.

    >>> print(readable('{"a":[1]}'))
    {
      "a": [
        1
      ]
    }
    """
    if not body:
        return None
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return body


#: Where answers keep a sentence: SCIM's `detail` (RFC 7644 §3.12), JumpCloud's `message`, others' `error`.
_SENTENCES = ("detail", "message", "error", "error_description")


def own_words(body: str | None) -> str | None:
    """Return the sentence in which the other side says what is wrong, None when there is none to be found.

    >>> own_words('{"detail": "userName is taken"}'), own_words("[1]"), own_words(None)
    ('userName is taken', None, None)
    """
    try:
        found = json.loads(body or "")
    except (ValueError, RecursionError):
        return None
    texts = (found.get(name) for name in _SENTENCES) if isinstance(found, dict) else ()
    return next((text for text in texts if isinstance(text, str) and text.strip()), None)
