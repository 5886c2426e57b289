"""Step-up: what shows or gives away secrets asks again who is at the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from app import clock
from app.web.console.sessions import current_admin, own_path

#: Seconds for which a proof is good.
GOOD_FOR = 600
P = ParamSpec("P")
Answer = str | Response | tuple[str, int]


def has_proved() -> bool:
    """Return whether the admin has proved lately who they are."""
    proved_at = current_admin().proved_at
    return proved_at is not None and clock.after(GOOD_FOR, since=proved_at) > clock.now()


def proven(view: Callable[P, Answer]) -> Callable[P, Answer]:
    """Return a view that first asks again who the admin is; then the browser is back where it was.

    Nothing of the view is done before. A deed goes back to the page that its button stands on, to be pressed again.
    """

    @wraps(view)
    def asked(*args: P.args, **kwargs: P.kwargs) -> Answer:
        if has_proved():
            return view(*args, **kwargs)
        return redirect(url_for("console.prove", next=_page_of_the_button()), 303)

    return asked


def _page_of_the_button() -> str:
    if request.method == "GET":
        return request.full_path.rstrip("?")
    try:
        referrer = urlsplit(request.referrer or "")
    except ValueError:  # such as a bracket without its partner
        return url_for("console.start")
    if referrer.netloc != request.host:
        return url_for("console.start")
    return own_path(
        referrer.path + (f"?{referrer.query}" if referrer.query else ""), url_for("console.start")
    )
