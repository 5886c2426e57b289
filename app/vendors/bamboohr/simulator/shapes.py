"""How BambooHR shows its tables, lists and locations (vendors.md §5.3)."""

from __future__ import annotations

from app.vendors.bamboohr.simulator.company import Row

DIRECTORY_FIELDS = (
    *(
        "id",
        "displayName",
        "firstName",
        "lastName",
        "preferredName",
        "jobTitle",
        "workPhone",
        "workPhoneExtension",
    ),
    *("mobilePhone", "workEmail", "department", "location", "division", "supervisor"),
)
LISTS = {"department": "Department", "division": "Division", "location": "Location", "jobTitle": "Job Title"}
TABLES: dict[str, dict[str, str]] = {
    "jobInfo": {
        "location": "location",
        "department": "department",
        "division": "division",
        "jobTitle": "jobTitle",
        "reportsTo": "supervisor",
    },
    "employmentStatus": {"employmentStatus": "employmentHistoryStatus"},
    "compensation": {"rate": "payRate", "type": "payType", "paidPer": "payPeriod"},
}


def ats_location(row: Row) -> Row:
    """Return a location as applicant tracking shows it."""
    return {
        "id": int(row["id"]),
        "name": row["name"],
        "description": "",
        **{name: row[name] for name in ("city", "state", "country", "zipcode")},
        "addressLine1": row["address1"],
        "addressLine2": row["address2"] or "",
        "phone": "",
    }


def org_location(row: Row) -> Row:
    """Return a location as the newer endpoint shows it, states and countries expanded."""
    address = {name: row[name] for name in ("address1", "address2", "city", "state", "zipcode", "country")}
    told = {"timezone": "America/New_York", "remoteLocation": False}
    return {
        "id": row["id"],
        "label": row["name"],
        "archived": row["archived"],
        "manageable": True,
        "address": {**address, **told},
        "createdAt": "2025-01-01T00:00:00Z",
        "archivedAt": None,
    }
