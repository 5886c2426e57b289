"""A page of a real browser that is watched: what it logs, what it asks other hosts for, what its policy forbids."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request

#: What WCAG 2.2 AA asks for, and what axe's makers call good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_VIOLATIONS = (
    "document.addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective))"
)
_axe = Axe()


class Watched:
    """A page and everything it did that a console's page may not do."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.misdeeds: list[str] = []
        page.add_init_script(_VIOLATIONS)
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.misdeeds.append(f"script failed: {error}"))
        page.on("request", self._asked)
        page.on("dialog", self._popped_up)

    def visit(self, path: str) -> int:
        """Go to an address of the console and return the status of its answer."""
        answer = self.page.goto(self.base + path)
        assert answer is not None
        self.page.wait_for_function("document.readyState === 'complete'")
        return answer.status

    def violations(self) -> list[str]:
        """Return what axe finds: rule, what is wrong, and where."""
        options: Any = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
        found = _axe.run(self.page, options=options).response["violations"]
        return [
            f"{each['id']}: {each['help']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')}"
            for each in found
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(width))

    def was_hit(self) -> bool:
        """Return whether a payload in somebody's name has run."""
        return bool(self.page.evaluate("window.hit === 1"))

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.misdeeds.append(f"logged: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and f"{parts.scheme}://{parts.netloc}" != self.base:
            self.misdeeds.append(f"asked another host: {request.url}")

    def _popped_up(self, dialog: Any) -> None:
        self.misdeeds.append(f"a dialog popped up: {dialog.message}")
        dialog.dismiss()
