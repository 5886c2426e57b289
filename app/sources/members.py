"""Members of vendors' records, as marshmallow fields: plain text or nothing, whatever a vendor writes for nothing."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

NO_DATE = "0000-00-00"


class Scalar(fields.Field[str | None]):
    """Text, or None for ``""``, null and anything that is no scalar."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return None
        return str(value).strip() or None


class Day(Scalar):
    """A date ``YYYY-MM-DD``; ``0000-00-00`` is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        text = super()._deserialize(value, attr, data, **kwargs)
        return None if text is None or text.startswith(NO_DATE) else text
