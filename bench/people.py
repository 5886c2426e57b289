"""The people of a benchmark: the same realistic users, by number, for every server."""

from __future__ import annotations

from typing import Any, NamedTuple

from scim.resources import ENTERPRISE, USER

_GIVEN = (
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Frances",
    "Niklaus",
    "Radia",
    "Leslie",
    "Zoë",
)
_FAMILY = (
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "Allen",
    "Wirth",
    "Perlman",
    "Müller",
)
_DEPARTMENTS = ("Engineering", "Sales", "Finance", "Human Resources", "Support", "Legal", "Marketing")
_CITIES = (("Zürich", "CH"), ("Berlin", "DE"), ("Austin", "US"), ("Lisbon", "PT"), ("Osaka", "JP"))


#: People whose numbers are this far apart differ in their digits only: the smallest multiple of the tables' lengths.
PERIOD = 770


class Digits(NamedTuple):
    """The digits that make one person of a kind: in names and addresses, the phone, the house, the cost centre."""

    person: str
    phone: str
    postal_code: str
    house: str
    cost_center: str

    @classmethod
    def of(cls, number: int) -> Digits:
        """Return the digits of the person with this number."""
        return cls(
            f"{number:08d}",
            f"{number % 10**7:07d}",
            f"{number % 100_000:05d}",
            f"{number % 200 + 1}",
            f"{number % 40:02d}",
        )


#: Stand in a template for the digits; in lower case, because comparison keys are.
MARKS = Digits("<person>", "<phone>", "<postal>", "<house>", "<center>")


def user_name(number: int) -> str:
    """Return the userName of the person with this number, which is the work e-mail too.

    >>> user_name(7)
    'person.00000007@example.com'
    """
    return f"person.{number:08d}@example.com"


def person(number: int) -> dict[str, Any]:
    """Return the body of a POST for the person with this number: about 1.2 kB, without what scim2-server refuses."""
    return person_with(number, Digits.of(number))


def person_with(number: int, digits: Digits) -> dict[str, Any]:
    """Return the person whose words are those of ``number``, with these digits."""
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)]
    city, country = _CITIES[number % len(_CITIES)]
    department = _DEPARTMENTS[number % len(_DEPARTMENTS)]
    work_email = f"person.{digits.person}@example.com"
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": work_email,
        "name": {"formatted": f"{given} {family}", "givenName": given, "familyName": family},
        "displayName": f"{given} {family}",
        "nickName": given,
        "title": f"{department} specialist",
        "preferredLanguage": "en",
        "locale": "en-US",
        "timezone": "Europe/Zurich",
        "active": True,
        "emails": [
            {"value": work_email, "type": "work", "primary": True},
            {"value": f"{digits.person}@home.example.org", "type": "home"},
        ],
        "phoneNumbers": [{"value": f"+1-555-{digits.phone}", "type": "work"}],
        "addresses": [
            {
                "type": "work",
                "streetAddress": f"{digits.house} Main Street",
                "locality": city,
                "postalCode": digits.postal_code,
                "country": country,
            }
        ],
        ENTERPRISE: {
            "employeeNumber": f"E{digits.person}",
            "costCenter": f"CC-{digits.cost_center}",
            "organization": "Example Ltd",
            "division": "Products",
            "department": department,
        },
    }
