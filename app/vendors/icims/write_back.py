"""The write-back to iCIMS: six fields of people whom iCIMS knows already, by PATCH (vendors.md §2.4, §7.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from app.outbound import OutboundError, OutboundSession, Response
from app.outbound.client_credentials import ClientCredentials
from app.provisioning import errors
from app.provisioning.adapter import Account, Capabilities, Request, send
from app.provisioning.fields import Value, same_value
from app.vendors.icims.budget import reset_of
from app.vendors.icims.client import error_code
from app.vendors.icims.places import NONE, text_of

_CUSTOMER = re.compile(r"[0-9]{1,12}")
_PROFILE_ID = re.compile(r"[0-9]{1,18}")
_FIELD_ID = re.compile(r"[a-z][a-z0-9_]{0,60}")
#: Several headers of one name arrive joined by commas.
_WARNING = re.compile(r"(?:^|,)\s*4:(?:([A-Za-z0-9_]+):)?")
_JSON = (("Accept", "application/json"), ("Content-Type", "application/json"))


@dataclass(frozen=True, slots=True)
class WrittenField:
    """One row of the guide's second table. `field` is the neutral name; "" for the id, which is part of the path.

    `place` is iCIMS's id of the field; `setting` names where a customer's own is said.
    """

    label: str
    icims_label: str
    field: str
    place: str
    setting: str = ""


#: "HR Cloud → iCIMS" (vendors.md §7.1), in its order.
WRITTEN: tuple[WrittenField, ...] = (
    WrittenField("iCIMS ID", "Profile ID", "", "id"),
    WrittenField("First name", "First Name", "givenName", "firstname"),
    WrittenField("Last name", "Last Name", "familyName", "lastname"),
    WrittenField("Employee number", "ADP Associate ID", "employeeNumber", NONE, "field_employee_number"),
    WrittenField("Start date", "Hire Date", "startDate", "hiredate", "field_hire_date"),
    WrittenField("Separation date", "End Date", "terminationDate", "enddate", "field_end_date"),
)
#: iCIMS keeps nothing unique that is written back: a 409 is a refusal like any other.
_BY_STATUS = {status: said for status, said in errors.BY_STATUS.items() if status != 409}


class ICIMSWriteBack:
    """A `TargetAdapter` that only updates. Its settings are those of the source of the same customer: `customer_id`,
    `token_url`, `audience`, `client_id`, and the ids of the person's fields (or none): `field_employee_number`,
    `field_hire_date`, `field_end_date`. The target's token is the client secret.

    The external id of a person is the profile id that the source brought: nobody is looked for by e-mail, for at an
    applicant-tracking system several profiles may share one. Nobody is created, suspended or deleted.
    """

    kind: ClassVar[str] = "icims"
    label: ClassVar[str] = "iCIMS (write-back)"
    auth_header: ClassVar[str] = "Authorization"
    auth_prefix: ClassVar[str] = "Bearer "
    needs_account_for_activation: ClassVar[bool] = False
    freezes_inactive: ClassVar[bool] = False
    takes_groups: ClassVar[bool] = False
    #: Only people whom a record of the source names are written.
    only_known: ClassVar[bool] = True
    #: 10,000 calls a day and customer, which the source reads with too.
    profile_defaults: ClassVar[Mapping[str, Any]] = {"rate": 2, "concurrency": 1}

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._customer = str(settings.get("customer_id") or "")
        if self._customer and not _CUSTOMER.fullmatch(self._customer):
            raise ValueError("customer_id is the number of the customer at iCIMS")
        self._people = f"/customers/{self._customer}/people"
        self._sign_in = tuple(
            str(settings.get(name) or "") for name in ("token_url", "client_id", "audience")
        )
        #: Neutral field → iCIMS's field id, those left out that the customer has not named.
        self.places = {row.field: place for row in WRITTEN if row.field and (place := _place(row, settings))}

    @property
    def supported_fields(self) -> frozenset[str]:
        """The fields of the guide's table that are switched on."""
        return frozenset(self.places)

    def client_credentials(self, secret: str) -> ClientCredentials:
        """What gives the bearer tokens of a target whose secret this is."""
        token_url, client_id, audience = self._sign_in
        return ClientCredentials(token_url, client_id, secret, audience)

    # --- requests that only read ---

    def describe(self, http: OutboundSession) -> Capabilities:
        """What is fixed by the API; a note where this customer's schema lacks a field, or may not be read (403)."""
        path = self._people.removesuffix("people") + "profiledefinitions/v1/person/schema"
        response = send(http, Request("GET", path, headers=_JSON))
        if response.status == 403:
            notes: tuple[str, ...] = (
                "Whether each field exists cannot be seen: the schema may not be read.",
            )
        else:
            known = self._content(response).get("properties") or {}
            missing = sorted(place for place in self.places.values() if place not in known)
            notes = (f"This customer has no field {', '.join(missing)}.",) if missing else ()
        return Capabilities(patch=True, filter=False, page_size=1, notes=notes)

    def find(self, http: OutboundSession, *, external_id: str | None, email: str | None) -> list[Account]:
        """The person whose profile id is the external id; the e-mail finds nobody."""
        account = self.fetch(http, external_id) if external_id else None
        return [] if account is None else [account]

    def fetch(self, http: OutboundSession, remote_id: str) -> Account | None:
        """The person with this profile id; None on 404, and for what can be no profile id."""
        if not _PROFILE_ID.fullmatch(remote_id):
            return None
        wanted = (("fields", ",".join([*self.places.values(), "email"])),)
        try:
            document = self._content(send(http, Request("GET", self._path(remote_id), wanted, headers=_JSON)))
        except errors.Vanished:
            return None
        return self.account_from({**document, "id": remote_id})

    def list_accounts(self, http: OutboundSession) -> Iterator[Account]:
        """Raises `IncompleteListing`: a listing would cost one call for each person, of a day's 10,000."""
        raise errors.IncompleteListing(
            "not_listed", "iCIMS lists ids only: people are read one by one, never all of them."
        )

    # --- requests that write ---

    def create_request(self, values: Mapping[str, Value], external_id: str) -> Request:
        """Raises `Refused`: people come from iCIMS, none is created there."""
        raise errors.Refused(
            "never_created", "Nobody is created at iCIMS: only people whom iCIMS brought are written back."
        )

    def update_request(
        self,
        remote_id: str,
        changed: Mapping[str, Value | None],
        values: Mapping[str, Value],
        account_before: Account | None,
    ) -> Request:
        """A PATCH of the changed fields; null empties one. What iCIMS holds already is not sent again."""
        held = account_before.values if account_before is not None else {}
        body = {
            self.places[name]: value
            for name, value in changed.items()
            if name in self.places and not (account_before and same_value(name, value, held.get(name)))
        }
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return Request("PATCH", self._path(remote_id), body=text, headers=_JSON)

    def activation_request(self, remote_id: str, active: bool, account_before: Account | None) -> Request:
        """Raises `Refused`: who is employed is iCIMS's own word (its folders)."""
        raise errors.Refused(
            "never_suspended", "Nobody is suspended or let in again at iCIMS: their folder is iCIMS's own."
        )

    def needs_account_for_update(self, changed: Mapping[str, Value | None]) -> bool:
        """False: a PATCH says what it changes."""
        return False

    # --- answers ---

    def account_from(self, document: Mapping[str, Any]) -> Account:
        """The person in a profile; its id is that of its own link, where nobody has put it into the document."""
        remote_id = _own_id(document)
        if remote_id is None:
            raise errors.Unintelligible("no_account", "The answer holds no profile with an id.")
        found = {name: text_of(document.get(place)) for name, place in self.places.items()}
        return Account(
            remote_id=remote_id,
            email=text_of(document.get("email")),
            user_name=None,
            active=True,
            external_id=remote_id,
            values={name: value for name, value in found.items() if value is not None},
            raw=document,
        )

    def account_in(self, response: Response) -> Account | None:
        """None: a PATCH is answered without the person.

        Raises `Refused` for a success with a warning about a field of ours: that field was not written (§2.2).
        """
        if not response.ok:
            raise self.error_from(response)
        failed = self._unwritten(response)
        if failed:
            raise errors.Refused(
                "field_not_written",
                f"iCIMS did not take {', '.join(failed)}; other fields of this person were written. Check the field's "
                "rules at iCIMS, and that the API's user may write it.",
                status=response.status,
                may_have_been_processed=True,
                exchange=response.exchange,
            )
        return None

    def error_from(self, response: Response) -> errors.TargetError:
        """The answer as a `TargetError` with iCIMS's message; a used-up day waits for the next (§2.1)."""
        status = response.status
        otherwise = (errors.RetryLater, "server_error") if status >= 500 else (errors.Refused, "refused")
        kind, code = _BY_STATUS.get(status, otherwise)
        if status == 404 and error_code(response) not in (2, None):
            kind, code = errors.Refused, "refused"
        wait = reset_of(response) if status == 429 else None
        return kind(
            code,
            _message(response),
            status=status,
            retry_after=wait if wait is not None else response.retry_after,
            may_have_been_processed=status >= 500,
            exchange=response.exchange,
        )

    # --- within ---

    def _path(self, remote_id: str) -> str:
        if not self._customer or not _PROFILE_ID.fullmatch(remote_id):
            raise errors.Refused(
                "no_profile_id", f"{remote_id!r} is no profile id of this customer of iCIMS."
            )
        return f"{self._people}/{remote_id}"

    def _content(self, response: Response) -> dict[str, Any]:
        if not response.ok:
            raise self.error_from(response)
        try:
            document = response.json()
        except OutboundError as error:
            raise errors.from_outbound(error) from error
        if not isinstance(document, dict):
            raise errors.Unintelligible("not_an_object", "The answer is no JSON object.")
        return document

    def _unwritten(self, response: Response) -> list[str]:
        """The fields of ours that the warnings of a success name; where they name none, a field that is not known."""
        header = response.headers.get("X-Warning", "")
        named = {name.lower() for name in _WARNING.findall(header)}
        if named == {""} or (not header and _warnings(response)):
            return ["a field that it does not name"]
        return [
            f"{row.icims_label} ({self.places[row.field]})"
            for row in WRITTEN
            if self.places.get(row.field) in named
        ]


def _place(row: WrittenField, settings: Mapping[str, Any]) -> str | None:
    """The id of the person's field that a setting names; None where it is none. Raises ValueError for another form."""
    if not row.setting:
        return row.place
    text = str(settings.get(row.setting) or row.place).strip().lower()
    if text == NONE:
        return None
    if not _FIELD_ID.fullmatch(text):
        raise ValueError(
            f"{row.setting}={text!r} is no field of a person at iCIMS; write an id such as field12345"
        )
    return text


def _own_id(document: Mapping[str, Any]) -> str | None:
    links = document.get("links") if isinstance(document, Mapping) else None
    own = [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    urls = [str(link.get("url") or "") for link in own if link.get("rel") == "self"]
    for text in (str(document.get("id") or ""), *(url.rpartition("/")[2] for url in urls)):
        if _PROFILE_ID.fullmatch(text):
            return text
    return None


def _warnings(response: Response) -> bool:
    try:
        answer = json.loads(response.body or b"null")
    except ValueError:
        return False
    return isinstance(answer, dict) and bool(answer.get("warnings"))


def _message(response: Response) -> str:
    """iCIMS's words, cut; else the status."""
    try:
        answer = json.loads(response.body)
        said = answer["errors"][0]["errorMessage"]
    except (ValueError, TypeError, LookupError):
        said = None
    return said[:500] if isinstance(said, str) and said else f"iCIMS answered with status {response.status}."
