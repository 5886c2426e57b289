"""The example of docs/adapters.md, taken out of the page: the files of a third party's distribution."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"
_FILE = re.compile(
    r"^`(?P<name>[\w.]+)`[^\n]*:\n\n```(?:toml|python)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)
#: The files of the first example; those with webhooks come on top.
FIRST = ("pyproject.toml", "payroll.py", "test_payroll.py")


def files() -> dict[str, str]:
    """Return name → text of every file that the page shows."""
    return {found["name"]: found["text"] for found in _FILE.finditer(PAGE.read_text(encoding="utf-8"))}


def write(folder: Path) -> None:
    """Write the distribution, its kind with webhooks included."""
    for name, text in files().items():
        if name == "pyproject.toml":
            text = text.replace(
                'payroll = "payroll:PayrollSource"',
                'payroll = "payroll:PayrollSource"\npayroll-calls = "payroll_calls:PayrollCallsSource"',
            ).replace('["payroll"]', '["payroll", "payroll_calls"]')
        (folder / name).write_text(text, encoding="utf-8")
