"""MovieLens-100K from the package index: counts, the cache, and what happens when files or pip fail."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from semcomp.data import fetch, load_named, movielens
from semcomp.errors import SemcompError

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t1\t4\t0\n1\t2\t3\t0\n2\t1\t5\t0\n"
ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    "1\tToy Story\t1995\tAnimation Children's Comedy\n2\tunkonwn\tunkonwn\tunknown\n"
)
USER = "user_id:token\n1\n2\n"


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A stand-in for pip and its index; returns the list of calls made."""
    members = dict(zip(movielens.MEMBERS, (INTER, ITEM, USER), strict=True))
    wheel = tmp_path / "recbole-1.2.1-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{movielens.INSIDE}/{name}", text)
    calls = []

    def run(command, **_):
        calls.append(command)
        folder = Path(command[command.index("--dest") + 1])
        (folder / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(movielens, "WHEEL_SHA256", sha256(wheel.read_bytes()).hexdigest())
    shas = {name: sha256(text.encode()).hexdigest() for name, text in members.items()}
    monkeypatch.setattr(movielens, "MEMBERS", shas)
    return calls


def test_texts_and_filter(index):
    data = load_named("ml-100k")
    assert data.texts == ("Toy Story (1995). Animation, Children's, Comedy",)
    assert data.user_ids.tolist() == ["1", "2"]
    assert data.notes == ("dropped 1 interaction rated below 4", "dropped 1 item without an interaction")
    assert set(data.source.sha256) == set(movielens.MEMBERS)


def test_fetched_once_and_again_when_damaged(index, tmp_path):
    first = load_named("ml-100k").fingerprint
    assert load_named("ml-100k").fingerprint == first
    assert len(index) == 1
    cached = tmp_path / "cache" / "data" / "ml-100k" / "ml-100k.inter"
    cached.write_text(INTER.replace("5", "1"))
    assert load_named("ml-100k").fingerprint == first
    assert len(index) == 2


def test_another_wheel_is_refused(index, monkeypatch):
    monkeypatch.setattr(movielens, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(SemcompError, match=r"served recbole.* with sha256 .*, expected 000000000000"):
        load_named("ml-100k")


def test_a_wrong_member_leaves_nothing_behind(index, monkeypatch, tmp_path):
    monkeypatch.setitem(movielens.MEMBERS, "ml-100k.inter", "0" * 64)
    with pytest.raises(SemcompError, match=r"ml-100k\.inter inside .* is not the expected file"):
        load_named("ml-100k")
    assert list((tmp_path / "cache" / "data" / "ml-100k").iterdir()) == []


def test_without_an_index_one_line_says_so(index, monkeypatch):
    failed = subprocess.CompletedProcess(
        [], 1, "", "WARNING: retrying\nERROR: No matching distribution found\n"
    )
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(
        SemcompError, match=r"could not be fetched: .*No matching distribution found.*check the connection"
    ) as e:
        load_named("ml-100k")
    assert "\n" not in str(e.value)


def test_fetch_is_the_same_folder(index, tmp_path):
    assert fetch("ml-100k") == tmp_path / "cache" / "data" / "ml-100k"
    assert fetch("ml-100k", into=tmp_path / "own") == tmp_path / "own"
    assert {path.name for path in (tmp_path / "own").iterdir()} == set(movielens.MEMBERS)
    assert len(index) == 2


def test_offline_asks_no_index(index, monkeypatch):
    monkeypatch.setenv("SEMCOMP_OFFLINE", "1")
    with pytest.raises(
        SemcompError, match=r"ml-100k is not in .*unset SEMCOMP_OFFLINE.*or put ml-100k\.inter"
    ):
        load_named("ml-100k")
    assert index == []
    fetch("ml-100k", offline=False)
    assert load_named("ml-100k").n_items == 1


@pytest.mark.network
def test_the_real_one(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path))
    data = load_named("ml-100k")
    assert (data.n_users, data.n_items, data.n_interactions) == (942, 1447, 55_375)
    assert data.texts[0] == "Toy Story (1995). Animation, Children's, Comedy"
    assert "dropped 235 items without an interaction" in data.notes
