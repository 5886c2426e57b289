"""What makes the kernel end a process when its parent has ended, however that happened (Linux only)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)

# Loaded before any fork: a child that is about to become another program must not start loading libraries.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int | None = None) -> None:
    """Asks the kernel to SIGKILL this process when its parent ends; elsewhere than on Linux it does nothing.

    It does not pass to the processes that this one starts: each worker of granian calls it for itself.
    `parent` is the process id of the expected parent, for a call right after the fork: when that one is dead
    already, the process ends at once. prctl(2): "parent" is the *thread* that made this process, so that
    thread has to live as long as the parent does.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)
