"""What one needs in JazzHR before connecting it."""

from __future__ import annotations

from app.sources.guide import Guide, Permission

GUIDE = Guide(
    brings="Everybody who is hired in JazzHR, with the application and the job.",
    steps=(
        "Sign in to JazzHR as an administrator.",
        "Open Settings, then Integrations.",
        "Copy the API key that stands there.",
    ),
    permissions=(
        Permission("Hires", "Who has been hired, and when.", "Nobody is imported."),
        Permission("Applicants", "Names and addresses.", "Nobody is imported."),
        Permission(
            "Jobs",
            "Job title, department and place of work.",
            "People come without title, department and place.",
        ),
    ),
    credentials=(("api_key",),),
    notes=(
        "An account has one key, and it opens everything: there are no permissions to choose. Generating a new key "
        "deactivates the old one, also for other systems that use it.",
        "JazzHR knows only the personal addresses of applicants. You can choose how work addresses are formed.",
        "JazzHR allows 80 calls a minute: 1,000 hires take some 15 minutes to read.",
    ),
)
