"""The Triton kernels in Triton's interpreter, in a process of their own.

Triton reads TRITON_INTERPRET when it is imported, for good. So that no other test meets it, a worker process
sets it, imports Triton, and is asked for results; arrays go in and out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import torch
from torch import Tensor


def _begin() -> None:
    os.environ["TRITON_INTERPRET"] = "1"
    torch.set_num_threads(1)


def _call(name: str, args: tuple[object, ...], options: dict[str, object]) -> tuple[bool, object]:
    from semcomp.kernels import fused, topk

    kernels = fused.triton_kernels(torch.device("cpu"))
    found = getattr(fused, name, None) or getattr(topk, name)
    return kernels is not None and kernels.INTERPRETED, found(*args, **options)


@contextmanager
def interpreter() -> Iterator[Callable[..., Tensor | tuple[Tensor, Tensor]]]:
    """`call("group_maxima", users, items, group)` runs a function of `fused`, or of `topk`, there."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin) as worker:

        def call(name: str, *args: object, **options: object) -> Tensor | tuple[Tensor, Tensor]:
            by_kernel, result = worker.submit(_call, name, args, options).result(timeout=600)
            assert by_kernel, "the plain torch answered in place of the kernels"
            return result

        yield call
