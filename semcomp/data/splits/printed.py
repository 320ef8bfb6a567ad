"""How a split looks: a table of its parts, and notes below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semcomp.display import Table, card

if TYPE_CHECKING:
    from semcomp.data.splits.split import Split

WIDTHS = (14, 9, 10, 10, 12, 12)  # of the columns


def as_text(split: Split) -> str:
    """Title, table and notes, line by line."""
    lines = [
        f"{part:<6}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
        for part, *cells in _cells(split)
    ]
    return "\n".join([title(split), *lines, *(f"  - {note}" for note in _notes(split))])


def as_html(split: Split) -> str:
    """The same in a notebook."""
    head, *rows = _cells(split)
    return card(title(split), (), Table(head, rows), notes=_notes(split))


def title(split: Split) -> str:
    """By which strategy, of which data, with which seed, and how large."""
    made = split.provenance
    kind = f"split {made['strategy']!r}" if "strategy" in made else "split"
    seed = f", seed {made['seed']}" if made.get("seed") is not None else ""
    of = f" of {made['dataset']!r}" if "dataset" in made else ""
    return f"{kind}{of}{seed}: {split.n_users:,} users × {split.n_items:,} items"


def _cells(split: Split) -> list[list[str]]:
    """The parts as a table: its head, and one row per part."""
    total = sum(sizes["interactions"] for sizes in split.counts.values())
    table = [["part", "interactions", "share", "users", "items", "cold users", "cold items"]]
    for part, sizes in split.counts.items():
        told = [f"{sizes[key]:,}" for key in ("interactions", "users", "items", "cold users", "cold items")]
        cold = told[3:] if part != "train" else ["–", "–"]
        table.append([part, told[0], f"{100 * sizes['interactions'] / total:.1f} %", *told[1:3], *cold])
    return table


def _notes(split: Split) -> list[str]:
    made = split.provenance
    without = split.n_users - split.counts["test"]["users"]
    notes = ["cold: not in train", f"{without:,} users have no test item", *made.get("notes", ())]
    if split.known_from is not None:
        notes.append(f"{int((split.known_from > 0).sum()):,} items are not known in train")
    return notes + ([split.order_told] if "order" in made else [])
