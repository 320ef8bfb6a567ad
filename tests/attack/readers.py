"""Kinds of files: how one is made, and the result of what reads it."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

import semcomp as sc

Rule = Literal["healed", "same or refused", "any or refused"]


@dataclass(frozen=True)
class Subject:
    """A kind of file.

    Attributes:
        make: writes what is needed into an empty folder, and returns the file that is damaged.
        read: the result of what reads it, as something whose digest can be taken; given folder and file.
        rule: "healed": a cache, whose result is always that of a run from scratch. "same or refused": a file
            with a digest, which may be refused instead. "any or refused": a user's table, which has none.
    """

    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path, Path], Any]
    rule: Rule
    named: bool = True  # whether a refusal has to name the file


class Killed(BaseException):
    """In place of a signal."""


def small() -> tuple[sc.Split, sc.TextMatrix]:
    """12 users, 9 items, and a text: an epoch is done in a millisecond."""
    dense, shape = np.random.default_rng(0).integers(0, 5, (12, 9)), (12, 9)
    parts = [
        sc.data.binary_csr(*(rows.astype(np.int32) for rows in np.nonzero(dense == n)), shape)
        for n in (0, 1, 2)
    ]
    ids = [
        np.array([f"{kind}{n:02d}" for n in range(count)]) for kind, count in zip("ui", shape, strict=True)
    ]
    split = sc.Split(*ids, *parts, provenance={})
    return split, sc.TextMatrix(ids[1], np.random.default_rng(1).standard_normal((9, 5)))


def model() -> Any:
    from semcomp.views import LightGCN, SampledSoftmax, Training
    from semcomp.views.training import checkpoint

    checkpoint.EVERY = 0.0
    loss = SampledSoftmax(negatives=16)
    return LightGCN(
        4,
        training=Training(
            loss=loss, epochs=3, batch=512, lr=0.02, schedule="linear", every=1, patience=9, device="cpu"
        ),
    )


def _checkpoint(folder: Path) -> Path:
    from semcomp.views.training import checkpoint

    file, save, trained = folder / "run.pt", checkpoint.Checkpoint.save, model()

    def killed(self: Any, state: Any) -> None:
        save(self, state)
        if state.epoch == 2:
            raise Killed

    checkpoint.Checkpoint.save = killed  # type: ignore[method-assign]
    with contextlib.suppress(Killed):
        trained.fit(small()[0], checkpoint=file)
    checkpoint.Checkpoint.save = save  # type: ignore[method-assign]
    return file


def _vectors(view: sc.View) -> list[Any]:
    return [
        view.users,
        view.items,
        *(None if ids is None else ids.tolist() for ids in (view.user_ids, view.item_ids)),
    ]


def _resumed(folder: Path, file: Path) -> list[Any]:
    return _vectors(model().fit(small()[0], checkpoint=file))


def _saved_view(folder: Path) -> Path:
    split, _ = small()
    draw = np.random.default_rng(2)
    sides = [draw.standard_normal((n, 4)) for n in (12, 9)]
    return sc.View("v", *sides, {"seed": 0}, split.user_ids, split.item_ids).save(folder / "v.safetensors")


def _loaded_view(folder: Path, file: Path) -> list[Any]:
    view = sc.View.load(file)
    return [*_vectors(view), view.name, dict(view.provenance)]


def _cached(folder: Path) -> sc.View:
    from semcomp.study.artifacts import cached_view

    os.environ["SEMCOMP_CACHE"] = str(folder)
    split, _ = small()
    made = cached_view(
        {"of": "attack"},
        lambda place: model().fit(split, checkpoint=place),
        modules=["semcomp.views.collaborative.lightgcn"],
    )
    assert isinstance(made, sc.View)
    return made


def _view_cache(folder: Path) -> Path:
    _cached(folder)
    (file,) = (folder / "views").glob("*.safetensors")
    return file


def _cache_checkpoint(folder: Path) -> Path:
    """The checkpoint of a run that was killed before its view was cached."""
    file = _view_cache(folder)
    made = _checkpoint(folder)
    file.unlink()
    return made.rename(file.with_suffix(".checkpoint"))


class Letters:
    """A model of texts: its vectors are counts of letters."""

    max_tokens = 9

    def tokens(self, texts: list[str]) -> Any:
        return np.array([len(text) for text in texts])

    def rows(self, texts: list[str]) -> Any:
        return np.array([[len(text), text.count("a"), 1 / len(text)] for text in texts], np.float32)


TEXTS = ["".join("abc"[(n * k) % 3] for k in range(1, n + 2)) for n in range(12)]


def encoded(folder: Path, file: Path | None = None, fails: bool = False) -> list[Any]:
    from semcomp.text import cache

    os.environ["SEMCOMP_CACHE"] = str(folder)
    cache.CHUNK = 4
    made = 0

    class Failing(Letters):
        def rows(self, texts: list[str]) -> Any:
            nonlocal made
            made += 1
            if fails and made == 3:
                raise Killed
            return super().rows(texts)

    @contextlib.contextmanager
    def load() -> Iterator[Any]:
        yield Failing()

    kept = cache.cached_rows(TEXTS, ["letters"], load, progress=False)
    return [kept.rows, kept.truncated, kept.max_tokens]


def _text_cache(folder: Path) -> Path:
    encoded(folder)
    (file,) = (folder / "text").glob("*.npz")
    return file


def _text_part(folder: Path) -> Path:
    with contextlib.suppress(Killed):
        encoded(folder, fails=True)
    return sorted((folder / "text").glob("*.parts/*.npz"))[0]


def _text_matrix(folder: Path) -> Path:
    return small()[1].save(folder / "t.npz")


def _loaded_text(folder: Path, file: Path) -> list[Any]:
    text = sc.TextMatrix.load(file)
    return [text.item_ids.tolist(), text.matrix, dict(text.provenance)]


TABLE = "user_id,item_id,rating\n" + "".join(f"u{n % 7},i{n % 5},{n % 5 + 1}\n" for n in range(30))
TITLES = "item_id,title\n" + "".join(f"i{n},Title {n}\n" for n in range(5))


def _rows(data: sc.Dataset) -> list[Any]:
    return [data.user_ids.tolist(), data.item_ids.tolist(), data.user, data.item, list(data.texts)]


def _shop(folder: Path) -> list[Any]:
    os.environ["SEMCOMP_CACHE"] = str(folder / "cache")
    (place,) = (path for path in folder.iterdir() if path.name.startswith("ratings"))
    return _rows(sc.load_dataset(place, items=folder / "items.csv"))


def _gzip(folder: Path) -> Path:
    (folder / "items.csv").write_text(TITLES)
    file = folder / "ratings.csv.gz"
    file.write_bytes(gzip.compress(TABLE.encode(), mtime=0))
    return file


def _parquet(folder: Path) -> Path:
    import polars as pl

    (folder / "items.csv").write_text(TITLES)
    file = folder / "ratings.parquet"
    pl.read_csv(TABLE.encode()).write_parquet(file)
    return file


def _csv(folder: Path) -> Path:
    (folder / "items.csv").write_text(TITLES)
    (folder / "ratings.csv").write_text(TABLE)
    return folder / "ratings.csv"


def _dicts(folder: Path) -> Path:
    """The parquet file that dicts of the Amazon metadata are converted to, in the cache."""
    lines = "".join(f"{{'asin': 'i{n}', 'title': 'Title {n}', 'categories': [['Toys']]}}\n" for n in range(5))
    (folder / "toys").mkdir()
    (folder / "toys" / "meta_Toys.json.gz").write_bytes(gzip.compress(lines.encode()))
    reviews = "".join(
        json.dumps(
            {
                "reviewerID": f"u{n % 7}",
                "helpful": [0, 0],
                "asin": f"i{n % 5}",
                "overall": n % 5 + 1.0,
                "unixReviewTime": n,
            }
        )
        + "\n"
        for n in range(30)
    )
    (folder / "toys" / "reviews_Toys.json.gz").write_bytes(gzip.compress(reviews.encode()))
    _converted(folder)
    return next((folder / "cache" / "converted").glob("*.parquet"))


def _converted(folder: Path, file: Path | None = None) -> list[Any]:
    os.environ["SEMCOMP_CACHE"] = str(folder / "cache")
    return _rows(sc.load_dataset(folder / "toys"))


def _prepared(folder: Path) -> Path:
    _csv(folder)
    data = sc.load_dataset(folder / "ratings.csv", items=folder / "items.csv")
    return sc.data.write_folder(data, folder / "made")


def _in_prepared(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        return next(path for path in _prepared(folder).iterdir() if path.name.startswith(name))

    return make


def _vectors_file(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        _csv(folder)
        ids, rows = np.array([f"i{n}" for n in range(5)]), np.random.default_rng(5).standard_normal((5, 3))
        file = folder / f"vectors{suffix}"
        if suffix == ".npy":
            np.save(file, rows)
            (folder / "vectors_ids.txt").write_text("\n".join(ids))
        elif suffix == ".npz":
            np.savez(file, item_ids=ids, matrix=rows)
        else:
            import polars as pl

            frame = pl.DataFrame({"item_id": ids, **{f"v{n}": rows[:, n] for n in range(3)}})
            frame.write_parquet(file) if suffix == ".parquet" else frame.write_csv(file)
        return file

    return make


def _own_vectors(folder: Path, file: Path) -> list[Any]:
    from semcomp.text import Precomputed

    os.environ["SEMCOMP_CACHE"] = str(folder / "cache")
    data = sc.load_dataset(folder / "ratings.csv", items=folder / "items.csv")
    return [sc.embed(data, Precomputed(file)).matrix]


def _settings(folder: Path) -> Path:
    from semcomp.study.settings import PACKAGED

    source = sorted(PACKAGED.glob("*/lightgcn.json"))[0]
    return Path(shutil.copy(source, folder / "lightgcn.json"))


def _read_settings(folder: Path, file: Path) -> str:
    from semcomp.study.settings import read_settings

    return repr(vars(read_settings(file)))


def _evidence(folder: Path) -> Path:
    import pandas as pd

    one = sc.Evidence("e", {"v": sc.Value(0.5, 0.4, 0.6)}, pd.DataFrame({"v": [0.5, 0.25]}))
    file = folder / "e.json"
    file.write_text(one.to_json())
    return file


def _read_evidence(folder: Path, file: Path) -> str:
    text = "" if file.is_dir() else file.read_text("utf8", errors="replace")
    return sc.Evidence.from_json(text).to_json()


def _pairs(folder: Path) -> Path:
    file = folder / "train.inter"
    file.write_text("user\titem\n" + "".join(f"{n % 7}\t{n % 5}\n" for n in range(30)))
    return file


def _read_pairs(folder: Path, file: Path) -> list[Any]:
    return list(sc.data.read_pairs(file))


def _array(folder: Path) -> Path:
    np.save(folder / "a.npy", np.random.default_rng(6).standard_normal((9, 4)))
    return folder / "a.npy"


def _read_array(folder: Path, file: Path) -> list[Any]:
    from semcomp.cli.arrays import read_array

    _split, _ = small()
    return [sc.View("v", np.ones((12, 4)), read_array(file)).items]


SUBJECTS = (
    Subject("training checkpoints", _checkpoint, _resumed, "same or refused"),
    Subject(
        "checkpoints next to cached views",
        _cache_checkpoint,
        lambda folder, _: _vectors(_cached(folder)),
        "healed",
    ),
    Subject("cached views", _view_cache, lambda folder, _: _vectors(_cached(folder)), "healed"),
    Subject("saved views", _saved_view, _loaded_view, "same or refused"),
    Subject("cached text vectors", _text_cache, encoded, "healed"),
    Subject("cached parts of text vectors", _text_part, encoded, "healed"),
    Subject("saved text matrices", _text_matrix, _loaded_text, "same or refused"),
    Subject("converted tables in the cache", _dicts, _converted, "healed"),
    Subject("gzip tables", _gzip, lambda folder, _: _shop(folder), "same or refused"),
    Subject("parquet tables", _parquet, lambda folder, _: _shop(folder), "any or refused"),
    Subject("csv tables", _csv, lambda folder, _: _shop(folder), "any or refused"),
    Subject(
        "prepared folders: dataset.json",
        _in_prepared("dataset"),
        lambda folder, _: _rows(sc.load_dataset(folder / "made")),
        "any or refused",
    ),
    Subject(
        "prepared folders: items",
        _in_prepared("items"),
        lambda folder, _: _rows(sc.load_dataset(folder / "made")),
        "any or refused",
    ),
    Subject(
        "prepared folders: interactions",
        _in_prepared("interactions"),
        lambda folder, _: _rows(sc.load_dataset(folder / "made")),
        "any or refused",
    ),
    *(
        Subject(f"vector files {suffix}", _vectors_file(suffix), _own_vectors, "any or refused")
        for suffix in (".npy", ".npz", ".parquet", ".csv")
    ),
    Subject("settings", _settings, _read_settings, "any or refused"),
    Subject("evidence in JSON", _evidence, _read_evidence, "any or refused", named=False),
    Subject("files of pairs", _pairs, _read_pairs, "any or refused"),
    Subject("arrays of the shell", _array, _read_array, "any or refused", named=False),
)
