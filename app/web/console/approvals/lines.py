"""Which lines of a plan the address asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from flask import url_for

from app.web.console.approvals.wording import KINDS, LINE_STATES

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters of a plan's page as the address has them; ``after``: behind the line of this number."""

    kind: str = ""
    state: str = ""
    name: str = ""
    after: int = 0

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Choice:
        """Return the choice of a query string; what has not the right form counts as not asked for."""
        kind, state = arguments.get("kind", ""), arguments.get("state", "")
        name, after = arguments.get("name", "").strip(), arguments.get("after", "")
        return cls(
            kind if kind in KINDS else "",
            state if state in LINE_STATES else "",
            name if name.isprintable() and len(name) <= _LONGEST else "",
            int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0,
        )

    @property
    def is_any(self) -> bool:
        """Whether anything is filtered by."""
        return bool(self.kind or self.state or self.name)

    def address(self, plan_id: int, **changes: str | int) -> str:
        """Return the address of a plan's lines with some filters changed, from the first line on unless said."""
        chosen = asdict(replace(self, **{"after": 0, **changes}))  # type: ignore[arg-type]
        return url_for("console.plan", plan_id=plan_id, **{k: v for k, v in chosen.items() if v})
