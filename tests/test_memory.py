"""What is asked of memory before it is taken."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from table_files import put

import semcomp as sc
from semcomp import memory
from semcomp.errors import SemcompError


def test_what_is_left_is_the_least_of_the_limits(tmp_path, monkeypatch):
    assert 0 < memory.memory_at_hand() < 1 << 50
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    put(tmp_path / "memory.max", "max\n")
    free = memory.memory_at_hand()
    put(tmp_path / "memory.max", "1000000\n")
    put(tmp_path / "memory.current", "400000\n")
    put(tmp_path / "memory.stat", "anon 300000\nfile 100000\n")
    assert memory.memory_at_hand() == 700_000 < free
    memory.check_memory(700_000, "it", "leave it")
    with pytest.raises(SemcompError, match=r"no room for it: about 1\.0 GB of memory are needed, 0\.0 GB"):
        memory.check_memory(10**9, "it", "leave it")


def test_a_limit_of_the_address_space_counts():
    code = (
        "import resource; from semcomp.memory import memory_at_hand as left;"
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); assert 2**28 < left() < 2**30, left()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rows_beyond_memory_are_refused_before_they_are_sorted(tmp_path, monkeypatch, cache_apart):
    rows = "".join(f"{'a' if k % 100 else 'b'},1\n" for k in range(1000))
    path, items = (
        put(tmp_path / "x.csv", "user_id,item_id\n" + rows),
        put(tmp_path / "i.csv", "item_id,title\n1,A\n"),
    )
    whole = sc.load_dataset(path, items=items)
    assert whole.n_interactions == 2
    monkeypatch.setattr(memory, "memory_at_hand", lambda: 20_000)
    with pytest.raises(SemcompError, match=r"no room for sorting the 990 rows of user 'a'"):
        sc.data.read_folder(path, items=items, memory=1000)
    monkeypatch.setattr(memory, "memory_at_hand", lambda: 40)
    with pytest.raises(SemcompError, match=r"no room for the 2 pairs of .*x\.csv: .*stricter recipe"):
        sc.load_dataset(path, items=items)


def test_pairs_of_rows_beyond_memory_are_refused(tmp_path, monkeypatch):
    path = put(tmp_path / "p.tsv", "user\titem\n" + "1\t2\n" * 1000)
    assert [side.tolist() for side in sc.data.read_pairs(path)] == [[1] * 1000, [2] * 1000]
    assert sc.data.read_pairs(path)[0].dtype == np.int64
    monkeypatch.setattr(memory, "memory_at_hand", lambda: 20_000)
    with pytest.raises(SemcompError, match=r"no room for the 1,001 and more pairs of .*p\.tsv"):
        sc.data.read_pairs(path)
    with pytest.raises(SemcompError, match=r"has 1 tab-separated columns") as error:
        sc.data.read_pairs(put(tmp_path / "q.tsv", "x" * 5_000_000))
    assert len(str(error.value)) < 300
    with pytest.raises(SemcompError, match=r"q\.tsv, line 2: 'x+…x+\\t1' is not a pair of integers") as error:
        sc.data.read_pairs(put(tmp_path / "q.tsv", "user\titem\n" + "x" * 5_000_000 + "\t1\n"))
    assert len(str(error.value)) < 400
