"""What one needs at intelliHR before connecting it."""

from __future__ import annotations

from app.sources.guide import Guide, Permission

GUIDE = Guide(
    brings="Everybody in intelliHR, each with the job that counts today.",
    steps=(
        "Sign in to intelliHR as an administrator.",
        "Open Settings in the menu on the left, then Public API Access Keys.",
        "Choose Create Access Key and name it, for example Rollcall.",
        "Copy the key: intelliHR shows it once.",
    ),
    permissions=(
        Permission("People", "Names, addresses, employment status.", "Nobody is imported."),
        Permission("Jobs", "Titles, units, managers, first and last days.", "All of these are missing."),
        Permission(
            "Custom fields",
            "Which custom fields there are.",
            "You name them yourself; imports work.",
            needed=False,
        ),
        Permission("Webhooks", "Changes at once.", "Changes come with the schedule only.", needed=False),
    ),
    account=("subdomain",),
    credentials=(("api_key",),),
    notes=(
        "A key has the power of an administrator; intelliHR has no smaller ones. Revoke it there at any time.",
        "The e-mail address is mandatory: people without one are listed as errors and get no account.",
        "Gender, date of birth and pay are read only when you switch them on under Choices.",
    ),
)
