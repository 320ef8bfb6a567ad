"""Two ways to have all inner products cheaply, each with a proven bound on how far off it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from semcomp.kernels.dense import product
from semcomp.kernels.rounding import ALLOWED, error_bound

Bound = NDArray[np.float64]

GROUP = 64  # items that are looked at together, at most

FRESH = 2**20  # scores that the allocator has memory for without asking the system
BFLOAT_OUT = 2.0**-8  # relative error of a result that is rounded to bfloat16, with room


class Workspace:
    """Memory that is used again from block to block: fresh pages each time cost more than the product."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.held = device, dict[torch.dtype, Tensor]()

    def take(self, dtype: torch.dtype, rows: int, columns: int) -> Tensor:
        """(rows, columns) of that type, whatever was in it; one at a time of each type."""
        if dtype not in self.held or self.held[dtype].numel() < rows * columns:
            self.held[dtype] = torch.empty(rows * columns, dtype=dtype, device=self.device)
        return self.held[dtype][: rows * columns].view(rows, columns)


@dataclass(frozen=True)
class Product:
    """Approximate inner products of all rows of two matrices.

    For each user u and item i: |approximate - exact| <= bound[u] + out · |approximate|.
    """

    users: Tensor  # (U, d), in the precision of the product
    items: Tensor  # (I', d), rows of zeros behind the items up to whole groups
    n_items: int
    bound: Bound  # (U,)
    out: float

    def __call__(self, rows: Tensor | slice, items: slice, space: Workspace) -> Tensor:
        """(B, n) float32, in the workspace until the next call."""
        u, i = self.users[rows], self.items[items]
        if u.dtype == torch.float32 and len(u) * len(i) <= FRESH:
            return product(u, i.T)
        made = torch.mm(u, i.T, out=space.take(u.dtype, len(u), len(i)))
        return made if made.dtype == torch.float32 else space.take(torch.float32, len(u), len(i)).copy_(made)

    def ceiling(self, rows: NDArray[np.int64], approximate: Bound) -> Bound:
        """The largest score that a pair of this approximate score, or of a lower one, can have."""
        return approximate + self.out * np.abs(approximate) + self.bound[rows]

    def floor(self, rows: NDArray[np.int64], exact: Bound) -> Bound:
        """The lowest approximate score that a pair of this score, or of a higher one, can have.

        Of products whose results are not rounded: out = 0.
        """
        return exact - self.bound[rows]


def plain_product(users: Tensor, items: Tensor) -> Product:
    """The product in float32, as torch's setting allows; bfloat16 inputs are widened, which is exact."""
    users, items = users.float(), items.float()
    bound = error_bound(users, items, ALLOWED[torch.get_float32_matmul_precision()])
    return Product(users, _whole_groups(items), len(items), bound, out=0.0)


def bfloat_product(users: Tensor, items: Tensor) -> Product:
    """The product of vectors rounded to bfloat16, added up in float32, results rounded to bfloat16."""
    bound = error_bound(users, items, "bfloat16")
    return Product(users.bfloat16(), _whole_groups(items.bfloat16()), len(items), bound, out=BFLOAT_OUT)


def fast_in_bfloat(device: torch.device) -> bool:
    """Whether bfloat16 products have units of their own there; elsewhere they are emulated, and slow."""
    if device.type == "cpu":
        has: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # not in every version
        return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def _whole_groups(items: Tensor) -> Tensor:
    return F.pad(items, (0, 0, 0, -len(items) % GROUP))
