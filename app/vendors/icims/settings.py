"""The settings of a source of iCIMS, in the words that its parts use."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.outbound import OutboundError
from app.outbound.addresses import check_url
from app.outbound.client_credentials import ClientCredentials
from app.sources.adapter import SourceContext
from app.sources.calling import require_rate
from app.sources.errors import SourceUnavailable, WrongSource
from app.sources.records import Option
from app.vendors.icims import places
from app.vendors.icims.places import Place

_YES = ("yes", "true", "1", "on")
_NO = ("no", "false", "0", "off")
_CUSTOMER = re.compile(r"[0-9]{1,12}")
_AUDIENCE = re.compile(r"https?://[^\s/]\S*")
_LIST_ID = re.compile(r"[A-Z][0-9]{1,14}")

OPTIONS: tuple[Option, ...] = (
    Option("customer_id", "Customer ID, as iCIMS gave it", required=True),
    Option("base_url", "Address of the API", default="https://api.icims.com"),
    Option("token_url", "Address that gives tokens", default="https://login.icims.com/oauth/token"),
    Option("audience", "What tokens are asked for", default="https://api.icims.com/v1/"),
    # Ids of one public sample: those of other customers differ (vendors.md §2.5).
    Option("folders", "Folders (status ids) of employees", default="D32013,C16818"),
    Option("former_folders", "Folders of leavers, or none", default="D32018"),
    Option("hired_statuses", "Workflow status ids that mean hired, or any", default="any"),
    *places.OPTIONS,
    Option("include_national_id", "Whether the SSN is read: yes or no", default="yes", choices=("yes", "no")),
    Option(
        "absent_is_empty",
        "Whether a field that iCIMS leaves out is empty (yes), or not known (no)",
        default="no",
        choices=("yes", "no"),
    ),
    Option("staleness", "Minutes by which searches may lag behind; 0 is dearer for iCIMS", default="15"),
    Option(
        "calls_per_day", "Calls a day of all that read this customer; 0: as iCIMS allows", default="10000"
    ),
    Option("calls_per_minute", "Most calls in a minute; 0 for no limit", default="300"),
    Option("retry_seconds", "First wait before a failed call is tried again; it doubles", default="1"),
    Option("webhook_user", "User (client id) with which iCIMS sends event notifications", default="rollcall"),
)
SECRETS: tuple[Option, ...] = (
    Option("client_id", "Client ID, as iCIMS gave it", required=True),
    Option("client_secret", "Client secret, as iCIMS gave it", required=True),
    Option("webhook_secret", "Password, key or client secret of the event notifications"),
    Option("webhook_secret_previous", "The one before it, still taken while iCIMS changes over"),
)


@dataclass(frozen=True)
class Account:
    """One customer of iCIMS as a source reads it. `places` are those of the tenant's fields that are switched on."""

    customer: str
    base_url: str
    credentials: ClientCredentials
    folders: frozenset[str]
    former_folders: frozenset[str]
    hired_statuses: frozenset[str]
    places: Mapping[str, Place] = field(repr=False)
    with_national_id: bool
    absent_is_empty: bool
    staleness: int
    calls_per_day: int
    calls_per_minute: float
    retry_seconds: float

    @property
    def path(self) -> str:
        """What every path begins with."""
        return f"/customers/{self.customer}"

    @property
    def needs_jobs(self) -> bool:
        """Whether anything is read from the job of a person."""
        return any(place.profile == "job" for place in self.places.values())

    @property
    def digest(self) -> str:
        """A digest of what decides which people and values are read: when it changes, everything is read again."""
        choice = [
            self.customer,
            sorted(self.folders),
            sorted(self.former_folders),
            sorted(self.hired_statuses),
            {name: str(place) for name, place in self.places.items()},
            self.with_national_id,
            self.absent_is_empty,
        ]
        return hashlib.sha256(json.dumps(choice, sort_keys=True).encode()).hexdigest()[:16]


def settled(given: Mapping[str, str]) -> dict[str, str]:
    """Return all settings checked, with their defaults. Raises ``WrongSource`` that names the setting."""
    values = {option.name: (given.get(option.name) or option.default or "").strip() for option in OPTIONS}
    if not _CUSTOMER.fullmatch(values["customer_id"]):
        raise WrongSource(f"customer_id={values['customer_id']!r} is no Customer ID: it is a number.")
    for name in ("base_url", "token_url"):
        try:
            check_url(values[name])
        except OutboundError as error:
            raise WrongSource(f"{name}={values[name]!r} cannot be called: {error.message}") from None
    if not _AUDIENCE.fullmatch(values["audience"]):
        raise WrongSource(f"audience={values['audience']!r} is no address such as https://api.icims.com/v1/.")
    for name in ("staleness", "calls_per_day", "retry_seconds"):
        _number(name, values[name])
    require_rate("calls_per_minute", values["calls_per_minute"])
    for name in ("include_national_id", "absent_is_empty"):
        values[name] = "yes" if _switch(name, values[name]) else "no"
    for name, nothing in (("folders", ""), ("former_folders", places.NONE), ("hired_statuses", "any")):
        values[name] = _ids(name, values[name], nothing)
    return {**values, **places.settled_places(given)}


def account_of(context: SourceContext) -> Account:
    """Return the account that a context reads. Raises ``SourceUnavailable`` when credentials are missing."""
    given, secrets = settled(context.settings), context.secrets
    missing = [name for name in ("client_id", "client_secret") if not secrets.get(name)]
    if missing:
        raise SourceUnavailable(
            f"iCIMS cannot be read without its {' and '.join(missing)}. Set them with: "
            f"rollcall source set {context.name} " + " ".join(f"--secret {name}=-" for name in missing)
        )
    return Account(
        customer=given["customer_id"],
        base_url=given["base_url"],
        credentials=ClientCredentials(
            given["token_url"], secrets["client_id"], secrets["client_secret"], given["audience"]
        ),
        folders=_set(given["folders"]),
        former_folders=_set(given["former_folders"]),
        hired_statuses=_set(given["hired_statuses"]),
        places=places.places_of(given),
        with_national_id=given["include_national_id"] == "yes",
        absent_is_empty=given["absent_is_empty"] == "yes",
        staleness=int(float(given["staleness"])),
        calls_per_day=int(float(given["calls_per_day"])),
        calls_per_minute=float(given["calls_per_minute"]),
        retry_seconds=float(given["retry_seconds"]),
    )


def _switch(name: str, text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise WrongSource(f"{name}={text!r} is unknown; use yes or no.")
    return text.lower() in _YES


def _number(name: str, text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise WrongSource(f"{name}={text!r} is no number from 0 up.")


def _ids(name: str, text: str, nothing: str) -> str:
    """Return list ids in one spelling; `nothing` is the word for none at all, where that is allowed."""
    if nothing and text.lower() == nothing:
        return nothing
    ids = [part.strip().upper() for part in text.split(",") if part.strip()]
    wrong = [part for part in ids if not _LIST_ID.fullmatch(part)]
    if wrong or not ids:
        raise WrongSource(
            f"{name}={text!r} cannot be used: write ids such as D32013,C16818"
            + (f", or {nothing}." if nothing else ".")
        )
    return ",".join(dict.fromkeys(ids))


def _set(text: str) -> frozenset[str]:
    return frozenset(part for part in text.split(",") if _LIST_ID.fullmatch(part))
