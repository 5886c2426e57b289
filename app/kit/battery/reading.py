"""Reads of the adapter by itself: whole, resumed, since a watermark, of single records."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

from app.kit.battery.contract import READING, needs, refusal_of, require
from app.kit.stage import Stage
from app.sources.adapter import Hint, ReadsSome
from app.sources.errors import SourceError
from app.sources.records import Page, SourceRecord


class Reading:
    """Tests of ``read`` and ``read_some``."""

    def test_a_read_brings_everybody_once(self, rollcall_stage: Stage) -> None:
        """Every record of the vendor, on pages of which the last one is marked."""
        stage = rollcall_stage
        hired = stage.hire()
        pages = stage.pages()
        require(
            [page.complete for page in pages] == [False] * (len(pages) - 1) + [True],
            f"Of {len(pages)} pages these were complete: {[page.complete for page in pages]}.",
            "the last page, and no other, has complete=True; a source without records gives one empty page",
            READING,
        )
        records = list(chain.from_iterable(page.records for page in pages))
        _require_readable(records)
        ids = [stage.mapping.record_id(record.values) for record in records]
        require(
            sorted(ids) == sorted(hired),
            f"{len(hired)} people were hired; {len(ids)} records came, {len(set(ids) ^ set(hired))} of them others.",
            "a read gives each record once, with the id that the mapping's key makes (World.hire returns it)",
            READING,
        )
        numbers = [record.number for record in records]
        require(
            len(numbers) == len(set(numbers)),
            "Two records of one read have the same number.",
            "records of a read are numbered, each with another number, also after a resume",
            READING,
        )

    def test_records_have_the_fields_that_were_named(self, rollcall_stage: Stage) -> None:
        """No value under a name that mappings cannot know."""
        rollcall_stage.hire()
        context = rollcall_stage.context()
        named = {field.name for field in rollcall_stage.adapter.record_fields(context)}
        for record in chain.from_iterable(page.records for page in rollcall_stage.pages()):
            others = set(record.values) - named
            require(
                not others,
                f"A record has {', '.join(sorted(others))}, which record_fields() does not name.",
                "values are those of record_fields(); what the vendor says beside them is left out",
                READING,
            )
            require(
                all(value is None or isinstance(value, str) for value in record.values.values()),
                f"The values of record {record.number} are not all text.",
                "a value is text; None is an empty one, and what the vendor does not say is left out",
                READING,
            )

    def test_a_source_without_people_is_one_empty_page(self, rollcall_stage: Stage) -> None:
        """Nobody is there, and that is the whole truth."""
        pages = rollcall_stage.pages()
        require(
            len(pages) == 1 and pages[0].complete and not pages[0].records,
            f"Without people {len(pages)} pages came.",
            "a source without records gives one empty page that is complete",
            READING,
        )

    def test_a_read_goes_on_behind_every_page(self, rollcall_stage: Stage) -> None:
        """After a kill the same records come that would have come."""
        stage = rollcall_stage
        stage.hire()
        pages = stage.pages()
        require(
            len(pages) > 1,
            f"{stage.world.people} people come on one page.",
            "pages are small; give more people (World.people), or a smaller page in World.settings",
            READING,
        )
        for number, page in enumerate(pages[:-1], 1):
            rest = stage.pages(resume=_through_json(page))
            require(
                _records(rest) == _records(pages[number:]) and rest[-1].watermark == pages[-1].watermark,
                f"Going on behind page {number} brought other records than going through.",
                "`resume` of a page leads behind that page, with the same numbers and the same watermark at the end",
                READING,
            )

    def test_a_read_that_breaks_off_says_so(self, rollcall_stage: Stage) -> None:
        """The pages before are good, and the end is not called an end."""
        stage = rollcall_stage
        stage.hire()
        stage.server.plan_faults(f"503:after={stage.calls_of_first_page()}")
        got: list[Page] = []
        said = refusal_of(
            lambda: got.extend(stage.adapter.read(stage.context(), None)),
            SourceError,
        )
        require(
            said is not None and not any(page.complete for page in got),
            f"A vendor that fails behind the first page: {said or 'nothing was said'}.",
            "read() raises IncompleteRead (pages are made as they are read, not all before the first)",
            READING,
        )

    def test_a_second_read_brings_what_has_changed(self, rollcall_stage: Stage) -> None:
        """With the watermark of the first one: and not everybody again."""
        stage = rollcall_stage
        hired = stage.hire()
        watermark = _watermark(stage.pages())
        stage.world.change(hired[1])
        pages = stage.pages(watermark)
        found = stage.by_id(_records(pages))
        require(
            hired[1] in found,
            "The record that was changed did not come with the second read.",
            "a watermark leads to everything that has changed since the read that gave it",
            READING,
        )
        require(
            watermark is None or len(found) < len(hired),
            "The second read brought everybody again, although the first one gave a watermark.",
            "with context.watermark only what may have changed is read; without watermarks give none",
            READING,
        )

    @needs(ReadsSome)
    def test_single_records_are_as_in_a_read_of_everybody(self, rollcall_stage: Stage) -> None:
        """``read_some`` with ids of records."""
        stage = rollcall_stage
        hired = stage.hire()
        everybody = stage.by_id(_records(stage.pages()))
        chosen = [hired[0], hired[-1]]
        some = stage.by_id(_records(_some(stage, *({"record": each} for each in chosen))))
        for record_id in chosen:
            require(
                record_id in some and some[record_id].values == everybody[record_id].values,
                f"read_some() says something else of {record_id} than read().",
                "read_some() with {'record': id} gives the record as read() does",
                READING,
            )

    @needs(ReadsSome)
    def test_a_single_record_that_is_not_there_is_gone(self, rollcall_stage: Stage) -> None:
        """Deleted meanwhile, or never there."""
        stage = rollcall_stage
        hired = stage.hire()
        stage.world.remove(hired[0])
        records = _records(_some(stage, {"record": hired[0]}))
        require(
            all(record.gone for record in records) and hired[0] in stage.by_id(records),
            "read_some() did not give the deleted record as gone.",
            "a record that is not there any more comes with gone=True and its key",
            READING,
        )


def _some(stage: Stage, *hints: Hint) -> list[Page]:
    assert isinstance(stage.adapter, ReadsSome)
    return list(stage.adapter.read_some(stage.context(), hints))


def _records(pages: list[Page]) -> list[SourceRecord]:
    return list(chain.from_iterable(page.records for page in pages))


def _watermark(pages: list[Page]) -> dict[str, Any] | None:
    require(
        all(page.watermark is None for page in pages[:-1]),
        "A page before the last one has a watermark.",
        "only the last page carries a watermark",
        READING,
    )
    return _json(pages[-1].watermark)


def _through_json(page: Page) -> dict[str, Any]:
    return dict(_json(page.resume))


def _json(value: Any) -> Any:
    said = refusal_of(lambda: json.dumps(value), TypeError)
    require(said is None, f"{value!r} cannot be kept: {said}", "resume and watermark are JSON-able", READING)
    return json.loads(json.dumps(value))


def _require_readable(records: list[SourceRecord]) -> None:
    problems = [record.problem.reason for record in records if record.problem is not None]
    require(
        not problems,
        f"Records of good people came with problems: {problems[:3]}",
        "`problem` is for a record that cannot be read",
        READING,
    )
