"""``rollcall run`` and its parts ``web``, ``worker`` and ``scheduler``."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from app.jobs.supervisor import Part, Supervisor

HOST, PORT, WEB_WORKERS, WORKERS = "127.0.0.1", 8000, 2, 4

_host = click.option("--host", default=HOST, show_default=True, help="The address to listen on.")
_port = click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
_web_workers = click.option(
    "--web-workers", type=click.IntRange(1, 64), default=WEB_WORKERS, show_default=True
)
_workers = click.option(
    "--workers", type=click.IntRange(1, 64), default=WORKERS, show_default=True, help="Threads of the worker."
)


@click.command()
@_host
@_port
@_web_workers
@_workers
def run(host: str, port: int, web_workers: int, workers: int) -> None:
    """Run web, worker and scheduler as one process group until SIGTERM."""
    sys.exit(Supervisor(parts(host, port, web_workers, workers)).run())


def parts(host: str, port: int, web_workers: int, workers: int) -> tuple[Part, ...]:
    """Return the parts of ``rollcall run``, each a program of its own."""
    command = (sys.executable, "-m", "app.cli")
    return (
        Part(
            "web", (*command, "web", "--host", host, "--port", str(port), "--web-workers", str(web_workers))
        ),
        Part("worker", (*command, "worker", "--workers", str(workers))),
        Part("scheduler", (*command, "scheduler")),
    )


@click.command()
@_host
@_port
@_web_workers
def web(host: str, port: int, web_workers: int) -> None:
    """Serve the SCIM API and the console; any number of these may run, on any number of machines."""
    from app.web.server import serve

    serve(host, port, web_workers)


@click.command()
@_workers
@with_appcontext
def worker(workers: int) -> None:
    """Work on what the scheduler wakes: pushes and imports. Any number of these may run, on any number of machines."""
    from app.jobs.worker import work

    work(workers)


@click.command()
@with_appcontext
def scheduler() -> None:
    """Wake what is due, and seal the audit chain. Of all that run, one is active; the others take over when it ends."""
    from app.cli.admin import tell_setup_code
    from app.jobs.scheduler import schedule

    tell_setup_code()
    schedule()
