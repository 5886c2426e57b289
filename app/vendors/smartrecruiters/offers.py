"""Offers: which one counts, and which of its properties may become fields of a record.

The properties are the company's own (vendors.md §3.4): ``/configuration/offer-properties`` has their keys and types.
Pay is among them and stays outside unless the tenant switched it on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.sources.records import RecordField
from app.vendors.smartrecruiters import settings as choices
from app.vendors.smartrecruiters.client import Row
from app.vendors.smartrecruiters.records import day_of, text_of

PREFIX = "offer."
ACCEPTED = "ACCEPTED"
PROPERTIES = "/configuration/offer-properties"
#: Types that pay has: such a property is taken for pay unless `offer_fields` names it. And types that it cannot have.
_AMOUNTS = frozenset({"CURRENCY", "NUMBER", "PERCENT"})
_NO_AMOUNTS = frozenset({"DATE", "BOOLEAN", "COUNTRY", "REGION", "USER"})
_PAY_WORDS = re.compile(
    "salar(y|ies)|pay|wages?|compensation|bonus|commission|remuneration|equity|stock|rate|allowance|income|earnings"
    "|gehalt|lohn|salaire|sueldo"
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_CURRENCY = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Property:
    """A property that offers have in this company. `type` is one of §3.3, or a new one."""

    key: str
    label: str = ""
    type: str = "TEXT"

    @property
    def says_pay(self) -> bool:
        """Whether its key or label has a word for pay.

        >>> Property("monthlySalary").says_pay, Property("payroll.group", "Payroll group").says_pay
        (True, False)
        """
        return any(_PAY_WORDS.fullmatch(word.lower()) for word in _WORD.findall(f"{self.key} {self.label}"))


@dataclass(frozen=True)
class OfferFields:
    """What a source takes of offers. `known` is None where the properties cannot be asked for.

    Then only those that the settings name are taken.
    """

    start_date: str
    salary: str
    named: tuple[str, ...]
    with_pay: bool
    known: Mapping[str, Property] | None = None

    def taken(self) -> dict[str, Property]:
        """Return key → property of what becomes a field ``offer.<key>``."""
        keys = [*(self.known or {}), *self.named, *filter(None, (self.start_date, self.salary))]
        found = {key: (self.known or {}).get(key) or self._unknown(key) for key in keys}
        return {key: each for key, each in found.items() if self.with_pay or not self._is_pay(each)}

    def record_fields(self) -> tuple[RecordField, ...]:
        """Return the fields that the properties become."""
        return tuple(
            RecordField(
                PREFIX + key,
                f"Offer: {each.label or key}",
                "date" if each.type == "DATE" else "string",
                "secret" if self._is_pay(each) else "normal",
            )
            for key, each in self.taken().items()
        )

    def values(self, offer: Row | None) -> dict[str, str | None]:
        """Return a record's values of the accepted offer; None for all where there is none."""
        told = offer.get("properties") if offer else None
        properties = told if isinstance(told, dict) else {}
        found: dict[str, str | None] = {}
        for key, each in self.taken().items():
            text = text_of(properties.get(key))
            found[PREFIX + key] = (day_of(text) or text) if each.type == "DATE" else text
        if self.start_date:
            first_day = text_of(properties.get(self.start_date))
            found["offer_start_on"] = day_of(first_day) or first_day
        return found

    def pay(self, offer: Row | None, job: Row | None) -> dict[str, str | None]:
        """Return salary and currency: of the offer, else of a job whose range is one amount; nothing unless wanted."""
        if not self.with_pay:
            return {}
        told = offer.get("properties") if offer and self.salary else None
        text = text_of(told.get(self.salary)) if isinstance(told, dict) else None
        offered = (job or {}).get("compensation")
        range_ = offered if isinstance(offered, dict) else {}
        if text is None and range_.get("min") == range_.get("max"):
            text = text_of(range_.get("min"))
        in_text = _CURRENCY.search(text or "")
        currency = in_text[0] if in_text else text_of(range_.get("currency"))
        return {"salary": text, "salary_currency": currency if text else None}

    def _unknown(self, key: str) -> Property:
        return Property(key, type="DATE" if key == self.start_date else "TEXT")

    def _is_pay(self, each: Property) -> bool:
        if each.type in _NO_AMOUNTS:
            return False
        if each.key == self.salary or each.says_pay:
            return True
        return each.type in _AMOUNTS and each.key not in self.named


def offer_fields(settings: Mapping[str, str], known: Mapping[str, Property] | None = None) -> OfferFields:
    """Return what the settings take of offers whose properties are `known`."""
    return OfferFields(
        settings["offer_start_date"],
        settings["offer_salary"],
        choices.names(settings["offer_fields"]),
        choices.SWITCH[settings["include_salary"]],
        known,
    )


def discovered(document: Any) -> dict[str, Property] | None:
    """Return key → property of the answer of `PROPERTIES`; None when it could not be seen."""
    if not isinstance(document, dict):
        return None
    categories = document.get("categories") or document.get("content") or ()
    rows = [
        row
        for category in categories
        if isinstance(category, dict)
        for row in category.get("properties") or (category,)
        if isinstance(row, dict) and isinstance(row.get("key"), str) and row["key"]
    ]
    return {
        row["key"]: Property(
            row["key"], text_of(row.get("label")) or "", str(row.get("type") or "TEXT").upper()
        )
        for row in rows
    }


def accepted(offers: list[Row]) -> Row | None:
    """Return the accepted offer that was changed last, None when there is none."""
    taken = [offer for offer in offers if str(offer.get("status", "")).upper() == ACCEPTED]
    return max(
        taken, key=lambda offer: str(offer.get("updatedOn") or offer.get("createdOn") or ""), default=None
    )
