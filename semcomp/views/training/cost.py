"""What a run costs: wall time, and memory at its highest."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch

PROCESS = Path("/proc/self")


class Meter:
    """Seconds and peak memory since it was made, on top of what an interrupted run had come to.

    On a GPU the memory that torch has held there; elsewhere the resident memory of the whole process, with
    what it held before. On Linux, and on a GPU, the peak counts from the making of the meter, and a second
    meter restarts the count; on other systems it is the highest of the process's life.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.before = 0.0, 0
        self.began = time.perf_counter()
        if device.type == "cuda":
            torch.cuda.init()  # before it, there are no statistics to reset
            torch.cuda.reset_peak_memory_stats(device)
        elif sys.platform == "linux":
            try:
                (PROCESS / "clear_refs").write_text("5")  # the peak is set to what is resident now
            except OSError:
                return  # not allowed: it stays that of the process's life

    @property
    def seconds(self) -> float:
        return self.before[0] + time.perf_counter() - self.began

    @property
    def peak_bytes(self) -> int:
        return max(self.before[1], peak_memory(self.device))


def peak_memory(device: torch.device) -> int:
    """Bytes at the highest, see `Meter`."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if sys.platform == "linux":
        lines = (PROCESS / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    import resource  # not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
