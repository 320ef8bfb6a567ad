"""Two ways to have all inner products cheaply, each with a proven bound on how far off it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Bound = NDArray[np.float64]

GROUP = 64  # items that are looked at together, at most

# unit roundoff of the product under torch's float32 matmul precision setting: float32, TF32, bfloat16
ROUNDOFF = {"highest": 2.0**-24, "high": 2.0**-11, "medium": 2.0**-8}
UNDERFLOW = 2.0**-120  # more than a term of a sum can lose below the smallest normal number
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
    """The product in float32; bfloat16 inputs are widened, which is exact.

    bound = (d + 4) · roundoff · ‖u‖ · max ‖i‖, with the roundoff of torch's setting (Higham, "Accuracy and
    stability of numerical algorithms", 2002, section 3.1).
    """
    users, items = users.float(), items.float()
    n_items, d = items.shape
    roundoff = ROUNDOFF[torch.get_float32_matmul_precision()]
    reach = _norms(users) * _norms(items).max()
    bound = 1.01 * (d + 4) * roundoff * reach + d * UNDERFLOW
    return Product(users, _whole_groups(items), n_items, bound, out=0.0)


def bfloat_product(users: Tensor, items: Tensor) -> Product:
    """The product of vectors rounded to bfloat16, added up in float32, results rounded to bfloat16.

    With ũ, ĩ the rounded vectors, by the inequality of Cauchy and Schwarz,

        bound = ‖u - ũ‖ · max ‖i‖ + ‖ũ‖ · max ‖i - ĩ‖ + (d + 4) · 2^-22 · ‖ũ‖ · max ‖ĩ‖:

    what the rounding did is measured, not assumed. The last term is the sum's own error, four times that of
    float32, because units for bfloat16 may cut instead of rounding.
    """
    n_items, d = items.shape
    low_users, lost_u, left_u = _rounded(users)
    low_items, lost_i, left_i = _rounded(items)
    bound = lost_u * _norms(items).max() + left_u * lost_i.max() + (d + 4) * 2.0**-22 * left_u * left_i.max()
    bound = 1.01 * bound + d * UNDERFLOW
    return Product(low_users, _whole_groups(low_items), n_items, bound, out=BFLOAT_OUT)


def fast_in_bfloat(device: torch.device) -> bool:
    """Whether bfloat16 products have units of their own there; elsewhere they are emulated, and slow."""
    if device.type == "cpu":
        has: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # not in every version
        return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def _rounded(vectors: Tensor) -> tuple[Tensor, Bound, Bound]:
    """Vectors in bfloat16; the norms of what was lost, and of what is left."""
    low = vectors.bfloat16()
    # numbers below the normal ones may count as zero in a product: lost as a whole
    kept = torch.where(low.abs() < torch.finfo(torch.bfloat16).tiny, 0, low)
    return kept, _norms(vectors.float() - kept.float()), _norms(kept)


def _whole_groups(items: Tensor) -> Tensor:
    return F.pad(items, (0, 0, 0, -len(items) % GROUP))


def _norms(vectors: Tensor) -> Bound:
    """(n,) Euclidean lengths in float64."""
    wide = vectors.cpu() if vectors.device.type == "mps" else vectors
    return np.asarray(wide.double().norm(dim=1).cpu().numpy())
