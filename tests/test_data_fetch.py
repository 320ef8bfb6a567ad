"""Downloads from a real server on the loopback address: broken, wrong, redirected, stalled, killed midway."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from semcomp.data.catalogue import CATALOGUE
from semcomp.data.fetch import RECEIPT, fetch, fetched_folders
from semcomp.data.named_source import NamedSource, RemoteFile
from semcomp.data.remote.archive import DamagedArchive, extract
from semcomp.data.remote.checksum import Checksum
from semcomp.data.remote.download import REDIRECTS, Patience, WrongFile, fetch_file, is_offline
from semcomp.data.remote.partial import Partial
from semcomp.errors import SemcompError

BODY = bytes(range(256)) * 40  # 10,240 bytes, no two blocks of 256 in another order
TAG = '"first"'
QUICK = Patience(tries=3, wait=0.0, timeout=5.0)
Answer = Callable[["Handler", bytes], None]


def sha256(body: bytes) -> Checksum:
    return Checksum("sha256", hashlib.sha256(body).hexdigest())


class Handler(BaseHTTPRequestHandler):
    """Answers a GET with the next of `site.script`, else well."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self.close_connection = True
        self.site.asked.append((self.path, dict(self.headers)))
        body = self.site.files.get(self.path.removeprefix("http://data.invalid"), BODY)
        answer = self.site.script.pop(0) if self.site.script else well
        with contextlib.suppress(ConnectionError):
            answer(self, body)

    def head(self, code: int, **headers: object) -> None:
        self.send_response(code)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


class Site:
    """A server of files, what it was asked for, and how it is to answer next."""

    def __init__(self) -> None:
        handler = type("Own", (Handler,), {"site": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.script: list[Answer] = []
        self.released = threading.Event()
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.url = f"{self.address}/data.bin"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.asked]

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def well(handler: Handler, body: bytes, *, tag: str | None = TAG, sent: int | None = None) -> None:
    """As it should be: ranges, and If-Range held against the tag. `sent` bytes of the body and no more."""
    found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    start = int(found[1]) if found and handler.headers.get("If-Range", tag) == tag else 0
    if start > len(body) or (found and start == len(body)):
        return handler.head(416, Content_Range=f"bytes */{len(body)}", Content_Length=0)
    part = f"bytes {start}-{len(body) - 1}/{len(body)}" if start else None
    handler.head(206 if start else 200, Content_Length=len(body) - start, Content_Range=part, ETag=tag)
    handler.wfile.write(body[start:] if sent is None else body[start : start + sent])
    return None


def cut(sent: int, tag: str | None = TAG) -> Answer:
    return lambda handler, body: well(handler, body, sent=sent, tag=tag)


def tagged(tag: str | None) -> Answer:
    return lambda handler, body: well(handler, body, tag=tag)


def reset(handler: Handler, body: bytes) -> None:
    well(handler, body, sent=2000)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def stalls(sent: int) -> Answer:
    def answer(handler: Handler, body: bytes) -> None:
        well(handler, body, sent=sent)
        handler.site.released.wait(30)

    return answer


def whole(handler: Handler, body: bytes) -> None:
    """No idea of ranges."""
    handler.head(200, Content_Length=len(body))
    handler.wfile.write(body)


def says(code: int, **headers: object) -> Answer:
    return lambda handler, _: handler.head(code, Content_Length=0, **headers)


def sends(body: bytes, length: int | None = None, **headers: object) -> Answer:
    def answer(handler: Handler, _: bytes) -> None:
        handler.head(200, Content_Length=length, **headers)
        handler.wfile.write(body)

    return answer


def chunked(handler: Handler, body: bytes) -> None:
    handler.head(200, Transfer_Encoding="chunked", ETag=TAG)
    for start in range(0, len(body), 1000):
        part = body[start : start + 1000]
        handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, no offline mode, whatever the machine has set."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SEMCOMP_OFFLINE", raising=False)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def get(site: Site, folder: Path, **options: object) -> bytes:
    """Fetch, and check that nothing but the file is left."""
    options = {"patience": QUICK, "progress": False} | options
    target = folder / "data.bin"
    fetch_file(site.url, target, **options)  # type: ignore[arg-type]
    assert [path.name for path in folder.iterdir()] == ["data.bin"]
    return target.read_bytes()


def refuses(site: Site, folder: Path, message: str, **options: object) -> None:
    """One line, and nothing under the final name."""
    with pytest.raises(SemcompError, match=message) as error:
        get(site, folder, **options)
    assert "\n" not in str(error.value)
    assert not (folder / "data.bin").exists()


def kept(folder: Path) -> bytes | None:
    path = folder / ".data.bin.partial"
    return path.read_bytes() if path.exists() else None


# --- whole, broken, resumed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [well, whole, chunked, tagged(None)])
def test_a_whole_file(site, tmp_path, answer):
    site.script = [answer]
    assert get(site, tmp_path) == BODY
    ((_, headers),) = site.asked
    assert headers["Accept-Encoding"] == "identity"
    assert "Range" not in headers


def test_an_empty_file_and_a_new_folder(site, tmp_path):
    site.files["/data.bin"] = b""
    assert get(site, tmp_path / "a" / "b", checksum=sha256(b""), size=0) == b""


def test_a_broken_connection_is_resumed_where_it_broke(site, tmp_path):
    site.script = [cut(3000), cut(500)]
    assert get(site, tmp_path, checksum=sha256(BODY), size=len(BODY)) == BODY
    assert site.ranges() == [None, "bytes=3000-", "bytes=3500-"]
    assert [headers.get("If-Range") for _, headers in site.asked] == [None, TAG, TAG]


@pytest.mark.parametrize("checksum", [None, sha256(BODY)])
def test_a_later_run_goes_on(site, tmp_path, checksum):
    site.script = [cut(4000), says(503), says(503)]
    refuses(site, tmp_path, r"answered 503 .*\(3 tries in vain\).* 4,000 bytes are kept", checksum=checksum)
    assert kept(tmp_path) == BODY[:4000]
    assert get(site, tmp_path, checksum=checksum) == BODY
    assert site.ranges() == [None, *["bytes=4000-"] * 3]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(breaks=st.lists(st.integers(1, 3000), max_size=8), tag=st.sampled_from([TAG, None]))
def test_any_breaks_give_the_same_bytes(site, tmp_path_factory, breaks, tag):
    site.asked.clear()
    site.script = [cut(sent, tag) for sent in breaks] + [tagged(tag)] * 10
    assert get(site, tmp_path_factory.mktemp("broken"), checksum=sha256(BODY)) == BODY
    at, expected = 0, [None]
    for sent in breaks:
        at += sent
        if at >= len(BODY):
            break
        expected.append(f"bytes={at}-")
    assert site.ranges() == expected


def test_a_reset_connection(site, tmp_path):
    site.script = [reset, reset]
    assert get(site, tmp_path) == BODY


def test_a_stalled_connection(site, tmp_path):
    site.script = [stalls(1234)]
    assert get(site, tmp_path, patience=Patience(tries=2, wait=0.0, timeout=0.15)) == BODY
    assert site.ranges() == [None, "bytes=1234-"]


def test_tries_without_a_new_byte_end_it(site, tmp_path):
    site.script = [cut(10), *[cut(0)] * 3]
    refuses(site, tmp_path, r"broken: IncompleteRead.* \(3 tries in vain\).* 10 bytes are kept")
    assert len(site.asked) == 3  # the first one counts: it is the last that brought something, then two


def test_a_server_without_ranges_starts_anew_and_is_not_asked_for_ever(site, tmp_path):
    site.script = [cut(700), whole]
    assert get(site, tmp_path) == BODY

    def never(handler: Handler, body: bytes) -> None:
        handler.head(200, Content_Length=len(body))
        handler.wfile.write(body[:700])

    site.script = [never] * 50
    (tmp_path / "data.bin").unlink()
    refuses(site, tmp_path, "could not be fetched")
    assert len(site.script) == 47


def test_nobody_there(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/data.bin"
        with pytest.raises(SemcompError, match=r"could not be fetched: .*refused.*check the connection") as e:
            fetch_file(url, tmp_path / "data.bin", patience=QUICK)
        assert "\n" not in str(e.value)
    with pytest.raises(SemcompError, match="correct the address"):
        fetch_file("htp:/x", tmp_path / "data.bin", patience=QUICK)


def test_a_certificate_that_cannot_be_verified(tmp_path, monkeypatch):
    def answer(*_: object, **__: object) -> None:
        raise requests.exceptions.SSLError("certificate has expired")

    monkeypatch.setattr(requests.Session, "get", answer)
    with pytest.raises(
        SemcompError, match=r"cannot be verified \(certificate has expired\).*REQUESTS_CA_BUNDLE"
    ):
        fetch_file("https://data.invalid/data.bin", tmp_path / "data.bin", patience=QUICK)


def test_places_that_take_no_file(site, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SemcompError, match=r"the folder .*file cannot be made"):
        fetch_file(site.url, tmp_path / "file" / "data.bin", patience=QUICK)
    (tmp_path / "data.bin").mkdir()
    with pytest.raises(
        SemcompError, match=r"data\.bin cannot be written to .*directory.* 10,240 bytes are kept"
    ):
        fetch_file(site.url, tmp_path / "data.bin", patience=QUICK)


# --- changed and wrong files --------------------------------------------------------------------------------


def test_a_file_that_changed_between_the_tries_starts_anew(site, tmp_path):
    new = BODY[::-1]

    def changes(handler: Handler, body: bytes) -> None:
        site.files["/data.bin"] = new
        well(handler, new, tag='"second"')

    site.script = [cut(3000), changes]
    assert get(site, tmp_path) == new
    assert site.ranges() == [None, "bytes=3000-"]


def test_a_server_that_overlooks_if_range(site, tmp_path):
    new = BODY[::-1]

    def mixes(handler: Handler, _: bytes) -> None:
        site.files["/data.bin"] = new
        handler.head(
            206,
            Content_Length=len(new) - 3000,
            Content_Range=f"bytes 3000-{len(new) - 1}/{len(new)}",
            ETag='"second"',
        )
        handler.wfile.write(new[3000:])

    site.script = [cut(3000), mixes, tagged('"second"')]
    assert get(site, tmp_path) == new
    assert site.ranges() == [None, "bytes=3000-", None]


def test_another_range_than_asked_for(site, tmp_path):
    def other(handler: Handler, body: bytes) -> None:
        handler.head(206, Content_Length=10, Content_Range=f"bytes 0-9/{len(body)}", ETag=TAG)
        handler.wfile.write(body[:10])

    site.script = [cut(3000), other]
    assert get(site, tmp_path) == BODY
    assert site.ranges() == [None, "bytes=3000-", None]


def test_bytes_nothing_vouches_for_are_not_taken_up(site, tmp_path):
    site.script = [cut(3000, tag=None), says(500)]
    refuses(site, tmp_path, "3,000 bytes are kept", patience=Patience(tries=2, wait=0.0))
    assert get(site, tmp_path) == BODY  # no ETag, no checksum: the next run begins with the first byte
    assert site.ranges()[-1] is None


def test_bytes_of_another_address_are_not_taken_up(site, tmp_path):
    site.script = [cut(3000), says(500), says(500)]
    refuses(site, tmp_path, "kept")
    site.url += "?edition=2"
    assert get(site, tmp_path) == BODY
    assert site.ranges()[-1] is None


def test_the_wrong_file_leaves_nothing_and_the_next_run_starts_anew(site, tmp_path):
    site.files["/data.bin"] = BODY.replace(b"\x07", b"\x08")
    refuses(site, tmp_path, r"served 10,240 bytes with sha256 \w{64}, expected sha256", checksum=sha256(BODY))
    assert list(tmp_path.iterdir()) == []
    assert len(site.asked) == 1
    site.files.clear()
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY
    assert site.ranges() == [None, None]


def test_poisoned_bytes_of_an_earlier_run_are_thrown_away_once(site, tmp_path):
    site.script = [cut(3000), says(500), says(500)]
    refuses(site, tmp_path, "kept", checksum=sha256(BODY))
    (tmp_path / ".data.bin.partial").write_bytes(b"x" * 3000)
    site.asked.clear()
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY
    assert site.ranges() == ["bytes=3000-", None]


def test_md5_is_a_checksum_too(site, tmp_path):
    assert get(site, tmp_path, checksum=Checksum("md5", hashlib.md5(BODY).hexdigest())) == BODY
    (tmp_path / "data.bin").unlink()
    refuses(site, tmp_path, "expected md5 0000", checksum=Checksum("md5", "0" * 32))


@pytest.mark.parametrize("wrong", [("sha1", "0" * 40), ("sha256", "0" * 32), ("md5", "A" * 32), ("md5", "")])
def test_no_checksum(wrong):
    with pytest.raises(SemcompError, match="is no checksum"):
        Checksum(*wrong)


def test_the_announced_length_is_held_against_the_published_one(site, tmp_path):
    refuses(site, tmp_path, "announces 10,240 bytes, expected 10,241", size=10_241)
    site.script = [chunked]
    refuses(site, tmp_path, "sent more than the expected 10,000 bytes", size=10_000)
    site.script = [chunked]
    refuses(site, tmp_path, "ended after 10,240 of 11,000 bytes", size=11_000, patience=Patience(tries=1))
    assert kept(tmp_path) == BODY  # shorter than published: perhaps only cut off
    refuses(site, tmp_path, "announces 10,240 bytes, expected 10,000", size=10_000)
    assert kept(tmp_path) is None


def test_more_bytes_than_announced_are_not_read(site, tmp_path):
    site.script = [sends(BODY + b"more", length=len(BODY))]
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY


def test_a_length_nobody_tells(site, tmp_path):
    site.script = [sends(BODY)] * 2
    refuses(site, tmp_path, "does not say how long the file is")
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY


# --- what is found already there ----------------------------------------------------------------------------


def leave(folder: Path, url: str, body: bytes, **about: object) -> None:
    (folder / ".data.bin.partial").write_bytes(body)
    state = {"url": url, "validator": TAG, "total": None} | about
    (folder / ".data.bin.partial.json").write_text(json.dumps(state))


def test_all_bytes_were_there_but_the_name(site, tmp_path):
    leave(tmp_path, site.url, BODY, total=len(BODY))
    assert get(site, tmp_path) == BODY
    assert site.asked == []


def test_more_bytes_than_there_are(site, tmp_path):
    leave(tmp_path, site.url, BODY + b"x", total=len(BODY))
    assert get(site, tmp_path) == BODY
    assert site.ranges() == [None]


def test_the_server_says_416(site, tmp_path):
    leave(tmp_path, site.url, BODY)  # whole, which only the server knows
    assert get(site, tmp_path) == BODY
    assert site.ranges() == ["bytes=10240-"]
    leave(tmp_path, site.url, BODY + b"too much")
    assert get(site, tmp_path) == BODY
    assert site.ranges()[1:] == ["bytes=10248-", None]


@pytest.mark.parametrize("about", ["", "[]", '{"url": 1}', '{"adress": "x"}', "\0"])
def test_an_unreadable_state_means_starting_anew(site, tmp_path, about):
    leave(tmp_path, site.url, b"x" * 100)
    (tmp_path / ".data.bin.partial.json").write_text(about)
    assert get(site, tmp_path) == BODY
    assert site.ranges() == [None]


def test_an_older_file_is_replaced_only_by_a_whole_one(site, tmp_path):
    (tmp_path / "data.bin").write_bytes(b"old")
    site.script = [says(404)]
    with pytest.raises(SemcompError, match="404"):
        get(site, tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == b"old"
    assert get(site, tmp_path) == BODY


# --- answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [204, 301, 304, 400, 401, 403, 404, 410, 416, 451])
def test_answers_that_end_it(site, tmp_path, code):
    site.script = [says(code)]
    refuses(site, tmp_path, rf"answered {code} .*put it at .*data\.bin")
    assert len(site.asked) == 1


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_answers_that_may_pass(site, tmp_path, code):
    site.script = [says(code), says(code)]
    assert get(site, tmp_path) == BODY


def test_a_page_instead_of_the_file(site, tmp_path):
    site.script = [sends(b"<html>log in</html>", length=19, Content_Type="text/html; charset=utf-8")]
    refuses(site, tmp_path, r"is a web page and not data\.bin")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects(site, tmp_path, code):
    site.script = [
        cut(3000),
        says(code, Location="there/else.bin"),
        says(code, Location=f"{site.address}/x/y"),
    ]
    assert get(site, tmp_path) == BODY
    assert [path for path, _ in site.asked] == ["/data.bin", "/data.bin", "/there/else.bin", "/x/y"]
    assert site.ranges() == [None, *["bytes=3000-"] * 3]


def test_redirects_without_end(site, tmp_path):
    site.script = [says(302, Location="/data.bin")] * 50
    refuses(site, tmp_path, f"more than {REDIRECTS} redirects")
    assert len(site.asked) == REDIRECTS + 1


@pytest.mark.parametrize("there", ["ftp://127.0.0.1/data.bin", "file:///etc/passwd"])
def test_redirects_to_elsewhere_are_refused(site, tmp_path, there):
    site.script = [says(302, Location=there)]
    refuses(site, tmp_path, f"redirects to {there}, which is not safe")


def test_a_redirect_from_https_to_http_is_refused(site, tmp_path, monkeypatch):
    def answer(_session: object, url: str, **_: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.raw = 302, url, BytesIO()
        response.headers["Location"] = site.url
        return response

    monkeypatch.setattr(requests.Session, "get", answer)
    with pytest.raises(SemcompError, match=f"redirects to {site.url}, which is not safe"):
        fetch_file("https://data.invalid/data.bin", tmp_path / "data.bin", patience=QUICK)


def test_a_server_that_packs(site, tmp_path):
    packed = gzip.compress(BODY)

    def packs_for_who_asks(handler: Handler, body: bytes) -> None:
        if "gzip" in handler.headers["Accept-Encoding"]:
            sends(packed, len(packed), Content_Encoding="gzip")(handler, body)
        else:
            well(handler, body)

    site.script = [packs_for_who_asks]
    assert get(site, tmp_path, checksum=sha256(BODY)) == BODY
    (tmp_path / "data.bin").unlink()
    site.script = [sends(packed, len(packed), Content_Encoding="gzip")]
    refuses(site, tmp_path, r"comes packed \(gzip\)")
    site.script = [
        sends(packed, len(packed), Content_Encoding="gzip")
    ]  # a stored .gz, labelled so by servers
    fetch_file(site.url, tmp_path / "data.csv.gz", checksum=sha256(packed), patience=QUICK)
    assert (tmp_path / "data.csv.gz").read_bytes() == packed


# --- proxies, offline ---------------------------------------------------------------------------------------


def test_a_proxy_is_used_and_exceptions_are_respected(site, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", site.address)
    fetch_file("http://data.invalid/data.bin", tmp_path / "data.bin", patience=QUICK)
    assert [path for path, _ in site.asked] == ["http://data.invalid/data.bin"]
    assert (tmp_path / "data.bin").read_bytes() == BODY
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # nothing listens on the discard port
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert get(site, tmp_path) == BODY
    monkeypatch.delenv("NO_PROXY")
    (tmp_path / "data.bin").unlink()
    refuses(site, tmp_path, "check the connection and the proxy")


def test_offline(site, tmp_path, monkeypatch):
    refuses(site, tmp_path, rf"get {site.url} on another machine and put it at .*data\.bin", offline=True)
    monkeypatch.setenv("SEMCOMP_OFFLINE", "1")
    refuses(site, tmp_path, "unset SEMCOMP_OFFLINE")
    assert site.asked == []
    assert get(site, tmp_path, offline=False) == BODY
    for value, offline in {"": False, "0": False, "no": False, "False": False, "yes": True}.items():
        monkeypatch.setenv("SEMCOMP_OFFLINE", value)
        assert is_offline() is offline


# --- full disks, interruptions, two at once -----------------------------------------------------------------


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


# --- whole data sets ----------------------------------------------------------------------------------------

INTERACTIONS = b"user_id,item_id\na,1\na,2\nb,1\n"
ITEMS = b"item_id,title\n1,One\n2,Two\n"


def packed(members: dict[str, bytes]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return stream.getvalue()


ZIP = packed({"toy/interactions.csv": INTERACTIONS, "toy/items.csv": ITEMS, "toy/huge.bin": BODY})
WANTED = ("toy/interactions.csv", "toy/items.csv")


@pytest.fixture
def publish(site, cache, monkeypatch):
    """publish("toy", file, …): an entry of the catalogue; a file is (path, body, checksum, members)."""

    def make(name: str, *files: tuple[str, bytes, Checksum | None, tuple[str, ...]]) -> NamedSource:
        for path, body, _, _ in files:
            site.files[f"/{path}"] = body
        remote = tuple(
            RemoteFile(f"{site.address}/{path}", len(body) if checksum else None, checksum, members)
            for path, body, checksum, members in files
        )
        source = NamedSource(name, "A toy", "nobody", "https://x.invalid", "none", "none", files=remote)
        monkeypatch.setitem(CATALOGUE, name, source)
        return source

    return make


@pytest.fixture
def toy(publish):
    return publish("toy", ("toy.zip", ZIP, sha256(ZIP), WANTED))


@pytest.fixture
def pair(publish):
    """Two plain files; nobody published a hash of the second."""
    return publish(
        "pair",
        ("interactions.csv", INTERACTIONS, sha256(INTERACTIONS), ()),
        ("items.csv", ITEMS, None, ()),
    )


def run(name: str, **options: object) -> tuple[Path, list[str]]:
    said: list[str] = []
    options = {"patience": QUICK, "progress": False, "say": said.append} | options
    return fetch(name, **options), said  # type: ignore[arg-type]


def visible(folder: Path) -> dict[str, bytes]:
    """What stands in a folder, but for the lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".fetch.lock"}


def test_only_the_needed_members_of_an_archive_are_kept(site, toy, cache):
    folder, said = run("toy")
    assert folder == cache / "data" / "toy"
    found = visible(folder)
    receipt = json.loads(found.pop(RECEIPT))
    assert found == {"interactions.csv": INTERACTIONS, "items.csv": ITEMS}
    assert said == []
    entry = receipt["files"][f"{site.address}/toy.zip"]
    assert (entry["bytes"], entry["sha256"]) == (len(ZIP), sha256(ZIP).hex)
    assert entry["published"] == str(sha256(ZIP))
    assert entry["kept"] == {"interactions.csv": sha256(INTERACTIONS).hex, "items.csv": sha256(ITEMS).hex}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", receipt["fetched"])
    assert fetched_folders() == {"toy": folder}


def test_what_is_there_is_not_fetched_again_unless_damaged(site, toy):
    folder, _ = run("toy")
    run("toy")
    run("toy", offline=True)
    assert len(site.asked) == 1
    (folder / "items.csv").write_bytes(ITEMS.replace(b"One", b"Own"))
    run("toy")
    assert len(site.asked) == 2
    assert visible(folder)["items.csv"] == ITEMS


def test_names_inside_an_archive_reach_no_other_folder(site, publish, cache):
    evil = packed({"../../evil.csv": ITEMS, "/abs/items.csv": ITEMS, "toy/../../interactions.csv": b"x"})
    publish("toy", ("toy.zip", evil, sha256(evil), ("../../evil.csv", "/abs/items.csv")))
    folder, _ = run("toy")
    assert set(visible(folder)) == {RECEIPT, "evil.csv", "items.csv"}
    assert {path.name for path in cache.rglob("*") if path.is_file()} == {
        RECEIPT,
        "evil.csv",
        "items.csv",
        ".fetch.lock",
    }


@pytest.mark.parametrize(
    "damaged",
    [
        ZIP[:-30],
        ZIP[:60] + b"\xff" * 8 + ZIP[68:],
        b"no archive at all",
        packed({"toy/items.csv": ITEMS}),
    ],
    ids=["cut", "wrong bytes", "no zip", "member missing"],
)
def test_a_damaged_archive_is_refused_and_fetched_once_more(site, publish, damaged):
    publish("toy", ("toy.zip", ZIP, None, WANTED))
    site.script = [sends(damaged, len(damaged))]
    folder, _ = run("toy")
    assert visible(folder)["items.csv"] == ITEMS
    shutil.rmtree(folder)
    site.files["/toy.zip"] = damaged
    with pytest.raises(SemcompError, match="delete it and fetch it again") as error:
        run("toy")
    assert "\n" not in str(error.value)
    assert fetched_folders() == {}
    assert not (folder / RECEIPT).exists()


EDGES = st.sampled_from([*range(120), *range(len(ZIP) - 250, len(ZIP))])  # the headers


@settings(max_examples=150, deadline=None)
@example(changes=[(7, 8), (30, 128)])  # a name in another encoding
@given(changes=st.lists(st.tuples(EDGES, st.integers(0, 255)), min_size=1, max_size=4))
def test_a_changed_archive_gives_the_members_or_says_that_it_is_damaged(tmp_path_factory, changes):
    body = bytearray(ZIP)
    for place, value in changes:
        body[place] = value
    folder = tmp_path_factory.mktemp("zip")
    (folder / "toy.zip").write_bytes(body)
    with contextlib.suppress(DamagedArchive):
        extract(folder / "toy.zip", WANTED, folder, progress=False)
    found = visible(folder)
    assert found.get("interactions.csv", INTERACTIONS) == INTERACTIONS
    assert found.get("items.csv", ITEMS) == ITEMS
    assert set(found) <= {"toy.zip", "interactions.csv", "items.csv"}


def test_no_room_to_unpack(site, toy, monkeypatch):
    usage = shutil.disk_usage("/")
    free = iter([10**9, 10])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(free)))
    with pytest.raises(SemcompError, match=r"has 10 bytes free, and unpacking toy\.zip takes \d+; make room"):
        run("toy")
    monkeypatch.undo()


def test_what_could_not_be_verified_is_said_and_held_to_the_first_fetch(site, pair):
    folder, said = run("pair")
    digits = sha256(ITEMS).hex
    assert said == [
        "items.csv could not be verified, since no hash of it is published: "
        f"{len(ITEMS)} bytes with sha256 {digits} are taken as they came"
    ]
    other = ITEMS.replace(b"Two", b"New")
    (folder / "items.csv").unlink()
    site.files["/items.csv"] = other
    with pytest.raises(SemcompError, match=rf"first fetch; delete .*{RECEIPT} to take the file as it is now"):
        run("pair")
    (folder / RECEIPT).unlink()
    _, said = run("pair")
    assert visible(folder)["items.csv"] == other
    assert [path for path, _ in site.asked].count("/interactions.csv") == 1  # it had stayed, and verifies


def test_another_file_than_the_published_one_is_no_fetch(site, toy):
    site.files["/toy.zip"] = ZIP[:-1] + b"x"
    with pytest.raises(
        WrongFile, match=rf"toy\.zip served .* expected {len(ZIP)} bytes and sha256 \w{{64}}; "
    ):
        run("toy")
    assert fetched_folders() == {}


def test_what_a_killed_process_left_is_swept_away(toy, cache):
    folder = cache / "data" / "toy"
    folder.mkdir(parents=True)
    (folder / f".part-{'0a' * 16}.csv").write_bytes(b"half a member")
    (folder / ".part-of-mine").write_bytes(b"")
    run("toy")
    assert set(visible(folder)) == {RECEIPT, "interactions.csv", "items.csv", ".part-of-mine"}


def test_half_a_fetch_does_not_count_and_is_completed(site, pair):
    site.script = [well, says(404)]
    with pytest.raises(SemcompError, match=r"items\.csv answered 404"):
        run("pair")
    assert fetched_folders() == {}
    folder, _ = run("pair")
    assert [path for path, _ in site.asked] == ["/interactions.csv", "/items.csv", "/items.csv"]
    assert fetched_folders() == {"pair": folder}


def test_files_put_by_hand(site, pair, toy, cache):
    with pytest.raises(SemcompError, match=r"offline .*interactions\.csv and http.*items\.csv .*fetch again"):
        run("pair", offline=True)
    folder = cache / "data" / "pair"
    (folder / "interactions.csv").write_bytes(b"something else")
    with pytest.raises(SemcompError, match=r"interactions\.csv has 14 bytes and sha256 .* put the published"):
        run("pair", offline=True)
    (folder / "interactions.csv").write_bytes(INTERACTIONS)
    (folder / "items.csv").write_bytes(ITEMS)
    assert run("pair", offline=True)[0] == folder
    archive = cache / "data" / "toy" / "toy.zip"
    archive.parent.mkdir()
    archive.write_bytes(ZIP)
    folder, _ = run("toy", offline=True)
    assert set(visible(folder)) == {RECEIPT, "interactions.csv", "items.csv"}
    assert site.asked == []
    assert set(fetched_folders()) == {"pair", "toy"}


def test_a_damaged_file_in_the_cache_is_replaced(site, pair, cache):
    folder = cache / "data" / "pair"
    folder.mkdir(parents=True)
    (folder / "interactions.csv").write_bytes(b"half of it")
    run("pair")
    assert visible(folder)["interactions.csv"] == INTERACTIONS


def test_a_notice_under_the_name_of_a_gzip_file(site, publish, cache):
    publish("toy", ("items.csv.gz", b"Too many downloads today", None, ()))
    with pytest.raises(SemcompError, match=r"items\.csv\.gz is no gzip file"):
        run("toy")
    assert fetched_folders() == {}
    site.files["/items.csv.gz"] = gzip.compress(ITEMS)
    folder, _ = run("toy")
    assert gzip.decompress(visible(folder)["items.csv.gz"]) == ITEMS


def test_a_folder_of_ones_own(site, toy, pair, tmp_path):
    folder, _ = run("toy", into=tmp_path / "new" / "toy")
    assert folder == tmp_path / "new" / "toy"
    assert set(visible(folder)) == {RECEIPT, "interactions.csv", "items.csv"}
    run("toy", into=folder)
    assert len(site.asked) == 1
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "items.csv").write_text("my own")
    (mine / "interactions.csv").write_text("my own")
    for name in ("toy", "pair"):
        with pytest.raises(
            SemcompError, match=rf"interactions\.csv exists and is not what '{name}' would put"
        ):
            run(name, into=mine)
    assert (mine / "items.csv").read_text() == "my own"
    (tmp_path / "file").write_text("")
    with pytest.raises(SemcompError, match="cannot be made"):
        run("toy", into=tmp_path / "file" / "toy")


def test_an_interrupted_fetch_into_a_folder_of_ones_own_goes_on(site, toy, tmp_path, monkeypatch):
    module = sys.modules["semcomp.data.fetch"]
    monkeypatch.setattr(module, "asdict", lambda _: 1 / 0)  # between the members and the receipt
    with pytest.raises(ZeroDivisionError):
        run("toy", into=tmp_path / "toy")
    monkeypatch.undo()
    monkeypatch.setitem(CATALOGUE, "toy", toy)
    folder, _ = run("toy", into=tmp_path / "toy")
    assert set(visible(folder)) == {RECEIPT, "interactions.csv", "items.csv"}


def test_a_receipt_of_other_files_does_not_count(site, toy, publish):
    folder, _ = run("toy")
    for broken in ("", "[]", "{}", '{"name": "toy", "fetched": "", "files": {"x": {}}}', '{"name": "toy"}'):
        (folder / RECEIPT).write_text(broken)
        assert fetched_folders() == {}
    run("toy")
    newer = packed({"toy/interactions.csv": INTERACTIONS, "toy/items.csv": ITEMS.replace(b"Two", b"New")})
    publish("toy", ("toy.zip", newer, sha256(newer), WANTED))  # the catalogue has moved on
    assert fetched_folders() == {}
    run("toy")
    assert b"New" in visible(folder)["items.csv"]


def test_names_without_a_download(cache):
    with pytest.raises(SemcompError, match=r"unknown data set 'ml-1n'; did you mean 'ml-1m'"):
        fetch("ml-1n")
    with pytest.raises(
        SemcompError, match=r"'games' has no download of its own.*SEMCOMP_DATA.*https://nijian"
    ):
        fetch("games")


BOTH = f"""{LIGHT}
from semcomp.data.catalogue import CATALOGUE
from semcomp.data.fetch import fetch
from semcomp.data.named_source import NamedSource, RemoteFile
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
