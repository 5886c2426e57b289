"""Secrets that are shown once: on their way from the form to the page that shows them, in one browser only.

The form's cookie carries the secret sealed, bound to the session and to the page; the page takes it out of the
cookie. So a reload neither makes another secret nor shows it again, and no row of ours ever holds it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from flask import session

from app import clock
from app.access.encryption import UnsealError, seal, unseal
from app.web.console.sessions import current_admin, session_value

#: Seconds for which a page can still be reached that shows a secret.
SHOWN_WITHIN = 300
_KEY = "once"


def keep(what: str, secret: str) -> None:
    """Keep a fresh secret for the page that shows ``what``; another one that was not looked at is dropped."""
    content = json.dumps({"until": clock.after(SHOWN_WITHIN), "secret": secret}).encode()
    sealed = seal(current_admin().tenant_id, _place(what), content)
    session[_KEY] = base64.b64encode(sealed).decode()


def taken(what: str) -> str | None:
    """Return the secret that was kept for ``what`` and forget it; None for anything else, and when it is too late."""
    try:
        sealed = base64.b64decode(session.pop(_KEY, ""), validate=True)
        content = json.loads(unseal(current_admin().tenant_id, _place(what), sealed))
    except (UnsealError, binascii.Error):
        return None
    return str(content["secret"]) if content["until"] > clock.now() else None


def _place(what: str) -> str:
    holder = hashlib.sha256((session_value() or "").encode()).hexdigest()
    return f"console/once/{holder}/{what}"
