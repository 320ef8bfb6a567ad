"""Full disks, killed processes, and two processes that want the same file."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from download_site import BODY, get, kept, refuses, stalls

from semcomp.data.remote.partial import Partial

pytestmark = pytest.mark.usefixtures("plain_environment")


def test_no_room_is_seen_before_the_first_byte(site, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=5000))
    refuses(
        site, tmp_path, rf"{tmp_path} \(.*full\): 10,240 more bytes are needed, 5,000 are free; make room"
    )
    assert not kept(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_fills_up_meanwhile(site, tmp_path, monkeypatch):
    @contextlib.contextmanager
    def full(_: Partial) -> Iterator[object]:
        with open("/dev/full", "wb", buffering=0) as stream:
            yield stream

    monkeypatch.setattr(Partial, "appending", full)
    refuses(
        site, tmp_path, r"cannot be written to .* \(No space left on device\): 10,240 more bytes are needed"
    )


# A process of its own, without what the packages import on the way: torch alone takes seconds.
LIGHT = """
import importlib.util, sys, types
from pathlib import Path
top = Path(importlib.util.find_spec("semcomp").origin).parent
for name, folder in (("semcomp", top), ("semcomp.data", top / "data")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [str(folder)]
"""

FETCH = f"""{LIGHT}
import resource
from semcomp.data.remote.download import Patience, fetch_file
from semcomp.errors import SemcompError
url, target, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    fetch_file(url, Path(target), patience=Patience(tries=2, wait=0.0))
except SemcompError as error:
    sys.exit(str(error))
"""


def test_a_file_the_system_does_not_let_grow(site, tmp_path):
    arguments = [sys.executable, "-c", FETCH, site.url, str(tmp_path / "data.bin"), "4096"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(
        r"data\.bin cannot be written to .* \(File too large\): 6,144 more bytes .* 4,096 bytes are kept\n",
        done.stderr,
    )
    assert kept(tmp_path) == BODY[:4096]
    assert get(site, tmp_path) == BODY
    assert site.ranges() == [None, "bytes=4096-"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_midway_and_resumed(site, tmp_path, how):
    site.script = [stalls(5000)]
    running = subprocess.Popen(
        [sys.executable, "-c", FETCH, site.url, str(tmp_path / "data.bin"), "0"], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(kept(tmp_path) or b"") < 5000 and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(how)
    running.wait(30)
    assert not (tmp_path / "data.bin").exists()
    assert kept(tmp_path) == BODY[:5000]
    assert get(site, tmp_path) == BODY
    assert site.ranges() == [None, "bytes=5000-"]


BOTH = f"""{LIGHT}
from semcomp.data.named_sources import CATALOGUE, NamedSource, RemoteFile
from semcomp.data.fetching import fetch
file = RemoteFile(sys.argv[1])
CATALOGUE["toy"] = NamedSource("toy", "A toy", "", "", "", "", files=(file,))
print(fetch("toy"))
"""


def test_two_processes_download_once(site, cache):
    site.script = [stalls(5000)]
    arguments = [sys.executable, "-c", BOTH, site.url]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen(arguments, **options)
    partial = cache / "data" / "toy" / ".data.bin.partial"
    deadline = time.monotonic() + 60
    while not (partial.exists() and partial.stat().st_size == 5000) and time.monotonic() < deadline:
        time.sleep(0.01)
    second = subprocess.Popen(arguments, **options)
    assert "waiting for it" in second.stderr.readline()
    site.released.set()  # the first one's connection ends; it asks for the rest
    outputs = [process.communicate(timeout=60)[0].strip() for process in (first, second)]
    assert outputs == [str(cache / "data" / "toy")] * 2
    assert (cache / "data" / "toy" / "data.bin").read_bytes() == BODY
    assert site.ranges() == [None, "bytes=5000-"]
