"""The habits of less careful service providers: a simulator is asked for them by name in its fault plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping

#: What a plan says about a persona: its arguments, None when it does not ask for it.
Persona = Callable[[str], Mapping[str, str] | None]

PERSONAS: dict[str, str] = {
    # lists
    "page-cap": "never lists more than `size` (50) users a page",
    "no-start-index": "answers the first page whatever startIndex says",
    "cursor-paging": "pages of `size` (100) by cursor (RFC 9865); startIndex is ignored",
    "no-paging": "answers the whole list whatever count and startIndex say",
    "lying-total": "adds `add` (1000) to totalResults, or says `value`",
    "page-total": "puts the length of the page into totalResults",
    # filters
    "ignore-filters": "answers the whole list whatever the filter says",
    "refuse-filters": "answers 400 to every filter",
    "filter-on": "answers 400 to filters by other attributes than `names` (userName+externalId)",
    "filter-required": "answers 400 tooMany to a list without a filter",
    "filter-any-case": "compares externalId without regard to case",
    "filter-exact-case": "compares user names and e-mail addresses with regard to case",
    # writing
    "no-patch": "answers 501 to PATCH; only PUT changes users",
    "no-put": "answers 501 to PUT; only PATCH changes users",
    "pathless-patch-only": "answers 400 to PATCH operations with a path",
    "one-pathless-attribute": "answers 400 to a path-less operation with more than one attribute",
    "patch-limit": "answers 400 to a PATCH of more than `operations` (20) operations",
    "clear-with": "answers 400 to a PATCH that clears in another `style` (remove) of remove, null, empty",
    "quiet-patch": "answers 204 to PATCH",
    "hollow-patch": "answers 200 with an empty object to PATCH",
    "no-uniqueness": "creates as many users with one userName as it is told to",
    "unique-emails": "answers 409 to an e-mail address that another user has",
    "ignore-active": "answers 200 to a change of `active` and keeps the old state",
    "ignore-writes": "answers 200 to PUT and PATCH and keeps everything",
    "no-external-id": "forgets externalId",
    "rewrite-usernames": "stores userName in lower case without dots",
    "fixed-usernames": "answers 400 to another userName",
    "fixed-emails": "answers 400 to other e-mail addresses",
    "one-value": "answers 400 to a second e-mail address, phone number or address",
    "frozen-when-inactive": "answers 400 to a change of a deactivated user that does not re-activate it",
    "protected-accounts": "gives the first `count` (1) users the role admin and answers 403 to changes of them",
    # the door
    "no-discovery": "answers 404 to the discovery end points",
    "user-agent": "answers 403 to a request without User-Agent",
    "rate-limit": "answers 429 above `writes` (180) and `reads` (300) a minute, `burst` (20) writes at once",
    # groups
    "no-groups": "answers 404 to /Groups",
    "unique-groups": "answers 409 to a displayName that another group has",
    "member-limit": "answers 400 to more than `size` (100) members in a request",
    "known-members": "answers 400 to a member who is no user",
    "hide-members": "shows groups without their members",
    "remove-by-value": "takes out whom the value of a `remove` names; others take everybody out",
    "no-member-replace": "answers 400 to replacing, or removing, all members",
}
