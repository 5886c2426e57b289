"""What one needs in SmartRecruiters before connecting it."""

from __future__ import annotations

from app.sources.guide import Guide, Permission

GUIDE = Guide(
    brings="Whoever is hired in SmartRecruiters, with the job, the accepted offer and the hiring manager.",
    steps=(
        "Sign in to SmartRecruiters as an administrator.",
        "Open Settings, Administration, Apps & Integrations, Credentials, then New credential.",
        "Choose API key, the system role Admin and the permissions below.",
        "Copy the key: SmartRecruiters shows it once.",
    ),
    permissions=(
        Permission("candidates_read", "The hires themselves.", "Nobody is imported."),
        Permission(
            "jobs_read",
            "Job, department, place of work, kind of employment.",
            "All of these are missing.",
            needed=False,
        ),
        Permission(
            "candidates_offers_read",
            "The accepted offer.",
            "No offer properties, no start date from an offer.",
            needed=False,
        ),
        Permission(
            "candidate_status_read",
            "The day of the hire.",
            "A hire by a second application may be overlooked.",
            needed=False,
        ),
        Permission(
            "job_applications_read",
            "Applications.",
            "Statuses and start dates of applications may be missing.",
            needed=False,
        ),
        Permission("users_read", "The hiring manager's e-mail address.", "No manager.", needed=False),
        Permission(
            "configuration_read",
            "Finding the properties of your offers.",
            "Only properties that you name are read.",
            needed=False,
        ),
        Permission("webhooks_manage", "Hires within seconds.", "Hires come by schedule only.", needed=False),
    ),
    credentials=(("api_key",), ("client_id", "client_secret")),
    notes=(
        "users_read and configuration_read work only with the system role Admin.",
        "SmartRecruiters knows only the private addresses of candidates. You can choose how work addresses are formed.",
    ),
)
