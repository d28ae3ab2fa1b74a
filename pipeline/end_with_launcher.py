"""Imported by each worker process of a local run when it starts: the worker ends when its launcher does.

Beam's worker would wait for a launcher that was killed. The launcher names itself in the environment.
"""

import os
import select
import threading

LAUNCHER = "TALKSHARD_LAUNCHER"
"""Environment variable with the process id of the launcher."""


def _end_after(launcher: int) -> None:
    try:
        select.select([os.pidfd_open(launcher)], [], [])
    except ProcessLookupError:  # it has ended already
        pass
    os._exit(1)


if LAUNCHER in os.environ:
    threading.Thread(target=_end_after, args=(int(os.environ[LAUNCHER]),), daemon=True).start()
