"""Who has which e-mail address, read from the whole list, for providers that cannot be filtered by it.

A drain that creates 10,000 people would read the list 10,000 times. So what was read is kept for a short while, with
the session that read it, as ids only: whoever is found is read afresh.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from app.outbound import OutboundSession
from app.provisioning.adapter import Account
from scim.keys import comparison_key

#: Who was made there in the meantime by somebody else is met as a conflict.
KEPT_SECONDS = 30.0


@dataclass(slots=True)
class _Index:
    lock: threading.Lock = field(default_factory=threading.Lock)
    read_at: float = float("-inf")
    ids: dict[str, list[str]] = field(default_factory=dict)


_kept: WeakKeyDictionary[OutboundSession, _Index] = WeakKeyDictionary()
_making = threading.Lock()


def ids_of(http: OutboundSession, email: str, everybody: Callable[[], Iterable[Account]]) -> Sequence[str]:
    """The remote ids of the accounts with this address, as of at most `KEPT_SECONDS` ago.

    `everybody` reads the list; one thread at a time does. Raises what it raises.
    """
    with _making:
        index = _kept.setdefault(http, _Index())
    with index.lock:
        started = time.monotonic()
        if started - index.read_at > KEPT_SECONDS:
            found: dict[str, list[str]] = defaultdict(list)
            for account in everybody():
                if account.email is not None:
                    found[comparison_key(account.email)].append(account.remote_id)
            index.ids, index.read_at = dict(found), started
        return tuple(index.ids.get(comparison_key(email), ()))
