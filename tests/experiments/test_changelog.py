"""The numbers and verdicts of today in the changelog are those of the committed results."""

from __future__ import annotations

from pathlib import Path

from book.experiments import results
from book.experiments.fusion.summary import summary
from book.experiments.mapping import tables
from book.experiments.pressure import tables as pressure
from book.experiments.separation import tables as separation


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_the_changelog_says_what_was_measured():
    """The columns of today's numbers; those of earlier versions are in no file any more."""
    page = (Path(__file__).parents[2] / "book" / "changelog.md").read_text("utf8")
    kinds = {"ridge": "ridge", "network, early stopping": "mlp-1-early-stopping"}
    said, dataset, source = {}, "", ""
    for line in page.split("| data set | source | map | before | now |")[1].split("\n\n")[0].splitlines()[2:]:
        found = cells_of(line)
        dataset, source = found[0] or dataset, found[1] or source
        said[dataset, source, kinds[found[2]]] = found[4]
    measured = {
        (name, row["source"], row["kind"]): f"{row['value']:.3f} ({row['null']:.3f})".replace("0.", ".")
        for name in {name for name, *_ in said}
        for row in results.read(tables.RESULTS / f"{name}.json")["pieces"]["cold"]
        if row["measure"] == "recall_mapped"
    }
    assert said == {place: measured[place] for place in said}

    names = {"MovieLens-100K": "ml-100k", "Movies": "movies", "Books": "books"}
    ways = {
        "projection, to LightGCN": ("projection, inter-battery", "collaborative.with_semantic_private"),
        "projection, to LightGCN, by AJIVE": ("projection, ajive", "collaborative.with_semantic_private"),
        "raw text, to LightGCN": ("raw text, inter-battery", "collaborative.with_semantic_private"),
        "projection, to its own shared part": ("projection, inter-battery", "semantic.joint_with_private"),
    }
    for title, name in names.items():
        parts = results.read(tables.RESULTS / f"{name}.json")["pieces"]["parts"]
        table = page.split(f"| {title} | at weight 1 | weight by validation |")[1].split("\n\n")[0]
        rows = {cells_of(line)[0]: cells_of(line)[2] for line in table.splitlines()[2:]}
        for row, (which, sum_) in ways.items():
            found = parts[which]["values"][f"marginal_recall.{sum_}"]
            low, high = (f"{found[side]:.3f}" for side in ("low", "high"))
            told = "0" if found["value"] == 0 else f"{found['value']:.3f} ({low} – {high})"
            assert rows[row].split(", weight")[0] == told.replace("-", "−"), (title, row)


def test_counts_of_shared_dimensions_are_those_of_the_results():
    page = (Path(tables.__file__).parents[2] / "changelog.md").read_text("utf8")
    table = page.split("| with LightGCN | MovieLens-100K | movies | books | beauty | games |")[1]
    for line in table.split("\n\n")[0].splitlines()[2:]:
        source, *told = cells_of(line)
        for name, cell in zip(("ml-100k", "movies", "books", "beauty", "games"), told, strict=True):
            parts = results.read(tables.RESULTS / f"{name}.json")["pieces"]["parts"]
            values = parts[f"{source}, inter-battery"]["values"]
            counts = [values[key]["value"] for key in ("dimension", "dimension.strong") if key in values]
            assert cell == ", ".join(f"{count:.0f}" for count in counts), (source, name)


def test_verdicts_that_shuffles_changed_are_those_of_the_results():
    page = (Path(tables.__file__).parents[2] / "changelog.md").read_text("utf8")
    table = page.split("| parts | statement | one shuffle | 20 shuffles |")[1].split("\n\n")[0]
    parts = results.read(tables.RESULTS / "ml-100k.json")["pieces"]["parts"]
    assert {one["provenance"]["shuffles"] for one in parts.values()} == {20}
    for line in table.strip().splitlines()[1:]:
        which, says, before, now = (cell.strip() for cell in line.strip("|").split("|"))
        assert parts[which]["readings"][says].partition(",")[0] == now != before


def test_verdicts_that_measuring_again_changed_are_those_of_the_results():
    page = (Path(tables.__file__).parents[2] / "changelog.md").read_text("utf8")
    table = page.split("| page | statement | we said | we say |")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[1:]]
    told = [(*where.split(", ", 2)[1:], says, now) for where, says, _, now in rows if where.startswith("11")]
    assert {name for name, *_ in told} == {"ml-100k", "movies", "books", "beauty"}
    for name, which, says, now in told:
        parts = results.read(tables.RESULTS / f"{name}.json")["pieces"]["parts"]
        assert parts[which]["readings"][says].partition(",")[0] == now


def test_what_the_changelog_says_of_alpharec_is_what_was_measured():
    page = (Path(separation.__file__).parents[2] / "changelog.md").read_text("utf8")
    found = separation.records()["ml-100k"]
    for of, says in (
        ("several", "AlphaRec adds more than every partner without text"),
        ("beyond", "the same, beyond popularity"),
    ):
        word, closest = separation.adds_most(found, of, "AlphaRec")
        assert f"{word}, closest is the {closest} view |" in page.split(f"| 10 | {says} |")[1].split("\n")[0]


def test_verdicts_that_more_splits_and_trainings_changed_are_those_of_the_results():
    page = (Path(tables.__file__).parents[2] / "changelog.md").read_text("utf8")
    table = page.split("| over random splits | statement | three splits | five splits |")[1].split("\n\n")[0]
    found = summary()["splits ndcg"].set_index(["dataset", "says"])["verdict"]
    for line in table.strip().splitlines()[1:]:
        name, says, before, now = cells_of(line)
        assert found[name, says] == now != before
    table = page.split("| MovieLens-100K | few methods | all methods |")[1].split("\n\n")[0]
    kept = pressure.records()
    assert set(pressure.seeds_of(kept["ml-100k"]).values()) == {3}
    answers = pressure.answers(kept, "ndcg").set_index(["dataset", "says"])["verdict"]
    for line in table.strip().splitlines()[1:]:
        says, before, now = cells_of(line)
        assert answers["ml-100k", says] == now != before
