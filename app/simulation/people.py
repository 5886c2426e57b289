"""Made-up people, the same ones for the same seed; every tenth has a name that breaks careless code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

DOMAIN = "example.com"
AWKWARD_EVERY = 10

_GIVEN = [
    "Maya",
    "Noah",
    "Leila",
    "Tomas",
    "Aiko",
    "Samuel",
    "Priya",
    "Jonas",
    "Amara",
    "Felix",
    "Ingrid",
    "Mateo",
    "Nadia",
    "Oscar",
    "Yara",
    "Hugo",
    "Zofia",
    "Daniel",
    "Farah",
    "Lucas",
    "Elena",
    "Kofi",
    "Marta",
    "Ravi",
    "Selma",
    "Viktor",
    "Wanda",
    "Anton",
    "Bruna",
    "Cyrus",
    "Dalia",
    "Emre",
    "Freya",
    "Goran",
    "Hana",
    "Ivan",
    "Julia",
    "Kamal",
    "Linnea",
    "Musa",
]
_FAMILY = [
    "Okafor",
    "Lindqvist",
    "Haddad",
    "Novak",
    "Tanaka",
    "Whitfield",
    "Raman",
    "Becker",
    "Mensah",
    "Dubois",
    "Solberg",
    "Rojas",
    "Petrov",
    "Quinn",
    "Barakat",
    "Larsen",
    "Kowalski",
    "Ferreira",
    "Aziz",
    "Moreau",
    "Castellano",
    "Boateng",
    "Vargas",
    "Iyer",
    "Holm",
    "Sokolov",
    "Nowicki",
    "Brandt",
    "Costa",
    "Farahani",
    "Nasser",
    "Demir",
    "Eriksen",
    "Horvat",
    "Suzuki",
    "Marković",
    "Weber",
    "Rahman",
    "Berglund",
    "Diallo",
]
_MIDDLE = ("", "", "", "Ann", "Lee", "J.", "Kai", "Rosa")
_AWKWARD: tuple[tuple[str, str], ...] = (
    ("Sinéad", "O'Brien-Ó Súilleabháin"),
    ("Łukasz", "Żółć"),
    ("", "Suharto"),
    ("İpek", "Işıklı"),
    ("小龙", "李"),
    (
        "Maximiliane-Theodora-Wilhelmine",
        "von und zu Hohenstauffenberg-Traunstein-Lichtenfels-" + "Wallersee-" * 6 + "Ende",
    ),
    ("Jose\u0301", "Nun\u0303ez"),
    ("D'Arcy", "de la Cruz y Ortega"),
    ("Jürgen", "Groß"),
    ("نور", "الهاشمي"),
    ("Mary Jo", "St. John"),
    ("X Æ", "Null"),
)
_TITLES = (
    "Field Engineer",
    "Accountant",
    "Designer",
    "Recruiter",
    "Team Lead",
    "Analyst",
    "Nurse",
    "Technician",
)
_DEPARTMENTS = ("Operations", "Finance", "Research & Development", "People", "Sales")
_DIVISIONS = ("North", "South", "Overseas")
_PLACES = (
    ("Dayton", "OH", "45402", "United States"),
    ("Springfield", "OH", "45501", "United States"),
    ("Portland", "OR", "97201", "United States"),
    ("Toronto", "ON", "M5H 2N2", "Canada"),
    ("Zürich", "ZH", "8001", "Switzerland"),
)
_STREETS = ("Larch Road", "Main Street", "Mill Lane", "Station Street", "Rue de l'Église")


@dataclass(frozen=True, slots=True)
class Place:
    """A postal address."""

    street: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up person; ``given_name`` may be empty.

    ``username`` is the e-mail's local part: letters, digits, dots, ≤ 30.
    """

    number: int
    given_name: str
    middle_name: str
    family_name: str
    preferred_name: str
    email: str
    personal_email: str
    username: str
    employee_number: str
    title: str
    department: str
    division: str
    work: Place
    home: Place
    work_phone: str
    home_phone: str
    mobile: str
    starts_on: date
    salary: int

    @property
    def display_name(self) -> str:
        """(Preferred name, else first name) + last name."""
        return f"{self.preferred_name or self.given_name} {self.family_name}".strip()


def person(number: int, seed: int = 0) -> Person:
    """Return person ``number`` (from 1) of ``seed``; the number is in the e-mail, so all are unique.

    >>> person(3).email == person(3).email != person(4).email
    True
    """
    chance = Random(f"{seed}/{number}")
    if number % AWKWARD_EVERY == 0:
        given, family = _AWKWARD[number // AWKWARD_EVERY % len(_AWKWARD)]
    else:
        given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
    username = f"{_letters(given)[:8]}.{_letters(family)[:12]}.{number}".lstrip(".")
    return Person(
        number=number,
        given_name=given,
        middle_name=chance.choice(_MIDDLE),
        family_name=family,
        preferred_name=chance.choice(("", "", "", given[:3])),
        email=f"{username}@{DOMAIN}",
        personal_email=f"{username}@mail.example.org",
        username=username,
        employee_number=str(1000 + number),
        title=chance.choice(_TITLES),
        department=chance.choice(_DEPARTMENTS),
        division=chance.choice(_DIVISIONS),
        work=_place(chance),
        home=_place(chance),
        work_phone=f"+1 555 01{number % 100:02d} x{number % 1000}",
        home_phone=f"+1 555 02{number % 100:02d}",
        mobile=f"+1 555 03{number % 100:02d}",
        starts_on=date(2024, 1, 8) + timedelta(days=chance.randrange(0, 900)),
        salary=chance.randrange(38, 160) * 1000,
    )


def people(count: int, seed: int = 0, start: int = 1) -> Iterator[Person]:
    """Yield ``count`` people, numbered from ``start``."""
    return (person(number, seed) for number in range(start, start + count))


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z]", "", plain) or "p"


def _place(chance: Random) -> Place:
    city, region, postal_code, country = chance.choice(_PLACES)
    return Place(f"{chance.randrange(1, 200)} {chance.choice(_STREETS)}", city, region, postal_code, country)
