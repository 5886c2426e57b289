"""docs/errors has a page for every stable code, and for nothing else; links between the documents lead somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import app.web.console.runs.fixes
from app.notices.kinds import KINDS as NOTICES
from app.provisioning import bookkeeping, drift, errors, gates, guards, reasons, standing
from app.vendors.jumpcloud import target as jumpcloud
from app.web.api.problems import CODES as PROBLEMS
from tests.web.console.chromium.screens import SCREENS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in (DOCS / "errors").glob("*.md")}
INDEX = (DOCS / "error-codes.md").read_text(encoding="utf-8")
#: What a page answers, in this order.
QUESTIONS = ("What happened", "Effect", "Who acts", "In the console", "On the command line")
#: Rooms and files whose calls name codes.
ROOMS = (
    "app/sources",
    "app/vendors",
    "app/provisioning",
    "app/outbound",
    "app/directory",
    "app/cli/verify.py",
)
#: What is called with a code → the place of the code among its arguments.
CALLS = {
    **dict.fromkeys(("BadValue", "RowProblem", "row_refused"), 0),
    **dict.fromkeys(("RetryLater", "Unauthorised", "Refused", "Conflict", "Vanished", "Unintelligible"), 0),
    **dict.fromkeys(("IncompleteListing", "find"), 0),
    **dict.fromkeys(("_unreadable", "_held", "GroupDecision"), 1),
    "Decision": 2,
}
TARGET_ERRORS = {kind.__name__ for kind in errors.TargetError.__subclasses__()}
CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")
TABLES = {
    *app.web.console.runs.fixes.FIXES,
    *PROBLEMS,
    *NOTICES,
    *reasons.LINK_REASONS,
    *reasons.FIELD_REASONS,
    *standing.KINDS,
    *gates.LABELS,
    *drift.KINDS,
    *(code for code, _ in guards._ADOPTIONS.values()),
    *(code for _, _, questions in bookkeeping._CHECKS for code, *_ in questions),
    *(code for _, code in errors.BY_STATUS.values()),
    *(code for _, code in jumpcloud._DUPLICATE_CODES),
}


def modules() -> Iterator[ast.Module]:
    """The modules in which codes are given; the simulators speak for vendors."""
    for room in ROOMS:
        place = ROOT / room
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            if "simulator" not in path.as_posix():
                yield ast.parse(path.read_text(encoding="utf-8"))


def codes_of(tree: ast.Module) -> Iterator[str]:
    """What a module gives as a code: in calls, beside the class of an error, and as a class's own."""
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        for found in given_in(node):
            value = constants.get(found.id) if isinstance(found, ast.Name) else getattr(found, "value", None)
            if isinstance(value, str) and CODE.fullmatch(value):
                yield value


def given_in(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions in one node that stand where a code does."""
    if isinstance(node, ast.Call):
        place = CALLS.get(name_of(node.func))
        if place is not None and len(node.args) > place:
            yield node.args[place]
        yield from (each.value for each in node.keywords if each.arg in ("code", "reason_code"))
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in ("code", "reason_code"):
                yield value
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
        if any(name_of(each) in TARGET_ERRORS for each in node.elts[:-1]):
            yield node.elts[-1]
    elif isinstance(node, ast.ClassDef):
        own = (each for each in node.body if isinstance(each, ast.Assign))
        yield from (each.value for each in own if name_of(each.targets[0]) == "code")


def name_of(node: ast.expr) -> str:
    """The last word of a name, such as `Refused` of `errors.Refused`; nothing of what is no name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


CODES = TABLES | {code for tree in modules() for code in codes_of(tree)}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
#: What the browser's tests can take pictures of, for the tour.
PICTURES = {screen.title for screen in SCREENS}


def test_codes_are_found_in_every_family():
    families = {"missing_key", "scope_missing", "work_email_not_unique", "member_refused", "rate_limited"}
    families |= {"tls_failed", "credentials_refused", "field_not_written", "suspend_without_effect", "stuck"}
    families |= {"echo", "wrong", "blank", "adoptable", "audit_chain", "gate_without_plan", "import.failed"}
    assert families - CODES == set()
    assert len(CODES) > 200


def test_every_code_has_a_page():
    assert sorted(CODES - PAGES.keys()) == []


def test_every_page_is_of_a_code():
    assert sorted(PAGES.keys() - CODES) == []


def test_the_index_leads_to_every_page():
    linked = set(re.findall(r"\]\(errors/([a-z_.]+)\.md\)", INDEX))
    assert linked ^ PAGES.keys() == set()


@pytest.mark.parametrize("code", sorted(PAGES))
def test_a_page_names_its_code_and_answers_every_question(code):
    head, *parts = re.split(r"^(?=- \*\*What happened:)", PAGES[code], flags=re.MULTILINE)
    assert re.match(rf"# `{re.escape(code)}`: \S", head)
    assert parts
    for part in parts:
        answered = re.findall(r"^- \*\*([^:*]+):\*\* \S.{5,}$", part, re.MULTILINE)
        assert tuple(answered) == QUESTIONS


def documents() -> list[Path]:
    """Every document for people."""
    return sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    for title in re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found


def broken_links(page: Path) -> Iterator[str]:
    """The links of a document that lead nowhere; addresses of the web and pictures yet to be taken are none."""
    for of_text, of_picture in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = (of_text or of_picture).partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        place = (page.parent / path).resolve() if path else page
        if place.parent == DOCS / "console/pictures":
            if place.stem not in PICTURES:
                yield path
        elif not place.exists() or (anchor and anchor not in anchors(place.read_text(encoding="utf-8"))):
            yield f"{path}#{anchor}"


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(page):
    assert list(broken_links(page)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "a.md").write_text(
        "# One\n[x](b.md) [y](#two) [z](#one) ![p](pictures/home.png)", encoding="utf-8"
    )
    assert list(broken_links(tmp_path / "a.md")) == ["b.md#", "#two", "pictures/home.png#"]
