"""Candidate exports: what proves them, what they mean, and that however they come one person comes of it."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from app.database import reading, writing
from app.sources import inbox, runner, runs
from app.sources.adapter import Delivery, Receipt, SourceContext
from app.sources.errors import DeliveryRefused
from app.vendors.jazzhr.simulator import IntegrationNotSaved, signature
from app.vendors.jazzhr.source import JazzHRSource
from app.vendors.jazzhr.webhook import VERIFY_BODY
from tests.sources.reports import counted

SECRET = "test-secret-not-real"
MAYA = {"first_name": "Maya", "last_name": "Okafor", "email": "maya.okafor@example.org"}


def receive(
    body: bytes, *, sign: str | None = None, secrets: dict[str, str] | None = None, **headers: str
) -> Receipt:
    context = SourceContext("jazz", {}, {"webhook_secret": SECRET} if secrets is None else secrets)
    sent = {"x-jazzhr-event": "CANDIDATE-EXPORT", "x-jazzhr-signature": sign or signature(SECRET, body)}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return JazzHRSource().receive(context, Delivery(sent, body, datetime.now(UTC)))


def opening(
    job: str | None = "job_1", category: str | None = "Hired", at: str | None = None
) -> dict[str, Any]:
    return {
        "positionOpeningId": job and {"value": job, "schemeId": "JazzHR Job"},
        "candidateStatus": {"name": category, "category": category, "transitionDateTime": at},
    }


def export(*openings: dict[str, Any], person: Any = "prospect_1") -> bytes:
    profiles = [{"associatedPositionOpenings": [each]} for each in openings]
    return json.dumps({"candidate": {"person": {"id": {"value": person}}, "profiles": profiles}}).encode()


# --- what proves a call


def test_the_vendors_test_vector_passes() -> None:
    """vendors.md §1.4."""
    vector = "0f227eed143de35fe8643b0eb7c989dba7cf375fbcf1182507158d2a6fd1e440"
    receipt = receive(b'{"data":"JazzHR Verify Event"}', sign=vector, x_jazzhr_event="VERIFY")
    assert (receipt.status, receipt.hints) == (200, ())


@pytest.mark.parametrize("sign", ["0" * 64, "", "ü", "0f227eed"])
def test_a_wrong_signature_is_refused(sign: str) -> None:
    with pytest.raises(DeliveryRefused) as refused:
        receive(export(opening()), sign=sign or " ")
    assert refused.value.status == 401


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(1, 255))
def test_no_body_that_was_changed_by_a_byte_is_believed(body: bytes, place: int, change: int) -> None:
    body = body or b"{}"
    changed = bytearray(body)
    changed[place % len(body)] ^= change
    with pytest.raises(DeliveryRefused) as refused:
        receive(bytes(changed), sign=signature(SECRET, body))
    assert refused.value.status == 401


def test_either_secret_proves_a_call_while_they_change() -> None:
    body = export(opening())
    for secret in ("new", "old"):
        both = {"webhook_secret": "new", "webhook_secret_previous": "old"}
        assert receive(body, sign=signature(secret, body).upper(), secrets=both).hints
    with pytest.raises(DeliveryRefused):
        receive(body, sign=signature("", body), secrets={"webhook_secret": ""})


# --- what a call means


def test_an_export_points_at_applicant_job_and_time() -> None:
    receipt = receive(export(opening(at="2026-03-01 14:05:33")))
    assert receipt.hints == ({"applicant": "prospect_1", "job": "job_1", "hired_at": "2026-03-01 14:05:33"},)


def test_the_number_of_a_call_is_not_believed_because_it_is_not_signed() -> None:
    assert receive(export(opening()), x_jazzhr_uuid="u-1").delivery_id is None


@pytest.mark.parametrize(
    "body", [export(), export(opening(None, None)), export(opening(None, "Hired", "soon"))]
)
def test_whatever_but_the_candidate_may_be_null(body: bytes) -> None:
    assert receive(body).hints == ({"applicant": "prospect_1"},)


def test_lists_of_one_may_come_as_bare_objects() -> None:
    profiles = {"associatedPositionOpenings": opening()}
    body = json.dumps({"candidate": {"person": {"id": {"value": "p"}}, "profiles": profiles}}).encode()
    assert receive(body).hints == ({"applicant": "p", "job": "job_1"},)


def test_the_job_in_whose_context_the_export_was_made_is_the_one_that_counts() -> None:
    body = export(opening("job_1"), opening("job_2"), opening("job_3", "Not Hired"))
    assert receive(body).hints[0]["job"] == "job_1"
    assert receive(body, x_jazzhr_export_context="job_2").hints[0]["job"] == "job_2"
    assert receive(body, x_jazzhr_export_context="job_3").hints == ()


@pytest.mark.parametrize("category", ["New", "Active", "Not Hired", "Something new"])
def test_a_candidate_who_is_not_hired_is_acknowledged_and_left_out(category: str) -> None:
    receipt = receive(export(opening(category=category)), x_jazzhr_uuid="u-1")
    assert (receipt.status, receipt.hints, receipt.delivery_id) == (200, (), None)
    assert b"not imported" in receipt.body


@pytest.mark.parametrize("person", [None, "", 7, "../jobs/1", "a" * 101, {"value": "x"}])
def test_an_export_of_nobody_is_400(person: Any) -> None:
    with pytest.raises(DeliveryRefused) as refused:
        receive(export(opening(), person=person))
    assert refused.value.status == 400


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "candidate",
                        "person",
                        "id",
                        "value",
                        "profiles",
                        "associatedPositionOpenings",
                        "candidateStatus",
                        "category",
                    ]
                ),
                inner,
                max_size=3,
            )
        ),
    )
)
def test_any_signed_document_is_taken_or_refused(document: Any) -> None:
    try:
        receipt = receive(json.dumps(document).encode())
    except DeliveryRefused as refused:
        assert refused.status == 400
    else:
        assert receipt.status == 200


# --- from the export to the person


def test_an_integration_is_saved_and_an_export_brings_the_whole_person(
    account, add_jazzhr, address, work_off, people
):
    jazz = account()
    job = jazz.simulator.company.add_job({"title": "Field Engineer", "department": "Operations"})
    source = add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire({**MAYA, "desired_start_date": "2026-04-01"}, job_id=job["id"])
    [sent] = jazz.simulator.export(hired["applicant_id"])
    assert sent.is_acknowledged
    [run] = work_off()
    assert (run.trigger, counted(run)) == ("webhook", {"added": 1, "total": 1})
    maya = people()["maya.okafor@example.org"]
    assert (maya["title"], maya["active"]) == ("Field Engineer", True)
    # Later the pull finds nothing to do.
    assert counted(runner.import_now(source, dry_run=False, requested_by="test")) == {
        "skipped": 1,
        "total": 1,
    }


def test_an_integration_with_another_secret_is_not_saved(account, add_jazzhr, address):
    jazz = account()
    add_jazzhr(jazz, secret=SECRET)
    with pytest.raises(IntegrationNotSaved):
        jazz.simulator.add_integration("rollcall", address, "another secret")


def test_a_thousand_replays_by_eight_senders_at_once_make_one_person_and_one_run(
    account, add_jazzhr, address, work_off, people
):
    jazz = account()
    source = add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire(MAYA)
    statuses: list[int | None] = []

    def replay() -> None:
        for _ in range(125):
            sent = jazz.simulator.export(hired["applicant_id"], request_id="one-and-the-same")
            statuses.extend(each.status for each in sent)

    threads = [threading.Thread(target=replay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 1000
    with reading() as connection:
        [kept] = [each for each in inbox.recent(connection, source) if each.hints]
    assert kept.times == 1000
    assert [counted(run) for run in work_off()] == [{"added": 1, "total": 1}]
    assert len(people()) == 1


def test_a_recorded_call_under_ever_new_numbers_makes_no_run_after_run(
    account, add_jazzhr, address, work_off
):
    jazz = account()
    source = add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire(MAYA)
    jazz.simulator.export(hired["applicant_id"])
    assert [counted(run) for run in work_off()] == [{"added": 1, "total": 1}]
    for _ in range(3):
        jazz.simulator.export(hired["applicant_id"])
        assert work_off() == []
    with reading() as connection:
        [kept] = [each for each in inbox.recent(connection, source) if each.hints]
    assert kept.times == 4


def test_exports_of_one_person_under_many_numbers_make_one_person(
    account, add_jazzhr, address, work_off, people
):
    jazz = account()
    add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire(MAYA)
    for _ in range(10):
        jazz.simulator.export(hired["applicant_id"])
    [run] = work_off()
    assert counted(run) == {"added": 1, "total": 1}
    assert len(people()) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_exports_end_in_the_same_state_in_whatever_order_they_come(
    account, add_jazzhr, address, work_off, people, order
):
    jazz = account()
    add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    first = jazz.simulator.hire(MAYA)
    last = jazz.simulator.company.hire_again(first["applicant_id"])
    jazz.simulator.company.change_job(last["job_id"], {"title": "The later job"})
    hires = [first, last]
    for place in order:
        jazz.simulator.export(first["applicant_id"], hires[place]["job_id"])
        work_off()
    assert [(one["title"], one["active"]) for one in people().values()] == [("The later job", True)]


def test_forged_exports_change_nobody(account, add_jazzhr, address, work_off, people):
    jazz = account()
    add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire(MAYA)
    for signed in ("bad", "missing"):
        assert [each.status for each in jazz.simulator.export(hired["applicant_id"], signature=signed)] == [
            401
        ]
    assert (work_off(), people()) == ([], {})


def test_somebody_who_is_not_hired_is_not_imported(account, add_jazzhr, address, work_off, people):
    jazz = account()
    add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    applicant = jazz.simulator.company.apply(MAYA)
    assert [each.status for each in jazz.simulator.export(applicant["id"])] == [200]
    assert (work_off(), people()) == ([], {})


def test_a_hire_that_is_exported_before_it_is_listed_is_made_of_the_export(
    account, add_jazzhr, address, work_off, people
):
    jazz = account()
    add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire(MAYA)
    jazz.simulator.company.change_job(hired["job_id"], {"title": "Field Engineer"})
    jazz.simulator.export(hired["applicant_id"])
    jazz.simulator.company.withdraw(hired["id"])
    assert [counted(run) for run in work_off()] == [{"added": 1, "total": 1}]
    assert people()["maya.okafor@example.org"]["title"] == "Field Engineer"


def test_an_applicant_who_was_deleted_meanwhile_comes_as_gone(account, add_jazzhr, address, work_off, people):
    jazz = account()
    source = add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire(MAYA)
    runner.import_now(source, dry_run=False, requested_by="test")
    jazz.simulator.export(hired["applicant_id"])
    del jazz.simulator.company.applicants[hired["applicant_id"]]
    assert [counted(run) for run in work_off()] == [{"deleted": 1, "total": 1}]
    assert people()["maya.okafor@example.org"]["active"] is True


def test_an_export_while_a_pull_is_under_way_waits_for_it_and_makes_no_second_person(
    account, add_jazzhr, address, work_off, people
):
    jazz = account()
    source = add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire(MAYA)
    with writing() as connection:
        pull = runs.start(connection, source, dry_run=False, requested_by="test").run
    jazz.simulator.export(hired["applicant_id"])
    assert work_off() == []
    ended = runner.work(pull.tenant_id, pull.id)
    assert ended is not None
    assert counted(ended) == {"added": 1, "total": 1}
    assert [counted(run) for run in work_off()] == [{"skipped": 1, "total": 1}]
    assert len(people()) == 1


def test_jazzhr_that_is_away_when_an_export_is_worked_on_is_asked_again_later(
    account, add_jazzhr, address, work_off, people
):
    jazz = account()
    source = add_jazzhr(jazz, secret=SECRET)
    jazz.simulator.add_integration("rollcall", address, SECRET)
    hired = jazz.simulator.hire(MAYA)
    jazz.simulator.export(hired["applicant_id"])
    jazz.simulator.plan_faults("503")
    assert [run.state for run in work_off()] == ["failed"]
    with reading() as connection:
        [kept] = [each for each in inbox.recent(connection, source) if each.hints]
    assert (kept.state, kept.tries, people()) == ("waiting", 1, {})


def test_a_plain_request_with_the_published_sample_is_answered(address, account, add_jazzhr):
    add_jazzhr(account(), secret=SECRET)
    headers = {"X-JazzHR-Event": "VERIFY", "X-JazzHR-Signature": signature(SECRET, VERIFY_BODY)}
    answer = requests.post(address, data=VERIFY_BODY, headers=headers, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
