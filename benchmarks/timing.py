"""Seconds of a piece of work on a device."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable

import torch


def seconds(work: Callable[[], object], device: str, repeats: int) -> float:
    """The median of the repeats after one warm-up, until the device is done."""

    def once() -> float:
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    once()
    return statistics.median(once() for _ in range(repeats))


def device_name(device: str) -> str:
    """What results were measured on."""
    return torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()
