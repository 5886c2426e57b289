"""Playing sequences to both servers, and making those that show a difference short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tests.referees.differential.comparison import Difference, differences
from tests.referees.differential.exchange import Step
from tests.referees.differential.servers import Rollcall, Scim2Server


def played(steps: Iterable[Step], rollcall: Rollcall, peer: Scim2Server) -> Iterator[Difference]:
    """Yield every difference between the answers to a sequence, until the two directories hold different things.

    What follows a difference in what is held would compare different directories.
    """
    rollcall.begin()
    peer.begin()
    for step in steps:
        ours, theirs = rollcall.send(step), peer.send(step)
        found = differences(step, ours, theirs, rollcall.names, peer.names)
        yield from found
        if any(difference.is_lasting for difference in found):
            return


def shortened(steps: list[Step], shows: Callable[[list[Step]], bool]) -> list[Step]:
    """Return a sequence with every step left out that is not needed to show the difference."""
    for step in reversed(steps):
        rest = [other for other in steps if other is not step]
        if shows(rest):
            steps = rest
    return steps
