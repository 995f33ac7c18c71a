"""A child process ends with the one that started it, also when that one was killed and could tell nobody."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time

PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 1.0


def die_with(parent: int) -> None:
    """End this process as soon as process `parent`, which started it, is gone.

    Linux sends the signal, when the *thread* that started this process ends: start it from one that stays. Elsewhere a
    thread looks, every second, whether the parent is still the same.
    """
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before it could be watched
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os._exit(1)
