"""TF-IDF and truncated SVD: latent semantic analysis, the plain baseline that knows no language."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data import Dataset
from semcomp.errors import SemcompError
from semcomp.storage import digest
from semcomp.text.encoder import Rows, Run

RANK = 1e-9  # singular values below this share of the first are rounding


@checked
@dataclass(frozen=True)
class TfidfSvd:
    """Rows U Σ of the truncated SVD of the TF-IDF matrix (Deerwester et al. 1990, JASIS 41(6)).

    Terms are words and pairs of neighbouring words, lower case, one letter or digit at least; a term found
    f times counts 1 + ln f, times the smoothed idf ln((1 + n) / (1 + df)) + 1; the row of a text has norm 1
    before the SVD, so that the norm of its vector is the part of it that the kept dimensions carry.
    Languages written without blanks are not segmented: use a model for those.

    Attributes:
        dim: dimensions asked for; fewer come out where the matrix has a lower rank, and a note says so.
        longest: the most neighbouring words in a term.
        terms: the vocabulary is cut to this many most frequent terms.
        seed: of the randomised SVD (Halko et al. 2011, SIAM Review 53(2)), signs by its largest entries.

    The vectors belong to this collection of texts: another item changes them all. They do not depend on the
    order of the items, and the same texts and seed give the same bytes on the same machine. A text without
    a single term gets a zero row.
    """

    dim: int = 256
    longest: int = 2
    terms: int = 200_000
    seed: int = 0
    name: str = "tfidf"

    def __post_init__(self) -> None:
        for setting in ("dim", "longest", "terms"):
            if (value := getattr(self, setting)) < 1:
                raise SemcompError(f"{setting} = {value} is not usable for TF-IDF; give at least 1")

    def rows(self, data: Dataset, run: Run) -> Rows:
        """One row per item. Raises SemcompError where no text has a term."""
        order = sorted(range(len(data.texts)), key=lambda i: data.texts[i])
        found, n_terms = self._decompose([data.texts[i] for i in order], data.name)
        matrix = np.empty_like(found)
        matrix[order] = found
        settings = {key: value for key, value in asdict(self).items() if key != "name"}
        facts: dict[str, object] = {
            "truncated": 0,
            "max_tokens": None,
            "terms": n_terms,
            "settings": settings,
        }
        if found.shape[1] < self.dim:
            facts["note"] = (
                f"{self.dim} dimensions asked for, but {len(data.texts):,} texts with {n_terms:,} terms "
                f"have only {found.shape[1]}"
            )
        model = f"TF-IDF and truncated SVD (scikit-learn {version('scikit-learn')})"
        return Rows(matrix, model, digest(settings), facts)

    def _decompose(self, texts: list[str], label: str) -> tuple[NDArray[np.float32], int]:
        """(n, at most dim) and the number of terms."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        vectorizer = TfidfVectorizer(
            ngram_range=(1, self.longest),
            token_pattern=r"(?u)\b\w+\b",
            sublinear_tf=True,
            max_features=self.terms,
        )
        try:
            weights = vectorizer.fit_transform(texts)
        except ValueError as error:  # scikit-learn: empty vocabulary
            raise SemcompError(
                f"no text of {label!r} has a word in it; use another template, or encoder 'own'"
            ) from error
        width = min(self.dim, *weights.shape)
        u, s, _ = randomized_svd(weights, width, n_iter=7, random_state=self.seed)
        kept = int((s > RANK * s[0]).sum())
        rows = u[:, :kept] * s[:kept]
        rows[weights.getnnz(axis=1) == 0] = 0.0  # a text without a term has no direction, not one of rounding
        return rows.astype(np.float32), weights.shape[1]
