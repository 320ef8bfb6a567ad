"""environment.yml, pyproject.toml and requirements.lock say the same thing, and so does what is installed."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
LOCK = [
    line.strip()
    for line in (ROOT / "requirements.lock").read_text("utf8").splitlines()
    if line.strip() and not line.startswith("#")
]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text("utf8"))

#: pip fetches one file; it comes with every environment, and a pin would replace the one at work.
UNPINNED = {"pip"}

#: Extras that a user asks for: locked like the others, but installed neither by make nor by conda.
ON_REQUEST = {"llm"}
EXTRAS = PROJECT["optional-dependencies"]
INSTALLED = [extra for extra in EXTRAS if extra not in ON_REQUEST]

DIRECT = [Requirement(text) for group in (PROJECT["dependencies"], *EXTRAS.values()) for text in group]
PINNED = [
    requirement
    for requirement in DIRECT
    if requirement.name not in UNPINNED and (requirement.marker is None or requirement.marker.evaluate())
]


@pytest.mark.parametrize("line", LOCK)
def test_a_line_of_the_lock_is_one_plain_version(line: str) -> None:
    requirement = Requirement(line)
    assert re.fullmatch(r"==[0-9][0-9A-Za-z.]*", str(requirement.specifier)), "no +local, no ranges"
    assert requirement.url is None
    assert not requirement.extras
    assert "--" not in line


def test_nothing_is_locked_twice() -> None:
    names = [canonicalize_name(Requirement(line).name) for line in LOCK]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("requirement", PINNED, ids=lambda r: r.name)
def test_a_direct_dependency_is_locked_and_admitted(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    (locked,) = [r for r in map(Requirement, LOCK) if canonicalize_name(r.name) == name]
    pin = next(iter(locked.specifier)).version
    assert requirement.specifier.contains(pin)
    if str(requirement) not in {text for extra in ON_REQUEST for text in EXTRAS[extra]}:
        assert version(name).split("+")[0] == pin, "it is installed in another version"


def needed(name: str, extras: frozenset[str], seen: set[str]) -> set[str]:
    """Names of all distributions that `name` needs on this machine, itself included."""
    key = f"{canonicalize_name(name)}[{','.join(sorted(extras))}]"
    if key in seen:
        return set()
    seen.add(key)
    try:
        texts = requires(name) or []
    except PackageNotFoundError:
        return set()  # asked for by a build for other hardware only
    names = {canonicalize_name(name)}
    for requirement in map(Requirement, texts):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            names |= needed(requirement.name, frozenset(requirement.extras), seen)
    return names


def test_everything_that_is_needed_is_locked() -> None:
    locked = {canonicalize_name(Requirement(line).name) for line in LOCK}
    # torch names the one version of each CUDA package that it runs with.
    found = {
        n
        for n in needed("semcomp", frozenset({"book", "serve", "test"}), set())
        if not n.startswith(("nvidia-", "cuda-"))
    }
    assert found - locked == {"semcomp", *UNPINNED}


def test_unpinned_dependencies_are_direct_ones() -> None:
    assert {r.name for r in DIRECT} >= UNPINNED


def test_conda_gives_python_and_the_lock_the_rest() -> None:
    python, pip, rest = CONDA["dependencies"]
    name, _, pin = python.partition("=")
    assert (name, pip) == ("python", "pip")
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{pin}.0")
    assert rest["pip"] == ["-c requirements.lock", f"-e .[{','.join(INSTALLED)}]"]


def test_make_installs_what_conda_installs() -> None:
    makefile = (ROOT / "Makefile").read_text("utf8")
    (install,) = re.findall(r"pip install .*", makefile)
    assert "-c requirements.lock" in install
    assert f"-e '.[{','.join(INSTALLED)}]'" in install
    assert SpecifierSet(PROJECT["requires-python"]).contains(".".join(map(str, sys.version_info[:3])))


def test_make_refuses_the_pythons_that_the_package_refuses() -> None:
    makefile = (ROOT / "Makefile").read_text("utf8")
    (low, high) = re.search(r"\(3, (\d+)\) <= v <= \(3, (\d+)\)", makefile).groups()  # type: ignore[union-attr]
    assert PROJECT["requires-python"] == f">=3.{low},<3.{int(high) + 1}"


def test_what_is_cited_is_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
    page = (ROOT / "book" / "bibliography.md").read_text("utf8")
    assert citation["version"] == PROJECT["version"]
    assert citation["title"] in page
    assert citation["preferred-citation"]["title"] in page
    assert re.findall(r"version = \{(.*?)\}", page) == [PROJECT["version"]]
