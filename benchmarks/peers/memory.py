"""The most memory that a stretch of work takes above what the process held; needs nothing but Python.

As `semcomp.views.training.cost` has it, for the peers' environments, in which the package is not installed.
"""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path

PROCESS = Path("/proc/self")


def begin() -> int:
    """Bytes resident now; on Linux the peak counts from here on, elsewhere from the start of the process."""
    if sys.platform == "linux":
        with suppress(OSError):  # where that is not allowed, the peak stays that of the process's life
            (PROCESS / "clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """Bytes at the highest.

    On Linux not by `getrusage`, in which a process starts with the peak of the one that started it.
    """
    if sys.platform == "linux":
        lines = (PROCESS / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
