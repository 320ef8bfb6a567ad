"""What a start imports: modules are counted, not seconds."""

from __future__ import annotations

import inspect
import os
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

HEAVY = {
    *("torch", "pandas", "polars", "pyarrow", "sklearn", "matplotlib", "seaborn", "optuna", "requests"),
    *("transformers", "sentence_transformers", "FlagEmbedding", "papermill", "tqdm", "safetensors"),
}
IMPORT = "import semcomp"
SHELL = """
import sys
from semcomp.cli import main
sys.argv = ["semcomp", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
"""


def imported(code: str) -> tuple[set[str], int]:
    """The packages in `sys.modules` after the code has run in a process of its own, and how many modules."""
    told = "\nimport sys; print(*sys.modules, file=sys.stderr)"
    environment = {name: value for name, value in os.environ.items() if name != "SEMCOMP_DATA"}
    done = subprocess.run(
        [sys.executable, "-c", code + told], capture_output=True, text=True, check=True, env=environment
    )
    modules = done.stderr.splitlines()[-1].split()
    return {module.partition(".")[0] for module in modules}, len(modules)


def test_importing_the_package_imports_no_other():
    packages, n = imported(IMPORT)
    assert not packages & (HEAVY | {"numpy", "scipy", "click"})
    assert n < 150


@pytest.mark.parametrize("room", ["data", "plots", "evidence", "study"])
def test_a_room_needs_no_import_of_its_own(room):
    """Whatever was imported before: here, nothing."""
    packages, _ = imported(f"import semcomp; assert semcomp.{room}.__name__ == 'semcomp.{room}'")
    assert not hasattr(import_module("semcomp"), "roof")
    assert "torch" not in packages


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["data", "list"],
        ["diagnose", "--jason", "out.json"],
        ["data", "describe", "planted", "--fromat", "tables"],
        ["tune", "planted", "--trails", "3"],
        ["fuse", "--datset", "planted", "--out", "x"],
    ],
    ids=" ".join,
)
def test_a_shell_that_computes_nothing_imports_nothing_heavy(arguments, cache):
    packages, n = imported(SHELL.format(arguments=arguments))
    assert not packages & HEAVY
    assert n < 600


def test_importing_a_room_does_not_import_the_others():
    """Of all views one is asked for, and no plot, encoder or tuner comes with it."""
    packages, _ = imported("import semcomp as sc; sc.views.LightGCN")
    assert not packages & {"matplotlib", "seaborn", "optuna", "requests", "transformers", "sklearn"}


FACES = (
    *("", ".data", ".text", ".views", ".align", ".sequential", ".tokens", ".generative", ".fuse", ".serve"),
    *(".evidence", ".planted", ".study", ".plots", ".advice"),
)


@pytest.mark.parametrize("room", FACES)
def test_the_names_of_a_face_are_there_and_hide_none_of_its_files(room):
    """A name that is a file's too would be the module after that was imported, whatever the face says."""
    face = import_module(f"semcomp{room}")
    files = {module.name for module in pkgutil.iter_modules(face.__path__)}
    for name in face.__all__:
        value = getattr(face, name)
        assert name not in files or inspect.ismodule(value)
    assert dir(face) == sorted(set(face.__all__))


def test_a_listing_shows_the_public_names_and_nothing_else():
    import semcomp

    assert dir(semcomp) == sorted(semcomp.__all__)
    assert len(set(semcomp.__all__)) == len(semcomp.__all__)
    assert all(getattr(semcomp, name) is not None for name in semcomp.__all__)
    with pytest.raises(AttributeError, match="'semcomp' has no attribute 'lod_dataset'"):
        _ = semcomp.lod_dataset
