"""The web server: granian, which imports the application in its workers only."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces

APPLICATION = "app.composition:web_application"
BLOCKING_THREADS = 4
STOP_SECONDS = 20


def serve(host: str, port: int, workers: int, factory: str = APPLICATION) -> None:
    """Serve what ``factory`` makes until SIGTERM, which lets requests in flight finish.

    This process must not make the application itself: an engine opened before the fork would be shared.
    """
    Granian(
        factory,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=BLOCKING_THREADS,
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        log_access=False,
    ).serve()
