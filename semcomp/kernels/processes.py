"""Several processes that run one program, as `torchrun` starts them: who am I, and what have the others?

Every process makes the same calls in the same order. What can be cut (users, items, texts, pairs of a batch)
is cut, each process does its part, and all of them get the whole. A process that was started alone sees none
of this: it has the whole to itself, and the functions here give back what they are given.
"""

from __future__ import annotations

import atexit
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import parent_process
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from semcomp.errors import SemcompError
from semcomp.storage import cache_folder, exclusive

Result = TypeVar("Result")

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # what torchrun says to each process
PATIENCE = timedelta(hours=1)  # for a process that has more to do; one that has ended is noticed at once


@dataclass(frozen=True)
class World:
    """The process `rank`, from 0, of `size` processes."""

    rank: int
    size: int


ALONE = World(0, 1)


def world() -> World:
    """Who this process is: one of torch's group, which is joined where torchrun's variables are set.

    The group is gloo's for arrays on a CPU and NCCL's for those on GPUs, of which each process takes its own;
    gloo's alone where a machine has fewer GPUs than processes. It is left when the process ends. A worker
    that a process starts (`multiprocessing`) has its variables and is none of the group: it is alone.

    Raises SemcompError for variables that are not numbers, and where the others cannot be reached.
    """
    if not dist.is_available():
        return ALONE
    if not dist.is_initialized():
        if parent_process() is not None or any(not os.environ.get(name) for name in VARIABLES):
            return ALONE
        if _number("WORLD_SIZE") == 1:
            return ALONE
        _join()
    return World(dist.get_rank(), dist.get_world_size())


def _number(name: str, default: int = 0) -> int:
    value = os.environ.get(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise SemcompError(f"{name} = {value!r} is not a number; start the processes with torchrun")
    return int(value)


def _join() -> None:
    rank, size = _number("RANK"), _number("WORLD_SIZE")
    place, together = _number("LOCAL_RANK", rank), _number("LOCAL_WORLD_SIZE", size)
    backend = "gloo"
    if torch.cuda.is_available():
        gpus = torch.cuda.device_count()
        torch.cuda.set_device(place % gpus)
        if together <= gpus and dist.is_nccl_available():
            backend = "cpu:gloo,cuda:nccl"
    try:
        dist.init_process_group(backend, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise SemcompError(
            f"process {rank} of {size} cannot reach the others ({reason}); start all of them with torchrun"
        ) from error
    atexit.register(_leave)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def shard(n: int, here: World) -> slice:
    """Which of n rows are this process's: all shards in order make up the n, and differ by one at most."""
    return slice(n * here.rank // here.size, n * (here.rank + 1) // here.size)


def gather_rows(rows: NDArray[Any]) -> NDArray[Any]:
    """The rows of all processes, one process behind the other: (n_r,) or (n_r, d) each -> (Σ n_r, …) on all.

    Bytes are kept. A process without rows need not know their width d.

    Raises SemcompError where rows do not fit together, so that processes do different work, and where another
    process has ended.
    """
    here = world()
    if here.size == 1:
        return rows
    kind = zlib.crc32(f"{rows.dtype.str} {rows.ndim}".encode())
    width = rows.shape[1] if rows.ndim == 2 else 1
    heads = _gather(np.array([kind, len(rows), width], np.int64))  # (size, 3)
    counts, widths = heads[:, 1], heads[heads[:, 1] > 0, 2]
    if len(set(heads[:, 0])) > 1 or len(set(widths)) > 1:
        raise SemcompError(
            f"the {here.size} processes do not compute the same thing; all of them must make the same calls "
            "in the same order"
        )
    if len(widths) == 0 or widths[0] == 0:
        return rows
    padded = np.zeros((int(counts.max()), int(widths[0])), rows.dtype)
    if len(rows):
        padded[: len(rows)] = rows.reshape(len(rows), -1)
    every = _gather(padded.view(np.uint8)).view(rows.dtype)
    whole = np.concatenate([part[:count] for part, count in zip(every, counts, strict=True)])
    return whole if rows.ndim == 2 else whole[:, 0]


def sum_over(tensors: Sequence[Tensor]) -> None:
    """Each tensor becomes its sum over the processes, the same bytes on all of them."""
    if world().size == 1 or not tensors:
        return
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    with _talking():
        moved = flat.to(_place(flat.device))
        dist.all_reduce(moved)
    sums = moved.to(flat.device).split([tensor.numel() for tensor in tensors])
    with torch.no_grad():
        for tensor, total in zip(tensors, sums, strict=True):
            tensor.copy_(total.view_as(tensor))


def from_first(tensors: Sequence[Tensor]) -> None:
    """Each tensor becomes that of process 0."""
    if world().size == 1:
        return
    with _talking(), torch.no_grad():
        for tensor in tensors:
            moved = tensor.detach().to(_place(tensor.device)).contiguous()
            dist.broadcast(moved, src=0)
            tensor.copy_(moved)


def first_alone(work: Callable[[], Result]) -> Result:
    """What `work` gives on process 0, on all of them; the others wait. So is a SemcompError it ends in.

    For what one process has to do or to decide: to write a file, to look whether there is one. The result is
    pickled.
    """
    here = world()
    if here.size == 1:
        return work()
    told: list[Any] = [None]
    if here.rank == 0:
        try:
            told = [(work(), None)]
        except SemcompError as error:
            told = [(None, error)]
    with _talking():
        dist.broadcast_object_list(told, src=0)
    result: Result
    result, fault = told[0]
    if fault is not None:
        raise fault
    return result


def in_turn(key: str) -> AbstractContextManager[None]:
    """One run at a time makes what is kept in the cache under `key`; the others wait for it.

    The processes of one run make it together: one that waited for another would keep it waiting.
    """
    return nullcontext() if world().size > 1 else exclusive(cache_folder("locks") / key)


def _gather(array: NDArray[Any]) -> NDArray[Any]:
    """(n, …), of one shape on all processes -> (size, n, …)."""
    with _talking():
        mine = torch.from_numpy(array).to(_place(torch.device("cpu")))
        every = [torch.empty_like(mine) for _ in range(world().size)]
        dist.all_gather(every, mine)
        return np.stack([one.cpu().numpy() for one in every])


def _place(wanted: torch.device) -> torch.device:
    """Where arrays have to lie to be sent: where they are, or where the group's only backend wants them."""
    known = [pair.partition(":")[0] for pair in str(dist.get_backend_config()).split(",")]
    return wanted if wanted.type in known else torch.device(known[0])


@contextmanager
def _talking() -> Iterator[None]:
    """An exchange with the other processes, whose failure is told in one line."""
    try:
        yield
    except RuntimeError as error:
        raise SemcompError(
            f"process {dist.get_rank()} of {dist.get_world_size()} waits for another that has ended or does "
            "other work; the message of that process says why"
        ) from error
