"""The settings of an iCIMS source."""

from __future__ import annotations

import pytest

from app.sources.errors import WrongSource
from tests.vendors.icims.reads import SOURCE


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"customer_id": "x"}, "customer_id"),
        ({"customer_id": ""}, "customer_id"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"token_url": "http://user:p@x/"}, "token_url"),
        ({"folders": "Employees"}, "folders"),
        ({"former_folders": "a;b"}, "former_folders"),
        ({"field_job_code": "Job Code"}, "field_job_code"),
        ({"field_job_code": "people/1"}, "field_job_code"),
        ({"include_national_id": "maybe"}, "include_national_id"),
        ({"calls_per_day": "-1"}, "calls_per_day"),
        ({"staleness": "soon"}, "staleness"),
    ],
)
def test_a_wrong_setting_is_told_by_name(changed, words):
    with pytest.raises(WrongSource, match=words):
        SOURCE.settle({"customer_id": "1234", **changed})


def test_settings_are_kept_in_one_spelling():
    settled = SOURCE.settle(
        {"customer_id": "1234", "folders": " d32013, C16818,d32013", "field_job_code": "JOB:RCF3001"}
    )
    assert (settled["folders"], settled["field_job_code"]) == ("D32013,C16818", "job:rcf3001")
    assert SOURCE.settle(settled) == settled
