"""One drain: claims due links of a target batch by batch, and sees each through decision, marks, requests and result.

Several processes may drain one target: their claims are disjoint. Nothing of a drain has to survive it; a kill at any
instant leaves rows from which the next one goes on (rule 13).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import IntegrityError

from app import clock
from app.config import Settings
from app.database import reading, writing
from app.outbound import Exchange, OutboundError
from app.provisioning import attempts, claims, listing, people, planner, plans, sending, targets
from app.provisioning.adapter import Request
from app.provisioning.claims import Holder, Settlement, Start
from app.provisioning.counts import Counts
from app.provisioning.errors import RetryLater, TargetError
from app.provisioning.links import Link
from app.provisioning.listing import Listing
from app.provisioning.operations import Decision, Owner, Reading, Sight, requests_of
from app.provisioning.people import Person
from app.provisioning.retries import CIRCUIT_AFTER, wait as wait_for
from app.provisioning.sending import Outcome
from app.provisioning.settling import Setting, Settled, settled
from app.provisioning.tables import LinkRow
from app.provisioning.targets import Target
from app.provisioning.wire import PacedSession
from scim.keys import comparison_key

log = structlog.get_logger(__name__)

#: From so many comparisons on the target is listed as a whole instead of being read account by account.
LISTING_FROM = 20
#: Seconds between looks at urgent work while a long listing is read, and at the target's state while calls run.
URGENT_EVERY = 5.0
LOOK_EVERY = 1.0
