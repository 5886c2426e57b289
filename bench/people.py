"""The people of a benchmark: the same realistic users, by number, for every server."""

from __future__ import annotations

from typing import Any

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


def user_name(number: int) -> str:
    """Return the userName of the person with this number.

    >>> user_name(7)
    'person.00000007@example.com'
    """
    return f"person.{number:08d}@example.com"


def person(number: int) -> dict[str, Any]:
    """Return the body of a POST for the person with this number: about 1.2 kB, without what scim2-server refuses."""
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)]
    city, country = _CITIES[number % len(_CITIES)]
    department = _DEPARTMENTS[number % len(_DEPARTMENTS)]
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": user_name(number),
        "name": {"formatted": f"{given} {family}", "givenName": given, "familyName": family},
        "displayName": f"{given} {family}",
        "nickName": given,
        "title": f"{department} specialist",
        "preferredLanguage": "en",
        "locale": "en-US",
        "timezone": "Europe/Zurich",
        "active": True,
        "emails": [
            {"value": user_name(number), "type": "work", "primary": True},
            {"value": f"{number:08d}@home.example.org", "type": "home"},
        ],
        "phoneNumbers": [{"value": f"+1-555-{number % 10**7:07d}", "type": "work"}],
        "addresses": [
            {
                "type": "work",
                "streetAddress": f"{number % 200 + 1} Main Street",
                "locality": city,
                "postalCode": f"{number % 100_000:05d}",
                "country": country,
            }
        ],
        ENTERPRISE: {
            "employeeNumber": f"E{number:08d}",
            "costCenter": f"CC-{number % 40:02d}",
            "organization": "Example Ltd",
            "division": "Products",
            "department": department,
        },
    }
