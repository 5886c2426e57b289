"""The rows of a run: what failed and how it is mended, who was added or changed, page by page."""

from __future__ import annotations

import re
from pathlib import Path

from app.web.console.paging import PAGE
from app.web.console.runs.fixes import FIXES
from tests.web.console.browser import Browser
from tests.web.console.runs.people_file import BAD_DATE, BAD_MAIL, BAD_WORD, GOOD, PeopleFile

SCRIPT = "<script>alert(1)</script>"


def test_a_failed_row_says_who_what_is_wrong_and_what_to_do(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(GOOD, BAD_MAIL, BAD_WORD)
    page = signed_in.page(f"/runs/{run.id}")
    first, second = page.rows("rows")
    assert first[:2] == ["3", "Record 2"]
    assert first[2].startswith("Not an e-mail address. Work e-mail: 'nonsense' is not one e-mail address")
    assert first[3] == "Correct the address; only one can stand in the field. at hr, row 3"
    assert second[3] == "Give the word a meaning in the mapping. To the mapping"
    assert page.links("rows")["To the mapping"] == f"{file.address}/connect/mapping"


def test_a_row_of_somebody_known_leads_to_the_person(signed_in: Browser, file: PeopleFile) -> None:
    file.run(GOOD)
    run = file.run(GOOD.replace("maya@acme.example", "nonsense"))
    page = signed_in.page(f"/runs/{run.id}")
    assert page.rows("rows")[0][1] == "Maya Okafor"
    assert page.links("rows")["Maya Okafor"].startswith("/people/")


def test_warnings_are_a_list_of_their_own(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(BAD_DATE)
    (row,) = signed_in.page(f"/runs/{run.id}?result=warned").rows("rows")
    assert row[1] == "Omar Haddad"
    assert row[2].startswith("Not a date. First day: 'soon'")


def test_rows_are_filtered_by_what_is_wrong_and_by_text(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(BAD_MAIL, BAD_WORD)
    by_code = signed_in.page(f"/runs/{run.id}?result=errored&code=unknown_value").rows("rows")
    assert [row[1] for row in by_code] == ["Record 3"]
    by_text = signed_in.page(f"/runs/{run.id}?result=errored&q=NONSENSE").rows("rows")
    assert [row[1] for row in by_text] == ["Record 2"]
    nothing = signed_in.page(f"/runs/{run.id}?result=errored&q=100%25")
    assert nothing.rows("rows") == []
    assert "No row is like that" in nothing.text


def test_failed_rows_come_in_pages_forwards_and_backwards(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(*(f"{n},A,B,nonsense,Sales,3/4/2024" for n in range(1, 2 * PAGE + 4)))
    seen, address = [], f"/runs/{run.id}"
    for _ in range(3):
        page = signed_in.page(address)
        seen.append([row[0] for row in page.rows("rows")])
        address = page.links("rows").get("Next", "")
    expected = [str(number) for number in range(2, 2 * PAGE + 5)]
    assert [row for rows in seen for row in rows] == expected
    assert address == ""
    back = signed_in.page(page.links("rows")["Before"])
    assert [row[0] for row in back.rows("rows")] == seen[1]
    first = signed_in.page(back.links("rows")["Before"])
    assert [row[0] for row in first.rows("rows")] == seen[0]
    assert "Before" not in first.links("rows")


def test_a_page_keeps_its_filters(signed_in: Browser, file: PeopleFile) -> None:
    rows = [f"{n},A,B,nonsense,{('Sales', 'Legal')[n % 2]},3/4/2024" for n in range(1, 2 * PAGE)]
    run = file.run(*rows)
    following = signed_in.page(f"/runs/{run.id}?result=errored&code=invalid_email").links("rows")["Next"]
    found = signed_in.page(following).rows("rows")
    assert len(found) == PAGE - 1
    assert all(row[2].startswith("Not an e-mail address") for row in found)


def test_who_was_added_and_who_was_changed_before_and_after(signed_in: Browser, file: PeopleFile) -> None:
    added = file.run(GOOD)
    changed = file.run(GOOD.replace("Sales", "R&D").replace("Okafor", "Adler"))
    (row,) = signed_in.page(f"/runs/{added.id}").rows("rows")
    assert row[0] == "Maya Adler"
    assert row[1].startswith("Active yes Work e-mail maya@acme.example Department Sales"), row[1]
    page = signed_in.page(f"/runs/{changed.id}")
    (row,) = page.rows("rows")
    assert "Department before: Sales → now: Research" in row[1]
    assert "Last name before: Okafor → now: Adler" in row[1]


def test_people_of_a_run_are_found_by_name_and_come_in_pages(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(
        *(f"{n},P{n},Q,p{n}@acme.example,Sales,3/4/2024" for n in range(1, PAGE + 4)),
        "99,Zoë,Lind,z@acme.example,Sales,3/4/2024",
    )
    page = signed_in.page(f"/runs/{run.id}")
    following = signed_in.page(page.links("rows")["Next"])
    names = [row[0] for row in (*page.rows("rows"), *following.rows("rows"))]
    assert sorted(names) == sorted([*(f"P{n} Q" for n in range(1, PAGE + 4)), "Zoë Lind"])
    found = signed_in.page(f"/runs/{run.id}?result=added&q=zoë").rows("rows")
    assert [row[0] for row in found] == ["Zoë Lind"]


def test_skipped_rows_say_what_that_means(signed_in: Browser, file: PeopleFile) -> None:
    file.run(GOOD)
    run = file.run(GOOD)
    page = signed_in.page(f"/runs/{run.id}?result=skipped")
    assert "Rows that say what the directory has already" in page.text
    assert page.links("rows")["Everybody who is known from hr"] == f"/people?source={file.source.id}"


def test_a_payload_in_a_row_stays_text(signed_in: Browser, file: PeopleFile) -> None:
    run = file.run(
        f"5,{SCRIPT},{SCRIPT},x@acme.example,Sales,3/4/2024", f"{SCRIPT},A,B,{SCRIPT},Sales,3/4/2024"
    )
    for result in ("added", "errored"):
        html = signed_in.get(f"/runs/{run.id}?result={result}").text
        assert SCRIPT not in html
        assert "&lt;script&gt;" in html


def test_every_documented_code_has_words_and_every_code_with_words_is_documented() -> None:
    text = (Path(__file__).parents[4] / "docs/error-codes.md").read_text(encoding="utf-8")
    rows = text.partition("## The admin API")[0]
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", rows, re.MULTILINE))
    assert documented - set(FIXES) == set()
    assert set(FIXES) - documented <= {"manager_unknown"}


def test_why_one_person_failed_is_at_most_three_clicks_from_home(
    signed_in: Browser, file: PeopleFile
) -> None:
    file.run(GOOD)
    run = file.run(GOOD.replace("maya@acme.example", "nonsense"))
    home = signed_in.get("/").text
    clicks = 1 if f'href="/runs/{run.id}"' in home or f'href="/runs/{run.id}?' in home else 2
    if clicks == 2:
        assert 'href="/runs"' in home
        assert f'href="/runs/{run.id}"' in signed_in.get("/runs").text
    (row,) = signed_in.page(f"/runs/{run.id}").rows("rows")
    assert (row[1], row[2].partition(".")[0]) == ("Maya Okafor", "Not an e-mail address")
    assert clicks <= 3
