"""What a third party proves an adapter with: fixtures for pytest, and a battery of tests (docs/adapters.md).

pytest finds the fixtures by itself (``app.kit.plugin``, entry point ``pytest11``); the product never imports this room.
"""

from __future__ import annotations

from app.kit.battery import AdapterBattery
from app.kit.world import VendorCall, World

__all__ = ["AdapterBattery", "VendorCall", "World"]
