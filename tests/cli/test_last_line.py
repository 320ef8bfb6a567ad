"""Whatever happens to a command, it ends with a status and one line; where it came from can be seen."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HINT = " (SEMCOMP_TRACEBACK=1 shows where)"


@pytest.fixture(autouse=True)
def own_place(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    monkeypatch.delenv("SEMCOMP_TRACEBACK", raising=False)


class PanicException(BaseException):
    """As a library in Rust raises them: no Exception."""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), f"x: No space left on device{HINT}"),
        (PermissionError(errno.EACCES, "Permission denied", "x/y"), f"x/y: Permission denied{HINT}"),
        (MemoryError("Unable to allocate 8 TiB"), "memory ran out (Unable to allocate 8 TiB); give it"),
        (
            RecursionError("maximum recursion depth"),
            f"something in the input is nested too deeply; flatten it{HINT}",
        ),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "no"), "unexpected UnicodeEncodeError: 'utf-8' codec"),
        (ZeroDivisionError("two\nlines"), f"unexpected ZeroDivisionError: two lines{HINT}"),
        (PanicException("out of range"), f"unexpected PanicException: out of range{HINT}"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_that_nobody_expected(shell, monkeypatch, error, line):
    def fails():
        raise error

    monkeypatch.setattr("semcomp.cli.data.data_sets", fails)
    status, out, err = shell("data", "list")
    assert (status, out) == (1, "")
    assert err.startswith(f"semcomp: error: {line}")
    assert err.count("\n") == 1
    assert len(err) < 500
    monkeypatch.setenv("SEMCOMP_TRACEBACK", "1")  # as the line says
    status, out, err = shell("data", "list")
    assert (status, out) == (1, "")
    assert "Traceback" in err
    assert "in fails" in err
    assert err.splitlines()[-1].startswith(f"semcomp: error: {line}")


def test_an_error_is_never_endless(shell, monkeypatch):
    def fails():
        raise KeyError("x" * 1_000_000)

    monkeypatch.setattr("semcomp.cli.data.data_sets", fails)
    assert len(shell("data", "list").err) < 500
    assert len(shell("x" * 100_000).err) < 500


def semcomp(
    *arguments: object, code: str = "main()", **options: object
) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    start = f"import sys; sys.argv = ['semcomp', *sys.argv[1:]]; from semcomp.cli import main; {code}"
    return subprocess.run(
        [sys.executable, "-c", start, *map(str, arguments)], stderr=subprocess.PIPE, check=False, **options
    )


def test_a_full_disk_behind_what_is_printed():
    with Path("/dev/full").open("wb") as full:
        done = semcomp("data", "list", stdout=full)
    assert done.returncode == 1
    assert done.stderr == f"semcomp: error: what is printed or read: No space left on device{HINT}\n".encode()


def test_a_reader_that_went_away():
    reader, writer = os.pipe()
    os.close(reader)
    done = semcomp("data", "list", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")  # as any tool in front of `head`


def test_an_output_that_lacks_characters():
    """The × of the shape of a data set is in no Russian alphabet."""
    environment = {**os.environ, "PYTHONIOENCODING": "koi8-r:strict"}
    done = semcomp("data", "describe", "planted", stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(rb"planted: 1,000 users \xd7 800 items")


SIGINT = """
import importlib.abc, os, signal
class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
main()
"""


@pytest.mark.parametrize(
    "module",
    ["click", "semcomp.cli.commands", "semcomp.cli.tune", "numpy.linalg", "polars.datatypes", "scipy.sparse"],
)
def test_an_interrupt_while_it_imports(module):
    done = semcomp(
        "data", "describe", "planted", code=f"exec({SIGINT.format(module=module)!r})", stdout=subprocess.PIPE
    )
    assert (done.returncode, done.stdout) == (130, b"")
    assert done.stderr == b"semcomp: error: interrupted\n"


def test_an_interrupt_while_it_works_leaves_nothing(tmp_path):
    """The signal arrives in the middle of the writing."""
    code = (
        "import os, signal, semcomp.cli.arrays as arrays; "
        "arrays.read_array = lambda path: os.kill(os.getpid(), signal.SIGINT); main()"
    )
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, np.ones((3, 2)))
    done = semcomp("geometry", "a.npy", "b.npy", "--json", "out.json", code=code, stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (130, b"semcomp: error: interrupted\n")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix) == ["a.npy", "b.npy"]


def test_interrupts_are_left_as_they_were(shell):
    before = signal.getsignal(signal.SIGINT)
    shell("data", "list")
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    "words",
    [
        ["data", "prepare", "planted", "{out}"],
        ["tune", "planted", "--out", "{out}"],
        ["data", "fetch", "ml-1m", "--into", "{out}"],
        ["geometry", "none.npy", "none.npy", "--json", "{out}"],
        [
            "probe",
            *(f"--{n}=none" for n in ("train", "valid", "test", "source", "target-users", "target-items")),
            "--json",
            "{out}",
        ],
        ["decompose", "--items", "none", "none", "--json", "{out}"],
        ["diagnose", *(f"--{n}=none" for n in ("train", "valid", "test")), "--json", "{out}"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/dev/null", "is a "),
        ("~nobody-at-all/x", "there is no such user; write the path in full"),
        ("loop", "cannot be written (Too many levels of symbolic links)"),
        ("x" * 256, "cannot be written (File name too long)"),
        ("/proc/x", "cannot be written ("),
    ],
    ids=["a device", "nobody", "a loop", "a long name", "no place to write"],
)
def test_where_nothing_can_be_written_is_told_before_any_work(
    shell, monkeypatch, tmp_path, words, place, message
):
    """Before what is to be read is even looked at: it is not there."""
    for read in ("data.read", "arrays.read_array", "arrays.read_view"):
        monkeypatch.setattr(f"semcomp.cli.{read}", None)
    monkeypatch.setattr("semcomp.study.tuning_runs._study", None)
    monkeypatch.setattr("semcomp.data.fetching._obtain", None)
    (tmp_path / "loop").symlink_to("loop")
    status, out, err = shell(*(word.format(out=place) for word in words))
    assert (status, out) == (1, "")
    assert err.startswith("semcomp: error: ")
    assert message in err
    assert (err.count("\n"), "unexpected" in err) == (1, False)
    assert Path("/dev/null").is_char_device()
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["loop"]
