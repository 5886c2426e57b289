"""``rollcall simulate``: a vendor's simulator as a process of its own."""

from __future__ import annotations

import importlib
import json
import signal
import threading
from collections.abc import Callable

import click

from app.simulation import FAULTS, STATUS_FAULT, SimulationError, Simulator, serve

# Named, not imported: the command line must not load a vendor that is not asked for.
SIMULATORS: dict[str, str] = {
    "jumpcloud": "app.vendors.jumpcloud.simulator:JumpCloudSimulator",
    "scim": "app.vendors.scim.simulator:ScimSimulator",
    "jazzhr": "app.vendors.jazzhr.simulator:JazzHRSimulator",
    "icims": "app.vendors.icims.simulator:ICIMSSimulator",
    "bamboohr": "app.vendors.bamboohr.simulator:BambooHRSimulator",
    "smartrecruiters": "app.vendors.smartrecruiters.simulator:SmartRecruitersSimulator",
    "intellihr": "app.vendors.intellihr.simulator:IntelliHRSimulator",
}


def _show_all(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        _list_faults(*SIMULATORS)
        context.exit()


@click.group()
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    callback=_show_all,
    expose_value=False,
    help="Name them all.",
)
def simulate() -> None:
    """Run the simulator of a vendor until Ctrl-C."""


def simulator_class(kind: str) -> type[Simulator]:
    """Return the simulator class of a vendor; KeyError for an unknown kind."""
    module, _, name = SIMULATORS[kind].partition(":")
    loaded: type[Simulator] = getattr(importlib.import_module(module), name)
    return loaded


def _command(kind: str) -> Callable[..., None]:
    @simulate.command(
        kind,
        help=f"Serve the {kind} simulator. Faults: RULE[;RULE]…, e.g. 429:every=20,retry_after=2;slow:ms=200.",
    )
    @click.option("--host", default="127.0.0.1", show_default=True)
    @click.option("--port", type=click.IntRange(0, 65535), required=True, help="0 takes a free port.")
    @click.option(
        "--people", type=click.IntRange(0), default=0, show_default=True, help="Made-up people to begin with."
    )
    @click.option("--seed", type=int, default=0, show_default=True, help="Which made-up people.")
    @click.option(
        "--key", default="simulator-key", show_default=True, help="The key or token that callers must send."
    )
    @click.option("--faults", default="", metavar="SPEC", help="Fault plan; --list-faults names all.")
    @click.option(
        "--persona",
        "personas",
        multiple=True,
        metavar="NAME",
        help="A vendor to play, or a habit with its arguments; stays whatever the fault plan. Repeatable.",
    )
    @click.option("--list-faults", is_flag=True, is_eager=True, callback=_listed(kind), expose_value=False)
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON line instead of text.")
    def run(
        host: str,
        port: int,
        people: int,
        seed: int,
        key: str,
        faults: str,
        personas: tuple[str, ...],
        as_json: bool,
    ) -> None:
        try:
            simulator = simulator_class(kind)(people=people, seed=seed, key=key, faults=faults)
            simulator.play(*personas)
            server = serve(simulator, host, port)
        except SimulationError as error:
            raise click.ClickException(str(error)) from error
        with server:
            _announce(simulator, server.url, as_json)
            _wait_for_the_end()

    return run


def _listed(kind: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted:
            _list_faults(kind)
            context.exit()

    return show


def _list_faults(*kinds: str) -> None:
    """Print the faults, and the personas and vendors of these simulators, a line each; equal lists once."""
    tables: dict[str, dict[str, str]] = {"faults (--faults)": dict([STATUS_FAULT]) | FAULTS}
    for kind in kinds:
        simulator = simulator_class(kind)
        same = next((title for title, table in tables.items() if table == dict(simulator.personas)), None)
        tables[f"personas of {kind} (--faults, --persona)"] = {} if same else dict(simulator.personas)
        tables[f"vendors that {kind} plays (--persona)"] = dict(simulator.vendors)
        if same:
            tables[f"{same.removesuffix(' (--faults, --persona)')}, and of {kind}"] = tables.pop(same)
    for title, table in tables.items():
        if table:
            click.echo(f"{title}:")
            for name, meaning in table.items():
                click.echo(f"  {name:<22} {meaning}")


def _announce(simulator: Simulator, url: str, as_json: bool) -> None:
    shown = {"url": url, "key": simulator.key, **simulator.summary()}
    if as_json:
        click.echo(json.dumps(shown))
        return
    click.echo(f"{simulator.kind} simulator at {url}{simulator.base} (Ctrl-C stops it)")
    click.echo(f"key: {simulator.key_header}")
    for name, value in simulator.summary().items():
        click.echo(f"{name}: {value}")
    click.echo(f"control: {url}/_simulator")


def _wait_for_the_end() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


for _kind in SIMULATORS:
    _command(_kind)

if __name__ == "__main__":
    simulate()
