"""What may be typed into a field: PostgreSQL takes no zero bytes, and people see no control characters."""

from __future__ import annotations

from wtforms.validators import Regexp

PRINTABLE = Regexp(r"[^\x00-\x1f\x7f]*\Z", message="Leave out characters that cannot be seen.")
