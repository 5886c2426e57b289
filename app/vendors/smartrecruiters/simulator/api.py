"""SmartRecruiters' HTTP API: routes, the scope of each, and what they answer (vendors.md §3.3)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from app.simulation import UnknownRecord, as_json
from app.vendors.smartrecruiters.simulator import paging, scopes
from app.vendors.smartrecruiters.simulator.company import HIRED, Company, Row
from app.vendors.smartrecruiters.simulator.errors import Refusal
from app.vendors.smartrecruiters.simulator.paging import Query
from app.vendors.smartrecruiters.simulator.views import Persona, Views
from app.vendors.smartrecruiters.simulator.webhooks import Webhooks

PERSONAS: dict[str, str] = {
    **paging.PERSONAS,
    **scopes.PERSONAS,
    "shifting-pages": "lists who changed last first, and changes somebody before each further page, `count` (3) times",
    "primary-status-only": "finds candidates by the status of their primary application only",
    "no-onboarding": "answers 404 for onboarding statuses",
    "slow-candidates": "takes `ms` (100) milliseconds for a list of candidates",
    "no-subscription-list": "answers 404 for the list of subscriptions",
    "key-member": "tells a new signing key in the member `name` (secretKey)",
    "known-addresses": "answers 409 to a new candidate whose address is known",
}
USERS, WEBHOOKS = "/user-api/v201804/users", "/webhooks-api/v201907/subscriptions"
ONBOARDING = frozenset({"READY_TO_ONBOARD", "ONBOARDING_SUCCESSFUL", "ONBOARDING_FAILED"})
_CANDIDATE, _APPLICATION = "/candidates/<candidate_id>", "/candidates/<candidate_id>/jobs/<job_id>"
#: Method, path, scope, and the method of `Api` that answers.
ROUTES = (
    ("GET", "/candidates", "candidates_read", "candidates"),
    ("POST", "/candidates", "candidates_create", "create"),
    ("POST", "/jobs/<job_id>/candidates", "candidates_create", "create"),
    ("GET", _CANDIDATE, "candidates_read", "candidate"),
    ("PATCH", _CANDIDATE, "candidates_manage", "patch"),
    ("GET", f"{_CANDIDATE}/status/history", "candidate_status_read", "history"),
    ("GET", _APPLICATION, "job_applications_read", "application"),
    ("GET", f"{_APPLICATION}/status/history", "candidate_status_read", "history"),
    ("GET", f"{_APPLICATION}/onboardingStatus", "candidates_read", "onboarding"),
    ("PUT", f"{_APPLICATION}/onboardingStatus", "candidates_manage", "set_onboarding"),
    ("GET", f"{_APPLICATION}/offers", "candidates_offers_read", "offers"),
    ("GET", f"{_APPLICATION}/offers/<offer_id>", "candidates_offers_read", "offer"),
    ("GET", "/offers", "candidates_offers_read", "all_offers"),
    ("GET", "/jobs", "jobs_read", "jobs"),
    ("GET", "/jobs/<job_id>", "jobs_read", "job"),
    ("GET", "/jobs/<job_id>/hiring-team", "jobs_read", "team"),
    ("GET", USERS, "users_read", "users"),
    ("GET", f"{USERS}/me", "user_me_read", "me"),
    ("GET", f"{USERS}/<user_id>", "users_read", "user"),
    ("GET", "/configuration/offer-properties", "configuration_read", "offer_properties"),
    ("GET", "/configuration/departments", "configuration_read", "departments"),
    ("GET", "/configuration/sources", "configuration_read", "source_types"),
    ("GET", "/configuration/sources/<kind>/values", "configuration_read", "source_values"),
    ("GET", "/messages", "messages_read", "nothing"),
    ("GET", "/interviews-api/v201904/interview-types", "interview_types_read", "nothing"),
    ("GET", "/interviews-api/v201904/interviews", "interviews_read", "nothing"),
    ("GET", "/reviews-api/v201910/reviews", "reviews_read", "nothing"),
    ("GET", "/approvals-api/v201910/approvals", "approvals_read", "nothing"),
    ("GET", WEBHOOKS, "webhooks_manage", "subscriptions"),
    ("POST", WEBHOOKS, "webhooks_manage", "subscribe"),
    ("GET", f"{WEBHOOKS}/<subscription_id>", "webhooks_manage", "subscription"),
    ("DELETE", f"{WEBHOOKS}/<subscription_id>", "webhooks_manage", "unsubscribe"),
    ("PUT", f"{WEBHOOKS}/<subscription_id>/activation", "webhooks_manage", "activate"),
    ("POST", f"{WEBHOOKS}/<subscription_id>/secret-key", "webhooks_manage", "new_key"),
)
Shown = Row | list[Any] | Response


class Api:
    """Answers proven requests from a company's tables; raises Refusal."""

    def __init__(self, company: Company, views: Views, webhooks: Webhooks, persona: Persona) -> None:
        self._company, self._views, self._webhooks, self._persona = company, views, webhooks, persona
        self._shifts = 0
        self._map = Map([Rule(path, methods=[m], endpoint=(scope, name)) for m, path, scope, name in ROUTES])

    def answer(self, request: Request) -> Response:
        """Answer a request; raises Refusal."""
        try:
            (scope, name), words = self._map.bind_to_environ(request.environ).match()
        except HTTPException as error:
            raise Refusal(error.code or 404, "Not Found") from None
        scopes.check(scope, self._persona)
        if name == "candidates" and (slow := self._persona("slow-candidates")) is not None:
            time.sleep(float(slow.get("ms", 100)) / 1000)
        call: Callable[..., Shown] = getattr(self, f"_{name}")
        # A handshake calls its receiver, who may ask back: nothing is locked meanwhile.
        if name == "activate":
            return _response(call(request, **words))
        try:
            with self._company.lock:
                return _response(call(request, **words))
        except UnknownRecord as error:
            raise Refusal(404, str(error), "NOT_FOUND") from None

    # --- candidates -------------------------------------------------------------------------------------------------

    def _candidates(self, request: Request) -> Response:
        query = request.args
        if query.get("pageId"):
            self._shift()
        rows = [row for row in self._company.candidates.values() if self._fits(row, query)]
        if self._persona("shifting-pages") is not None:
            rows.sort(key=lambda row: str(row["updatedOn"]), reverse=True)
        body, headers = paging.by_page_id(rows, query, self._persona, usual=10, base=request.base_url)
        body["content"] = [self._views.candidate_row(row) for row in body["content"]]
        response = as_json(body)
        response.headers.update(headers)
        return response

    def _fits(self, row: Row, query: Query) -> bool:
        """Only people with an application are listed (§3.3)."""
        applications = row["_applications"]
        looked_at = applications[:1] if self._persona("primary-status-only") is not None else applications
        wanted = query.getlist("status")
        words = query.get("q", "").lower()
        text = " ".join(str(row.get(name, "")) for name in ("firstName", "lastName", "email")).lower()
        return (
            bool(applications)
            and (not wanted or any(each["status"] in wanted for each in looked_at))
            and all(any(each["job_id"] == job for each in applications) for job in query.getlist("jobId"))
            and row["updatedOn"] > query.get("updatedAfter", "")
            and any(
                each["onboarding"] == query.get("onboardingStatus", each["onboarding"])
                for each in applications
            )
            and words in text
        )

    def _shift(self) -> None:
        persona = self._persona("shifting-pages")
        if persona is None or self._shifts >= int(persona.get("count", 3)):
            return
        self._shifts += 1
        oldest = min(self._company.candidates.values(), key=lambda row: str(row["updatedOn"]))
        self._company.change_candidate(oldest["id"], {})

    def _candidate(self, request: Request, candidate_id: str) -> Row:
        return self._views.candidate(self._company.candidate(candidate_id))

    def _application(self, request: Request, candidate_id: str, job_id: str) -> Row:
        found = self._company.application(candidate_id, job_id)
        return {"id": found["id"], "status": found["status"], "candidate": {"id": candidate_id}}

    def _history(self, request: Request, candidate_id: str, job_id: str | None = None) -> Row:
        applications = self._company.candidate(candidate_id)["_applications"]
        application = self._company.application(candidate_id, job_id) if job_id else applications[0]
        return paging.by_offset(self._views.history(application), request.args, self._persona, dict)

    def _onboarding(self, request: Request, candidate_id: str, job_id: str) -> Row:
        application = self._company.application(candidate_id, job_id)
        if self._persona("no-onboarding") is not None or application["onboarding"] is None:
            raise Refusal(404, "no onboarding status", "NOT_FOUND")
        return {"onboardingStatus": application["onboarding"]}

    def _set_onboarding(self, request: Request, candidate_id: str, job_id: str) -> Response:
        application = self._company.application(candidate_id, job_id)
        wanted = _body(request).get("onboardingStatus")
        if wanted not in ONBOARDING or application["status"] != HIRED:
            raise Refusal(400, "onboarding status cannot be set", "INVALID_ONBOARDING_STATUS")
        application["onboarding"] = wanted
        self._company.change_candidate(candidate_id, {})
        return Response(status=204)

    def _create(self, request: Request, job_id: str | None = None) -> Response:
        """Who is added without a job applies to the general application (seed 3)."""
        body = _body(request)
        for name in ("firstName", "lastName", "email"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise Refusal(400, f"{name} is required", "MISSING_FIELD")
        known = {str(row["email"]).lower() for row in self._company.candidates.values()}
        if self._persona("known-addresses") is not None and body["email"].lower() in known:
            raise Refusal(409, "a candidate with this email already exists", "CANDIDATE_ALREADY_EXISTS")
        details = body.pop("sourceDetails", None)
        row = self._company.apply({**_members(body), "internal": body.get("internal") is True})
        row["_applications"].clear()
        self._company.add_application(row["id"], job_id, self._source(details))
        return as_json(self._views.candidate(row), 201)

    def _source(self, details: Any) -> str:
        """A source that does not exist shows as "Other" (seed 3)."""
        wanted = details.get("sourceId") if isinstance(details, dict) else None
        return next((str(row["label"]) for row in self._company.sources if row["id"] == wanted), "Other")

    def _patch(self, request: Request, candidate_id: str) -> Row:
        """Members that are not named stay [C]."""
        self._company.candidate(candidate_id)
        return self._views.candidate(self._company.change_candidate(candidate_id, _members(_body(request))))

    # --- offers, jobs, users, configuration --------------------------------------------------------------------------

    def _offers(self, request: Request, candidate_id: str, job_id: str) -> Row:
        candidate, application = self._found(candidate_id, job_id)
        rows = [
            self._views.offer(candidate, application, each, in_full=False) for each in application["offers"]
        ]
        return {"totalFound": len(rows), "content": rows}

    def _offer(self, request: Request, candidate_id: str, job_id: str, offer_id: str) -> Row:
        candidate, application = self._found(candidate_id, job_id)
        for each in application["offers"]:
            if each["id"] == offer_id:
                return self._views.offer(candidate, application, each)
        raise UnknownRecord(f"no offer {offer_id}")

    def _all_offers(self, request: Request) -> Row:
        rows = [
            self._views.offer(candidate, application, each, in_full=False)
            for candidate in self._company.candidates.values()
            for application in candidate["_applications"]
            for each in application["offers"]
        ]
        return paging.by_offset(rows, request.args, self._persona, dict)

    def _jobs(self, request: Request) -> Row:
        since = request.args.get("updatedAfter", "")
        rows = [row for row in self._company.jobs.values() if row["updatedOn"] > since]
        return paging.by_offset(rows, request.args, self._persona, self._views.job)

    def _job(self, request: Request, job_id: str) -> Row:
        return self._views.job(self._job_of(job_id))

    def _team(self, request: Request, job_id: str) -> Row:
        rows = self._views.team(self._job_of(job_id))
        return {"totalFound": len(rows), "content": rows}

    def _users(self, request: Request) -> Response:
        rows = list(self._company.users.values())
        body, headers = paging.by_page_id(rows, request.args, self._persona, usual=100, base=request.base_url)
        response = as_json(body)
        response.headers.update(headers)
        return response

    def _me(self, request: Request) -> Row:
        return self._company.users["u1"]

    def _user(self, request: Request, user_id: str) -> Row:
        if user_id not in self._company.users:
            raise UnknownRecord(f"no user {user_id}")
        return self._company.users[user_id]

    def _offer_properties(self, request: Request) -> Row:
        return {"categories": [{"id": "standard", "properties": self._company.offer_properties}]}

    def _departments(self, request: Request) -> Row:
        found = {row["department"]["id"]: row["department"] for row in self._company.jobs.values()}
        return {"totalFound": len(found), "content": list(found.values())}

    def _source_types(self, request: Request) -> Row:
        kinds = {row["type"]: row for row in self._company.sources} | {"OTHER": {}, "EMPLOYEE": {}}
        rows = [
            {"id": kind, "label": kind.title(), "subTypes": [{"id": "OTHER", "label": "Other"}]}
            for kind in kinds
        ]
        return {"totalFound": len(rows), "content": rows}

    def _source_values(self, request: Request, kind: str) -> Row:
        rows = [
            {"id": row["id"], "label": row["label"], "sourceSubTypeId": row["subType"]}
            for row in self._company.sources
            if row["type"] == kind
        ]
        return {"totalFound": len(rows), "content": rows}

    def _nothing(self, request: Request) -> Row:
        return {"totalFound": 0, "content": []}

    # --- webhooks ---------------------------------------------------------------------------------------------------

    def _subscriptions(self, request: Request) -> Row:
        if self._persona("no-subscription-list") is not None:
            raise Refusal(404, "Not Found")
        return {"content": [each.shown() for each in self._webhooks.subscriptions.values()]}

    def _subscribe(self, request: Request) -> Response:
        return as_json(self._webhooks.add(_body(request)).shown(), 201)

    def _subscription(self, request: Request, subscription_id: str) -> Row:
        return self._webhooks.existing(subscription_id).shown()

    def _unsubscribe(self, request: Request, subscription_id: str) -> Response:
        self._webhooks.remove(subscription_id)
        return Response(status=204)

    def _activate(self, request: Request, subscription_id: str) -> Response:
        self._webhooks.activate(subscription_id)
        return Response(status=204)

    def _new_key(self, request: Request, subscription_id: str) -> Response:
        member = (self._persona("key-member") or {}).get("name", "secretKey")
        return as_json({member: self._webhooks.new_key(subscription_id)}, 201)

    # --- within -----------------------------------------------------------------------------------------------------

    def _job_of(self, job_id: str) -> Row:
        if job_id not in self._company.jobs:
            raise UnknownRecord(f"no job {job_id}")
        return self._company.jobs[job_id]

    def _found(self, candidate_id: str, job_id: str) -> tuple[Row, Row]:
        return self._company.candidate(candidate_id), self._company.application(candidate_id, job_id)


_WRITABLE = (
    "firstName",
    "lastName",
    "email",
    "phoneNumber",
    "location",
    "web",
    "tags",
    "education",
    "experience",
)


def _members(body: Mapping[str, Any]) -> Row:
    return {name: body[name] for name in _WRITABLE if name in body}


def _body(request: Request) -> Row:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Refusal(400, "the body is not JSON", "INVALID_JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "the body is not an object", "INVALID_JSON")
    return body


def _response(shown: Shown) -> Response:
    return shown if isinstance(shown, Response) else as_json(shown)
