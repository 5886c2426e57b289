"""Known service providers as fault plans: what `rollcall simulate scim --persona NAME` plays.

Each follows what the vendor publishes (the sources are in `profiles/`); what is not published is as forgiving as the
simulator itself.
"""

from __future__ import annotations

VENDORS: dict[str, str] = {
    "aws": (
        "cursor-paging:size=100;filter-on:names=userName+externalId+id;one-value;one-pathless-attribute;"
        "unique-emails;user-agent;member-limit:size=100;hide-members;remove-by-value;no-member-replace;"
        "known-members;unique-groups"
    ),
    "github": (
        "user-agent;rewrite-usernames;filter-on:names=userName+externalId+id;member-limit:size=1000;known-members"
    ),
    "google": "no-paging;filter-required;filter-on:names=userName+displayName;patch-limit:operations=20;hollow-patch",
    "launchdarkly": "frozen-when-inactive;filter-on:names=userName;unique-emails;no-groups",
    "okta": "no-groups;unique-emails",
    "slack": "rate-limit:writes=180,reads=300,burst=20;rewrite-usernames;unique-emails",
    "terraform": "filter-on:names=userName+externalId;page-cap:size=200",
}
