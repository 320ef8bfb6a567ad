"""A view: one vector per user, one vector per item, and the inner product between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.checks import checked
from semcomp.core.joining import Ids, check_ids, check_rows, rows_of
from semcomp.core.matrices import finite_matrix
from semcomp.core.view_files import read_fields, write_fields
from semcomp.data.ids import as_ids
from semcomp.display import card, summary, vectors
from semcomp.errors import SemcompError

if TYPE_CHECKING:
    from semcomp.data import Split


class Scorer(Protocol):
    """Anything that can be ranked: for a block of users, a score for every item."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, int]:
        """(users, items)."""
        ...

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B,) rows of users -> (B, I) scores: finite, or -inf where an item is not to be ranked.

        A row must not depend on the other rows asked for.
        """
        ...


def as_matrix(values: ArrayLike, label: str) -> NDArray[np.float32]:
    """A read-only, finite float32 copy of a 2-D array; one clear error otherwise."""
    matrix = np.array(finite_matrix(values, label, np.float32), dtype=np.float32, order="C")
    matrix.flags.writeable = False
    return matrix


AnyScorer = TypeVar("AnyScorer", bound=Scorer)


@checked
@dataclass(frozen=True, eq=False)
class View:
    """`score(u, i) = <users[u], items[i]>`. Float64 input is rounded to float32; NaN and infinity are errors.

    Attributes:
        name: how tables and figures call it.
        users: (U, d) float32, read-only.
        items: (I, d) float32, read-only.
        provenance: how it was made: model, configuration, seed, data hash, versions, training history.
        user_ids, item_ids: (U,) and (I,) the ids of the rows, both or neither. With them a view can be saved,
            loaded and joined to another split of the same users and items (`for_split`).

    >>> view = sc.View("toy", [[1, 0], [0, 1]], [[2, 0], [0, 3], [1, 1]])
    >>> view
    <View 'toy': 2 users × 3 items, 2 dimensions>
    >>> view.scores(np.array([1])).tolist()
    [[0.0, 3.0, 1.0]]
    """

    name: str
    users: NDArray[np.float32]
    items: NDArray[np.float32]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    user_ids: Ids | None = None
    item_ids: Ids | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "users", as_matrix(self.users, f"view {self.name!r}, users"))
        object.__setattr__(self, "items", as_matrix(self.items, f"view {self.name!r}, items"))
        if self.users.shape[1] != self.items.shape[1]:
            raise SemcompError(
                f"view {self.name!r}: users have {self.users.shape[1]} columns and items "
                f"{self.items.shape[1]}; an inner product needs the same width"
            )
        if (self.user_ids is None) != (self.item_ids is None):
            raise SemcompError(
                f"{self._owner} has ids on one side only; give user_ids and item_ids, or neither"
            )
        if self.user_ids is not None and self.item_ids is not None:
            for side in ("user_ids", "item_ids"):
                object.__setattr__(self, side, as_ids(getattr(self, side), self._owner))
            check_ids(self.user_ids, len(self.users), owner=self._owner, unit="user")
            check_ids(self.item_ids, len(self.items), owner=self._owner, unit="item")

    @property
    def shape(self) -> tuple[int, int]:
        return self.users.shape[0], self.items.shape[0]

    @property
    def dim(self) -> int:
        return int(self.users.shape[1])

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """The inner products of these rows of users, (B,), with all items: (B, I).

        >>> cf.scores(np.array([0, 7])).shape
        (2, 200)
        """
        check_rows(users, len(self.users), owner=self._owner, unit="user")
        return np.asarray(self.users[users] @ self.items.T)

    def normalized(self, name: str | None = None) -> View:
        """The same view with unit rows (zero rows stay zero): its scores are cosines.

        >>> float(abs(cf.normalized().scores(np.arange(300))).max()) <= 1.001
        True
        """
        return replace(self, name=name or self.name, users=unit_rows(self.users), items=unit_rows(self.items))

    def for_split(self, split: Split) -> View:
        """The view with its rows in the order of the split's users and items, joined by id.

        Raises:
            SemcompError: a view without ids, or users or items that only one of view and split knows.

        >>> turned = sc.View("turned", cf.users[::-1], cf.items, {}, split.user_ids[::-1], split.item_ids)
        >>> bool((turned.for_split(split).users == cf.users).all())
        True
        """
        if self.user_ids is None or self.item_ids is None:
            raise SemcompError(
                f"{self._owner} has no ids to join by; make it with the user_ids and item_ids of its rows"
            )
        return joined(self, split.user_ids, split.item_ids, "use the split of the data it was fitted on")

    def save(self, path: str | Path) -> Path:
        """Write vectors, ids and provenance to a `.safetensors` file, whole or not at all; returns the path.

        Every reader of the format finds `users` and `items`; see `core.view_files` for the rest. Equal views
        give equal bytes.

        Raises:
            SemcompError: another suffix, a provenance that is not plain JSON, a place that cannot be written.

        >>> path = cf.save(folder / "cf.safetensors")
        >>> sc.View.load(path).users.tobytes() == cf.users.tobytes()
        True
        """
        return write_fields(vars(self), Path(path).expanduser())

    @staticmethod
    def load(path: str | Path, split: Split | None = None) -> View:
        """The view that `save` wrote, verified; with a split, its rows joined to the split's by id.

        Raises:
            SemcompError: a file that is missing, truncated, changed or not a view; with a split, a view
                without ids or of other users or items (see `for_split`).

        >>> sc.View.load(cf.save(folder / "cf.safetensors"), split)
        <View 'LightGCN': 300 users × 200 items, 64 dimensions, seed 0>
        """
        path = Path(path).expanduser()
        made = read_fields(path)
        try:
            view = View(**made)
            return view if split is None else view.for_split(split)
        except SemcompError as error:
            raise SemcompError(f"{path}: {error}") from error

    @property
    def _owner(self) -> str:
        return f"view {self.name!r}"

    def __repr__(self) -> str:
        n_users, n_items = self.shape
        seed = f", seed {self.provenance['seed']}" if "seed" in self.provenance else ""
        return f"<View {self.name!r}: {n_users:,} users × {n_items:,} items, {self.dim:,} dimensions{seed}>"

    def _repr_html_(self) -> str:
        n_users, n_items = self.shape
        title = f"{self.name}: view of {n_users:,} users × {n_items:,} items, {self.dim:,} dimensions"
        items = vectors(self.items, self.item_ids, "item")
        users = vectors(self.users, self.user_ids, "user")
        return card(title, [summary(self.provenance)], items, users)


def unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows divided by their Euclidean norm; a zero row stays zero."""
    return directions(matrix.astype(np.float64)).astype(np.float32)


def directions(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """As `unit_rows`, in float64."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1.0))


def of_split(scorer: AnyScorer, split: Split) -> AnyScorer:
    """The scorer with a row for each of the split's users and items, in the order of the split.

    Rows are joined by id where a View has ids, else by position.

    Raises:
        SemcompError: another number of rows, ids that only one of view and split knows.
    """
    check_fits(scorer, (split.n_users, split.n_items))
    if isinstance(scorer, View) and scorer.user_ids is not None:
        return scorer.for_split(split)  # type: ignore[return-value]  # a View for a View
    return scorer


def joined(view: View, user_ids: Ids | None, item_ids: Ids | None, remedy: str) -> View:
    """The view with its rows in the order of these ids; as it is where either has none.

    Raises:
        SemcompError: users or items that only one of them knows.
    """
    if view.user_ids is None or view.item_ids is None or user_ids is None or item_ids is None:
        return view
    if np.array_equal(view.user_ids, user_ids) and np.array_equal(view.item_ids, item_ids):
        return view
    owner = f"view {view.name!r}"
    users = rows_of(view.user_ids, user_ids, owner=owner, unit="user", remedy=remedy)
    items = rows_of(view.item_ids, item_ids, owner=owner, unit="item", remedy=remedy)
    ids = view.user_ids[users], view.item_ids[items]
    return View(view.name, view.users[users], view.items[items], view.provenance, *ids)


def check_fits(scorer: Scorer, shape: tuple[int, int]) -> None:
    """Raise unless the scorer has a row for each of the split's users and items."""
    if tuple(scorer.shape) != shape:
        raise SemcompError(
            f"view {scorer.name!r} has {scorer.shape[0]} user rows and {scorer.shape[1]} item rows, "
            f"but the split has {shape[0]} users and {shape[1]} items; both must come from the same data"
        )
