"""People: the list, the search over everything, and one person's page."""

from app.web.console.people import (
    deeds,
    details,
    fields,
    listing,
    person,
    pinning,
    revealing,
    searching,
    timeline,
)

__all__ = [
    "deeds",
    "details",
    "fields",
    "listing",
    "person",
    "pinning",
    "revealing",
    "searching",
    "timeline",
]
