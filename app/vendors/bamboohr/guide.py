"""What one needs in BambooHR before connecting it."""

from __future__ import annotations

from app.sources.guide import Guide, Permission

GUIDE = Guide(
    brings="Employees of BambooHR, hired, changed, left and come back, with the address of their location.",
    steps=(
        "Sign in to BambooHR as the person whose rights the connection is to have; a user made for it is best.",
        "Click your picture, then API Keys, then Add New Key.",
        "Copy the key. The rights are those of its owner: Settings, Access Levels.",
    ),
    permissions=(
        Permission("View First Name, Last Name", "What people are called.", "People have no names."),
        Permission("View Status", "Who is employed.", "Nobody who leaves is suspended."),
        Permission(
            "View Work Email", "The address of the account.", "Nobody is matched, nobody gets an account."
        ),
        Permission(
            "View the other fields",
            "Job, department, manager, telephones, addresses.",
            "The field stays as it is in the directory.",
            needed=False,
        ),
        Permission(
            "Applicant tracking", "The addresses of locations.", "Work addresses stay unknown.", needed=False
        ),
        Permission(
            "Webhooks", "Changes within a minute.", "Changes come with the schedule only.", needed=False
        ),
    ),
    account=("subdomain",),
    credentials=(("api_key",),),
    notes=(
        "SSN, pay rate, pay type and pay period are never asked for, whatever the key may see.",
        "When the key's owner is deactivated in BambooHR, the connection stops.",
    ),
)
