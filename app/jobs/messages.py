"""What stands in the queue: a task's name and its numbers, as JSON."""

from __future__ import annotations

import json
from typing import Any

from huey.registry import Message
from huey.serializer import Serializer


class JsonMessages(Serializer):
    """Huey's serializer without pickle, with which whoever may write to the queue could run code in a worker."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(list(data)).encode()

    def _deserialize(self, data: bytes) -> Message:
        """Return the message. Raises `ValueError` or `TypeError` for anything that is not one of ours."""
        message = Message(*json.loads(data))
        return message._replace(args=tuple(map(int, message.args)), kwargs={})
