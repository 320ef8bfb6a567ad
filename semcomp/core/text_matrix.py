"""Item text as numbers: a matrix whose rows carry the ids of their items."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomp.array_files import read_npz
from semcomp.checks import checked
from semcomp.core.joining import check_ids, rows_of
from semcomp.core.spectrum import effective_rank, mean_cosine
from semcomp.core.view import as_matrix
from semcomp.display import card, summary, vectors
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, digest


@checked
@dataclass(frozen=True, eq=False)
class TextMatrix:
    """(I, D) float32, one row per item, with the item ids of the rows and how the rows were made.

    A matrix from `embed` says in its provenance which `model` of which `revision` read texts of which
    `template`, and carries three digests: `sha256` of the rows, `ids` of the item ids, both in order, and
    `texts` of the pairs of id and text. Rows that were moved under their ids no longer agree with them.

    >>> text
    <TextMatrix 'vectors of the data set': 200 items × 6 dimensions>
    """

    item_ids: NDArray[np.str_]
    matrix: NDArray[np.float32]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", as_matrix(self.matrix, "text matrix"))
        check_ids(self.item_ids, len(self.matrix), owner="text matrix", unit="item")

    def rows_for(self, item_ids: NDArray[np.str_]) -> NDArray[np.float32]:
        """The rows of these items, joined by id (never by position), in the order asked for.

        Raises SemcompError for an id on either side that the other does not know.

        >>> text.rows_for(data.item_ids[::-1]).shape
        (200, 6)
        """
        at = rows_of(
            self.item_ids, item_ids, owner="text matrix", unit="item", remedy="embed the same data set"
        )
        return self.matrix[at]

    @cached_property
    def zero_rows(self) -> int:
        """The number of zero rows: items about which the matrix says nothing."""
        return int((~self.matrix.any(axis=1)).sum())

    @cached_property
    def anisotropy(self) -> float:
        """The mean cosine of all pairs of rows that are not zero; see `core.spectrum.mean_cosine`."""
        return mean_cosine(self.matrix)

    @cached_property
    def effective_rank(self) -> float:
        """The number of axes along which the nonzero rows vary; see `core.spectrum.effective_rank`."""
        return effective_rank(self.matrix[self.matrix.any(axis=1)])

    def save(self, path: str | Path) -> Path:
        """Write ids, rows and provenance to an `.npz`, whole or not at all; returns the path.

        Raises SemcompError for another suffix and where the file cannot be written.

        >>> text.save(folder / "text.npz").name
        'text.npz'
        """
        path = Path(path).expanduser()
        if path.suffix != ".npz":
            raise SemcompError(f"a text matrix is kept as .npz, not as {path.name!r}; change the suffix")
        with atomic_write(path) as part:
            np.savez(
                part,
                item_ids=np.asarray(self.item_ids, dtype=np.str_),
                matrix=self.matrix,
                provenance=np.array(json.dumps(dict(self.provenance))),
                digest=np.array(self._digest()),
            )
        return path

    @staticmethod
    def load(path: str | Path) -> TextMatrix:
        """The matrix that `save` wrote, verified.

        Raises SemcompError for a file that is missing, damaged or not a text matrix, or whose content is not
        what was saved.

        >>> bool((sc.TextMatrix.load(text.save(folder / "text.npz")).matrix == text.matrix).all())
        True
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise SemcompError(f"there is no file {path}; check the path")
        try:
            found, _ = read_npz(path, ("item_ids", "matrix", "provenance", "digest"))
            text = TextMatrix(found["item_ids"], found["matrix"], json.loads(str(found["provenance"])))
            saved = str(found["digest"])
        except Exception as error:  # a damaged or foreign file can raise almost anything
            raise SemcompError(
                f"{path} is not a text matrix that `save` wrote, or is damaged; save it again"
            ) from error
        if text._digest() != saved:
            raise SemcompError(f"{path} was changed after it was saved (its sha256 differs); save it again")
        return text

    def _digest(self) -> str:
        return digest(self.item_ids.tolist(), self.matrix, dict(self.provenance))

    def __repr__(self) -> str:
        n, width = self.matrix.shape
        return f"<TextMatrix {self._model!r}: {n:,} items × {width:,} dimensions>"

    def _repr_html_(self) -> str:
        n, width = self.matrix.shape
        title = f"{self._model}: text matrix of {n:,} items × {width:,} dimensions"
        rows = vectors(self.matrix, self.item_ids, "item")
        return card(title, [summary(self.provenance), self._zeros], rows)

    @property
    def _model(self) -> str:
        return str(self.provenance.get("model", "text matrix"))

    @property
    def _zeros(self) -> str:
        """What to know of rows without a text; "" where there is none."""
        if not self.zero_rows:
            return ""
        return f"{self.zero_rows:,} rows are zero ({self.provenance.get('empty', 0):,} items have no text)"

    def __str__(self) -> str:
        """Model, revision, shape, and what to know before comparing it with another."""
        known = self.provenance
        n, width = self.matrix.shape
        revision = str(known.get("revision") or "")
        head = self._model + (f" (revision {revision[:12]})" if revision else "")
        lines = [f"{head}: {n:,} items × {width:,} dimensions"]
        if known.get("template"):
            lines.append(f"template {known['template']}")
        if known.get("max_tokens"):
            limit = f"longer than the {known['max_tokens']:,} tokens the model reads"
            cut = int(known.get("truncated") or 0)
            lines.append(f"{cut:,} texts are {limit}: their ends were cut" if cut else f"no text is {limit}")
        if self._zeros:
            lines.append(self._zeros)
        if known.get("note"):
            lines.append(str(known["note"]))
        rank = f"effective rank {self.effective_rank:.1f} of {width:,}"
        lines.append(f"mean cosine {self.anisotropy:.3f} (anisotropy), {rank}")
        return "\n  - ".join(lines)
