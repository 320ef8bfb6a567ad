"""One partition of a data set's interactions: train, validation and test as matrices that share no pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data.dataset import Dataset
from semcomp.data.splits.matrices import binary_csr, part_sizes
from semcomp.data.splits.order import PARTS, Doubles, EventOrder, Sequences, event_order, told_by
from semcomp.data.splits.printed import as_html, as_text, title
from semcomp.errors import SemcompError
from semcomp.storage import digest

NO_ORDER = "no order: it was made of pairs alone"
DROPPED = "no order: it was dropped from the split"


@checked
@dataclass(frozen=True, eq=False)
class Split:
    """One partition of a data set's interactions into train, validation and test.

    The three matrices are binary CSR, U × I, with sorted indices, and share no pair. Every user and item of
    the data set keeps its row and column. `order` tells when each pair came among its user's events, where
    the data do; `sequences` gives them as lists. Printed, it is a table of the parts and what `split` noted.

    `known_from` is the catalogue: for each item the part from which on it is known to exist, 0 train,
    1 validation, 2 test; None if all items are known from the start. An item without any train pair may well
    be known, as one of a shop is that nobody has bought yet; what a split of cold items holds out is not.
    Models learn from `known` alone: no other item is a negative, or counts in a mean. A split that was read
    from files knows all; give a published one of cold items `dataclasses.replace(parts, known_from=…)`.

    Raises SemcompError for matrices of another shape, with unsorted indices or with a pair in common, for an
    empty train part, for an order that does not number each user's events from 0, and for a pair in a part
    that comes before its item is known.

    >>> split.train.shape, split.counts["test"]["users"]
    ((300, 200), 300)
    """

    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]
    train: sp.csr_array
    valid: sp.csr_array
    test: sp.csr_array
    provenance: dict[str, Any]
    order: EventOrder | None = None
    known_from: NDArray[np.integer[Any]] | None = None

    def __post_init__(self) -> None:
        shape = (len(self.user_ids), len(self.item_ids))
        for part in PARTS:
            matrix = getattr(self, part)
            if matrix.shape != shape:
                raise SemcompError(
                    f"{part} is {matrix.shape}, but there are {shape[0]} users and {shape[1]} items"
                )
            if not matrix.has_sorted_indices:
                raise SemcompError(f"{part} has unsorted indices; call its sort_indices() first")
        if self.train.nnz == 0:
            raise SemcompError("the train part is empty; nothing can be learned from it")
        for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
            shared = getattr(self, one).multiply(getattr(self, other)).nnz
            if shared:
                raise SemcompError(
                    f"{shared} user-item pairs are in both {one} and {other}; each belongs to one part"
                )
        if self.order is not None:
            self._check_order(self.order)
        if self.known_from is not None:
            self._check_catalogue(np.asarray(self.known_from))

    def _check_catalogue(self, known_from: NDArray[Any]) -> None:
        """A part for each item, none later than a part that the item is in; None where all are known."""
        if known_from.shape != (self.n_items,) or not np.isin(known_from, range(len(PARTS))).all():
            raise SemcompError(
                f"known_from needs one number per item, 0 (train), 1 (valid) or 2 (test), for {self.n_items} "
                "items; None stands for 0 throughout"
            )
        for number, part in enumerate(PARTS):
            items = getattr(self, part).indices
            early = items[known_from[items] > number]
            if len(early):
                later = PARTS[int(known_from[early[0]])]
                raise SemcompError(
                    f"item {str(self.item_ids[early[0]])!r} has pairs in {part}, but is known from {later} "
                    f"on; set known_from to {number} or lower for it"
                )
        object.__setattr__(self, "known_from", known_from.astype(np.int8) if known_from.any() else None)

    def _check_order(self, order: EventOrder) -> None:
        """One place per pair, and of each user's n events the places 0 to n - 1."""
        for part in PARTS:
            pairs, places = getattr(self, part).nnz, order.places[part]
            if places.shape != (pairs,):
                raise SemcompError(
                    f"{part} has {pairs:,} pairs, but its order {len(places):,} places; change both together "
                    "(of_users, without), or drop the order with order=None"
                )
        sizes = np.diff(self._starts(PARTS)).astype(np.int32)
        filled = np.zeros(int(sizes.sum()), dtype=bool)
        for part in PARTS:
            places, user = order.places[part], self._rows(part)
            if (places < 0).any() or (places >= sizes[user]).any():
                break
            filled[self._slots(part)] = True
        if not filled.all():
            raise SemcompError("the order does not number the events of every user from 0; see EventOrder")

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.item_ids)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of ids, parts and catalogue; the order of events has one of its own."""
        parts = [a for m in (self.train, self.valid, self.test) for a in (m.indptr, m.indices)]
        parts += [] if self.known_from is None else [self.known_from]
        return digest(self.user_ids.tolist(), self.item_ids.tolist(), *parts)

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """See `part_sizes`."""
        return part_sizes(self.train, self.valid, self.test)

    @property
    def ordered(self) -> bool:
        """Whether the order of each user's events is known."""
        return self.order is not None

    @property
    def order_told(self) -> str:
        """One sentence on the order of events: what tells it, or why it is not known."""
        told = str(self.provenance.get("order", NO_ORDER))
        return told if self.ordered or told.startswith("no order") else DROPPED

    @cached_property
    def order_fingerprint(self) -> str | None:
        """The sha256 of the order of events, for the keys of what depends on it; None where there is none."""
        return digest(*(self.order.places[part] for part in PARTS)) if self.order else None

    def sequences(self, part: str = "train") -> Sequences:
        """Each user's items in the order of events, oldest first: `(indptr, items)`, see `Sequences`.

        Args:
            part: "train", "valid", "test", or several joined by "+": "train+valid" is the history at test
                time as one ordered list. A user without an event in it has an empty list.

        Raises SemcompError for an unknown part, and where the order of events is not known.

        Example:
            >>> import semcomp as sc
            >>> split = sc.split(sc.load_dataset("ml-100k"), "leave-last-out")  # doctest: +SKIP
            >>> indptr, items = split.sequences("train+valid")  # doctest: +SKIP
            >>> items[indptr[5] : indptr[6]]  # the history of user row 5  # doctest: +SKIP
        """
        wanted = list(dict.fromkeys(part.split("+")))
        for name in wanted:
            if name not in PARTS:
                raise SemcompError(f"unknown part {name!r}; use {', '.join(PARTS)}, or several joined by '+'")
        self._known_order()
        by_slot = np.full(sum(getattr(self, name).nnz for name in PARTS), -1, dtype=np.int32)
        for name in wanted:
            by_slot[self._slots(name)] = getattr(self, name).indices
        return Sequences(self._starts(wanted), by_slot[by_slot >= 0])

    def of_users(self, rows: NDArray[np.int64]) -> Split:
        """The split with these users' rows alone, in this order; items and the order of events stay.

        >>> split.of_users(np.array([4, 0])).user_ids.tolist()
        ['u0005', 'u0001']
        """
        parts = {part: sp.csr_array(getattr(self, part)[rows]) for part in PARTS}
        order = self.order
        if order is not None:
            order = replace(order, places={part: self._placed(part)[rows].data for part in PARTS})
        return replace(self, user_ids=self.user_ids[rows], **parts, order=order)

    def without(self, part: str) -> Split:
        """The split with an empty "valid" or "test" part; the order of the other events stays.

        Places are counted again, so that they do not tell when what was taken out had happened.

        >>> split.without("test").test.nnz
        0
        """
        if part not in PARTS[1:]:
            raise SemcompError(f"part {part!r} cannot be taken out of a split; use 'valid' or 'test'")
        empty = sp.csr_array((self.n_users, self.n_items), dtype=getattr(self, part).dtype)
        kept = {name: np.full(getattr(self, name).nnz, name != part) for name in PARTS}
        return replace(self, **{part: empty}, order=self._order_of(kept))

    def of_items(self, rows: NDArray[np.int64]) -> Split:
        """The split with these items' columns alone, rows ascending; users and the order of the rest stay.

        >>> split.of_items(np.array([0, 4])).item_ids.tolist()
        ['i0001', 'i0005']
        """
        chosen = np.zeros(self.n_items, dtype=bool)
        chosen[rows] = True
        parts = {part: sp.csr_array(getattr(self, part)[:, rows]) for part in PARTS}
        order = self._order_of({part: chosen[getattr(self, part).indices] for part in PARTS})
        known_from = None if self.known_from is None else self.known_from[rows]
        return replace(self, item_ids=self.item_ids[rows], **parts, order=order, known_from=known_from)

    def catalogue(self, part: str = "train") -> NDArray[np.int64]:
        """Rows of the items that are known by the time of a part, ascending; see `known_from`.

        Raises SemcompError for an unknown part.

        >>> len(split.catalogue("train")) == split.n_items
        True
        """
        if part not in PARTS:
            raise SemcompError(f"unknown part {part!r}; use {', '.join(PARTS)}")
        if self.known_from is None:
            return np.arange(self.n_items)
        return np.flatnonzero(self.known_from <= PARTS.index(part))

    @property
    def known(self) -> Split:
        """What a model may learn from: the split of the items known in train; this one if those are all.

        >>> split.known is split
        True
        """
        return self if self.known_from is None else self._known

    @cached_property
    def _known(self) -> Split:
        return self.of_items(self.catalogue("train"))

    def placed(self, known: NDArray[Any], unseen: NDArray[Any] | None = None) -> NDArray[Any]:
        """Rows of all items from those of `known`: (K, d) -> (I, d); of the others zeros, if not given.

        Args:
            unseen: (I - K, d) rows of the items that are not known in train, ascending.

        >>> split.placed(np.ones((split.n_items, 2))).shape
        (200, 2)
        """
        if self.known_from is None:
            return known
        items = np.zeros((self.n_items, *known.shape[1:]), dtype=known.dtype)
        items[self.known_from == 0] = known
        if unseen is not None:
            items[self.known_from > 0] = unseen
        return items

    def _order_of(self, kept: Mapping[str, NDArray[np.bool_]]) -> EventOrder | None:
        """The order of the events that are kept, places counted again; None where there is no order."""
        if self.order is None:
            return None
        slots = {part: self._slots(part)[keep] for part, keep in kept.items()}
        left = np.zeros(sum(getattr(self, part).nnz for part in PARTS), dtype=bool)
        for own in slots.values():
            left[own] = True
        before = np.concatenate([[0], np.cumsum(left)])  # kept events in front of each
        starts = before[self._starts(PARTS)]  # (U + 1,)
        places = {
            part: (before[own] - starts[self._rows(part)[kept[part]]]).astype(np.int32)
            for part, own in slots.items()
        }
        return replace(self.order, places=places)

    def _known_order(self) -> EventOrder:
        if self.order is None:
            made = self.provenance
            of = f" of {made['dataset']!r}" if "dataset" in made else ""
            raise SemcompError(
                f"the split{of} does not know the order of events ({self.order_told}); load data with "
                "a column timestamp or position that is filled in for every interaction"
            )
        return self.order

    def _rows(self, part: str) -> NDArray[np.int32]:
        """The user of each pair of a part."""
        return np.repeat(np.arange(self.n_users, dtype=np.int32), np.diff(getattr(self, part).indptr))

    def _starts(self, parts: Sequence[str]) -> NDArray[np.int64]:
        """(U + 1,) where each user's events begin in a list of those of some parts."""
        starts = np.sum([getattr(self, part).indptr for part in parts], axis=0, dtype=np.int64)
        return np.asarray(starts)

    def _slots(self, part: str) -> NDArray[np.integer]:
        """Where each pair of a part is in the list of all events, by user and order."""
        starts = self._starts(PARTS)
        few = starts[-1] < 2**31  # then half the memory does
        starts = starts.astype(np.int32) if few else starts
        return np.asarray(starts[self._rows(part)] + self._known_order().places[part])

    def _placed(self, part: str) -> sp.csr_array:
        """A part with the place of each pair instead of 1."""
        matrix: sp.csr_array = getattr(self, part)
        places = self._known_order().places[part]
        return sp.csr_array((places, matrix.indices, matrix.indptr), shape=matrix.shape)

    def history(self, mask: str) -> sp.csr_array:
        """What a ranking must not return: `"train+valid"` (at test), `"train"` (at validation), `"none"`.

        >>> split.history("train+valid").nnz == split.train.nnz + split.valid.nnz
        True
        """
        if mask == "train+valid":
            return sp.csr_array(self.train + self.valid)
        if mask == "train":
            return self.train
        if mask == "none":
            return sp.csr_array(self.train.shape, dtype=self.train.dtype)
        raise SemcompError(f"unknown mask {mask!r}; use 'train+valid', 'train' or 'none'")

    def __repr__(self) -> str:
        sizes = ", ".join(f"{part} {self.counts[part]['interactions']:,}" for part in PARTS)
        return f"<Split{title(self).removeprefix('split')}; {sizes}>"

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def assembled(
    data: Dataset,
    part: NDArray[np.int64],
    about: Mapping[str, Any],
    told: Mapping[str, Doubles] | None = None,
    of: str = "",
    known_from: NDArray[np.integer[Any]] | None = None,
) -> Split:
    """The split that puts each interaction of the data into a part.

    Args:
        part: (n,) 0 train, 1 validation, 2 test, -1 left out.
        about: how it was made; data, counts and the order of events are added.
        told, of: what tells the order, as in `event_order`; the data's own columns if None.
        known_from: (I,) as in `Split`.
    """
    shape = (data.n_users, data.n_items)
    train, valid, test = (
        binary_csr(data.user[part == number], data.item[part == number], shape) for number in range(3)
    )
    order, sentence = event_order(data.user, part, told_by(data.interactions) if told is None else told, of)
    counts = {**part_sizes(train, valid, test), "left out": int((part < 0).sum())}
    made = {**data.provenance, **about, "counts": counts, "order": sentence}
    return Split(data.user_ids, data.item_ids, train, valid, test, made, order, known_from)
