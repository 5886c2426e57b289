"""A vendor served over real HTTP, with a call log and with faults in front of it (``app.simulation``)."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from app.simulation import Call, Server, Simulator, as_json, serve

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Fronted(Simulator):
    """Any WSGI application with the fault plan and the call log of the simulators in front of it."""

    kind = "vendor"

    def __init__(self, application: WSGIApplication, faults: str) -> None:
        super().__init__(faults=faults)
        self.application = application

    def answer(self, request: Request) -> Response:
        """Return what the application answers."""
        # The call log has read the body already.
        environ = {**request.environ, "wsgi.input": BytesIO(request.get_data())}
        return Response.from_app(self.application, environ, buffered=True)

    def refuse(self, status: int, message: str) -> Response:
        """Return a refusal as JSON."""
        return as_json({"error": message}, status)


class VendorServer:
    """A vendor's application on loopback. Faults are plans as ``app.simulation.faults`` has them."""

    def __init__(self, application: WSGIApplication, faults: str = "") -> None:
        self._fronted = _Fronted(application, faults)
        self._server: Server = serve(self._fronted)
        #: Base URL without a trailing slash.
        self.url = self._server.url

    def plan_faults(self, spec: str) -> None:
        """Follow another fault plan from the next call on; ``""`` for none. Raises ``FaultSpecError``."""
        self._fronted.plan_faults(spec)

    def calls(self) -> list[Call]:
        """Return the calls so far, oldest first."""
        return self._fronted.log.calls()

    def forget_calls(self) -> None:
        """Empty the call log."""
        self._fronted.log.clear()

    def stop(self) -> None:
        """Stop: whoever calls now is refused by the machine. Safe to call twice."""
        self._server.stop()
