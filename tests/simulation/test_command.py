"""``rollcall simulate`` names every fault and persona, and plays vendors."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from app.cli.simulate import SIMULATORS, simulate, simulator_class
from app.simulation import FAULTS


def test_all_faults_personas_and_vendors_are_listed_with_a_line_each() -> None:
    result = CliRunner().invoke(simulate, ["--list-faults"])
    assert result.exit_code == 0
    lines = [line for line in result.output.splitlines() if line.startswith("  ")]
    listed = {line.split()[0] for line in lines}
    for kind in SIMULATORS:
        simulator = simulator_class(kind)
        assert listed >= simulator.personas.keys() | simulator.vendors.keys() | FAULTS.keys()
    for section in re.split(r"^\S.*\n", result.output, flags=re.MULTILINE):
        names = [line.split()[0] for line in section.splitlines() if line.startswith("  ")]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["aws;", "nonsense", "page-cap:size"])
def test_a_persona_that_is_none_is_one_line(name: str) -> None:
    result = CliRunner().invoke(simulate, ["jazzhr", "--port", "0", "--persona", name])
    assert result.exit_code == 1
    assert "Traceback" not in result.output and len(result.output.splitlines()) == 1
