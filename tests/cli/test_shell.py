"""The shell: help, data sets, and the published numbers of `semcomp diagnose` on the reference arrays."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "reference" / "golden"
COMMAND = Path(sysconfig.get_path("scripts"), "semcomp")

ARRAYS = [
    *(word for part in ("train", "valid", "test") for word in (f"--{part}", GOLDEN / f"gold.{part}.inter")),
    *("--view-a", GOLDEN / "gold_user_embeddings-cf.npy", GOLDEN / "gold_item_embeddings-cf.npy"),
    *("--view-b", GOLDEN / "gold_user_embeddings-sem.npy", GOLDEN / "gold_item_embeddings-sem.npy"),
]


@pytest.fixture(autouse=True)
def own_place(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside any checkout, no data folder, a cache of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)


def published(name: str) -> dict:
    blocks = json.loads((GOLDEN / "expected.json").read_text())
    return next(block for key, block in blocks.items() if key.startswith(name))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ([], ("book", "data", "diagnose")),
        (["book"], ("--dataset", "--budget", "--out", "--force", "standard")),
        (["data"], ("list", "describe")),
        (["data", "list"], ("can be loaded here", "can be fetched")),
        (["data", "describe"], ("NAME_OR_PATH",)),
        (
            ["diagnose"],
            (
                "--train",
                "--valid",
                "--test",
                "--view-a",
                "--view-b",
                "--json",
                "--k",
                "--mask",
                "--normalize",
            ),
        ),
    ],
    ids=lambda value: " ".join(value) or "semcomp" if isinstance(value, list) else "",
)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(shell, command, expected, flag):
    status, out, err = shell(*command, flag)
    assert (status, err) == (0, "")
    assert out.startswith("Usage:")
    assert all(word in out for word in expected)


def test_the_command_alone_shows_help_and_fails(shell):
    status, out, err = shell()
    assert status == 2
    assert out == ""
    assert "Usage:" in err


def test_data_sets_are_listed(shell, tmp_path, monkeypatch):
    status, out, err = shell("data", "list")
    assert (status, err) == (0, "")
    here, elsewhere = out.split("to be fetched (semcomp data fetch NAME):\n")
    assert [line.split()[0] for line in here.splitlines()] == ["here:", "planted", "ml-100k"]
    names = [line.split()[0] for line in elsewhere.splitlines()]
    assert {"ml-1m", "ml-25m", "amazon-2023-books"} < set(names[: names.index("to")])
    assert names[names.index("to") + 1 :] == ["games", "beauty", "movies", "books"]
    (tmp_path / "mine" / "shop").mkdir(parents=True)
    monkeypatch.setenv("SEMCOMP_DATA", str(tmp_path / "mine"))
    _, out, _ = shell("data", "list")
    assert ["shop", str(tmp_path / "mine" / "shop")] in [line.split() for line in out.splitlines()]


def test_a_data_set_is_described(shell):
    from semcomp import load_dataset

    status, out, err = shell("data", "describe", "planted")
    assert (status, err) == (0, "")
    data = load_dataset("planted")
    assert f"planted: 1,000 users × 800 items, {data.n_interactions:,} interactions" in out
    for start in (
        "interactions per user: min 5, ",
        "interactions per item: min ",
        "texts by planted item",
        "publisher: ",
    ):
        assert f"\n{start}" in out
    assert "\nlicence: CC0, generated\n" in out
    assert out.endswith(f"content: sha256 {data.fingerprint}\n")


@pytest.fixture
def diagnosis(shell, tmp_path):
    """diagnosis(options): the record that the command wrote for the reference arrays."""

    def run(*options: object) -> dict:
        status, out, err = shell("diagnose", *ARRAYS, "--json", "out.json", "--resamples", 20, *options)
        assert (status, err) == (0, "")
        assert out.startswith("diagnose(a, b)\n")
        return json.loads((tmp_path / "out.json").read_text())

    return run


def test_the_published_complementarity(diagnosis):
    expected, found = published("evaluate_comp"), diagnosis("--mask", "train")
    assert round(found["jaccard"], 3) == expected["jaccard"]
    assert found["users"] == expected["users"]
    assert found["hits"] == expected["hits"]
    assert round(found["unique_hit_ratio"], 3) == expected["unique_hit_ratio"]
    assert found["detail"]["provenance"]["mask"] == "train"


def test_the_published_views_and_a_fusion_that_was_picked_on_validation(diagnosis):
    """The script's own fusion is checked in `test_published_diagnostics`; here the weight is searched for."""
    expected = published("evaluate_naive_fusion")
    found = diagnosis("--mask", "train+valid", "--normalize", "l2", "--strata", "all")
    assert round(found["jaccard"], 3) == expected["jaccard"]
    names = {"a": "cf", "b": "sem"}
    recalls = {name: round(found["recall"][one], 4) for one, name in names.items()}
    assert recalls == {name: expected["recall"][name] for name in names.values()}
    assert found["recall"]["fused"] > max(recalls.values())
    assert found["detail"]["provenance"]["fused"]["view"]["weight"] not in (0, 1)
    for one, name in names.items():
        strata = {stratum: round(value, 4) for stratum, value in found["recall_by_stratum"][one].items()}
        assert strata == expected["recall_by_stratum"][name]
    assert round(found["oracle"]["union"], 4) == expected["oracle_union_recall"]
    hits = found["hits"]
    shares = {kind: round(100 * hits[kind] / sum(hits.values()), 1) for kind in hits}
    published_shares = expected["hits_percent"]
    assert shares == {
        "common": published_shares["common"],
        "a_unique": published_shares["cf_unique"],
        "b_unique": published_shares["sem_unique"],
    }
    unique = (hits["a_unique"] + hits["b_unique"]) / sum(hits.values())
    assert found["unique_hit_ratio"] == pytest.approx(unique)


def test_nulls_readings_and_quality_stand_beside_the_pair(diagnosis):
    found = diagnosis("--k", 10, "--null", *ARRAYS[-2:])
    nulls = ("popular items", "random list", "items shuffled", "items shuffled within popularity")
    assert set(found["nulls"]) == {"another seed", *nulls}
    same = found["nulls"]["another seed"]  # the null is view b itself
    assert all(value["value"] == value["null"] for value in same.values())
    gain = found["nulls"]["items shuffled"]["oracle.gain"]
    assert gain["value"] == found["oracle"]["gain"]
    assert gain["null"] < gain["value"]
    said = {one["says"]: one["verdict"] for one in found["readings"]}
    assert said["the fusion beats the better view"] == "holds"
    assert said["the fusion gains more than the null's"] == "does not hold"
    assert set(found["quality"]) == {"a", "b"}
    assert found["quality"]["a"]["values"]["recall"]["value"] == pytest.approx(found["recall"]["a"])


def test_three_views_at_once(shell, tmp_path):
    files = {"cf": ARRAYS[7:9], "sem": ARRAYS[10:12], "twin": ARRAYS[7:9]}
    views = [word for name, pair in files.items() for word in ("--view", name, *pair)]
    (tmp_path / "categories.tsv").write_text("item\tcategory\n0\t0\n1\t1\n5\t1\n")
    options = ("--no-nulls", "--resamples", 0, "--k", 10, "--categories", tmp_path / "categories.tsv")
    status, out, err = shell("diagnose", *ARRAYS[:6], *views, "--json", "out.json", *options)
    assert (status, err) == (0, "")
    found = json.loads((tmp_path / "out.json").read_text())
    assert [(one["a"], one["b"]) for one in found["pairs"]] == [
        ("cf", "sem"),
        ("cf", "twin"),
        ("sem", "twin"),
    ]
    twins = found["pairs"][1]
    assert (twins["jaccard"], twins["unique_hit_ratio"]) == (1, 0)
    together = found["together"]
    assert together["only"]["cf"] == together["only"]["twin"] == 0
    assert together["only"]["sem"] == found["pairs"][0]["hits"]["b_unique"]
    assert together["oracle"]["union"] == found["pairs"][0]["oracle"]["union"]
    assert out.startswith("together(cf, sem, twin)\n")
    assert all(not one["nulls"] for one in found["pairs"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ARRAYS[:9], "1 views given; give --view-a and --view-b, or --view for each"),
        ((*ARRAYS, "--view", "a", *ARRAYS[7:9]), "two views are named 'a'; rename one"),
        ((*ARRAYS, "--categories", "none.tsv"), "--categories none.tsv is not a table of two whole numbers"),
        ((*ARRAYS, "--null", ARRAYS[8], ARRAYS[8]), "1400 user rows and 1400 item rows"),
    ],
)
def test_views_that_cannot_be_compared(shell, options, message):
    status, _, err = shell("diagnose", *options, "--json", "out.json", "--resamples", 0)
    assert status == 1
    assert message in err
    assert err.count("\n") == 1


def test_categories_of_unknown_items(shell, tmp_path):
    (tmp_path / "wrong.tsv").write_text("item\tcategory\n1\t0\n1400\t0\n")
    status, _, err = shell("diagnose", *ARRAYS, "--json", "out.json", "--categories", tmp_path / "wrong.tsv")
    assert status == 1
    assert "no such pair [1400, 0]; items go from 0 to 1399" in err


def test_the_record_has_plain_numbers_and_details(diagnosis):
    found = diagnosis("--k", 10)
    keys = {
        "users": {"both", "a_only", "b_only", "none"},
        "hits": {"common", "a_unique", "b_unique"},
        "recall": {"a", "b"},
        "ndcg": {"a", "b"},
        "oracle": {"union", "switch"},
    }
    for group, names in keys.items():
        assert names <= set(found[group])
        kind = int if group in ("users", "hits") else float
        assert all(type(found[group][name]) is kind for name in names)
    assert type(found["jaccard"]) is type(found["unique_hit_ratio"]) is float
    assert found["detail"]["provenance"]["k"] == 10
    for name, value in (("jaccard", found["jaccard"]), ("oracle.union", found["oracle"]["union"])):
        detail = found["detail"]["values"][name]
        assert detail["value"] == value
        assert detail["low"] < value < detail["high"]
        assert detail["n"] == 900
    again = diagnosis("--k", 10)
    assert again == found
    assert diagnosis("--k", 10, "--seed", 1)["jaccard"] == found["jaccard"]


def test_mistakes_end_before_anything_is_written(shell, tmp_path):
    status, out, err = shell("diagnose", *ARRAYS, "--json", "out.json", "--k", 1401)
    assert status == 1
    assert out == ""
    assert err == "semcomp: error: k = 1401 is above the number of items, 1400; lower k\n"
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_folder_that_cannot_be_written_is_told_in_one_line(shell, tmp_path, monkeypatch):
    def full(target):
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr("semcomp.storage.part_file", full)
    status, _, err = shell("diagnose", *ARRAYS, "--json", "out.json", "--resamples", 0)
    assert status == 1
    assert err == (
        "semcomp: error: out.json cannot be written (No space left on device); "
        "choose another place or free some space\n"
    )


def test_an_interrupt_is_no_traceback(shell, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("semcomp.cli.data.data_sets", interrupted)
    status, out, err = shell("data", "list")
    assert (status, out, err.strip()) == (130, "", "semcomp: error: interrupted")


def test_the_installed_command(tmp_path):
    """The real thing, in a process of its own: one line and a status for a mistake, no traceback."""
    done = subprocess.run(
        [str(COMMAND), "book", "--dataset", "./gone"],
        cwd=tmp_path,
        env={**os.environ, "SEMCOMP_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode > 0
    assert done.stdout == ""
    assert done.stderr == "semcomp: error: there is no folder ./gone; check the path\n"


@pytest.fixture
def two_files(tmp_path):
    """A shop's own two files, in column names of its own."""
    (tmp_path / "r.csv").write_text("buyer,film,stars\nu1,1,5\nu1,2,4\nu2,1,5\nu2,3,1\nu3,2,5\nu3,3,5\n")
    (tmp_path / "m.csv").write_text("film,name,by\n1,Toy,Acme\n2,Car,\n3,,Foo\n")
    return ["r.csv", "--items", "m.csv", "--columns", "user=buyer", "item=film", "title=name"]


def test_own_files_are_described(shell, two_files):
    done = shell("data", "describe", *two_files, "--template", "{title}[ by {by}]", "--min-rating", 4)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("r: 3 users × 3 items, 5 interactions")
    assert "  - dropped 1 interaction rated below 4\n" in done.out
    assert "  - 1: Toy by Acme\n" in done.out


def test_columns_may_be_given_at_once_or_one_by_one(shell, two_files):
    at_once = shell("data", "describe", *two_files)
    words = ["r.csv", "--items", "m.csv", "--columns", "user=buyer", "--columns=item=film"]
    one_by_one = shell("data", "describe", *words, "--columns", "title=name")
    assert at_once.out == one_by_one.out
    assert at_once.status == 0


def test_the_text_of_own_files_is_embedded_and_described(shell, two_files):
    out = shell("data", "describe", *two_files, "--encoder", "tfidf").out
    assert "mean cosine" in out
    assert "effective rank" in out


def test_a_prepared_folder_is_the_same_data(shell, two_files, tmp_path):
    done = shell("data", "prepare", *two_files, "mine", "--empty-text", "keep")
    assert (done.status, done.err) == (0, "")
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == [
        "dataset.json",
        "interactions.parquet",
        "items.parquet",
    ]
    from_files = shell("data", "describe", *two_files, "--empty-text", "keep").out.splitlines()
    from_folder = shell("data", "describe", "mine").out.splitlines()
    assert from_folder[0] == from_files[0].replace("r: ", "mine: ")  # called like the folder
    assert from_folder[1:] == from_files[1:]
    again = shell("data", "prepare", *two_files, "mine")
    assert again.status == 1
    assert "mine exists and is not empty; give a new folder" in again.err


def test_an_audit_prints_split_and_checks(shell):
    done = shell("data", "audit", "planted", "--strategy", "cold-items", "--seed", 3, "--encoder", "own")
    assert (done.status, done.err) == (0, "")
    assert "split 'cold-items' of 'planted', seed 3" in done.out
    assert "0 leaks in 11 checks" in done.out


def test_a_leak_makes_the_audit_fail(shell, tmp_path):
    """The text of an item names a user who bought it."""
    users = [f"customer{n:02d}x" for n in range(12)]
    rows = [f"{user},i{item}\n" for n, user in enumerate(users) for item in {n % 7, (n + 1) % 7, (n + 3) % 7}]
    (tmp_path / "r.csv").write_text("user_id,item_id\n" + "".join(rows))
    titles = [f"i{item},Thing {item} signed by {users[item]}\n" for item in range(7)]
    (tmp_path / "m.csv").write_text("item_id,title\n" + "".join(titles))
    done = shell("data", "audit", "r.csv", "--items", "m.csv")
    assert done.status == 1
    assert re.search("^text names its own user +LEAK ", done.out, re.MULTILINE)
    assert done.err.startswith("semcomp: error: the audit of 'r', split 'random' found 1 leak: text names")


def test_a_known_data_set_is_described_before_it_is_fetched(shell):
    done = shell("data", "describe", "ml-1m")
    assert done.status == 0
    assert "publisher: GroupLens Research, https://grouplens.org/datasets/movielens/1m/\n" in done.out
    assert "5,917,549 bytes" in done.out
    assert done.out.endswith("here: no\n")


def test_offline_nothing_is_fetched(shell, monkeypatch):
    done = shell("data", "fetch", "ml-1m", "--offline")
    assert done.status == 1
    assert "working offline was asked for" in done.err
    assert done.err.count("\n") == 1


def test_a_kept_review_is_audited(shell, tmp_path):
    """Every item's text is the review that one of its users wrote, so a held-out one is sure to be there."""
    rows = [
        f"u{user},i{item},user {user} wrote at length about the thing numbered {item}\n"
        for user in range(10)
        for item in range(8)
    ]
    (tmp_path / "r.csv").write_text("user_id,item_id,review\n" + "".join(rows))
    texts = [
        " ".join(f"user {user} wrote at length about the thing numbered {item}" for user in range(10))
        for item in range(8)
    ]
    table = "item_id,title\n" + "".join(f"i{item},{text}\n" for item, text in enumerate(texts))
    (tmp_path / "m.csv").write_text(table)
    assert shell("data", "audit", "r.csv", "--items", "m.csv").status == 0  # the reviews are not at hand
    done = shell("data", "audit", "r.csv", "--items", "m.csv", "--keep", "review")
    assert done.status == 1
    assert re.search("^text carries a held-out review +LEAK ", done.out, re.MULTILINE)
