"""Seconds of a piece of work on a device, and the report that is made of them."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from semcomp.storage import atomic_write


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


def reported(report: dict[str, Any], out: Path | None) -> None:
    """The report as JSON, printed, and kept if a file is named."""
    text = json.dumps(report, indent=1)
    print(text)
    if out:
        with atomic_write(out) as part:
            part.write_text(f"{text}\n", encoding="utf8")
