"""How much memory there is, asked before much of it is taken: a small packed file can hold many rows."""

from __future__ import annotations

import os
import re
from pathlib import Path

from semcomp.errors import SemcompError

CGROUP = Path("/sys/fs/cgroup")


def memory_at_hand() -> int:
    """Bytes that this process can still take.

    The least of what the system calls available (/proc/meminfo; elsewhere half of what is built in), what the
    control group leaves (memory.max), and what the limit of the address space leaves (ulimit -v). A system
    that tells nothing has no limit.
    """
    left = [_number("/proc/meminfo", r"MemAvailable:\s*(\d+) kB") * 1024 or _half_of_all()]
    if limit := _number(CGROUP / "memory.max", r"^(\d+)"):
        used = _number(CGROUP / "memory.current", r"^(\d+)")
        left.append(limit - used + _number(CGROUP / "memory.stat", r"^file (\d+)"))
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            left.append(limit - _number("/proc/self/status", r"VmSize:\s*(\d+) kB") * 1024)
    except ImportError:  # not a Unix
        pass
    return max(min(left), 0)


def check_memory(needed: int, what: str, remedy: str) -> None:
    """Raise SemcompError where `what` takes more bytes than there are.

    >>> check_memory(10**18, "rows of x.csv", "leave some out")
    Traceback (most recent call last):
    ...
    semcomp.errors.SemcompError: no room for rows of x.csv: about 1,000,000,000.0 GB of memory are ...
    """
    left = memory_at_hand()
    if needed > left:
        raise SemcompError(
            f"no room for {what}: about {needed / 1e9:,.1f} GB of memory are needed, "
            f"{left / 1e9:,.1f} GB are left; {remedy}"
        )


def _half_of_all() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return 1 << 62


def _number(path: str | Path, pattern: str) -> int:
    """A number in a file of the system; 0 where there is none."""
    try:
        found = re.search(pattern, Path(path).read_text("utf8"), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0
