"""The habits that the simulated BambooHR can have; what is a guess (vendors.md §10.5) is one of them."""

from __future__ import annotations

PERSONAS: dict[str, str] = {
    "limit": "allows `per_minute` (60) calls a minute, then `status` (429 or 503) with Retry-After `retry_after` "
    "(1; seconds, date+S, none)",
    "no-permission": "leaves `fields` (a+b) out: the key's owner may not see them",
    "hidden": "answers 403 for the employees `ids` (a+b), or for everybody",
    "no-ats": "answers 403 for the locations of applicant tracking",
    "hris-with-key": "gives /hris/org/locations to API keys too (the documents name OAuth only)",
    "private-directory": "answers 403 for the directory",
    "no-webhooks": "answers 403 for webhooks",
    "empty-array": "shows no change as [] instead of {}",
    "no-latest": "leaves `latest` out of the feed when nothing changed",
    "empty-lists": "answers the feed, reports and locations as if there were nothing",
    "changing": "changes an employee whenever one is read, at most `count` (3) times",
    "page-loop": "answers the first page of locations for every page, without end",
    "small-pages": "shows `size` (2) locations a page",
    "missing-member": "leaves the member `name` out of every record",
    "null-member": "answers null for the member `name` of every record",
    "extra-member": "adds the member `name` (newField) to every record",
    "new-status": "answers `value` (On Leave) as everybody's status",
    "number-ids": "shows ids as numbers",
    "old-error-header": "refuses with the older header X-BambooHR-Message",
    "hook-form": "sends webhooks as `form` (event or fields), times as `time` (iso, epoch or ms), values as "
    "`values` (plain or object)",
    "bad-signatures": "signs webhooks with another key",
    "unsigned": "signs no webhook",
    "timestamp-first": "signs timestamp and body in the wrong order",
    "duplicate-deliveries": "sends each webhook `times` (2) times",
    "live-webhooks": "sends webhooks by itself, right after each change",
    "ladder": "takes `ms` (1) milliseconds for a minute between tries of a webhook",
    "busy-log": "answers a webhook's log with 200 and an error 429 inside",
}
