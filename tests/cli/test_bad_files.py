"""Every malformed file, all the way from the public face: one clear line, and nothing left in the cache."""

from __future__ import annotations

import pytest
from table_files import BAD, put

import semcomp as sc

ITEMS = "item_id,title\n1,A\n2,B\n3,C\n"


@pytest.mark.parametrize("case", sorted(BAD))
def test_a_malformed_file_of_interactions(tmp_path, cache, shell, case):
    name, content, message = BAD[case]
    file, items = put(tmp_path / name, content), put(tmp_path / "items.csv", ITEMS)
    with pytest.raises(sc.SemcompError, match=message) as error:
        sc.load_dataset(file, items=items)
    assert "\n" not in str(error.value)
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    out = tmp_path / "out"
    done = shell("data", "prepare", file, out, "--items", items)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"semcomp: error: {' '.join(str(error.value).split())}\n"
    assert not out.exists()


@pytest.mark.parametrize("case", sorted(set(BAD) - {"no user"}))
def test_a_malformed_file_of_items(tmp_path, cache, case):
    name, content, message = BAD[case]
    interactions = put(tmp_path / "sales.csv", "user_id,item_id\na,1\nb,1\n")
    with pytest.raises(sc.SemcompError, match=message) as error:
        sc.load_dataset(
            interactions,
            items=put(tmp_path / name, content),
            recipe=sc.Recipe(template="{user_id}"),  # a column that most of the cases have
        )
    assert "\n" not in str(error.value)
    assert [path for path in cache.rglob("*") if path.is_file()] == []
