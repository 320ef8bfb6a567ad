"""The picture of the README, which is the first page's.

    python -m book.experiments.answer.picture

Run it after measuring. The file says which results it was made of, and a test refuses one of others.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from book.experiments.answer.figures import in_per_cent
from book.experiments.fusion.summary import made_of, summary
from semcomp.storage import atomic_write

PICTURE = Path(__file__).parents[2] / "_static" / "answer.svg"


def main() -> None:
    draw()


def draw(target: Path = PICTURE) -> None:
    """Write the picture, the same bytes for the same results."""
    figure = in_per_cent(summary()["beside the control"])
    told = {"Date": None, "Creator": None, "Description": made_of()}
    with mpl.rc_context({"svg.hashsalt": "answer"}), atomic_write(target) as part:
        figure.savefig(part, format="svg", metadata=told)
    target.chmod(0o644)


if __name__ == "__main__":
    main()
