"""What one needs at iCIMS before connecting it."""

from __future__ import annotations

from app.sources.guide import Guide, Permission

GUIDE = Guide(
    brings="Employees and leavers of iCIMS, with the job they were hired for and its hiring manager.",
    steps=(
        "Ask iCIMS for an API user with client credentials; only its staff can make one.",
        "iCIMS gives you a Customer ID, a Client ID and a Client Secret.",
        "Ask that the user is put into the group Integration User, with the rights below.",
    ),
    permissions=(
        Permission("Search and read people", "Everybody is read with it.", "Nobody is imported."),
        Permission(
            "The fields of people",
            "Names, addresses, dates, the SSN if you want it.",
            "A field that iCIMS hides stays as it is in the directory.",
        ),
        Permission(
            "Search and read applicant workflows, read jobs",
            "Job, department, location and hiring manager.",
            "Imports stop with a message until it is granted, or the job fields are set to none.",
        ),
        Permission(
            "Read the schema",
            "Rollcall looks up where your own fields are kept.",
            "It cannot tell you whether a field exists; imports work.",
            needed=False,
        ),
    ),
    account=("customer_id",),
    credentials=(("client_id", "client_secret"),),
    notes=(
        "Customers in Europe and Canada have other addresses: ask iCIMS, and enter them under Connection.",
        "The SSN is read and stored encrypted; you can switch it off under Choices.",
    ),
)
