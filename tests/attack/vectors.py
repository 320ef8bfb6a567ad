"""Files of vectors whose content is known: it comes back exactly, joined by id, or the file is named."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import semcomp as sc
from tests.attack import forks, series
from tests.attack.judge import Outcome, wrong_message

SECONDS = 15
IDS = np.array(["007", "7", "a b", "é", "1e5"])
ROWS = np.random.default_rng(8).standard_normal((5, 3)).astype(np.float32)
PLAIN = "\n".join(IDS) + "\n"


@dataclass(frozen=True)
class Form:
    """How a file is written.

    Attributes:
        write: writes it into a folder, and returns the file and what else `Precomputed` is told.
        lost: it has no right reading, so it may only be refused.
    """

    write: Callable[[Path], tuple[Path, dict[str, Any]]]
    lost: bool = False


def _npy(
    rows: Any = ROWS, ids: bytes = PLAIN.encode(), name: str = "v", **more: bytes
) -> Callable[[Path], Any]:
    """more: contents of files next to it, which are not to be read."""

    def write(folder: Path) -> tuple[Path, dict[str, Any]]:
        np.save(folder / f"{name}.npy", rows)
        (folder / f"{name}_ids.txt").write_bytes(ids)
        for beside, content in more.items():
            (folder / beside).write_bytes(content)
        return folder / f"{name}.npy", {}

    return write


def _npz(**arrays: Any) -> Callable[[Path], Any]:
    def write(folder: Path) -> tuple[Path, dict[str, Any]]:
        np.savez(folder / "v.npz", **arrays)
        return folder / "v.npz", {}

    return write


def _frame(rows: Any = ROWS, ids: Sequence[str] = IDS.tolist()) -> Any:
    import pandas as pd

    return pd.DataFrame({"item_id": list(ids), **{f"v{n}": rows[:, n] for n in range(rows.shape[1])}})


def _csv(
    change: Callable[[str], str] = str,
    name: str = "v.csv",
    encoding: str = "utf8",
    decoy: str = "",
    **style: Any,
) -> Callable[[Path], Any]:
    def write(folder: Path) -> tuple[Path, dict[str, Any]]:
        text = io.StringIO()
        _frame().to_csv(text, **({"index": False} | style))
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(change(text.getvalue()).encode(encoding))
        if decoy:
            (folder / decoy).parent.mkdir(exist_ok=True)
            _frame(ROWS * 0 + 9).to_csv(folder / decoy, index=False)
        return folder / name, {}

    return write


def _parquet(
    change: Callable[[Any], Any] = lambda frame: frame, name: str = "v.parquet", decoy: str = ""
) -> Callable[[Path], Any]:
    def write(folder: Path) -> tuple[Path, dict[str, Any]]:
        change(_frame()).to_parquet(folder / name)
        if decoy:
            _frame(ROWS * 0 + 9).to_parquet(folder / decoy)
        return folder / name, {}

    return write


def _lists(frame: Any) -> Any:
    import pandas as pd

    return pd.DataFrame({"item_id": frame["item_id"], "vector": ROWS.tolist()})


def _shuffled(frame: Any) -> Any:
    return frame.sample(frac=1, random_state=1)


def forms() -> dict[str, Form]:
    wide, ids = ROWS.astype(np.float64), IDS
    return {
        "npy": Form(_npy()),
        "npy, float64": Form(_npy(wide)),
        "npy, big endian": Form(_npy(wide.astype(">f8"))),
        "npy, Fortran order": Form(_npy(np.asfortranarray(wide))),
        "npy, complex": Form(_npy(wide + 1j), lost=True),
        "npy, dates": Form(_npy(np.full((5, 3), "2020-01-01", "datetime64[D]")), lost=True),
        "npy, words": Form(_npy(wide.astype(str)), lost=True),
        "npy, NaN": Form(_npy(np.where(wide > 1, np.nan, wide)), lost=True),
        "npy, fewer rows": Form(_npy(wide[:4]), lost=True),
        "npy, transposed": Form(_npy(wide.T), lost=True),
        "npy, flat": Form(_npy(wide.ravel()), lost=True),
        "npy, ids with a byte order mark": Form(_npy(ids=b"\xef\xbb\xbf" + PLAIN.encode())),
        "npy, ids with CRLF": Form(_npy(ids=PLAIN.replace("\n", "\r\n").encode())),
        "npy, ids in UTF-16": Form(_npy(ids=PLAIN.encode("utf-16"))),
        "npy, ids without a last line end": Form(_npy(ids=PLAIN[:-1].encode())),
        "npy, ids with a blank line at the end": Form(_npy(ids=(PLAIN + "\n").encode())),
        "npy, ids with blanks around": Form(_npy(ids=PLAIN.replace("\n", " \n").encode())),
        "npy, ids with a header": Form(_npy(ids=("item_id\n" + PLAIN).encode()), lost=True),
        "npy, ids in Latin-1": Form(_npy(ids=PLAIN.encode("latin-1")), lost=True),
        "npy, ids twice": Form(_npy(ids=PLAIN.replace("007", "7").encode()), lost=True),
        "npy, brackets in its name": Form(_npy(name="v[1]", **{"v1_ids.txt": b"x\n"})),
        "npz": Form(_npz(item_ids=ids, matrix=wide)),
        "npz, other names": Form(_npz(ids=ids, embeddings=wide)),
        "npz, shuffled": Form(_npz(item_ids=ids[::-1], matrix=wide[::-1])),
        "npz, ids of objects": Form(_npz(item_ids=ids.astype(object), matrix=wide), lost=True),
        "npz, ids of bytes": Form(_npz(item_ids=np.char.encode(ids, "utf8"), matrix=wide)),
        "npz, no ids": Form(_npz(matrix=wide), lost=True),
        "npz, two matrices": Form(_npz(item_ids=ids, matrix=wide, vectors=wide + 1)),
        "csv": Form(_csv()),
        "csv, shuffled": Form(
            _csv(lambda text: "\n".join([text.split("\n")[0], *text.strip().split("\n")[:0:-1]]) + "\n")
        ),
        "csv, CRLF": Form(_csv(lambda text: text.replace("\n", "\r\n"))),
        "csv, byte order mark": Form(_csv(encoding="utf-8-sig")),
        "csv, UTF-16": Form(_csv(encoding="utf-16")),
        "csv, semicolons": Form(_csv(sep=";")),
        "csv, tabs": Form(_csv(sep="\t")),
        "csv, decimal commas": Form(_csv(sep=";", decimal=",")),
        "csv, all quoted": Form(_csv(quoting=1)),
        "csv, with the index of pandas": Form(_csv(index=True)),
        "csv, with a named index": Form(_csv(index=True, index_label="Unnamed: 0")),
        "csv, with an index named index": Form(_csv(index=True, index_label="index")),
        "csv, without a header": Form(_csv(header=False), lost=True),
        "csv, a cell empty": Form(_csv(lambda text: text[: text.rindex(",") + 1] + "\n"), lost=True),
        "csv, a word": Form(_csv(lambda text: text[: text.rindex(",") + 1] + "word\n"), lost=True),
        "csv, a row cut": Form(_csv(lambda text: text[: text.rindex(",")] + "\n"), lost=True),
        "csv, blanks around numbers": Form(_csv(lambda text: text.replace(",", ", ").replace(", v", ",v"))),
        "csv, brackets in its name": Form(_csv(name="v[1].csv", decoy="v1.csv")),
        "csv, a star in its name": Form(_csv(name="v*.csv", decoy="v2.csv")),
        "csv, a question mark in its name": Form(_csv(name="v?.csv", decoy="v2.csv")),
        "csv, brackets in its folder": Form(_csv(name="data [2]/v.csv", decoy="data 2/v.csv")),
        "parquet": Form(_parquet()),
        "parquet, lists": Form(_parquet(_lists)),
        "parquet, shuffled by pandas": Form(_parquet(_shuffled)),
        "parquet, ids as the index": Form(_parquet(lambda frame: frame.set_index("item_id"))),
        "parquet, an index that was reset": Form(_parquet(lambda frame: frame.reset_index())),
        "parquet, booleans": Form(_parquet(lambda frame: frame.assign(v1=frame["v1"] > 0)), lost=True),
        "parquet, times": Form(
            _parquet(lambda frame: frame.assign(v1=np.datetime64("2020-01-01"))), lost=True
        ),
        "parquet, a null": Form(
            _parquet(lambda frame: frame.assign(v1=frame["v1"].where(frame["v1"] > 0))), lost=True
        ),
        "parquet, brackets in its name": Form(_parquet(name="v[1].parquet", decoy="v1.parquet")),
    }


def attack(chosen: Sequence[str], folder: Path) -> Iterator[Outcome]:
    known = forms()

    def attacks(place: Path) -> series.Attacks:
        for number, name in enumerate(chosen):
            work = place / str(number)
            work.mkdir()
            yield name, partial(_judged, name, known[name], work)

    return series.in_children("vector files", attacks, folder)


def _judged(name: str, form: Form, work: Path) -> Outcome:
    kind = f"vector files, {name.partition(',')[0]}"
    file, options = form.write(work)
    (work / "sales.csv").write_text("user_id,item_id\n" + "".join(f"u,{item}\n" for item in IDS), "utf8")
    (work / "items.csv").write_text("item_id,title\n" + "".join(f"{item},T\n" for item in IDS), "utf8")
    data = sc.load_dataset(work / "sales.csv", items=work / "items.csv")
    try:
        with forks.limited(SECONDS):
            text = sc.embed(data, sc.text.Precomputed(file, **options))  # type: ignore[attr-defined]
    except sc.SemcompError as error:
        cause = wrong_message(str(error).replace(str(work), ""), [path.name for path in work.iterdir()])
        return Outcome(
            kind, name, "wrong" if cause else "refused", cause, str(error)[:300].replace(str(work), "")
        )
    except forks.TooLong:
        return Outcome(kind, name, "wrong", "does not end in time")
    except BaseException as error:
        return Outcome(kind, name, "wrong", f"raw {type(error).__name__}", str(error)[:300])
    if form.lost:
        return Outcome(kind, name, "wrong", "accepted, though it has no reading", f"{text.matrix[:1]}")
    row = {item: n for n, item in enumerate(IDS.tolist())}
    right = ROWS[[row[item] for item in text.item_ids.tolist()]]
    if text.matrix.shape == right.shape and np.allclose(text.matrix, right, rtol=1e-5, atol=1e-7):
        return Outcome(kind, name, "right")
    return Outcome(kind, name, "wrong", "other vectors in silence", f"{text.matrix[:2]} for {right[:2]}")
