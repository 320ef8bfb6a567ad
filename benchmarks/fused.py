"""Nominees by maxima of groups against the product, mask and selection, and against what the device can do.

    python benchmarks/fused.py [--smoke] [--group 64] [--out benchmarks/results/fused-NAME.json]

"ours" is `semcomp.kernels.fused.nominate`: k + 12 nominees, history left out, not yet scored again; "maxima"
its first pass alone. "matmul" is the product, mask and `torch.topk` in blocks of users; "product" only the
product. FAISS is its flat index on the GPU, if installed, without history, from arrays on the host. A slice
of the users is timed and scaled to all: the work is linear in users. One warm-up, then the median of the
repeats; seconds for all users. The roofline is the time of the operations at the device's peak, and of the
bytes that must move (vectors and history in, nominees out) at its bandwidth; null if not in the table.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from timing import device_name, reported, seconds

from semcomp.kernels import fused

SIZES = [(50_000, 17_000), (200_000, 200_000), (1_000_000, 1_000_000)]
DIMS, KS, SLACK, HISTORY = (64, 128, 256), (20, 100), 12, 20
SMOKE = [(300, 1_000, 16, 5)]
PRECISIONS = "ieee", "tf32", "bfloat16"
MEMORY = 8 * 2**30
# operations per second in float32, TF32 and bfloat16, dense, and bytes per second (the maker's data sheets)
DEVICES = {
    "NVIDIA H200": (67e12, 494e12, 989e12, 4.8e12),
    "NVIDIA H100 PCIe": (51e12, 378e12, 756e12, 2.0e12),
    "NVIDIA H100": (67e12, 494e12, 989e12, 3.35e12),
    "NVIDIA A100": (19.5e12, 156e12, 312e12, 2.0e12),
}


def roofline(name: str, n_users: int, n_items: int, dim: int, k: int) -> dict[str, float] | None:
    """Seconds that the operations and the bytes take at least, in each precision."""
    if not (found := [peaks for start, peaks in DEVICES.items() if name.startswith(start)]):
        return None
    *peaks, bandwidth = found[0]
    out = {f"operations_{p}": 2.0 * n_users * n_items * dim / peaks[at] for at, p in enumerate(PRECISIONS)}
    around = n_users * ((k + SLACK) * 8 + HISTORY * 16)
    for width, kind in ((4, "float32"), (2, "bfloat16")):
        out[f"bytes_{kind}"] = (width * (n_users + n_items) * dim + around) / bandwidth
    return {key: float(f"{value:.3g}") for key, value in out.items()}


def measure(
    n_users: int, n_items: int, dim: int, k: int, device: str, where: str, options: argparse.Namespace
) -> dict[str, object]:
    # as many users as the budget pays for at ten million million operations per second
    timed = int(min(n_users, max(256, options.budget * 1e13 / (2 * n_items * dim))))
    draw = torch.Generator(device).manual_seed(0)
    users, items = (torch.randn((n, dim), generator=draw, device=device) for n in (timed, n_items))
    rng = np.random.default_rng(0)
    column = np.sort(rng.integers(0, n_items, HISTORY * timed))
    position = rng.integers(0, timed, HISTORY * timed)
    by_user = np.argsort(position, kind="stable")
    row, seen = (torch.from_numpy(side[by_user]).to(device) for side in (position, column))
    step = max(1, min(timed, MEMORY // (8 * n_items)))
    ends = torch.searchsorted(row, torch.arange(0, timed + step, step, device=device)).tolist()

    def product(a: torch.Tensor, b: torch.Tensor) -> None:
        for part in a.split(step):
            part @ b.T

    def matmul(a: torch.Tensor, b: torch.Tensor) -> None:
        for at, part in enumerate(a.split(step)):
            scores = part @ b.T
            here = slice(ends[at], ends[at + 1])
            scores[row[here] - at * step, seen[here]] = -torch.inf
            scores.topk(k, dim=1)

    half = users.bfloat16(), items.bfloat16()
    works: dict[str, Callable[[], object]] = {
        "product_float32": lambda: product(users, items),
        "product_bfloat16": lambda: product(*half),
        "matmul_float32": lambda: matmul(users, items),
        "matmul_bfloat16": lambda: matmul(*half),
    }
    for precision in PRECISIONS:
        vectors = half if precision == "bfloat16" else (users, items)
        works[f"ours_{precision}"] = lambda v=vectors, p=precision: fused.nominate(
            *v, k + SLACK, (position, column), group=options.group, precision=p, memory=MEMORY
        )
        works[f"maxima_{precision}"] = lambda v=vectors, p=precision: [
            fused.group_maxima(part, v[1], options.group, p) for part in v[0].split(16_384)
        ]
    faiss = import_module("faiss") if device == "cuda" and find_spec("faiss") else None
    if hasattr(faiss, "StandardGpuResources"):
        index = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), dim)
        index.add(items.cpu().numpy())
        queries = users.cpu().numpy()
        works["faiss_flat"] = lambda: index.search(queries, k)
    took = {name: n_users / timed * seconds(work, device, options.repeats) for name, work in works.items()}
    short = {name: float(f"{s:.4g}") for name, s in took.items()}
    case = {"users": n_users, "items": n_items, "dim": dim, "k": k, "users_timed": timed}
    return {**case, "seconds": short, "roofline": roofline(where, n_users, n_items, dim, k)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one tiny case, to see that it runs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--budget", type=float, default=2.0, help="seconds a run may take, about")
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    where = device_name(device)
    cases = SMOKE if options.smoke else [(*size, dim, k) for size in SIZES for dim in DIMS for k in KS]
    report = {
        "date": date.today().isoformat(),
        "device": where,
        "kernels": "plain torch" if fused.triton_kernels(torch.device(device)) is None else "Triton",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "group": options.group,
        "cases": [measure(*case, device, where, options) for case in cases],
    }
    reported(report, options.out)


if __name__ == "__main__":
    main()
