"""Checks of what is where: the parts, the graph, and what the split's strategy promised."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp

from semcomp.data.audits.findings import Case, Keys, Outcome, found, not_applicable, passed
from semcomp.data.splits.order import PARTS
from semcomp.data.splits.splitting import STRATEGIES
from semcomp.errors import SemcompError


def pairs_in_two_parts(case: Case) -> Outcome:
    """A pair is in one part only.

    The matrices are read as they are now, so a part that was changed or put in place after the split was
    made is caught as well.
    """
    both = {
        (one, other): np.intersect1d(case.keys[one], case.keys[other], assume_unique=True)
        for one, other in (("train", "valid"), ("train", "test"), ("valid", "test"))
    }
    count = sum(len(keys) for keys in both.values())
    if not count:
        total = sum(len(keys) for keys in case.keys.values())
        return passed(f"{total:,} pairs, each in one part")
    (one, other), keys = next((parts, keys) for parts, keys in both.items() if len(keys))
    return found(
        "leak",
        count,
        f"{case.data.named_pair(keys[0])} in {one} and {other}",
        "make the split again",
        f"{count:,} pairs are in two parts",
    )


def pairs_of_the_data(case: Case) -> Outcome:
    """Every pair of the split is an interaction of the data; interactions in no part are reported."""
    observed = case.observed
    split = np.unique(np.concatenate([case.keys[part] for part in PARTS]))
    made_up = np.setdiff1d(split, observed, assume_unique=True)
    if len(made_up):
        return found(
            "leak",
            len(made_up),
            case.data.named_pair(made_up[0]),
            "split the data set that is audited",
            f"{len(made_up):,} pairs of the split are not interactions of the data",
        )
    absent = np.setdiff1d(observed, split, assume_unique=True)
    if len(absent):
        return found(
            "report",
            len(absent),
            case.data.named_pair(absent[0]),
            "make sure that they are meant to be left out, and that no model trains on them",
            f"{len(absent):,} interactions of the data are in no part",
        )
    return passed(f"the parts are the {len(observed):,} interactions of the data")


def held_out_edges(case: Case) -> Outcome:
    """No validation or test pair is an edge of the graph, in either direction.

    The graph is a users × items matrix or a square (U+I) adjacency with the users first, as a scipy matrix
    or a torch tensor. An entry of zero is not an edge.
    """
    if case.graph is None:
        return not_applicable("no graph given")
    edges = _edges(case.graph, case.data.n_users, case.data.n_items)
    hits = {part: np.intersect1d(edges, case.keys[part], assume_unique=True) for part in ("test", "valid")}
    count = sum(len(keys) for keys in hits.values())
    if not count:
        return passed(f"{len(edges):,} user-item edges, none of them held out")
    part, keys = next((part, keys) for part, keys in hits.items() if len(keys))
    return found(
        "leak",
        count,
        f"{case.data.named_pair(keys[0])} of {part}",
        "build the graph from the train part alone",
        f"{len(hits['test']):,} test and {len(hits['valid']):,} validation pairs are edges of the graph",
    )


def _edges(graph: Any, n_users: int, n_items: int) -> Keys:
    """The user-item pairs that a graph links, as ascending numbers."""
    matrix = _as_scipy(graph)
    if matrix.shape == (n_users, n_items):
        user, item = matrix.row.astype(np.int64), matrix.col.astype(np.int64)
    elif matrix.shape == (n_users + n_items,) * 2:
        row, column = matrix.row.astype(np.int64), matrix.col.astype(np.int64)
        out, back = (row < n_users) & (column >= n_users), (row >= n_users) & (column < n_users)
        user = np.concatenate([row[out], column[back]])
        item = np.concatenate([column[out], row[back]]) - n_users
    else:
        raise SemcompError(
            f"the graph is {matrix.shape[0]} × {matrix.shape[1]}; give users × items ({n_users} × {n_items}) "
            f"or the square adjacency of both, users first ({n_users + n_items} rows)"
        )
    return np.unique(user * n_items + item)


def _as_scipy(graph: Any) -> sp.coo_array:
    if getattr(graph, "ndim", 2) != 2:
        raise SemcompError(f"the graph has {graph.ndim} dimensions; a matrix has two")
    if hasattr(graph, "to_sparse_csr"):  # a torch tensor of any layout, without importing torch here
        with warnings.catch_warnings():  # torch announces that its CSR support is in beta
            warnings.simplefilter("ignore", UserWarning)
            torch_csr = graph.detach().to_sparse_csr().cpu()
        parts = (torch_csr.values(), torch_csr.col_indices(), torch_csr.crow_indices())
        graph = sp.csr_array(tuple(part.numpy() for part in parts), shape=tuple(torch_csr.shape))
    try:
        matrix = sp.coo_array(graph)
    except (TypeError, ValueError) as error:
        raise SemcompError(
            f"the graph is a {type(graph).__name__}; give a scipy sparse matrix or a torch tensor"
        ) from error
    if matrix.ndim != 2 or matrix.dtype.kind == "O":
        raise SemcompError(
            f"the graph holds {matrix.dtype}, shape {matrix.shape}; a matrix of numbers is needed"
        )
    matrix.eliminate_zeros()
    return matrix


def promises_of_the_strategy(case: Case) -> Outcome:
    """What the split's strategy promises (its `guards`) holds: cold items absent from train, time in order, …

    Strategy, options and facts are read from the split's provenance; a split without them promises nothing.
    """
    made = case.split.provenance
    name = made.get("strategy")
    if name not in STRATEGIES:
        return not_applicable(f"strategy {name!r} promises nothing" if name else "no strategy is recorded")
    strategy = STRATEGIES[name](**made.get("options", {}))
    inside = np.stack([np.isin(case.data.pairs, case.keys[part]) for part in PARTS])
    broken = strategy.broken(case.data, inside, made.get("facts", {}))
    if not broken:
        return passed(f"{name}: {'; '.join(strategy.guards)}")
    return found(
        "leak",
        sum(one.count for one in broken),
        f"{broken[0].example}, against the promise that {broken[0].promise}",
        f"make the {name!r} split again",
        f"{name} promises that {broken[0].promise}; {broken[0].count:,} cases break it",
    )
