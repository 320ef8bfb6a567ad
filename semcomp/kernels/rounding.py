"""How far a cheap inner product can be from the exact one: what rounding does to factors and to sums."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# "ieee": float32 as it is. "tf32": float32 that tensor cores cut to 10 bits. "bfloat16": rounded to 7 bits.
Precision = Literal["ieee", "tf32", "bfloat16"]

CELLS = 2**22  # numbers widened at a time

# |float32 sum - sum| ≤ d · this · ‖u‖ · ‖i‖. One rounding per addition in float32. Tensor cores cut each
# addend, and each sum so far, at the last bit of the largest: four times that (Fasi, Higham, Mikaitis and
# Pranesh, "Numerical behavior of NVIDIA tensor cores", PeerJ Computer Science, 2021).
SUMMATION = {"ieee": 2.0**-24, "tf32": 2.0**-22, "bfloat16": 2.0**-22}
CUT = 2.0**-10  # relative, of a float32 cut to TF32

# what torch's setting for products of float32 allows
ALLOWED: dict[str, Precision] = {"highest": "ieee", "high": "tf32", "medium": "bfloat16"}


def error_bound(users: Tensor, items: Tensor, precision: Precision) -> NDArray[np.float64]:
    """How far an approximate score of each user can be from the exact inner product, at most over all items.

    With û, î the factors as they are multiplied, and s per addition as `SUMMATION` says:

        |approximate - u·i| ≤ ‖û - u‖ · ‖î‖ + ‖u‖ · ‖î - i‖ + d · s · ‖û‖ · ‖î‖

    "ieee" rounds no factor. "tf32" cuts each number by less than 2^-10 of itself. Rounding to bfloat16 moves
    a number by up to 2^-8 of itself; the norms of what was lost are measured: mostly below half of that.
    Three per cent of the summation, for second order terms, and the underflow of float32 are added.

    Args:
        users: (B, d) and items: (I, d) float32, finite, as they are before any rounding; d up to 100,000.
        precision: of the products; what rounds less keeps it too.

    Returns:
        (B,) float64; inf where a product can overflow float32; without items, 0 and the underflow.
    """
    d = users.shape[1]
    length, rounded, lost = _lengths(users, precision)
    item_length, item_rounded, item_lost = (
        side.max() if len(items) else side.new_zeros(()) for side in _lengths(items, precision)
    )
    factors = lost * item_rounded + length * item_lost
    sums = 1.03 * d * SUMMATION[precision] * rounded * item_rounded
    underflow = d * 2.0**-120 * (1 + length + item_length)
    bound = torch.where(rounded * item_rounded < 2.0**127, factors + sums + underflow, torch.inf)
    return np.asarray(bound.cpu().numpy())


def _lengths(rows: Tensor, precision: Precision) -> tuple[Tensor, Tensor, Tensor]:
    """Of each row (n, d): its norm, that of the row as multiplied, that of their difference; (n,) float64."""
    found = []
    for part in rows.split(max(1, CELLS // max(1, rows.shape[1]))):
        exact = (part.cpu() if part.device.type == "mps" else part).double()  # MPS has no float64
        length = exact.norm(dim=1)
        if precision == "bfloat16":
            multiplied = exact.float().bfloat16().double()
            found.append((length, multiplied.norm(dim=1), (multiplied - exact).norm(dim=1)))
        else:  # what the hardware cuts cannot be seen; its most can be said
            found.append((length, length, length * (CUT if precision == "tf32" else 0.0)))
    length, rounded, lost = (torch.cat(side) for side in zip(*found, strict=True))
    return length, rounded, lost
