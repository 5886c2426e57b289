"""JazzHR's members as plain text or nothing."""

from __future__ import annotations

import pytest

from app.sources.mapping_text import compile_mapping
from app.vendors.jazzhr import records
from app.vendors.jazzhr.source import JazzHRSource

HIRE = {
    "id": "h1",
    "applicant_id": "p1",
    "job_id": "j1",
    "hired_date": "2026-03-01",
    "hired_time": "14:05:33",
    "x": 1,
}


def test_zeros_and_empty_text_are_nothing():
    applicant = {"first_name": " Maya ", "desired_start_date": "0000-00-00", "phone": "", "email": None}
    values = records.values_of(records.hire_of(HIRE), applicant, None, with_salary=False)
    assert (values["first_name"], values["desired_start_date"], values["phone"], values["email"]) == (
        "Maya",
        None,
        None,
        None,
    )


def test_what_jazzhr_leaves_out_is_unknown_and_not_empty():
    values = records.values_of(records.hire_of(HIRE), {"first_name": "Maya"}, None, with_salary=False)
    assert "last_name" not in values
    assert "job_title" not in values


@pytest.mark.parametrize(("with_salary", "expected"), [(False, False), (True, True)])
def test_the_salary_leaves_the_adapter_only_when_it_is_switched_on(with_salary, expected):
    values = records.values_of(
        records.hire_of(HIRE), {"desired_salary": "72000"}, None, with_salary=with_salary
    )
    assert ("desired_salary" in values) is expected


def test_numbers_and_strange_members_do_not_break_a_record():
    values = records.values_of(
        records.hire_of(HIRE),
        {"first_name": 7, "last_name": {"a": 1}, "phone": True},
        {"zip": 45402},
        with_salary=False,
    )
    assert (values["first_name"], values["last_name"], values["phone"], values["job_zip"]) == (
        "7",
        None,
        None,
        "45402",
    )


def test_every_field_has_a_label_and_a_sensitivity():
    fields = {field.name: field for field in records.record_fields()}
    assert all(field.label for field in fields.values())
    assert fields["desired_salary"].sensitivity == "secret"
    assert fields["email"].sensitivity == "personal"
    assert {"hire_id", "applicant_id", "job_id", "job_title", "job_country"} <= fields.keys()


def test_the_bundled_mapping_fits_the_fields():
    text = JazzHRSource().default_mapping()
    compile_mapping(text, [field.name for field in records.record_fields()])
