"""Every bit counts: whatever is damaged of what is kept between runs, the result is that of a fresh run."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conformance import bytes_of
from layout_files import USER_A, objects, put, review_2014, rows
from tiny_chapters import DATA_CHAPTER

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data.fetching import RECEIPT, named, read_receipt
from semcomp.data.formats import open_tables
from semcomp.data.formats.objects import LiteralLines
from semcomp.errors import SemcompError
from semcomp.outputs import remove
from semcomp.storage import atomic_write, find_whole, is_whole
from semcomp.study import artifacts, notebooks, records
from semcomp.study.artifacts import cached_view
from semcomp.study.notebooks import Page, is_current
from semcomp.study.settings import read_settings
from semcomp.text import cache as text_cache
from semcomp.text.cache import cached_rows
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.training import SampledSoftmax, Training, checkpoint

TRAINING = Training(loss=SampledSoftmax(negatives=4), epochs=2, batch=64, lr=0.1, every=1, patience=9)
MODEL = LightGCN(2, training=TRAINING)
DAMAGE = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "an array": lambda path: np.save(path.open("wb"), np.ones((3, 2), np.float32)),
    "a folder": lambda path: (path.unlink(), (path / "in it").mkdir(parents=True)),
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to(path.with_name("gone"))),
}


def damaged(path: Path, flips: int = 40) -> Iterator[str]:
    """The file in each state of damage, one after the other: a flipped bit all over it, and all of `DAMAGE`.

    Where the beginning and the end hold the format's headers, there are more flips.
    """
    whole = path.read_bytes()
    last = len(whole) - 1
    ends = np.r_[0:flips:4, last - 90 : last : 180 // flips].clip(0, last)
    offsets = np.unique(np.r_[ends, np.linspace(0, last, flips).astype(int)])
    for offset in offsets.tolist():
        body = bytearray(whole)
        body[offset] ^= 1 << offset % 8
        remove(path)
        path.write_bytes(body)
        yield f"bit {offset % 8} of byte {offset} of {len(whole)}"
    for name, damage in DAMAGE.items():
        remove(path)
        path.write_bytes(whole)
        damage(path)
        yield name
    remove(path)
    path.write_bytes(whole)


@pytest.fixture(autouse=True)
def no_reading_of_code(monkeypatch):
    """The key of a view covers the code that makes it, which is read each time; here it stays the same."""
    monkeypatch.setattr(artifacts, "code_digest", lambda *modules: "code")


@pytest.fixture
def world(make_split):
    dense = np.random.default_rng(0).integers(0, 5, (12, 9))
    return make_split((12, 9), *(np.argwhere(dense == n).tolist() for n in (0, 1, 2)))


def test_a_view_in_the_cache(cache, world, capsys):
    trained, made = MODEL.fit(world), []
    from_scratch = bytes_of(trained)

    def make(place: Path) -> View:
        made.append(place)
        return trained

    def kept() -> bytes:
        return bytes_of(cached_view({"a": 1}, make, modules=["code"]))

    assert kept() == kept() == from_scratch
    assert len(made) == 1
    (file,) = (cache / "views").iterdir()
    for n, damage in enumerate(damaged(file), start=2):
        capsys.readouterr()
        assert kept() == from_scratch, damage
        assert len(made) == n, damage
        assert capsys.readouterr().err == f"{file} was damaged; it is made again\n", damage
        assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert kept() == from_scratch
    assert len(made) == n


def test_the_checkpoint_of_a_killed_run(cache, world, monkeypatch, capsys):
    """One in the cache is made again; of one that the user named, the user is told, and it stays."""
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    from_scratch = bytes_of(MODEL.fit(world))
    save = checkpoint.Checkpoint.save

    class Killed(BaseException):
        pass

    def killed(self, state):
        save(self, state)
        raise Killed

    def kept() -> bytes:
        view = cached_view(
            {"a": 1},
            lambda place: MODEL.fit(world, checkpoint=place),
            modules=["code"],
        )
        return bytes_of(view)

    monkeypatch.setattr(checkpoint.Checkpoint, "save", killed)
    with pytest.raises(Killed):
        kept()
    monkeypatch.setattr(checkpoint.Checkpoint, "save", save)
    (file,) = (cache / "views").iterdir()
    for damage in damaged(file, flips=12):
        capsys.readouterr()
        named = shutil.copytree(file, cache / "own") if file.is_dir() else None
        if named is None and file.exists():
            named = Path(shutil.copy(file, cache / "own"))
        if named is not None:
            with pytest.raises(
                SemcompError, match=r"own(, which is a folder| cannot be read, it is damaged or no)"
            ):
                MODEL.fit(world, checkpoint=named)
            assert named.exists()
            remove(named)
            assert bytes_of(MODEL.fit(world, checkpoint=named)) == from_scratch  # removed, as it says
        assert kept() == from_scratch, damage
        assert capsys.readouterr().err == f"{file} was damaged; it is made again\n", damage
        (view,) = file.parent.iterdir()
        assert view.suffix == ".safetensors"
        view.unlink()
    assert kept() == from_scratch
    assert capsys.readouterr().err == ""


class Letters:
    """A model that counts letters and may be stopped."""

    max_tokens = None

    def __init__(self, last: int = 99) -> None:
        self.asked, self.last = 0, last

    @contextmanager
    def load(self) -> Iterator[Letters]:
        yield self

    def tokens(self, texts: list[str]) -> np.ndarray:
        return np.array([len(text) for text in texts])

    def rows(self, texts: list[str]) -> np.ndarray:
        if self.asked == self.last:
            raise KeyboardInterrupt
        self.asked += 1
        return np.array([[len(text), text.count("a")] for text in texts], np.float32)


@pytest.mark.parametrize("part", ["the whole", "a chunk"])
def test_vectors_of_texts_in_the_cache(cache, monkeypatch, part, capsys):
    monkeypatch.setattr(text_cache, "CHUNK", 2)
    texts = ["a" * n + "b" * (5 - n) for n in range(5)]
    expected = Letters().rows(texts).tobytes()
    pattern = "text/*.npz" if part == "the whole" else "text/*.parts/*.npz"
    if part == "a chunk":
        with pytest.raises(KeyboardInterrupt):
            cached_rows(texts, ["m"], Letters(last=1).load)
    else:
        cached_rows(texts, ["m"], Letters().load)
    (file,) = cache.glob(pattern)
    before = file.read_bytes()
    for damage in damaged(file):
        capsys.readouterr()
        model = Letters()
        assert cached_rows(texts, ["m"], model.load).rows.tobytes() == expected, damage
        assert model.asked == 3, damage
        assert capsys.readouterr().err == f"{file} was damaged; it is made again\n", damage
        remove(cache / "text")
        file.parent.mkdir(parents=True)
        file.write_bytes(before)
    model = Letters()
    assert cached_rows(texts, ["m"], model.load).rows.tobytes() == expected
    assert model.asked == (0 if part == "the whole" else 2)


FAULTS = [
    *(OSError(number, "refused") for number in (errno.EMFILE, errno.EACCES, errno.EIO)),
    MemoryError(),
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("kind", ["view", "checkpoint", "vectors", "own checkpoint", "own view"])
def test_what_cannot_be_read_now_is_named_and_stays(cache, world, tmp_path, monkeypatch, kind, fault):
    """It may be whole: too many open files, another user's, a disk that fails, memory that runs out."""
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    trained = MODEL.fit(world)

    def stopped(self: checkpoint.Checkpoint) -> None:
        raise KeyboardInterrupt

    def view() -> object:
        return cached_view({"a": 1}, lambda place: MODEL.fit(world, checkpoint=place), modules=["code"])

    own = tmp_path / ("own.pt" if "checkpoint" in kind else "own.safetensors")
    use = {
        "view": view,
        "checkpoint": view,
        "vectors": lambda: cached_rows(["a", "b"], ["m"], Letters().load),
        "own checkpoint": lambda: MODEL.fit(world, checkpoint=own),
        "own view": lambda: View.load(own),
    }[kind]
    if kind == "own view":
        trained.save(own)
    elif "checkpoint" in kind:
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint.Checkpoint, "remove", stopped)
            with pytest.raises(KeyboardInterrupt):
                use()
    else:
        use()
    (file,) = [own] if own.exists() else [one for one in cache.glob("*/*.*") if one.is_file()]
    before, opened = file.read_bytes(), Path.open

    def refused(self: Path, *args: object, **options: object) -> object:
        if self == file:
            raise fault
        return opened(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        why = "memory ran out" if isinstance(fault, MemoryError) else "refused"
        with pytest.raises(SemcompError, match=rf"{file.name} cannot be read \({why}\); mend that"):
            use()
    assert file.read_bytes() == before
    use()  # as it says


def test_loose_metadata_that_was_converted(cache, tmp_path, monkeypatch, capsys):
    put(tmp_path / "reviews_X.json", objects(review_2014(USER_A, "B000000010")))
    lines = [
        f"{{'asin': 'B0000000{n}', 'categories': [['A', 'B']], 'title': 'title {n}', 'price': {n}.5}}\n"
        for n in range(10, 40)
    ]
    put(tmp_path / "meta_X.json.gz", "".join(lines))
    from_scratch = rows(open_tables(tmp_path).items)
    (file,) = (cache / "converted").iterdir()
    for damage in damaged(file):
        capsys.readouterr()
        assert rows(open_tables(tmp_path).items) == from_scratch, damage
        assert f"{file} was damaged; it is made again\n" in capsys.readouterr().err, damage
        assert [path.name for path in file.parent.iterdir()] == [file.name], damage
    monkeypatch.setattr(LiteralLines, "_rows", None)
    assert rows(open_tables(tmp_path).items) == from_scratch


def test_a_chapter_whose_files_were_changed_is_run_again(tmp_path, monkeypatch):
    source, target = put(tmp_path / "03_data.md", DATA_CHAPTER), tmp_path / "out" / "03_data.ipynb"
    page = Page(source, target, {"seed": 1})
    record = target.with_suffix(".json")

    def executed(notebook, *_):
        put(record, json.dumps({"evidence": list(range(50))}))
        return notebook

    monkeypatch.setattr(notebooks, "_execute", executed)
    notebooks.run_chapter(page)
    assert is_current(page)
    for file in (target, record):
        for damage in damaged(file, flips=8):
            assert not is_current(page), damage
        assert is_current(page)
    stamp = json.loads(page.stamp.read_text())
    for damage in damaged(page.stamp, flips=8):
        assert not is_current(page) or json.loads(page.stamp.read_text()) == stamp, damage


@pytest.mark.parametrize("kind", ["view", "text matrix"])
def test_a_file_that_was_saved_is_what_it_was_or_is_refused(tmp_path, world, kind):
    """To save it again, as the message says, is the user's to do."""
    saved: View | TextMatrix
    if kind == "view":
        saved, path, load = MODEL.fit(world), tmp_path / "v.safetensors", View.load
    else:
        saved = TextMatrix(world.item_ids, np.arange(18).reshape(9, 2), {"model": "m", "a": [1, {"b": None}]})
        path, load = tmp_path / "t.npz", TextMatrix.load

    def content(one: View | TextMatrix) -> tuple[object, ...]:
        arrays = (one.users, one.items, one.user_ids) if isinstance(one, View) else (one.matrix,)
        return *(array.tolist() for array in (*arrays, one.item_ids)), dict(one.provenance)

    saved.save(path)
    for damage in damaged(path, flips=120):
        try:
            found = content(load(path))
        except SemcompError:
            remove(path)
            found = content(load(saved.save(path)))
        assert found == content(saved), damage


DEEP = "[" * 200_000


def test_files_that_are_nested_without_end(tmp_path):
    """What only semcomp writes is made again; what the user may have written is named."""
    put(tmp_path / "planted" / "03_data.json", DEEP)
    with pytest.raises(
        SemcompError, match=r"03_data\.json is not an evidence record .*; run its chapter again"
    ):
        records.read(tmp_path)
    with pytest.raises(SemcompError, match=r"03_data\.json cannot be used .*; remove it and run"):
        read_settings(tmp_path / "planted" / "03_data.json")
    page = Page(put(tmp_path / "03_data.md", DATA_CHAPTER), tmp_path / "03_data.ipynb", {})
    put(page.stamp, DEEP)
    assert not is_current(page)
    put(tmp_path / RECEIPT, DEEP)
    assert read_receipt(tmp_path, named("ml-1m")) is None


def test_a_seal_is_no_part_of_what_others_read(tmp_path):
    with atomic_write(tmp_path / "x.npz", sealed=True) as part:
        np.savez(part, a=np.arange(3))
    assert is_whole(tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as stored:
        assert stored["a"].tolist() == [0, 1, 2]
    assert not find_whole(tmp_path / "none")
    assert not is_whole(tmp_path)
