"""Worker processes of crash tests: children of one warm process, killed at random instants and born again.

    python -m tests.provisioning.draining DATABASE_URL INSTANCE_PATH TENANT_ID TARGET_ID SEED KILLS

Ends with code 0 once KILLS children were killed and nothing is due. Starting Python anew for each would cost seconds
per kill and hit the work itself but rarely.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from app import create_app
from app.database import db, reading
from app.provisioning import deliverer
from app.provisioning.tables import link_table
from tests.conftest import make_settings

#: A call may take longer than the slowest commit of the fault target; leases last twice a call.
TIMES = {"call_timeout": 1.5, "connect_timeout": 1.0, "attempt_grace": 0.5, "lease_seconds": 3.0}
CHILDREN = 2
LIFE = (0.05, 2.0)


def main() -> None:
    """Kill and bear children until the work is done."""
    url, instance = sys.argv[1:3]
    tenant_id, target_id, seed, kills = map(int, sys.argv[3:7])
    chance, struck = Random(seed), 0
    with create_app(make_settings(url, Path(instance), **TIMES)).app_context():
        children = [_born(tenant_id, target_id) for _ in range(CHILDREN)]
        while struck < kills or _due():
            time.sleep(chance.uniform(*LIFE))
            if struck >= kills:
                continue
            position = chance.randrange(CHILDREN)
            os.kill(children[position], signal.SIGKILL)
            os.waitpid(children[position], 0)
            struck += 1
            children[position] = _born(tenant_id, target_id)
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _due() -> int:
    with reading() as connection:
        found = connection.scalar(select(func.count()).where(link_table.c.due_at.is_not(None)))
    db.engine.dispose()  # no connection may be inherited
    return found or 0


def _born(tenant_id: int, target_id: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        while True:
            deliverer.drain(tenant_id, target_id)
            time.sleep(0.05)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    main()
