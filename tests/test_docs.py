"""The example in the README runs as printed, and pages that state settings state the right ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from readme_example import README, code

import semcomp


def test_the_example_is_about_fifteen_lines():
    assert len([line for line in code().splitlines() if line.strip()]) <= 15


@pytest.mark.slow
def test_the_example_runs_and_prints_what_it_says(readme):
    assert readme.printed.startswith("diagnose(LightGCN, projection)")
    assert "\nconditional_information(projection | LightGCN)\n" in readme.printed
    assert re.search(r"the text adds more than another seed: (holds|does not hold|undecided)", readme.printed)


def test_the_budgets_of_the_protocol_are_those_of_the_package():
    rows = {}
    for line in (README.parent / "book" / "protocol.md").read_text("utf8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in semcomp.BUDGETS:
            rows[cells[0]] = [int(re.match(r"[\d,]+", cell).group().replace(",", "")) for cell in cells[1:4]]
    assert rows == {name: [len(b.seeds), b.epochs, b.resamples] for name, b in semcomp.BUDGETS.items()}


def entries() -> set[str]:
    """What has an entry: on the pages of the API, or as a model's card."""
    pages = [*(README.parent / "book").glob("api*.md"), README.parent / "book" / "model_cards.md"]
    return {
        name for page in pages for name in re.findall(r"auto\w+:: (semcomp[\w.]*)", page.read_text("utf8"))
    }


def test_functions_that_chapters_name_have_an_entry():
    """Registries have none: they are dicts, told of with what they list."""
    named = {
        name.replace("sc.", "semcomp.", 1)
        for page in (README.parent / "book").glob("[0-9]*.md")
        for line in re.findall(
            r"\*\*Functions used:\*\* (.*?)(?:\n\n|\*\*|\Z)", page.read_text("utf8"), re.DOTALL
        )
        for name in re.findall(r"`((?:sc|semcomp)\.[\w.]+\w)`", line)
    }
    assert len(named) > 40
    assert {name for name in named - entries() if not name.rpartition(".")[2].isupper()} == set()


def test_every_public_name_is_documented():
    """As itself, or under the room that it comes from; the rooms have pages of their own."""
    documented = {name.split(".")[-1] for name in entries()}
    rooms = {"views", "align", "sequential", "tokens", "generative", "fuse", "serve", "planted"}
    assert set(semcomp.__all__) - documented == {*rooms, "BUDGETS"}


# The shell


def commands() -> list[list[str]]:
    """The README's `semcomp` commands, as words."""
    (block,) = re.findall(r"```bash\n(semcomp data list.*?)```", README.read_text("utf8"), re.DOTALL)
    return [shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines()]


ELSEWHERE = {
    ("data", "fetch"),
    ("data", "audit"),
    ("tune",),
    ("align",),
    ("book",),
}  # a network, a model or minutes


def runs_here(words: list[str]) -> bool:
    return not any(tuple(words[1 : 1 + len(start)]) == start for start in ELSEWHERE)


@pytest.fixture
def files(tmp_path, monkeypatch, readme):
    """What the commands name: tables of ratings and items, the example's parts and views."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    data, split = readme.names["data"], readme.names["split"]
    rated = [f"{data.user_ids[u]},{data.item_ids[i]},5" for u, i in zip(data.user, data.item, strict=True)]
    (tmp_path / "ratings.csv").write_text("\n".join(["userId,movieId,rating", *rated]))
    titles = [f"{item},title {n}" for n, item in enumerate(data.item_ids)]
    (tmp_path / "movies.csv").write_text("\n".join(["movieId,title", *titles]))
    for part in ("train", "valid", "test"):
        pairs = zip(*getattr(split, part).nonzero(), strict=True)
        (tmp_path / f"{part}.inter").write_text("\n".join(["user\titem", *(f"{u}\t{i}" for u, i in pairs)]))
    for name, view in (("cf", "cf"), ("cf2", "null"), ("text", "sem")):
        for side in ("users", "items"):
            np.save(tmp_path / f"{name}_{side}.npy", getattr(readme.names[view], side))


@pytest.mark.slow
def test_the_commands_run_as_they_are_printed(files, shell):
    for words in commands():
        if runs_here(words):
            status, out, err = shell(*words[1:])
            assert (status, err) == (0, ""), words
            assert out
    for name in ("result", "geometry", "probe", "parts"):
        assert Path(f"{name}.json").stat().st_size > 0


def test_commands_that_take_long_have_the_options_that_are_printed():
    from semcomp.cli.commands import app
    from semcomp.cli.reading import spread

    for words in commands():
        context, rest = click.Context(app, **app.context_settings), spread(words[1:])
        command = app
        while isinstance(command, click.Group):
            _, command, rest = command.resolve_command(context, rest)
        # Raises for an unknown option or a value that is not known.
        command.make_context(command.name, rest, parent=context)
