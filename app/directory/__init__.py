"""The directory of employees and groups, and the one way to change it.

Reads and writes take the connection of a transaction (``app.database``); every write needs a writing one.
"""

from __future__ import annotations

from app.directory.forgetting import Forgotten, forget
from app.directory.listeners import Actor, Change, listen
from app.directory.reading import (
    external_ids,
    get,
    get_many,
    ids_by_any_email,
    ids_by_employee_number,
    ids_by_user_name,
    ids_by_work_email,
    iterate_ids,
    owners,
    owners_of_employee_numbers,
    owners_of_work_emails,
    revisions,
    stored_totals,
    total,
)
from app.directory.values import Document, differences, flatten, merged, work_email
from app.directory.writing import (
    KEEP,
    Held,
    Resource,
    Written,
    change,
    create,
    delete,
    delete_held,
    merge,
    read_for_change,
    replace,
)

__all__ = [
    "KEEP",
    "Actor",
    "Change",
    "Document",
    "Forgotten",
    "Held",
    "Resource",
    "Written",
    "change",
    "create",
    "delete",
    "delete_held",
    "differences",
    "external_ids",
    "flatten",
    "forget",
    "get",
    "get_many",
    "ids_by_any_email",
    "ids_by_employee_number",
    "ids_by_user_name",
    "ids_by_work_email",
    "iterate_ids",
    "listen",
    "merge",
    "merged",
    "owners",
    "owners_of_employee_numbers",
    "owners_of_work_emails",
    "read_for_change",
    "replace",
    "revisions",
    "stored_totals",
    "total",
    "work_email",
]
