"""Progress: bars on a terminal, silence in files, pipes and notebooks."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


def progress_bar(
    total: float | None, label: str, unit: str, *, wanted: bool = True, **options: Any
) -> tqdm[Any]:
    """A tqdm bar on stderr; silent unless wanted, on a terminal, and without TQDM_DISABLE.

    Args:
        total: how much there is to do, in `unit`; None where nobody knows.
        options: passed to tqdm, e.g. `unit_scale`.
    """
    from tqdm import tqdm

    shown = wanted and not os.environ.get("TQDM_DISABLE") and sys.stderr.isatty()
    return tqdm(total=total, desc=label, unit=unit, disable=not shown, **options)
