"""What every simulator is.

A WSGI application with a call log, a fault plan and a control surface under ``/_simulator``.
"""

from __future__ import annotations

import json
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.wrappers import Request, Response

from app.simulation.calls import CallLog
from app.simulation.errors import SimulationError, UnknownRecord
from app.simulation.faults import FaultPlan
from app.simulation.strikes import CutResponse, answer_with_faults

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)
CONTROL = "/_simulator"
LOGGED_HEADERS = ("Accept", "Content-Type", "User-Agent", "If-Match", "If-None-Match", "Prefer", "X-Org-Id")
Control = Callable[..., Any]


class Simulator(ABC):
    """A vendor's HTTP interface in memory; a subclass gives ``answer``, ``refuse``, its controls, and seeds ``people``.

    ``faults`` is a plan's text (see :mod:`app.simulation.faults`); it can be replaced at any time by
    :meth:`plan_faults`. ``vendors`` are names for sets of personas, each a plan's text: see :meth:`play`.
    """

    kind: ClassVar[str] = "simulator"
    personas: ClassVar[Mapping[str, str]] = {}
    vendors: ClassVar[Mapping[str, str]] = {}
    secret_query: ClassVar[frozenset[str]] = frozenset()
    key: str = ""
    base: str = ""
    _standing: str = ""

    def __init__(self, *, people: int = 0, seed: int = 0, key: str = "", faults: str = "") -> None:
        self.key = key
        self.log = CallLog()
        self.faults = FaultPlan()
        self.plan_faults(faults)

    @abstractmethod
    def answer(self, request: Request) -> Response:
        """Do what the vendor does with one request."""

    @abstractmethod
    def refuse(self, status: int, message: str) -> Response:
        """Return an error in the vendor's form."""

    @property
    def key_header(self) -> str:
        """What a caller sends to prove itself, for people to read."""
        return self.key

    def controls(self) -> dict[tuple[str, str], Control]:
        """Return the vendor's control calls.

        (method, first path word) to ``function(payload, *further path words)``.
        """
        return {}

    def summary(self) -> dict[str, Any]:
        """Return what ``GET /_simulator`` shows about the vendor's state."""
        return {}

    def plan_faults(self, spec: str) -> None:
        """Follow another fault plan from the next call on; counters start anew. Raises FaultSpecError."""
        self.faults = FaultPlan.parse(spec, self.personas, self._standing)

    def play(self, *names: str) -> None:
        """Have these habits whatever the fault plan says: names of ``vendors``, or personas with their arguments.

        Raises FaultSpecError.
        """
        self._standing = ";".join(self.vendors.get(name, name) for name in names)
        self.plan_faults(self.faults.spec)

    def persona(self, name: str) -> Mapping[str, str] | None:
        """Return the arguments of a persona that the plan asks for, else None."""
        return self.faults.persona(name)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a control call, or a vendor's call as far as the fault plan lets it."""
        request = Request(environ)
        is_control = request.path == CONTROL or request.path.startswith(CONTROL + "/")
        response = self._controlled(request) if is_control else self._exchanged(request)
        return response(environ, start_response)

    def _exchanged(self, request: Request) -> Response:
        started = time.monotonic()
        target = f"{request.path}?{request.query_string.decode('latin-1')}"
        rules = self.faults.striking(request.method, target)
        sent, worked = answer_with_faults(rules, lambda: self._answered(request), self.refuse)
        shown = worked if worked is not None else sent
        self.log.add(
            started=started,
            ended=time.monotonic(),
            method=request.method,
            path=request.path,
            query={name: value for name, value in request.args.items() if name not in self.secret_query},
            headers={name: request.headers[name] for name in LOGGED_HEADERS if name in request.headers},
            body=self._without_key(request.get_data().decode("utf-8", "replace")),
            status=None if isinstance(sent, CutResponse) else sent.status_code,
            worked=None if worked is None else worked.status_code,
            answer="" if shown.is_streamed else shown.get_data().decode("utf-8", "replace"),
            fault="+".join(rule.name for rule in rules) or None,
        )
        return sent

    def _without_key(self, text: str) -> str:
        return text.replace(self.key, "…") if self.key else text

    def _answered(self, request: Request) -> Response:
        try:
            return self.answer(request)
        except Exception:  # the edge of the simulator: its own bug must show up as a 500, in the log too
            log.exception("%s simulator: %s %s failed", self.kind, request.method, request.path)
            return self.refuse(500, "the simulator itself failed; its log says why")

    def _controlled(self, request: Request) -> Response:
        words = [word for word in request.path[len(CONTROL) :].split("/") if word]
        table = {**self._own_controls(request), **self.controls()}
        control = table.get((request.method, words[0] if words else ""))
        if control is None:
            return as_json({"error": f"no control {request.method} {request.path}"}, 404)
        try:
            return as_json(control(self._payload(request), *words[1:]))
        except UnknownRecord as error:
            return as_json({"error": str(error)}, 404)
        except (SimulationError, ValueError, TypeError, KeyError) as error:
            return as_json({"error": f"{type(error).__name__}: {error}"}, 400)

    def _payload(self, request: Request) -> Any:
        if request.mimetype == "application/json":
            return json.loads(request.get_data() or b"{}")
        return request.get_data(as_text=True)

    def _own_controls(self, request: Request) -> dict[tuple[str, str], Control]:
        since = request.args.get("since", 0, int)
        limit = request.args.get("limit", None, int)
        return {
            ("GET", ""): lambda _: self._overview(),
            ("GET", "calls"): lambda _: [call.as_dict() for call in self.log.calls(since, limit)],
            ("DELETE", "calls"): lambda _: self.log.clear(),
            ("GET", "faults"): lambda _: self._fault_overview(),
            ("PUT", "faults"): lambda spec: self.plan_faults(str(spec)),
        }

    def _overview(self) -> dict[str, Any]:
        return {
            "simulator": self.kind,
            "calls": len(self.log),
            "faults": self._fault_overview(),
            **self.summary(),
        }

    def _fault_overview(self) -> dict[str, Any]:
        return {
            "spec": self.faults.spec,
            "plays": self._standing,
            "struck": self.faults.counts(),
            "personas": dict(self.personas),
            "vendors": dict(self.vendors),
        }


def as_json(value: Any, status: int = 200, content_type: str = "application/json") -> Response:
    """Return a response with ``value`` as UTF-8 JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), status, content_type=content_type)
