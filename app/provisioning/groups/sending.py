"""One group's requests carried out over HTTP. No database here: marks were committed before, results follow after.

Changes of members leave in chunks of the target's size. A chunk that the target refuses is halved until the member
is found that it does not know: all others get in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from app.outbound import OutboundError, OutboundSession
from app.provisioning.adapter import GroupAccount, GroupAdapter, Request, send
from app.provisioning.errors import RetryLater, TargetError, Unintelligible, from_outbound
from app.provisioning.groups.links import GroupLink
from app.provisioning.groups.planning import GroupDecision, Look
from app.provisioning.sending import Outcome, pauses
from app.provisioning.wire import Stopped

#: So many members that a target refuses are looked for; then the rest is left for the next time.
MOST_REFUSED = 3
#: Outcomes that may be one member's fault.
_ONES_FAULT = frozenset({"refused", "vanished", "conflict"})


@dataclass(slots=True)
class Sent:
    """How far the requests of a group came.

    `refused` are member → what the target said. `is_gone`: the group itself is not there any more. `added` and
    `removed` were confirmed by an answer.
    """

    remote_id: str | None = None
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    is_gone: bool = False


Judge = Callable[[Outcome], None]


def outcome_of(error: Stopped | TargetError | OutboundError) -> Outcome:
    """What came of an exchange that ended with this error."""
    if isinstance(error, Stopped):
        return Outcome("unsent")
    if isinstance(error, OutboundError):
        error = from_outbound(error)
    return Outcome("unauthorised" if pauses(error) else error.outcome, error=error)


def look(
    adapter: GroupAdapter, http: OutboundSession, link: GroupLink, what: Look
) -> tuple[GroupAccount, ...]:
    """The groups that the look finds, with their members. Raises `TargetError`, `OutboundError` or `Stopped`."""
    if what is Look.GROUP and link.remote_id is not None:
        group = adapter.fetch_group(http, link.remote_id)
        return () if group is None else (group,)
    if what is Look.NAME:
        return tuple(adapter.find_groups(http, link.name))
    return ()


class Sender:
    """Carries out the decision about one group. `beat` is called before each request, `judge` with each outcome."""

    def __init__(
        self, adapter: GroupAdapter, http: OutboundSession, beat: Callable[[], None], judge: Judge
    ) -> None:
        self.adapter = adapter
        self.http = http
        self.beat = beat
        self.judge = judge
        self.sent = Sent()
        self._group: GroupAccount | None = None

    def carry_out(self, link: GroupLink, decision: GroupDecision) -> None:
        """Send what the decision asks for, filling `sent`. Raises `TargetError`, `OutboundError` or `Stopped`."""
        self.sent.remote_id = decision.remote_id
        if decision.creates:
            self._create(link.name, decision.changes.add)
        self._change(decision.changes.remove, self.sent.removed, removes=True)
        self._change(decision.changes.add - self.sent.added, self.sent.added, removes=False)

    def _create(self, name: str, members: Collection[str]) -> None:
        """One request with the first members; without any when the target refuses one of them."""
        first = self.adapter.first_members(members)
        try:
            group = self._answered(self.adapter.create_group_request(name, first))
        except TargetError as error:
            if not first or error.outcome not in ("refused", "vanished") or error.may_have_been_processed:
                raise
            first = ()
            group = self._answered(self.adapter.create_group_request(name))
        if group is None:
            raise Unintelligible(
                "no_group",
                "The target answered the creation without the group.",
                may_have_been_processed=True,
            )
        self.sent.remote_id = group.remote_id
        # A target may take a request and leave members out: whom it does not show is sent again.
        self.sent.added |= group.member_ids & set(first) if group.shows_members else set(first)

    def _change(self, members: Collection[str], done: set[str], *, removes: bool) -> None:
        queue = self._chunks(members)
        while queue and not self.sent.is_gone and len(self.sent.refused) < MOST_REFUSED:
            chunk = queue.pop(0)
            try:
                self._send_chunk(chunk, removes=removes)
                done |= set(chunk)
            except TargetError as error:
                if error.outcome not in _ONES_FAULT:
                    raise
                self.judge(outcome_of(error))
                queue[:0] = self._without_fault(chunk, error, done, removes=removes)

    def _chunks(self, members: Collection[str]) -> list[tuple[str, ...]]:
        """The members in the lots that one request takes."""
        chunks, left = [], set(members)
        while left:
            chunk = self.adapter.first_members(left) or tuple(sorted(left))
            chunks.append(chunk)
            left -= set(chunk)
        return chunks

    def _send_chunk(self, chunk: tuple[str, ...], *, removes: bool) -> None:
        add, remove = ((), chunk) if removes else (chunk, ())
        for request in self.adapter.member_requests(self.sent.remote_id or "", add, remove):
            self._answered(request)

    def _without_fault(
        self, chunk: tuple[str, ...], error: TargetError, done: set[str], *, removes: bool
    ) -> list[tuple[str, ...]]:
        """What is left to send of a refused chunk: its halves, or nothing of one member, whose fault it is."""
        group = self._group or self._read_group()
        if group is None:
            self.sent.is_gone = True
            return []
        if group.shows_members:
            settled = {one for one in chunk if (one in group.member_ids) is not removes}
            done |= settled
            chunk = tuple(one for one in chunk if one not in settled)
        if len(chunk) > 1:
            half = len(chunk) // 2
            return [chunk[:half], chunk[half:]]
        self.sent.refused |= dict.fromkeys(chunk, error.message)
        return []

    def _read_group(self) -> GroupAccount | None:
        """The group as it is after the first refusal: whether it is there at all, and who needs no request."""
        self.beat()
        self._group = self.adapter.fetch_group(self.http, self.sent.remote_id or "")
        self.judge(Outcome())
        return self._group

    def _answered(self, request: Request) -> GroupAccount | None:
        self.beat()
        group = self.adapter.group_in(send(self.http, request))
        self.judge(Outcome())
        return group


def broken(error: Exception) -> Outcome:
    """What came of an exchange that Rollcall could not make sense of; it may have been processed."""
    reason = f"Rollcall could not make sense of the exchange ({type(error).__name__})."
    return Outcome("retry", error=RetryLater("internal_error", reason, may_have_been_processed=True))
