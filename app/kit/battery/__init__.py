"""The battery: what every adapter must do, as tests. The sections of docs/adapters.md say the same in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from app.kit.battery.checking import Checking
from app.kit.battery.describing import Describing
from app.kit.battery.importing import Importing
from app.kit.battery.reading import Reading
from app.kit.battery.secrecy import Secrecy
from app.kit.battery.webhooks import Webhooks

if TYPE_CHECKING:
    from app.kit.world import World

__all__ = ["AdapterBattery"]


class AdapterBattery(Describing, Checking, Reading, Importing, Secrecy, Webhooks):
    """Subclass it in a test module under a name that begins with ``Test``; give the kind and a world.

    Tests about what an adapter has no methods for (``read_some``, ``receive``) are left out of the run.
    """

    #: The kind's name in the entry-point group ``rollcall.sources``.
    kind: ClassVar[str]

    def world(self) -> World:
        """Return a vendor without people; called once for each test."""
        raise TypeError(f"{type(self).__name__} needs a method world(self) that returns a World.")
