"""Whether committed results agree with what the book uses now: data, split, settings and code.

    python -m book.experiments.agreement

A result is "as now"; "old", where the code that made it has changed since or is not recorded; or
"contradictory", where its data or split are not those that settings were tuned on and page 9 measured, or its
settings are not those that `settings_for` gives now. No data is needed to tell. `semcomp book` refuses
contradictory results, except those of `declared.toml`, which pages show with a warning, as they do old ones.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from book.experiments.results import Used, dicts, read, used
from semcomp.errors import SemcompError
from semcomp.study.budgets import BUDGETS
from semcomp.study.code import code_digest
from semcomp.study.settings import PACKAGED, settings_of
from semcomp.views.configurations import budgeted, from_described
from semcomp.views.training import described

Word = Literal["as now", "old", "contradictory"]
OLD = "measured with code that has changed since, or is not recorded"
CHECKOUT = Path(__file__).resolve().parents[2]
HERE, RUN = "book/experiments", "python -m book.experiments"
#: Folders of results by data set, and other results; how each is measured again, with nothing resumed.
FOLDERS = {
    f"{HERE}/views/results/fits": f"{RUN}.views.measure --epochs 30 --patience 4 --data {{names}}",
    f"{HERE}/views/results/longer": f"{RUN}.views.measure --epochs 90 --patience 4 --seeds 1 "
    f"--results {HERE}/views/results/longer --data {{names}} --view {{views}}",
    f"{HERE}/separation/results/data": f"{RUN}.separation.measure --force --data {{names}}",
    f"{HERE}/mapping/results": f"{RUN}.mapping.measure --force --data {{names}}",
    f"{HERE}/schedule/results": f"for part in choice confirmation; do {RUN}.schedule.measure $part "
    "--data {names}; done",
}
FILES = {
    f"{HERE}/views/results/parity.json": f"{RUN}.views.parity --work FOLDER --out {{file}}",
    f"{HERE}/views/results/ials-parity.json": f"{RUN}.views.ials_parity --out {{file}}",
    f"{HERE}/separation/results/worlds.json": f"rm {{file}} && {RUN}.separation.worlds",
    f"{HERE}/measures/results/measures.json": f"rm {{file}} && {RUN}.measures.measure",
    f"{HERE}/measures/results/hypothesis.json": f"rm {{file}} && {RUN}.measures.hypothesis",
    "benchmarks/results/bench-2cores.json": "make bench",
}


@dataclass(frozen=True)
class Judged:
    """What a results file is, and why.

    Attributes:
        file: below the checkout. name: of the data set, or of the file. views: that it measures.
        content: how its data or split differ. settings: how its settings do, by part.
        code: the parts that were made by code that has changed since, or is not recorded.
    """

    file: str
    name: str
    views: tuple[str, ...]
    content: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...]]
    code: tuple[str, ...]
    parts: int

    @property
    def word(self) -> Word:
        return "contradictory" if self.content or self.settings else "old" if self.code else "as now"

    @property
    def folder(self) -> str:
        return self.file.rpartition("/")[0]

    @property
    def label(self) -> str:
        """The data set, and what of it contradicts, where the rest does not."""
        part = 0 < len(self.settings) < self.parts
        return f"{self.name} ({', '.join(self.settings)})" if part else self.name


def judge(record: Mapping[str, Any], file: str, known: Mapping[str, Mapping[str, Any]]) -> Judged:
    """A result of a data set. `known`: name, data, split and density of each, as in settings files."""
    data, parts = known[record["dataset"]], list(used(record))
    seen = {("data", one) for one in _data_of(record)}
    for one in dicts(record):
        if len(str(one.get("split"))) == 64 and one.get("strategy", "random") == "random":
            seen.add(("split", one["split"]))
    differing = {}
    for part in parts:
        if found := tuple(dict.fromkeys(_differing(part, data, record.get("budget")))):
            differing[part.name] = found
    return Judged(
        file,
        record["dataset"],
        views=tuple(dict.fromkeys(view for part in parts for view, *_ in part.models)),
        content=tuple(
            f"{key} {one[:8]}, now {data[key][:8]}" for key, one in sorted(seen) if one != data[key]
        ),
        settings=differing,
        code=tuple(dict.fromkeys(part.name for part in parts if not _is_of_this_code(part))),
        parts=len(parts),
    )


def judge_other(record: Mapping[str, Any], file: str, known: Mapping[str, Mapping[str, Any]]) -> Judged:
    """A result of planted worlds, of several data sets with settings of others, or of a machine."""
    splits = {name: one["fingerprint"] for name, one in record.get("splits", {}).items()}
    content = [f"split of {name} {one[:8]}" for name, one in splits.items() if one != known[name]["split"]]
    made = Used("all", (), modules=tuple(record.get("modules", ())), code=record.get("code"))
    old = () if _is_of_this_code(made) else ("all",)
    return Judged(file, Path(file).stem, (), tuple(content), {}, old, parts=1)


def judged(experiment: str = "", checkout: Path = CHECKOUT) -> list[Judged]:
    """Every committed result that is measured here, or those in the folder of one experiment."""
    known, found = known_data(checkout), []
    within = [place for place in (*FOLDERS, *FILES) if experiment in ("", *place.split("/"))]
    for path in (path for place in within for path in sorted((checkout / place).glob("*.json"))):
        record = read(path)
        if record["dataset"] not in known:  # neither tuned nor on page 9: the first file is right
            known[record["dataset"]] = _about(record)
        found.append(judge(record, path.relative_to(checkout).as_posix(), known))
    there = [file for file in within if file in FILES and (checkout / file).is_file()]
    return [*found, *(judge_other(read(checkout / file), file, known) for file in there)]


def known_data(checkout: Path = CHECKOUT) -> dict[str, dict[str, Any]]:
    """Data and split by name: as settings were tuned on them, and of the others, as page 9 has them."""
    fits = sorted((checkout / HERE / "views" / "results" / "fits").glob("*.json"))
    tuned = [read(path)["dataset"] for path in sorted(PACKAGED.glob("*/*.json"))]
    return {one["name"]: one for one in (*(_about(read(path)) for path in fits), *tuned)}


def declared(checkout: Path = CHECKOUT) -> dict[str, str]:
    """The files whose settings are known to be others than now, each with the reason."""
    path = checkout / HERE / "declared.toml"
    entries = tomllib.loads(path.read_text("utf8"))["settings"] if path.is_file() else []
    return {f"{HERE}/{file}": entry["reason"] for entry in entries for file in entry["files"]}


def refuse(found: Iterable[Judged], reasons: Mapping[str, str]) -> None:
    """Raise SemcompError for the first contradictory result, unless all that differs is declared."""
    for one in found:
        if one.content or (one.settings and one.file not in reasons):
            first = one.content or [f"{part}: {'; '.join(said)}" for part, said in one.settings.items()]
            raise SemcompError(
                f"{one.file} contradicts what the book uses now ({first[0]}); "
                f"measure it again: {_command([one])}"
            )


def warnings(found: Sequence[Judged], reasons: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A place and a line for each reason, with the data sets and the command that measures them again."""
    groups: dict[tuple[str, str], list[Judged]] = {}
    for one in found:
        if one.word != "as now":
            why = reasons.get(one.file, "contradictory") if one.settings else OLD
            groups.setdefault((one.file if one.file in FILES else one.folder, why), []).append(one)
    for (place, why), ones in groups.items():
        labels = ", ".join(one.label for one in ones)
        yield place, f"{labels}: {why}; to be measured again by `{_command(ones)}`"


def noted(experiment: str) -> str:
    """What the page of an experiment has to say of its results, in Markdown; empty for nothing."""
    return "\n>\n> ".join(f"**Note.** {line}." for _, line in warnings(judged(experiment), declared()))


def _differing(part: Used, data: Mapping[str, Any], budget: str | None) -> Iterator[str]:
    """How the settings of a part differ from those that the book uses now."""
    name, content, density = data["name"], data["data"], part.density or data["density"]
    for view, origin, config in part.models:
        try:
            wanted, wanted_origin = _now(name, content, density, view, budget)
            theirs = wanted if config is None else _completed(json.dumps(config))
        except SemcompError as error:  # a view, a class or an option that is no more
            yield f"{view}: {error}"
            continue
        if origin not in (None, wanted_origin):
            yield f"{view} {origin}, now {wanted_origin}"
            continue
        had, now = dict(_flat(theirs)), dict(_flat(wanted))
        for option in sorted((had.keys() | now.keys()) - part.free):
            if had.get(option) != now.get(option):
                yield f"{view} {option} {had.get(option)}, now {now.get(option)}"


@cache
def _now(name: str, data: str, density: float, view: str, budget: str | None) -> tuple[Any, str]:
    """The configuration of a view and its origin, under a budget of the book if one is given."""
    model, origin = settings_of({"name": name, "data": data, "density": density}, view)
    if budget is not None:
        spend = BUDGETS[budget]
        model = budgeted(model, spend.epochs, spend.patience, spend.schedule, spend.rate)
    return described(model), origin


@cache
def _completed(config: str) -> Any:
    """A configuration with the options that are younger than it."""
    return described(from_described(json.loads(config)))


def _flat(config: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(config, Mapping):
        for key, value in config.items():
            yield from _flat(value, f"{name}.{key}" if name else key)
    else:
        yield name, config


def _is_of_this_code(part: Used) -> bool:
    return part.code is not None and part.code == _code(part.modules)


@cache
def _code(modules: tuple[str, ...]) -> str:
    return code_digest(*modules)


def _data_of(record: Mapping[str, Any]) -> list[str]:
    about = record["data"]
    made = [one["data"] for one in record.get("made", {}).values()]
    return [about["fingerprint"] if isinstance(about, Mapping) else about, *made]


def _about(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record's data set, as settings remember theirs."""
    sizes = record["data"] if isinstance(record["data"], Mapping) else record
    split = next((one["split"] for one in dicts(record) if isinstance(one.get("split"), str)), None)
    density = sizes["train pairs"] / (sizes["users"] * sizes["items"])
    return {"name": record["dataset"], "data": _data_of(record)[0], "split": split, "density": density}


def _command(ones: Sequence[Judged]) -> str:
    first, views = ones[0], dict.fromkeys(f'"{view}"' for one in ones for view in one.views)
    command = FILES.get(first.file) or FOLDERS[first.folder]
    return command.format(file=first.file, names=" ".join(one.name for one in ones), views=" ".join(views))


def main() -> None:
    found, reasons = judged(), declared()
    try:
        refuse(found, reasons)
    except SemcompError as error:
        sys.exit(str(error))
    for place, line in warnings(found, reasons):
        print(f"{place}: {line}")


if __name__ == "__main__":
    main()
